// Promotion of 1,000 views in one transaction, and back, against plain DuckDB replacing as many views in one transaction.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type * as promotion from "../src/sql/environments/promote.ts";
import type * as publishing from "../src/sql/ledger/publish.ts";
import type * as warehouses from "../src/sql/warehouse.ts";
import { builtModule } from "./built.ts";
import { type Figure, median } from "./figure.ts";

const VIEWS = 1_000;
const TURNS = 3;
const SECONDS_MAX = 0.5;

export async function benchEnvironments(): Promise<Figure[]> {
  const { openWarehouse } = (await import(builtModule("sql/warehouse"))) as Pick<typeof warehouses, "openWarehouse">;
  const { physicalTable } = (await import(builtModule("sql/ledger/publish"))) as Pick<typeof publishing, "physicalTable">;
  const { promote, takeBack } = (await import(builtModule("sql/environments/promote"))) as Pick<typeof promotion, "promote" | "takeBack">;
  const dir = mkdtempSync(join(tmpdir(), "millrace-bench-environments-"));
  const seconds = async (work: () => Promise<unknown>): Promise<number> => {
    const before = performance.now();
    await work();
    return (performance.now() - before) / 1_000;
  };
  try {
    const warehouse = await openWarehouse({ path: join(dir, "w.duckdb") });
    const made = (environment: string, value: number): Promise<unknown> =>
      warehouse.transaction((tx) => tx.run(setUp(environment, value, physicalTable)));
    await made("prod", 0);
    const [there, back]: [number[], number[]] = [[], []];
    for (let turn = 1; turn <= TURNS; turn++) {
      await made("dev", turn);
      const common = { by: "bench", why: null };
      there.push(await seconds(() => warehouse.transaction((tx) => promote(tx, { ...common, id: `P${turn}`, environment: "dev" }))));
      back.push(await seconds(() => warehouse.transaction((tx) => takeBack(tx, { ...common, id: `R${turn}`, of: `P${turn}` }))));
    }
    warehouse.close();
    const wall = await bare(dir, seconds);
    const figure = (name: string, value: number): Figure => ({
      name,
      value,
      unit: "s",
      wall,
      ratio: value / wall,
      reach: `≤ ${SECONDS_MAX} s`,
      reached: value <= SECONDS_MAX,
    });
    return [figure(`promote ${VIEWS} views`, median(there)), figure(`take ${VIEWS} views back`, median(back))];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What 1,000 builds leave: tables, views, and the ledger's rows. */
function setUp(environment: string, value: number, physicalTable: (name: string) => string): string {
  const suffix = environment === "prod" ? "" : `@${environment}`;
  const schema = (index: number): string => `s${index % 10}${environment === "prod" ? "" : `__${environment}`}`;
  const physical = (index: number): string => `t${index}__${environment}_${value}`;
  const indexes = Array.from({ length: VIEWS }, (_, index) => index);
  const rows = `from (select 's' || (range % 10) || '.t' || range || '${suffix}' as asset, 't' || range || '__${environment}_${value}' as physical from range(${VIEWS}))`;
  return [
    ...Array.from({ length: 10 }, (_, index) => `create schema if not exists ${schema(index)}`),
    ...indexes.flatMap((index) => [
      `create table ${physicalTable(physical(index))} as select ${value} as value`,
      `create or replace view ${schema(index)}.t${index} as select value from ${physicalTable(physical(index))}`,
      `create or replace view _millrace_rows."s${index % 10}.t${index}${suffix}" as select * from ${physicalTable(physical(index))}`,
    ]),
    `insert into _millrace.versions (asset, version, kind, physical, code_hash, inputs, "rows", columns, hidden, checks, run, node, attempt, "at")
       select asset, 'v${value}', 'table', physical, '${value}', '{}', 1, '[{"name":"value","type":"INTEGER"}]', '[]', '[]', 'r', asset, 1, now() ${rows}`,
    `insert into _millrace.commits select 'r', asset, 1, asset, 'v${value}', '{}', now() ${rows}`,
    `insert into _millrace.environments (environment, asset, version, "at", base)
       select '${environment}', asset, 'v${value}', now(), '{"code":"0","version":"v0","inputs":{}}' ${rows}`,
  ].join(";\n");
}

async function bare(dir: string, seconds: (work: () => Promise<unknown>) => Promise<number>): Promise<number> {
  const instance = await DuckDBInstance.create(join(dir, "bare.duckdb"));
  const connection = await instance.connect();
  const all = (name: string): string =>
    Array.from({ length: VIEWS }, (_, index) => `create or replace view v${index} as select value from ${name}`).join(";");
  await connection.run(`create table a as select 1 as value; create table b as select 2 as value; ${all("a")}`);
  const times: number[] = [];
  for (let turn = 0; turn < TURNS; turn++)
    times.push(await seconds(() => connection.run(`begin; ${all(turn % 2 === 0 ? "b" : "a")}; commit`)));
  connection.closeSync();
  instance.closeSync();
  return median(times);
}
