// For tests: stages a file into a real DuckDB and reads back what came out.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import type { RejectedColumns, StagedFile, StageRequest } from "../format.ts";
import { delimited } from "./index.ts";

export interface Outcome {
  readonly staged: StagedFile;
  /** Cells as text, NULL as "", in the order of the table. */
  readonly rows: readonly (readonly string[])[];
  readonly rejected: readonly RejectedColumns[];
  /** Physical line of each row, by `origins`. */
  readonly lines: readonly number[];
}

export interface Bench {
  readonly folder: string;
  readonly connection: DuckDBConnection;
  /** Writes a file and stages it. */
  read(contents: string | Buffer, overrides?: Partial<StageRequest>): Promise<Outcome>;
  readFile(path: string, overrides?: Partial<StageRequest>): Promise<Outcome>;
  close(): void;
}

/** A folder and a database in memory. */
export async function openBench(): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), "delimited-test-"));
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const readFile: Bench["readFile"] = async (path, overrides = {}) => {
    await connection.run("DROP TABLE IF EXISTS staged; DROP TABLE IF EXISTS rejected");
    const staged = await delimited.stage({
      connection,
      path,
      name: "case.csv",
      into: '"staged"',
      rejectedInto: '"rejected"',
      columns: new Map(),
      otherwise: "text",
      repair: "note",
      options: {},
      tempDir: folder,
      ...overrides,
    });
    const table = await connection.runAndReadAll("SELECT COLUMNS(*)::VARCHAR FROM staged ORDER BY rowid");
    const rows = table.getRows().map((row) => row.map((cell) => (cell === null ? "" : String(cell))));
    return { staged, rows, rejected: staged.hasRejected ? await readRejected(connection) : [], lines: linesOf(staged) };
  };
  return {
    folder,
    connection,
    readFile,
    read: (contents, overrides) => {
      const path = join(folder, "case.csv");
      writeFileSync(path, contents);
      return readFile(path, overrides);
    },
    close: () => {
      connection.closeSync();
      instance.closeSync();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function readRejected(connection: DuckDBConnection): Promise<RejectedColumns[]> {
  const reader = await connection.runAndReadAll("SELECT kind, line, lines, rule, reason, raw FROM rejected ORDER BY rowid");
  return reader.getRowObjects().map((row) => ({
    kind: row["kind"] as RejectedColumns["kind"],
    line: Number(row["line"]),
    lines: Number(row["lines"]),
    rule: String(row["rule"]),
    reason: String(row["reason"]),
    raw: String(row["raw"]),
  }));
}

function linesOf({ rows, origins }: StagedFile): number[] {
  const lines: number[] = [];
  for (const [index, origin] of origins.entries()) {
    const until = origins[index + 1]?.firstRow ?? rows;
    for (let row = origin.firstRow; row < until; row++) lines.push(origin.line + row - origin.firstRow);
  }
  return lines;
}
