// 500 assets with 10,000 partitions each, as the page's grid asks for them of a whole `serve`; the wall is one pass over the same rows by DuckDB alone.
import { DuckDBInstance } from "@duckdb/node-api";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineProject } from "../src/operations/plan/definitions.ts";
import { Workspace } from "../src/operations/workspace.ts";
import { isolatorOf, loadParts } from "../src/parts.ts";
import { type Figure, median } from "./figure.ts";
import { end, entry, urlOf } from "./served.ts";

const ASSETS = 500;
const PARTITIONS = 10_000;
const TURNS = 3;
/** Of every five the first reads no other. */
const CHAIN = 5;
const END = "2026-05-19";
const START = new Date(Date.parse(END) - PARTITIONS * 86_400_000).toISOString().slice(0, 10);

export async function benchPartitions(): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "millrace-bench-partitions-"));
  let served: ChildProcess | undefined;
  try {
    makeProject(dir);
    await writeLedger(dir);
    const wall = await passMs(join(dir, ".millrace/warehouse.duckdb"));
    const start = async (): Promise<string> => {
      if (served !== undefined) await end(served);
      served = spawn(process.execPath, [entry, "serve", "--port", "0", "--json"], { cwd: dir, stdio: ["ignore", "pipe", "ignore"] });
      const url = `${await urlOf(served)}/api/v1`;
      await get(`${url}/runs?limit=1`);
      return url;
    };
    const never = await get(`${await start()}/partitions`);
    const url = await start();
    const first = await get(`${url}/partitions`);
    if (JSON.stringify(untimed(never.body)) !== JSON.stringify(untimed(first.body))) throw new Error("a restart tells another grid");
    const changed: number[] = [];
    for (let turn = 0; turn < TURNS; turn++) {
      // An act: nothing that was kept holds.
      writeFileSync(join(dir, "models/g/m0.sql"), `${modelOf(0)}-- ${turn}\n`);
      changed.push((await get(`${url}/partitions?limit=${PARTITIONS + 1 + turn}`)).ms);
    }
    const kept = await get(`${url}/partitions`);
    const { totals } = JSON.parse(first.body) as { readonly totals: readonly { readonly total: number }[] };
    const count = totals.reduce((sum, each) => sum + each.total, 0);
    if (count !== ASSETS * PARTITIONS) throw new Error(`the grid tells ${count} partitions`);
    const what = `grid of ${ASSETS} × ${PARTITIONS} partitions`;
    const zipped = gzipSync(first.body).length;
    const timed = (name: string, value: number): Figure => ({
      name,
      value,
      unit: "ms",
      wall,
      ratio: value / wall,
      reach: "≤ 300 ms",
      reached: value <= 300,
    });
    return [
      { ...timed(`${what}, the first ever: all of the ledger is folded`, never.ms), reach: "told: once", reached: true },
      timed(`${what}, first answer of a server`, first.ms),
      timed(`${what}, after a change`, median(changed)),
      timed(`${what}, again`, kept.ms),
      {
        name: `${what}, as sent, against its JSON`,
        value: zipped / 1_000,
        unit: "KB",
        wall: first.body.length / 1_000,
        ratio: zipped / first.body.length,
        reach: "≤ 200 KB",
        reached: zipped <= 200_000,
      },
    ];
  } finally {
    if (served !== undefined) await end(served);
    rmSync(dir, { recursive: true, force: true });
  }
}

function untimed(body: string): unknown {
  return { ...(JSON.parse(body) as object), at: "" };
}

async function get(url: string): Promise<{ readonly ms: number; readonly body: string }> {
  const before = performance.now();
  const response = await fetch(url);
  const body = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${body}`);
  return { ms: performance.now() - before, body };
}

function modelOf(n: number): string {
  const front = `/*---\nmaterialize: table\npartition: { by: day, column: day, start: ${START}, end: ${END} }\n---*/\n`;
  return `${front}${n % CHAIN === 0 ? `select date '2020-01-01' as day, ${n} as v` : `select day, v + ${n} as v from g.m${n - 1}`}\n`;
}

function makeProject(dir: string): void {
  mkdirSync(join(dir, "models/g"), { recursive: true });
  writeFileSync(join(dir, "millrace.yaml"), "name: bench\n");
  for (let n = 0; n < ASSETS; n++) writeFileSync(join(dir, `models/g/m${n}.sql`), modelOf(n));
}

/** The ledger as it stands after all was built, some with code of before, some not at all. */
async function writeLedger(dir: string): Promise<void> {
  const workspace = Workspace.open({
    dir,
    env: undefined,
    parts: () => loadParts(isolatorOf(() => []).open),
    signal: new AbortController().signal,
  });
  const { graph } = await defineProject(workspace, { live: new Map(), lineage: "tables", params: {} });
  const rows = [...graph.nodes.values()].map(({ id, codeHash }) => {
    const need = graph.needs.get(id)?.[0];
    return `('${id}', ${need === undefined ? "null" : `'${need}'`}, '${codeHash}')`;
  });
  const warehouse = await workspace.warehouse();
  await warehouse.transaction(async (tx) => {
    await tx.run(`insert into _millrace.partitions by name
      select a.asset, p.partition, 'v' || p.n as version, 'l' as load, 'r_1' as run, a.asset as node, 1 as attempt, 'present' as status, 1 as "rows",
        if(p.n % 1000 = 7, 1, 0) as quarantined, '{}' as filtered, if(p.n < 400 and hash(a.asset) % 7 = 1, 'before', a.code) as code_hash,
        if(a.need is null, '{}', '{"' || a.need || '":"' || p.partition || '=v' || p.n || '"}') as inputs, 0.1 as seconds, now() as "at"
      from (values ${rows.join(", ")}) a(asset, need, code)
        cross join (select n, strftime(date '${START}' + n::integer, '%Y-%m-%d') as partition from range(${PARTITIONS}) r(n)) p
      where not (hash(a.asset) % 5 = 2 and p.n > 9900)`);
  });
  await workspace.close();
}

async function passMs(path: string): Promise<number> {
  const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY" });
  const connection = await instance.connect();
  const before = performance.now();
  await connection.runAndReadAll(`select asset, code_hash, count(partition), max("at") from _millrace.partitions group by all`);
  const ms = performance.now() - before;
  connection.closeSync();
  instance.closeSync();
  return ms;
}
