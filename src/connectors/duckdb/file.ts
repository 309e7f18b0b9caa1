// A file of DuckDB, attached to the warehouse's own process: rows go from file to file without leaving DuckDB.
//   U1. It is attached for reading only, and never the warehouse itself.
//   U2. A file that another process writes is an error that says so.
import { randomBytes } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { MillraceError, messageOf } from "../../model/errors.ts";
import { ident, literal } from "../../sql/text.ts";
import type { DuckdbOptions } from "./options.ts";

export interface Attached {
  /** Quoted name of the database. */
  readonly name: string;
  readonly bare: string;
}

export function pathOf({ path }: DuckdbOptions, projectDir: string): string {
  if (path === undefined) throw new MillraceError({ code: "MR4850", message: "duckdb: path is missing" });
  return resolve(projectDir, path);
}

/** Attaches the file for the time of `work`. @throws MR4850, MR4856. */
export async function attached<Result>(
  connection: DuckDBConnection,
  request: { readonly path: string; readonly access: "read" | "write" },
  work: (file: Attached) => Promise<Result>,
): Promise<Result> {
  const { path, access } = request;
  if (access === "read" && !existsSync(path)) throw new MillraceError({ code: "MR4850", message: `duckdb: there is no file ${path}` });
  await refuseOwn(connection, path);
  const bare = `_millrace_file_${randomBytes(6).toString("hex")}`;
  try {
    await connection.run(`attach ${literal(path)} as ${ident(bare)} (type duckdb${access === "read" ? ", read_only" : ""})`);
  } catch (error) {
    throw attachFailure(error, path);
  }
  try {
    return await work({ name: ident(bare), bare });
  } finally {
    await connection.run(`detach ${ident(bare)}`);
  }
}

/** U1. */
async function refuseOwn(connection: DuckDBConnection, path: string): Promise<void> {
  const found = await connection.runAndReadAll("select path from duckdb_databases() where path is not null");
  const own = real(path);
  if (!found.getRows().some(([open]) => real(String(open)) === own)) return;
  throw new MillraceError({
    code: "MR4856",
    message: `${basename(path)} is open in this process: the warehouse itself, or a file that another asset reads now`,
    hint: "assets of this project are read by their names; reading another file waits for its turn",
    retryable: true,
  });
}

function real(path: string): string {
  if (path === ":memory:") return path;
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return resolve(path);
  }
}

/** U2. */
function attachFailure(error: unknown, path: string): MillraceError {
  const [said = ""] = messageOf(error).split("\n");
  const file = basename(path);
  if (/lock/i.test(said)) {
    const holder = /PID (\d+)/.exec(messageOf(error))?.[1];
    const by = holder === undefined ? "another process" : `another process (PID ${holder})`;
    return new MillraceError({ code: "MR4856", message: `duckdb: ${file} is in use by ${by}`, retryable: true });
  }
  return new MillraceError({ code: "MR4850", message: `duckdb: ${file}: ${said}` });
}
