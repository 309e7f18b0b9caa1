// Random acts in prod and on a branch: loads, edits, runs, backfills, restatements, replays, repairs, promotions and their rollbacks.
//   E1. After a run of everything each model holds what its query in that environment gives over the sources that are seen there, asked by plain SQL.
//   E2. No act in an environment changes what is seen in another; a promotion gives prod exactly what was seen in the environment, its rollback what was there.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type App, openApp } from "../../app.ts";
import { MillraceError } from "../../model/errors.ts";
import { testProjects } from "../projects.suite.ts";
import { rowsOf, runAll } from "./kept.suite.ts";

const { project, write } = testProjects(
  "kept-acts",
  `name: acts\nenvironments:\n  prod: { branches: [main], kind: serving }\n  "*": { kind: research }\n`,
);

const BRANCH = "dev";
const ENVIRONMENTS = ["prod", BRANCH] as const;
type Place = (typeof ENVIRONMENTS)[number];

interface Model {
  readonly front: string;
  /** `CODE` is what an edit changes. */
  readonly sql: string;
  /** Where the model's own text is not what plain SQL would ask. */
  readonly expected?: string;
  /** Columns that are compared; a history holds more. */
  readonly seen?: string;
}

const BOUND = "where day >= $start and day < $end";
const MODELS: Readonly<Record<string, Model>> = {
  "clean.sales": { front: "materialize: view", sql: "select id, day, region, amount + CODE as amount from raw.sales where id is not null" },
  "clean.daily": {
    front: "materialize: incremental\nincremental: { by: day }",
    sql: `select day, count(*) as n, sum(amount + CODE) as total from clean.sales ${BOUND} group by day`,
    expected: "select day, count(*) as n, sum(amount + CODE) as total from clean.sales where day is not null group by day",
  },
  "clean.regions": {
    front: "materialize: incremental\nincremental: { mode: maintain }",
    sql: "select region, sum(amount) as total, max(amount) + CODE as highest from clean.sales group by region",
  },
  "clean.keys": {
    front: "materialize: incremental\nkey: [id]",
    sql: "select s.id, s.amount * r.rate + CODE as worth from clean.sales s left join raw.rates r on r.region = s.region",
  },
  "clean.parts": {
    front: "materialize: table\npartition: { by: day, column: day, start: 2026-01-01, end: 2026-01-06 }",
    sql: `select id, day, amount + CODE as amount from raw.events ${BOUND}`,
    expected: "select id, day, amount + CODE as amount from raw.events where day >= '2026-01-01' and day < '2026-01-06'",
  },
  "clean.history": {
    front: "materialize: snapshot\nkey: [id]",
    sql: "select id, region, CODE as code from raw.sales where id is not null",
    seen: "(select id, region, code from clean.history where valid_to is null)",
  },
  "final.days": {
    front: "materialize: incremental\nincremental: { by: day, unit: month }",
    sql: `select d.day, d.total, p.n + CODE as events from clean.daily d left join (select day, count(*) as n from clean.parts group by day) p on p.day = d.day where d.day >= $start and d.day < $end`,
    expected:
      "select d.day, d.total, p.n + CODE as events from clean.daily d left join (select day, count(*) as n from clean.parts group by day) p on p.day = d.day",
  },
  "final.all": { front: "materialize: table", sql: "select sum(total) + CODE as total from final.days" },
};
const NAMES = Object.keys(MODELS);

