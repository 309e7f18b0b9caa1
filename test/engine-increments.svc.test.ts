// Incremental models on a real PostgreSQL: after random changes of what they read, they hold what their query gives over all that is there.
import fc from "fast-check";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type App, openApp } from "../src/app.ts";
import type { MillraceError } from "../src/model/errors.ts";
import { testProjects } from "../src/operations/projects.suite.ts";
import { startPostgres, type TestPostgres } from "./postgres.ts";

let server: TestPostgres;
let url = "";
let client: Client;
const { apps, project, open, write } = testProjects("increments", "");

beforeAll(async () => {
  server = await startPostgres({ fsync: "off" });
});
afterAll(async () => {
  await client?.end().catch(() => undefined);
  await server.stop();
});

async function database(): Promise<void> {
  await client?.end();
  url = await server.createDatabase();
  client = new Client(url);
  await client.connect();
  await client.query(`create table public.sales (id integer, ts timestamp, zoned timestamptz, region text, amount numeric(10,2));
    create table public.rates (region text, rate numeric(6,3))`);
}

async function rows(query: string): Promise<unknown[]> {
  return (await client.query({ text: query, rowMode: "array" })).rows;
}

const source = (table: string): string => `engine: postgres\nfrom: { postgres: { connection: shop, table: public.${table} } }\n`;
const model = (settings: string, sql: string): string => `/*---\nengine: postgres\nmaterialize: incremental\n${settings}\n---*/\n${sql}\n`;
const BOUND = "ts >= $start and ts < $end";

interface Model {
  readonly settings: string;
  readonly sql: string;
  /** Where the model's own text is not what one would ask the server. */
  readonly expected?: string;
}

const MODELS: Readonly<Record<string, Model>> = {
  "by_time.daily": {
    settings: "incremental: { by: day }",
    sql: `select ts::date as day, region, count(*) as n, sum(amount) as total from raw.sales where ${BOUND} group by 1, 2`,
  },
  "by_time.zoned": {
    settings: "incremental: { by: zoned, unit: hour, batch: 5 }",
    sql: "select s.zoned, s.id, s.amount * r.rate as worth from raw.sales s left join raw.rates r using (region) where s.zoned is not null",
  },
  "by_time.before": {
    settings: "incremental: { by: ts }",
    sql: `select ts, id, lag(amount) over (order by ts, id, amount) as earlier from raw.sales where ${BOUND}`,
    expected:
      "select ts, id, lag(amount) over (partition by ts::date order by ts, id, amount) as earlier from raw.sales where ts is not null",
  },
  "by_time.weekly": {
    settings: "incremental: { by: week, unit: week, lookback: 8d }",
    sql: "select date_trunc('week', ts) as week, count(*) as n, sum(amount) as total from raw.sales where ts is not null group by 1",
  },
  "by_time.late": {
    settings: "incremental: { by: day, start: 2026-01-12 }",
    sql: "select day, sum(total) as total from by_time.daily group by day",
    expected: "select day, sum(total) as total from by_time.daily where day >= '2026-01-12' group by day",
  },
  "by_time.own": {
    settings: "incremental: { by: ts, start: 2026-01-01, unit: month }",
    sql: "select ts, to_tsvector('simple', region)::text as words from raw.sales where ts >= $start and ts < $end",
    expected: "select ts, to_tsvector('simple', region)::text as words from raw.sales where ts >= '2026-01-01'",
  },
  "by_key.regions": {
    settings: "key: region",
    sql: "select region, count(*) as n, sum(amount) as total, max(ts) as latest from raw.sales group by region",
  },
  "by_key.pairs": {
    settings: "key: [region, id]",
    sql: "select s.region, s.id, sum(s.amount * r.rate) as worth from raw.sales s left join raw.rates r on r.region = s.region group by s.region, s.id",
  },
  "by_key.upper": {
    settings: "key: who",
    sql: "select upper(region) as who, count(*) filter (where amount > 20) as many from raw.sales group by 1",
  },
  "by_key.top": {
    settings: "key: id",
    sql: "select distinct on (id) id, region, amount from raw.sales order by id, amount desc nulls last, region",
  },
  "by_key.after": {
    settings: "key: region",
    sql: "select region, n * 2 as twice from by_key.regions where total > 10",
  },
};

function told(error: unknown): string {
  const { code, message, location, errors = [] } = error as Partial<MillraceError>;
  const place = location === undefined ? "" : ` at ${location.file}:${location.line}:${location.column}`;
  return [`${code}${place}: ${message}`, ...errors.map(told)].join("\n");
}

async function built(app: App, request: Parameters<App["run"]>[0] = {}): Promise<Record<string, string>> {
  const { run } = await app
    .run(request, () => {})
    .catch((error: unknown) => {
      throw new Error(told(error));
    });
  const found: Record<string, string> = {};
  for (const { asset, status, error } of (await app.runShow(run)).nodes)
    found[asset!] = error == null ? status : `${status}: ${told(error)}`;
  return found;
}

