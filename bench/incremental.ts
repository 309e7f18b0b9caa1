// What it costs to bring 1,000 changed rows into a model of 20 million: by key, side by side or scattered, and by the one day in which they lie. The wall is
// plain DuckDB doing the same to a table of its own by statements that name the changed rows.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildModel } from "../src/materializations/index.ts";
import { modelSpec, type ModelSpec } from "../src/model/definitions/model.ts";
import type { ModelNode } from "../src/model/graph.ts";
import { physicalTable, publish, readInputs } from "../src/sql/ledger/publish.ts";
import { openWarehouse, type Warehouse } from "../src/sql/warehouse.ts";
import { type Figure, median } from "./figure.ts";

const ROWS = 20_000_000;
const CHANGED = 1_000;
const TURNS = 5;
const REACH_SECONDS = 0.5;
const TABLE = physicalTable("bench_sales");
const ORIGIN = "null::varchar as _file, null::bigint as _line";

interface Model {
  readonly asset: string;
  readonly name: string;
  readonly spec: Partial<Pick<ModelSpec, "materialize" | "key" | "incremental">>;
  readonly sql: string;
  /** Condition: the ids that change in a turn. */
  changed(turn: number): string;
  /** Statements of a person, on a copy of the model's rows; `CHANGED` is that condition. */
  readonly byHand: readonly string[];
}

const COLUMNS = "id, sold, region, amount, upper(name) as name";
const sideBySide = (turn: number): string => {
  const from = 3_000_000 * (turn + 1) + 1_000;
  return `id between ${from} and ${from + CHANGED - 1}`;
};
const BY_KEY = {
  spec: { materialize: "incremental" as const, key: ["id"] },
  sql: `select ${COLUMNS} from raw.sales`,
  byHand: [
    `create or replace temp table new as select ${COLUMNS} from ${TABLE} where CHANGED`,
    "delete from hand where id in (select id from new)",
    "insert into hand by name from new",
  ],
} satisfies Partial<Model>;
const MODELS: readonly Model[] = [
  { ...BY_KEY, asset: "x.by_key", name: "1,000 changed rows into 20 million by key", changed: sideBySide },
  {
    ...BY_KEY,
    asset: "x.scattered",
    name: "the same, scattered over all of it",
    changed: (turn) => `id % ${ROWS / CHANGED} = ${turn * 3_333 + 17}`,
  },
  {
    asset: "x.by_day",
    name: "the same by an interval of one day (28,800 rows)",
    spec: { materialize: "incremental", incremental: { by: "sold" } },
    sql: `select ${COLUMNS} from raw.sales where sold >= $start and sold < $end`,
    changed: sideBySide,
    byHand: [
      `create or replace temp table days as select distinct date_trunc('day', sold) as day from ${TABLE} where CHANGED`,
      `create or replace temp table new as select ${COLUMNS} from ${TABLE} where sold >= (select min(day) from days) and sold < (select max(day) + interval 1 day from days)`,
      "delete from hand where sold >= (select min(day) from days) and sold < (select max(day) + interval 1 day from days)",
      "insert into hand by name from new",
    ],
  },
];

export async function benchIncremental(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-incremental-"));
  const warehouse = await openWarehouse({ path: join(folder, "w.duckdb") });
  let runs = 0;
  const token = (node: string) => ({ run: `r${++runs}`, node, attempt: 1 });
  try {
    const load = async (name: string, change: string, undo: string | null): Promise<void> => {
      await warehouse.transaction(async (tx) => {
        await tx.run(change);
        const step = { continues: true, inPlace: true, undo, closes: false, replacedFiles: [] };
        await publish(tx, {
          asset: "raw.sales",
          body: { kind: "table", physical: "bench_sales", hidden: ["_load", "_file", "_line"] },
          version: name,
          codeHash: "bench",
          inputs: {},
          rows: ROWS,
          load: name,
          token: token("raw.sales"),
          result: {},
          ...(undo === null ? {} : { step }),
        });
      });
    };
    await load(
      "first",
      `create table ${TABLE} as select i as id, timestamp '2024-01-01' + interval (i * 3) second as sold, ['n', 's', 'w'][i % 3 + 1] as region,
         (i % 1000)::decimal(9, 2) as amount, 'name ' || (i % 77777) as name, 'first'::varchar as _load, ${ORIGIN} from range(${ROWS}) r(i)`,
      null,
    );
    const figures: Figure[] = [];
    for (const model of MODELS) {
      await build(warehouse, model, token(model.asset));
      await warehouse.session((session) => session.run(`create or replace table hand as select * from ${model.asset}; checkpoint`));
      const times = { ours: [] as number[], hand: [] as number[] };
      for (let turn = 0; turn < TURNS; turn++) {
        const name = `${model.asset}_${turn}`;
        const undo = `undo_${name.replace(".", "_")}`;
        const changed = model.changed(turn);
        const change = `create table ${physicalTable(undo)} as from ${TABLE} where ${changed}; delete from ${TABLE} where ${changed};
          insert into ${TABLE} by name select * replace (amount + 1 as amount, '${name}' as _load) from ${physicalTable(undo)}`;
        await load(name, change, undo);
        times.ours.push(await seconds(() => build(warehouse, model, token(model.asset))));
        const statements = model.byHand.map((sql) => sql.replace("CHANGED", changed));
        times.hand.push(
          await seconds(() =>
            warehouse.transaction(async (tx) => {
              for (const sql of statements) await tx.run(sql);
            }),
          ),
        );
      }
      const [value, wall] = [median(times.ours), median(times.hand)];
      const reach = `at most ${REACH_SECONDS} s; wall: the same by hand, told which rows changed`;
      figures.push({ name: model.name, value, unit: "s", wall, ratio: value / wall, reach, reached: value <= REACH_SECONDS });
    }
    return figures;
  } finally {
    warehouse.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function build(
  warehouse: Warehouse,
  { asset, spec, sql }: Model,
  token: { run: string; node: string; attempt: number },
): Promise<void> {
  const about = { file: "", description: undefined, tags: [], owner: undefined, retry: undefined, timeout: undefined, checks: [] };
  const node: ModelNode = {
    ...about,
    id: asset,
    kind: "model",
    spec: modelSpec.parse(spec),
    sql,
    sqlOffset: 0,
    text: sql,
    codeHash: asset,
  };
  await buildModel(node, {
    warehouse,
    token,
    codeHash: asset,
    inputs: await warehouse.session((session) => readInputs(session, ["raw.sales"])),
    checks: [],
    audit: () => Promise.resolve({ results: [] }),
    fullRefresh: false,
    signal: new AbortController().signal,
    parameters: { now: new Date(), param: {} },
  });
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (performance.now() - startedMs) / 1_000;
}
