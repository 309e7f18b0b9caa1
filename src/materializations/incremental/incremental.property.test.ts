// Random histories of sources and builds in between: what an incremental model holds is what its query gives over all that is there, asked by plain SQL.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { page, request } from "../../load/deliveries.suite.ts";
import { load } from "../../load/load.ts";
import { auditWith } from "../../load/audit.ts";
import type { BuildResult } from "../../load/build-port.ts";
import { modelSpec, type ModelSpec } from "../../model/definitions/model.ts";
import type { ModelNode } from "../../model/graph.ts";
import { readInputs } from "../../sql/ledger/publish.ts";
import { openWarehouse, type Warehouse } from "../../sql/warehouse.ts";
import { buildModel } from "../index.ts";

interface Row {
  readonly id: number | null;
  readonly seq: number;
  readonly ts: string | null;
  readonly region: string | null;
  readonly amount: number | null;
}

interface Model {
  readonly asset: string;
  readonly spec: Partial<Omit<ModelSpec, "columns">>;
  readonly needs: readonly string[];
  readonly sql: string;
  /** Where the model's own text is not what plain SQL would ask. */
  readonly expected?: string;
}

const time = (unit: "hour" | "day" | "week" | "month", by: string, more: object = {}): Partial<ModelSpec> => ({
  materialize: "incremental",
  incremental: { by, unit, ...more },
});
const BOUND = "ts >= $start and ts < $end";

/** `AMOUNT` becomes another expression when the code changes. */
const MODELS: readonly Model[] = [
  {
    asset: "clean.full",
    spec: { materialize: "incremental", key: ["id"], incremental: { cursor: "seq" } },
    needs: ["raw.full"],
    sql: "select id, seq, ts, region, AMOUNT as amount from raw.full",
    expected:
      "select id, seq, ts, region, AMOUNT as amount from raw.full qualify row_number() over (partition by id order by seq desc) = 1",
  },
  {
    asset: "clean.seen",
    spec: { materialize: "view" },
    needs: ["clean.full"],
    sql: "select id, ts as moment, amount from clean.full where amount is not null",
  },
  {
    asset: "final.daily",
    spec: time("day", "day"),
    needs: ["clean.full"],
    sql: `select ts::date as day, region, count(*) as n, sum(AMOUNT) as total from clean.full where ${BOUND} group by all`,
  },
  {
    asset: "final.weekly",
    spec: time("week", "week"),
    needs: ["clean.full"],
    sql: "select date_trunc('week', ts) as week, count(*) as n, sum(AMOUNT) as total from clean.full group by 1",
    expected: "select date_trunc('week', ts) as week, count(*) as n, sum(AMOUNT) as total from clean.full where ts is not null group by 1",
  },
  {
    asset: "final.hourly",
    spec: time("hour", "ts", { batch: 7 }),
    needs: ["raw.merged"],
    sql: `select *, AMOUNT + 1 as more from raw.merged where ${BOUND}`,
  },
  {
    asset: "final.monthly",
    spec: time("month", "moment"),
    needs: ["clean.seen"],
    sql: "select moment, id, AMOUNT * 2 as twice from clean.seen where moment >= $start and moment < $end",
  },
  {
    asset: "final.joined",
    spec: time("day", "ts"),
    needs: ["raw.merged", "raw.rates"],
    sql: `select m.ts, m.id, m.amount * r.rate as worth from raw.merged m left join raw.rates r on r.region is not distinct from m.region where m.ts >= $start and m.ts < $end`,
  },
  {
    asset: "final.before",
    spec: time("day", "ts"),
    needs: ["raw.merged"],
    sql: `select ts, id, lag(AMOUNT) over (order by ts, id, seq) as earlier from raw.merged where ${BOUND}`,
    expected:
      "select ts, id, lag(AMOUNT) over (partition by ts::date order by ts, id, seq) as earlier from raw.merged where ts is not null",
  },
  {
    asset: "final.regions",
    spec: { materialize: "incremental", key: ["region"] },
    needs: ["clean.full"],
    sql: "select region, count(*) as n, sum(AMOUNT) as total, max(ts) as latest from clean.full group by region",
  },
  {
    asset: "final.pairs",
    spec: { materialize: "incremental", key: ["region", "id"] },
    needs: ["raw.merged", "raw.rates"],
    sql: "select m.region, m.id, max(AMOUNT) as highest, any_value(r.rate) as rate from raw.merged m left join raw.rates r on r.region = m.region group by all",
  },
  {
    asset: "final.rated",
    spec: { materialize: "incremental", key: ["id"] },
    needs: ["clean.full", "raw.rates"],
    sql: "select f.id, count(*) as n, sum(AMOUNT * g.most) as worth from clean.full f join (select region, max(rate) as most from raw.rates group by region) g on g.region = f.region group by f.id",
  },
  {
    asset: "final.unrated",
    spec: { materialize: "incremental", key: ["id"] },
    needs: ["clean.full", "raw.rates"],
    sql: "select f.id, AMOUNT as amount from clean.full f where not exists (select 1 from raw.rates r where r.region = f.region and r.rate > 2)",
  },
  {
    asset: "final.highest",
    spec: time("day", "ts"),
    needs: ["raw.merged", "raw.rates"],
    sql: `select ts, id, AMOUNT as amount, (select max(r.rate) from raw.rates r where r.region = m.region) as highest from raw.merged m where ${BOUND}`,
  },
  {
    asset: "final.parts",
    spec: { materialize: "incremental", incremental: { mode: "partition", by: "region" } },
    needs: ["clean.full"],
    sql: "select region, id, AMOUNT as amount from clean.full where amount > 20",
  },
  {
    asset: "final.log",
    spec: { materialize: "incremental", incremental: { mode: "append" } },
    needs: ["raw.log"],
    sql: "select id, amount from raw.log",
  },
  {
    asset: "final.since",
    spec: { materialize: "incremental", incremental: { mode: "append", cursor: "ts" } },
    needs: ["raw.log"],
    sql: "select id, ts, amount from raw.log where ts >= $start",
    expected: "select id, ts, amount from raw.log where ts is not null",
  },
];

