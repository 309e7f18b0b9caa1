// Promotion of 1,000 views in one transaction, and back, against plain DuckDB replacing as many views in one transaction.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { builtModule } from "./built.ts";
import { type Figure, median } from "./figure.ts";

const VIEWS = 1_000;
const TURNS = 2;
const SECONDS_MAX = 0.5;

export async function benchEnvironments(): Promise<Figure[]> {
  const { openWarehouse } = (await import(builtModule("sql/warehouse"))) as typeof import("../src/sql/warehouse.ts");
  const { physicalTable, publish } = (await import(builtModule("sql/publish"))) as typeof import("../src/sql/publish.ts");
  const { promote, takeBack } = (await import(builtModule("sql/promote"))) as typeof import("../src/sql/promote.ts");
  const dir = mkdtempSync(join(tmpdir(), "millrace-bench-environments-"));
  const seconds = async (work: () => Promise<unknown>): Promise<number> => {
    const before = performance.now();
    await work();
    return (performance.now() - before) / 1_000;
  };
  try {
    const warehouse = await openWarehouse({ path: join(dir, "w.duckdb") });
    const made = async (environment: string, value: number): Promise<void> => {
      await warehouse.transaction(async (tx) => {
        for (let index = 0; index < VIEWS; index++) {
          const asset = `s${index % 10}.t${index}`;
          const key = environment === "prod" ? asset : `${asset}@${environment}`;
          const physical = `t${index}__${environment}_${value}`;
          await tx.run(`create table ${physicalTable(physical)} as select ${value} as value`);
          await publish(tx, {
            asset: key,
            body: { kind: "table", physical, hidden: [] },
            version: `v${value}`,
            codeHash: `${value}`,
            inputs: {},
            rows: 1,
            token: { run: `r_${environment}_${value}`, node: asset, attempt: 1 },
            result: {},
          });
        }
      });
    };
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
