// Column lineage is complete: no change of a source column's values shows in an output column whose lineage lacks it (test/lineage-oracle.ts).
// And it stays as it is: the lineage of the questions of TPC-H and TPC-DS is written down beside this file.
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { describe, expect, it } from "vitest";
import type { LineageSource } from "../src/model/lineage.ts";
import { CORPUS, fillCorpusTables } from "./lineage-corpus.ts";
import { BASE, judge, lineageOf, showTables, type Verdict } from "./lineage-oracle.ts";
import { openBenchmark, schemasIn } from "./tpc.ts";

async function opened(): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  await connection.run(`create schema ${BASE}; use memory.${BASE}`);
  return connection;
}

function sum(verdicts: readonly Verdict[], key: "claimed" | "seen"): number {
  return verdicts.reduce((total, verdict) => total + verdict[key], 0);
}

/** Thousands of small queries: on a busy machine they take their time. */
const TEST_MS_MAX = 400_000;
const MARKS = { identity: "", transform: "~", aggregate: "Σ", condition: "?" } as const;

function line(name: string, sources: readonly LineageSource[]): string {
  return `  ${name} <- ${sources.map(({ asset, path, kind }) => `${MARKS[kind]}${asset.replace("main.", "")}.${path}`).join(" ")}`.trimEnd();
}

describe.each([
  // Questions whose filters nothing of the small tables passes show no change: the share seen is lower than in the corpus below.
  ["tpch", 22, 1, 0.5],
  ["tpcds", 99, 6, 0.35],
] as const)("the lineage of %s", { timeout: TEST_MS_MAX }, (benchmark, questions, every, seenLeast) => {
  it("explains every change that is seen, and is the one that is written down", async () => {
    const connection = await opened();
    const texts = await openBenchmark(connection, benchmark);
    expect(texts).toHaveLength(questions);
    const schemas = await schemasIn(connection, BASE);
    await connection.run("use memory.main");
    await showTables(connection, schemas);
    const written: string[] = [];
    const verdicts: Verdict[] = [];
    const missed: string[] = [];
    for (const [index, sql] of texts.entries()) {
      const { columns, influences } = await lineageOf(sql, schemas);
      written.push(`${index + 1}`, ...Object.entries(columns).map(([name, sources]) => line(name, sources)), line("rows", influences));
      if (index % every !== 0) continue;
      // Which of equal rows a limit takes is nobody's promise.
      const text = sql.replaceAll(/\blimit\s+\d+/gi, "limit 1000000");
      const verdict = await judge({ connection, sql: text, schemas, columns: "named", seeds: [1] });
      verdicts.push(verdict);
      missed.push(...verdict.missed.map((what) => `${index + 1}: ${what}`));
    }
    expect(missed).toEqual([]);
    expect(sum(verdicts, "seen") / sum(verdicts, "claimed")).toBeGreaterThan(seenLeast);
    await expect(`${written.join("\n")}\n`).toMatchFileSnapshot(`lineage-${benchmark}.txt`);
  });
});

describe("the lineage of every kind of SELECT", { timeout: TEST_MS_MAX }, () => {
  it("explains every change that is seen, and claims little that is not", async () => {
    const connection = await opened();
    await fillCorpusTables(connection);
    const schemas = await schemasIn(connection, BASE);
    await connection.run("use memory.main");
    await showTables(connection, schemas);
    const verdicts: Verdict[] = [];
    const missed: string[] = [];
    for (const [what, sql] of Object.entries(CORPUS)) {
      const verdict = await judge({ connection, sql, schemas, columns: "all", seeds: [1, 2] });
      verdicts.push(verdict);
      missed.push(...verdict.missed.map((change) => `${what}: ${change}`));
    }
    expect(missed).toEqual([]);
    expect(sum(verdicts, "seen") / sum(verdicts, "claimed")).toBeGreaterThan(0.8);
  });
});