const moments = fc
  .integer({ min: 0, max: 24 * 70 })
  .map((hours) => new Date(Date.UTC(2026, 0, 1) + hours * 3_600_000).toISOString().slice(0, 19));
type Given = Omit<Row, "seq">;
const row: fc.Arbitrary<Given> = fc.record({
  id: fc.option(fc.integer({ min: 1, max: 12 }), { freq: 12 }),
  ts: fc.option(moments, { freq: 10 }),
  region: fc.option(fc.constantFrom("n", "s", "o'east"), { freq: 8 }),
  amount: fc.option(fc.integer({ min: -5, max: 60 }), { freq: 8 }),
});

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("full" as const),
      rows: fc.array(row, { minLength: 1, maxLength: 8 }),
      kept: fc.integer({ min: 0, max: 9 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("merged" as const), rows: fc.array(row, { minLength: 1, maxLength: 6 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("log" as const), rows: fc.array(row, { minLength: 1, maxLength: 4 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("rates" as const),
      rates: fc.array(fc.option(fc.integer({ min: 1, max: 5 }), { freq: 4 }), { minLength: 4, maxLength: 4 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("build" as const),
      skipped: fc.array(fc.integer({ min: 0, max: MODELS.length - 1 }), { maxLength: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("code" as const), model: fc.integer({ min: 0, max: MODELS.length - 1 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

describe("an incremental model", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "millrace-increments-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  let worlds = 0;
  let runs = 0;

  class World {
    readonly warehouse: Warehouse;
    seq = 0;
    full: (Row & Record<string, unknown>)[] = [];
    readonly changed = new Set<string>();
    constructor(warehouse: Warehouse) {
      this.warehouse = warehouse;
    }

    async loadInto(asset: string, rows: readonly Record<string, unknown>[], spec: object): Promise<void> {
      const columns = {
        id: { type: "bigint" },
        seq: { type: "bigint" },
        ts: { type: "timestamp" },
        region: { type: "text" },
        amount: { type: "bigint" },
      };
      await load(
        this.warehouse,
        request(folder, { asset, deliveries: [page(`p${++runs}`, rows)], run: `l${runs}`, spec: { columns, ...spec } as object }),
      );
    }

    numbered(rows: readonly Given[]): (Row & Record<string, unknown>)[] {
      return rows.map((given) => ({ ...given, seq: ++this.seq }));
    }

    text(model: Model, sql: string): string {
      return sql.replaceAll("AMOUNT", this.changed.has(model.asset) ? "(amount + 100)" : "amount");
    }

    async build(model: Model): Promise<BuildResult> {
      const spec = modelSpec.parse(model.spec);
      const sql = this.text(model, model.sql);
      const common = {
        file: `models/${model.asset}.sql`,
        description: undefined,
        tags: [],
        owner: undefined,
        retry: undefined,
        timeout: undefined,
      };
      const node: ModelNode = {
        ...common,
        id: model.asset,
        kind: "model",
        spec,
        sql,
        sqlOffset: 0,
        text: sql,
        checks: [],
        codeHash: `code of ${sql}`,
      };
      return buildModel(node, {
        warehouse: this.warehouse,
        token: { run: `r${++runs}`, node: model.asset, attempt: 1 },
        codeHash: node.codeHash,
        inputs: await this.warehouse.session((session) => readInputs(session, model.needs)),
        checks: [],
        audit: auditWith([]),
        fullRefresh: false,
        signal: new AbortController().signal,
        parameters: { now: new Date("2026-06-01T00:00:00Z"), param: {} },
      });
    }

    async take(given: Step): Promise<void> {
      if (given.kind === "full") {
        this.full = [...this.full.filter((_, index) => index % 10 < given.kept), ...this.numbered(given.rows)];
        if (this.full.length > 0) await this.loadInto("raw.full", this.full, { load: "replace" });
      } else if (given.kind === "merged")
        await this.loadInto("raw.merged", this.numbered(given.rows), { load: "merge", primaryKey: ["id", "region"] });
      else if (given.kind === "log") await this.loadInto("raw.log", this.numbered(given.rows), { load: "append" });
      else if (given.kind === "rates") {
        const rates = given.rates.flatMap((rate, index) => (rate === null ? [] : [{ region: ["n", "s", "o'east", null][index], rate }]));
        if (rates.length === 0) return;
        await load(
          this.warehouse,
          request(folder, {
            asset: "raw.rates",
            deliveries: [page(`p${++runs}`, rates)],
            run: `l${runs}`,
            spec: { load: "replace", columns: { region: { type: "text" }, rate: { type: "bigint" } } } as object,
          }),
        );
      } else if (given.kind === "code") {
        const { asset } = MODELS[given.model]!;
        if (!this.changed.delete(asset)) this.changed.add(asset);
      } else for (const [index, model] of MODELS.entries()) if (!given.skipped.includes(index)) await this.build(model);
    }

    async judge(): Promise<void> {
      for (const model of MODELS) await this.build(model);
      for (const model of MODELS) {
        if (model.spec.materialize === "view") continue;
        const sql = this.text(
          model,
          model.expected ?? model.sql.replace(/\$start/g, "'-infinity'::timestamp").replace(/\$end/g, "'infinity'::timestamp"),
        );
        const [found] = await this.warehouse.session((session) =>
          session.rows<{ more: string; less: string }>(
            `select (select to_json(list(x)) from (from ${model.asset} except all (${sql})) x) as more, (select to_json(list(x)) from ((${sql}) except all from ${model.asset}) x) as less`,
          ),
        );
        expect({ asset: model.asset, ...found }).toEqual({ asset: model.asset, more: null, less: null });
        const rows = await this.warehouse.session((session) =>
          session.row<{ same: boolean }>(
            `select "rows" = (select count(*) from ${model.asset}) as same from _millrace.versions join _millrace.environments using (asset, version) where asset = '${model.asset}'`,
          ),
        );
        expect({ asset: model.asset, ...rows }).toEqual({ asset: model.asset, same: true });
      }
    }
  }

  it("holds what its query gives, whatever was loaded, late, again, or taken away", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
        const warehouse = await openWarehouse({ path: join(folder, `w${++worlds}.duckdb`), threads: 2 });
        try {
          const world = new World(warehouse);
          const first: Given[] = [
            { id: 1, ts: "2026-01-03T05:00:00", region: "n", amount: 10 },
            { id: 2, ts: "2026-02-03T05:00:00", region: null, amount: 30 },
          ];
          await world.take({ kind: "full", rows: first, kept: 9 });
          await world.take({ kind: "merged", rows: first });
          await world.take({ kind: "log", rows: first });
          await world.take({ kind: "rates", rates: [1, 2, 3, 4] });
          await world.take({ kind: "build", skipped: [] });
          for (const given of steps) await world.take(given);
          await world.judge();
        } finally {
          warehouse.close();
        }
      }),
      { numRuns: Number(process.env["INCREMENT_RUNS"] ?? 5), seed: Number(process.env["INCREMENT_SEED"] ?? 7), endOnFailure: true },
    );
  }, 300_000);
});