const maybe = (text: string | number | null): string => (text === null ? "null" : `'${text}'`);
const day = fc.option(fc.integer({ min: 1, max: 40 }), { nil: null, freq: 8 });
const regions = fc.constantFrom("a", "A", "b", "c", null);
const change = fc.oneof(
  fc
    .record({ id: fc.integer({ min: 1, max: 6 }), day, region: regions, amount: fc.integer({ min: 1, max: 50 }) })
    .map(({ id, day: at, region, amount }) => {
      const moment = at === null ? null : `2026-01-${String(1).padStart(2, "0")} 07:30`;
      const when = moment === null ? "null" : `timestamp '${moment}' + interval '${at! * 17} hours'`;
      return `insert into public.sales values (${id}, ${when}, (${when}) at time zone 'UTC', ${maybe(region)}, ${amount})`;
    }),
  fc.integer({ min: 1, max: 6 }).map((id) => `delete from public.sales where id = ${id}`),
  fc
    .record({ id: fc.integer({ min: 1, max: 6 }), region: regions })
    .map(({ id, region }) => `update public.sales set region = ${maybe(region)} where id = ${id}`),
  fc
    .record({ id: fc.integer({ min: 1, max: 6 }), days: fc.integer({ min: -3, max: 3 }) })
    .map(
      ({ id, days }) =>
        `update public.sales set ts = ts + interval '${days} days', zoned = zoned + interval '${days} days' where id = ${id}`,
    ),
  fc
    .record({ region: regions, rate: fc.integer({ min: 1, max: 9 }) })
    .map(
      ({ region, rate }) =>
        `delete from public.rates where region is not distinct from ${maybe(region)}; insert into public.rates values (${maybe(region)}, ${rate})`,
    ),
);