const place = fc.constantFrom(...ENVIRONMENTS);
const day = fc.integer({ min: 1, max: 5 });
const act = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("load" as const),
      rows: fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), day, fc.constantFrom("n", "s", ""), fc.integer({ min: 1, max: 9 })), {
        minLength: 1,
        maxLength: 4,
      }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("rates" as const), rate: fc.integer({ min: 1, max: 5 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("edit" as const),
      place,
      model: fc.constantFrom(...NAMES),
      code: fc.integer({ min: 0, max: 99 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("run" as const), place, isFull: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("backfill" as const), place, from: day, days: fc.integer({ min: 0, max: 2 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("restate" as const),
      place,
      asset: fc.constantFrom("clean.daily", "clean.parts", "final.days"),
      from: day,
      days: fc.integer({ min: 0, max: 2 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("replay" as const),
      asset: fc.constantFrom("raw.sales", "raw.events", "clean.history"),
      place,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("repair" as const), place }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("own" as const), place }) },
  { weight: 2, arbitrary: fc.constant({ kind: "promote" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "takeBack" as const }) },
);
type Act = typeof act extends fc.Arbitrary<infer Value> ? Value : never;

class World {
  readonly dir: string;
  readonly codes: Record<Place, Record<string, number>> = { prod: {}, [BRANCH]: {} };
  /** What prod's files were before promotions that may be taken back. */
  readonly before: { readonly codes: Record<string, number>; readonly rows: Seen; readonly after: Seen }[] = [];
  seq = 0;
  constructor() {
    this.dir = project({
      "sources/sales.yaml":
        "from: { files: { path: data/sales.csv } }\nprimaryKey: [id]\nload: merge\ncolumns: { id: { type: bigint }, day: { type: date }, amount: { type: bigint } }\n",
      "sources/rates.yaml": "from: { files: { path: data/rates.csv } }\ncolumns: { rate: { type: bigint } }\n",
      "sources/events.yaml":
        "from: { files: { path: data/events_*.csv } }\nload: append\ncontract: { badValue: quarantine }\ncolumns: { id: { type: bigint }, day: { type: date }, amount: { type: bigint } }\n",
      "data/rates.csv": "region,rate\nn,2\ns,3\n",
    });
    this.load([
      [1, 1, "n", 5],
      [2, 3, "s", 7],
    ]);
  }

  load(rows: readonly (readonly [number, number, string, number])[]): void {
    const lines = (more: string): string =>
      rows.map(([id, at, region, amount]) => `${id},2026-01-0${at},${region},${amount}\n`).join("") + more;
    write(this.dir, {
      "data/sales.csv": `id,day,region,amount\n${lines("")}`,
      [`data/events_${++this.seq}.csv`]: `id,day,region,amount\n${lines(`${this.seq},2026-01-02,n,many\n`)}`,
    });
  }

  sqlOf(at: Place, name: string, text: string): string {
    return text.replaceAll("CODE", String(this.codes[at][name] ?? 0));
  }

  /** The files of the branch that the environment is of. */
  async in<Result>(at: Place, work: (app: App) => Promise<Result>): Promise<Result> {
    for (const [name, { front, sql }] of Object.entries(MODELS))
      write(this.dir, { [`models/${name.replace(".", "/")}.sql`]: `/*---\n${front}\n---*/\n${this.sqlOf(at, name, sql)}\n` });
    const app = await openApp({ dir: this.dir, env: at });
    try {
      return await work(app);
    } finally {
      await app.close();
    }
  }

  /** Plain SQL over sources alone: what a model reads stands in its place. */
  wholeSql(at: Place, name: string): string {
    const { sql, expected = sql } = MODELS[name]!;
    return this.sqlOf(at, name, expected).replaceAll(/\b(?:clean|final)\.\w+/g, (read) => `(${this.wholeSql(at, read)})`);
  }

  async seen(at: Place): Promise<Seen> {
    return this.in(at, async (app) => {
      const rows: Record<string, string> = {};
      for (const name of [...NAMES, "raw.sales", "raw.events", "raw.rates"]) {
        const found = await rowsOf(app, `select * from ${name} order by all`).catch((error: unknown) => [String(error)]);
        rows[name] = JSON.stringify(found);
      }
      return rows;
    });
  }

  /** E1. */
  async judge(at: Place, why: string): Promise<void> {
    await this.in(at, async (app) => {
      await runAll(app);
      for (const [name, { seen = name }] of Object.entries(MODELS)) {
        const asked = await rowsOf(app, `select * from (${this.wholeSql(at, name)}) order by all`);
        expect({ why, at, name, rows: await rowsOf(app, `select * from ${seen} order by all`) }).toEqual({ why, at, name, rows: asked });
      }
    });
  }

  async take(given: Act): Promise<void> {
    const why = JSON.stringify(given);
    const at: Place = "place" in given ? given.place : "prod";
    const other: Place = at === "prod" ? BRANCH : "prod";
    switch (given.kind) {
      case "load":
        this.load(given.rows);
        return this.judge("prod", why);
      case "rates":
        write(this.dir, { "data/rates.csv": `region,rate\nn,${given.rate}\ns,3\n` });
        return this.judge("prod", why);
      case "edit":
        this.codes[given.place] = { ...this.codes[given.place], [given.model]: given.code };
        return;
      case "promote":
        return this.promote();
      case "takeBack":
        return this.takeBack();
      case "run":
      case "backfill":
      case "restate":
      case "replay":
      case "repair":
      case "own": {
        const before = at === BRANCH ? await this.seen(other) : null;
        await this.in(at, (app) => this.acted(app, given));
        await this.judge(at, why);
        if (before !== null) expect({ why, seen: await this.seen(other) }).toEqual({ why, seen: before });
        return;
      }
      default:
        return given satisfies never;
    }
  }

  async acted(app: App, given: Act): Promise<void> {
    const nothing = (): void => {};
    const range = (from: number, days: number): { from: string; to: string } => ({
      from: `2026-01-0${from}`,
      to: `2026-01-0${Math.min(5, from + days)}`,
    });
    switch (given.kind) {
      case "run":
        return void (await runAll(app, { fullRefresh: given.isFull, ...(given.isFull ? { select: "clean.daily+ clean.keys" } : {}) }));
      case "own":
        return void (await runAll(app, { fullRefresh: true, select: "raw.sales raw.events" }));
      case "backfill": {
        await runAll(app);
        const request = {
          asset: "clean.parts",
          ...range(given.from, given.days),
          statuses: [],
          withDownstream: false,
          dryRun: false,
          detach: false,
        };
        const summary = await app.backfill(request, { observe: nothing, tell: nothing });
        expect(summary?.status, JSON.stringify(summary)).toBe("succeeded");
        return;
      }
      case "restate":
        await runAll(app);
        return void (await runAll(app, { restate: { asset: given.asset, ...range(given.from, given.days) } }));
      case "replay": {
        await runAll(app);
        const summary = await app
          .replay({ asset: given.asset }, nothing, nothing)
          .catch((error: unknown) => this.expected(error, AS_IN_PROD));
        if (summary !== undefined) expect(summary.status, JSON.stringify(summary)).toBe("succeeded");
        return;
      }
      case "repair": {
        await runAll(app);
        const fix = { act: "fix" as const, named: ["raw.events"], set: { amount: "'4'" }, dryRun: false };
        await app.quarantineDecide(fix, nothing, nothing).catch((error: unknown) => this.expected(error, AS_IN_PROD));
        return;
      }
      default:
    }
  }

  expected(error: unknown, codes: readonly string[]): undefined {
    if (!(error instanceof MillraceError) || !codes.includes(error.code)) throw error;
  }

  /** E2. */
  async promote(): Promise<void> {
    const [before, theirs] = [await this.seen("prod"), await this.seen(BRANCH)];
    const done = await this.in("prod", (app) => app.envPromote({ environment: BRANCH, dryRun: false })).then(
      () => true,
      (error: unknown) => this.expected(error, ["MR8703", "MR8705"]) ?? false,
    );
    expect(await this.seen("prod")).toEqual(done ? theirs : before);
    if (!done) return;
    this.before.push({ codes: this.codes.prod, rows: before, after: theirs });
    this.codes.prod = { ...this.codes[BRANCH] };
  }

  async takeBack(): Promise<void> {
    const last = this.before.pop();
    if (last === undefined) return;
    const mine = await this.seen("prod");
    const done = await this.in("prod", (app) => app.envRollback({})).then(
      () => true,
      (error: unknown) => this.expected(error, ["MR8706"]) ?? false,
    );
    if (!done) return expect(await this.seen("prod")).toEqual(mine);
    this.codes.prod = last.codes;
    if (JSON.stringify(mine) === JSON.stringify(last.after)) expect(await this.seen("prod")).toEqual(last.rows);
    await this.judge("prod", "taken back");
  }
}
/** What an environment shows of prod is not changed from there. */
const AS_IN_PROD = ["MR8704"];
type Seen = Readonly<Record<string, string>>;

describe("acts in environments", () => {
  it("leave every model with what its query gives there, and the others' as they were", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 4, maxLength: 10 }), async (acts) => {
        const world = new World();
        for (const at of ENVIRONMENTS) await world.judge(at, "first");
        for (const each of acts) await world.take(each);
        for (const at of ENVIRONMENTS) await world.judge(at, "last");
      }),
      { numRuns: Number(process.env["INCREMENT_RUNS"] ?? 2), seed: Number(process.env["INCREMENT_SEED"] ?? 7), endOnFailure: true },
    );
  }, 600_000);
});
