// Where files are read outside of a project: a DuckDB of their own on disk (memory stays bounded), gone afterwards.
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { StagedFile } from "../../formats/format.ts";
import { Shelf } from "../../filestores/shelf.ts";
import type { OpenFile } from "../../filestores/source-file.ts";
import { stageFile } from "../../filestores/stage.ts";
import { asMillraceError, type MillraceError } from "../../model/errors.ts";
import { withTempFolder } from "../../platform/files.ts";
import { findFiles, type FoundFile } from "./find.ts";
import { localFile } from "./local.ts";

export interface Workbench {
  readonly connection: DuckDBConnection;
  readonly tempDir: string;
}

export const STAGE = `"stage"`;
export const REJECTED = `"rejected"`;

export async function withWorkbench<Result>(use: (workbench: Workbench) => Promise<Result>): Promise<Result> {
  return withTempFolder(join(tmpdir(), "millrace"), async (tempDir) => {
    const { DuckDBInstance } = await import("@duckdb/node-api");
    const instance = await DuckDBInstance.create(join(tempDir, "workbench.duckdb"), { temp_directory: join(tempDir, "spill") });
    const connection = await instance.connect();
    try {
      return await use({ connection, tempDir });
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  });
}

/** Reads one file into the tables STAGE and REJECTED, which are gone after `use`. */
export async function withStaged<Result>(
  { connection, tempDir }: Workbench,
  file: FoundFile,
  otherwise: "infer" | "text",
  use: (staged: StagedFile) => Promise<Result>,
): Promise<Result> {
  const request = { connection, into: STAGE, rejectedInto: REJECTED, columns: new Map(), otherwise, repair: "note" } as const;
  const shelf = new Shelf<OpenFile>();
  try {
    return await use(await stageFile(localFile(file), { options: { path: file.path }, tempDir, shelf }, request));
  } finally {
    await shelf.close();
    await connection.run(`drop table if exists ${STAGE}; drop table if exists ${REJECTED}`);
  }
}

export type NamedFile = { readonly given: string; readonly file: FoundFile } | { readonly given: string; readonly error: MillraceError };

/** Files as the words of a command line name them, relative to `folder`; patterns that the shell left alone are unfolded. Each file once. */
export async function findNamed(given: readonly string[], folder: string): Promise<readonly NamedFile[]> {
  const named: NamedFile[] = [];
  const seen = new Set<string>();
  for (const word of given) {
    try {
      const files = await findFiles({ path: word }, folder);
      for (const file of files) {
        if (seen.has(file.path)) continue;
        seen.add(file.path);
        named.push({ given: files.length === 1 && resolve(folder, word) === file.path ? word : file.name, file });
      }
    } catch (error) {
      named.push({ given: word, error: asMillraceError(error, "MR3103") });
    }
  }
  return named;
}