describe("incremental models on PostgreSQL", () => {
  it("hold what a full build would give, whatever happens to what they read", async () => {
    await database();
    await client.query(
      "insert into public.sales select i % 7, timestamp '2026-01-03' + i * interval '5 hours', timestamptz '2026-01-03Z' + i * interval '5 hours', chr(97 + i % 4), i from generate_series(1, 60) i; insert into public.rates values ('a', 2), ('b', 3)",
    );
    const dir = project({
      "millrace.yaml": `connections: { shop: { postgres: { url: "${url}" } } }\n`,
      "sources/sales.yaml": source("sales"),
      "sources/rates.yaml": source("rates"),
      ...Object.fromEntries(
        Object.entries(MODELS).map(([asset, { settings, sql }]) => [`models/${asset.replace(".", "/")}.sql`, model(settings, sql)]),
      ),
    });
    const app = await open(dir);
    const right = async (names: readonly string[], request: Parameters<App["run"]>[0]): Promise<void> => {
      const statuses = await built(app, request);
      expect(Object.entries(statuses).filter(([, status]) => !/^(succeeded|reused)$/.test(status))).toEqual([]);
      for (const asset of names) {
        const { sql, expected = sql } = MODELS[asset]!;
        const full = expected.replaceAll("$start", "'0001-01-01'::timestamp").replaceAll("$end", "'9999-01-01'::timestamp");
        const wrong = await rows(`select 'kept', k::text from (select * from ${asset} except all select * from (${full}) q) k
          union all select 'missing', m::text from (select * from (${full}) q except all select * from ${asset}) m limit 3`);
        expect(wrong, asset).toEqual([]);
      }
    };
    const names = Object.keys(MODELS);
    await right(names, {});
    // One of them at a time, so that it meets what several changes left.
    const history = fc.record({ changes: fc.array(change, { minLength: 1, maxLength: 4 }), asset: fc.constantFrom(...names) });
    await fc.assert(
      fc.asyncProperty(history, async ({ changes, asset }) => {
        for (const statement of changes) await client.query(statement);
        await right([asset], { select: `+${asset}` });
      }),
      { numRuns: 32, seed: 7, endOnFailure: true },
    );
    await right(names, {});
  });

  it("make again only what a change touched, and tell what and why", async () => {
    await database();
    await client.query(
      "insert into public.sales select i, timestamp '2026-01-01' + i * interval '6 hours', null, chr(97 + i % 3), i from generate_series(0, 39) i",
    );
    const daily = MODELS["by_time.daily"]!;
    const regions = MODELS["by_key.regions"]!;
    const seen = (where: string): string => `/*---\nengine: postgres\n---*/\nselect * from raw.sales where ${where}\n`;
    const dir = project({
      "millrace.yaml": `connections: { shop: { postgres: { url: "${url}" } } }\n`,
      "sources/sales.yaml": source("sales"),
      "models/by_time/daily.sql": model(`${daily.settings}\nchecks: [{ rule: n < 9 }]`, daily.sql.replace("raw.sales", "mart.seen")),
      "models/mart/seen.sql": seen("amount < 1000"),
      "models/by_key/regions.sql": model(regions.settings, regions.sql),
    });
    const app = await open(dir);
    const reasons = async (from: App): Promise<unknown[]> =>
      Promise.all(
        ["by_time.daily", "by_key.regions"].map(
          async (asset) => (await from.describe(asset, { partitions: false })).asset.incremental?.reason,
        ),
      );
    await built(app);
    expect(await reasons(app)).toEqual([
      "by time (day, day): never built; all 10 days, 2026-01-01..2026-01-10",
      "by key (region): never built; all of it",
    ]);
    // A row that stands is not made again: it is a copy of the one before.
    await client.query(
      "update public.sales set amount = 100 where id = 4; insert into public.sales values (50, '2026-01-20', null, 'a', 1)",
    );
    expect((await app.plan({})).nodes.find(({ asset }) => asset === "by_time.daily")!.reason).toContain(
      "by time (day, day): postgres tells what changed when it is built",
    );
    expect(new Set(Object.values(await built(app)))).toEqual(new Set(["succeeded"]));
    const [byDay, byRegion] = await reasons(app);
    expect(byDay).toBe("by time (day, day): 2026-01-02, 2026-01-11..2026-01-20 (2 days new rows of mart.seen, 10 days never built)");
    expect(byRegion).toBe("by key (region): rows whose region may be among those that changed in raw.sales");
    expect((await app.describe("by_time.daily", { partitions: false })).asset.incremental!.intervals).toEqual([
      { from: "2026-01-01T00:00:00Z", to: "2026-01-21T00:00:00Z" },
    ]);
    const first = await rows("select * from by_time.daily order by day, region");
    // Rows without a moment are in no interval.
    await client.query("insert into public.sales values (60, null, null, 'a', 1)");
    expect(await built(app)).toMatchObject({ "raw.sales": "succeeded", "by_time.daily": "reused", "by_key.regions": "succeeded" });
    expect(new Set(Object.values(await built(app)))).toEqual(new Set(["reused"]));
    // A check that stops it leaves the table and what was noted of it: what was there before stands.
    await client.query("insert into public.sales select 70, '2026-01-05', null, 'b', 1 from generate_series(1, 9)");
    expect((await built(app))["by_time.daily"]).toMatch(/^failed: MR4501 at/);
    expect(await rows("select * from by_time.daily order by day, region")).toEqual(first);
    await client.query("delete from public.sales where id = 70");
    expect((await built(app))["by_time.daily"]).toBe("reused");
    expect(await rows("select * from by_time.daily order by day, region")).toEqual(first);
    // Another environment goes on from prod's table, and leaves it alone.
    write(dir, { "models/mart/seen.sql": seen("amount <> 8") });
    const dev = await openApp({ dir, env: "dev" });
    apps.push(dev);
    expect((await built(dev))["by_time.daily"]).toBe("succeeded");
    expect((await reasons(dev))[0]).toContain("2026-01-03 (1 day new rows of mart.seen)");
    expect(await rows("select * from by_time.daily order by day, region")).toEqual(first);
    expect(await rows("select total from by_time__dev.daily where day = '2026-01-03' and region = 'c'")).toEqual([["11.00"]]);
    await dev.envPromote({ environment: "dev", dryRun: false });
    expect(await rows("select total from by_time.daily where day = '2026-01-03' and region = 'c'")).toEqual([["11.00"]]);
    await dev.envRollback({});
    expect(await rows("select * from by_time.daily order by day, region")).toEqual(first);
    // Other code, other columns: all of it.
    write(dir, { "models/by_key/regions.sql": model(regions.settings, regions.sql.replace("count(*)", "count(id)")) });
    const changed = await open(dir);
    await built(changed);
    expect((await reasons(changed))[1]).toBe("by key (region): its SQL or its settings changed, a new version is built beside; all of it");
  });

  it("are refused where the server cannot keep them so, at their place, and where a key is no key", async () => {
    await database();
    await client.query("insert into public.sales values (1, now(), now(), 'a', 1), (1, now(), now(), 'b', 2)");
    const files = {
      "millrace.yaml": `connections: { shop: { postgres: { url: "${url}" } } }\n`,
      "sources/sales.yaml": source("sales"),
      "models/mart/a.sql": model("incremental: { mode: append }", "select 1 as id"),
      "models/mart/b.sql": model("key: id\nincremental: { deletes: close }", "select 1 as id"),
      "models/mart/c.sql": model("key: id\nincremental:\n  cursor: ts", "select id, ts from raw.sales where ts > $start"),
    };
    const app = await open(project(files));
    const error: unknown = await app.plan({}).catch((thrown: unknown) => thrown);
    const lines = told(error).split("\n");
    expect(lines.filter((line) => line.startsWith("MR4664"))).toEqual([
      "MR4664 at models/mart/a.sql:4:22: mode: append is not carried out by postgres",
      "MR4664 at models/mart/b.sql:5:25: deletes: of an incremental model is not carried out by postgres",
      "MR4664 at models/mart/c.sql:6:11: cursor: of an incremental model is not carried out by postgres",
    ]);
    const { "models/mart/a.sql": _a, "models/mart/b.sql": _b, ...rest } = files;
    const twice = await open(project({ ...rest, "models/mart/c.sql": model("key: id", "select id, ts from raw.sales") }));
    expect((await built(twice))["mart.c"]).toContain(
      "MR4669 at models/mart/c.sql:6:1: mart.c: its query gives 2 rows with the key [1] (id)",
    );
  });
});
