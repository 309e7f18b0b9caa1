// For tests: a file into a real DuckDB by a format, and what came out of it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import type { Format, StagedFile, StageRequest } from "../format.ts";
import { resolveFormat } from "../index.ts";

export interface Outcome {
  readonly format: string;
  readonly staged: StagedFile;
  /** `name TYPE` of the columns of the table. */
  readonly columns: readonly string[];
  /** Cells as text. */
  readonly rows: readonly (readonly (string | null)[])[];
  readonly rejected: readonly {
    readonly kind: string;
    readonly line: number | null;
    readonly rule: string;
    readonly reason: string;
    readonly raw: string;
  }[];
}

export interface ReadingBench {
  readonly folder: string;
  readonly connection: DuckDBConnection;
  /** Writes a file of this name and reads it; the format is found as users' files find theirs, unless it is given. */
  read(
    name: string,
    contents: string | Uint8Array,
    options?: Readonly<Record<string, unknown>>,
    more?: Partial<StageRequest> & { readonly as?: Format },
  ): Promise<Outcome>;
  close(): void;
}

export async function openReading(): Promise<ReadingBench> {
  const folder = mkdtempSync(join(tmpdir(), "formats-test-"));
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  await connection.run("set timezone = 'UTC'");
  return {
    folder,
    connection,
    read: async (name, contents, options = {}, { as, ...more } = {}) => {
      const path = join(folder, name);
      writeFileSync(path, contents);
      await connection.run("drop table if exists staged; drop table if exists rejected");
      const format = as ?? (await resolveFormat(path, name));
      const staged = await format.stage({
        connection,
        path,
        name,
        into: '"staged"',
        rejectedInto: '"rejected"',
        columns: new Map(),
        otherwise: "infer",
        repair: "note",
        options,
        tempDir: folder,
        ...more,
      });
      const table = await connection.runAndReadAll("select columns(*)::varchar from staged order by rowid");
      const described = await connection.runAndReadAll("describe staged");
      const rejected = staged.hasRejected
        ? (await connection.runAndReadAll("select kind, line, rule, reason, raw from rejected order by rowid")).getRowObjects()
        : [];
      return {
        format: format.name,
        staged,
        columns: staged.columns.length === 0 ? [] : described.getRows().map(([column, type]) => `${String(column)} ${String(type)}`),
        rows: table.getRows().map((row) => row.map((cell) => (cell === null ? null : String(cell)))),
        rejected: rejected.map((row) => ({
          kind: String(row["kind"]),
          line: row["line"] === null ? null : Number(row["line"]),
          rule: String(row["rule"]),
          reason: String(row["reason"]),
          raw: String(row["raw"]),
        })),
      };
    },
    close: () => {
      connection.closeSync();
      instance.closeSync();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
