// A file of DuckDB, attached to the warehouse's own process: rows go from file to file without leaving DuckDB.
//   U1. It is attached for reading only (by exports for writing), and never the warehouse itself.
//   U2. A file that another process writes is an error that says so.
//   U3. Those that read a file at once share what is attached; one that writes it has it alone: readers wait for it, it is tried again after them.
import { randomBytes } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { oneAtATime } from "../../load/asset-lock.ts";
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

interface Shared {
  readonly file: Attached;
  /** Who reads it now. */
  readers: number;
}

/** By the bare name, which no two warehouses of a process have in common. */
const shared = new Map<string, Shared>();

/** Attaches the file for the time of `work`. @throws MR4850, MR4856. */
export async function attached<Result>(
  connection: DuckDBConnection,
  request: { readonly path: string; readonly access: "read" | "write" },
  work: (file: Attached) => Promise<Result>,
): Promise<Result> {
  const { path, access } = request;
  if (access === "read" && !existsSync(path)) throw new MillraceError({ code: "MR4850", message: `duckdb: there is no file ${path}` });
  if (access === "write") {
    return inTurn(path, async () => {
      if ((await openAs(connection, path)) !== null) throw inUse(path);
      const file = await attach(connection, path, "");
      try {
        return await work(file);
      } finally {
        await connection.run(`detach ${file.name}`);
      }
    });
  }
  const own = await inTurn(path, async () => {
    const name = await openAs(connection, path);
    const known = name === null ? { file: await attach(connection, path, ", read_only"), readers: 0 } : shared.get(name);
    if (known === undefined) throw inUse(path);
    known.readers += 1;
    shared.set(known.file.bare, known);
    return known;
  });
  try {
    return await work(own.file);
  } finally {
    await inTurn(path, async () => {
      own.readers -= 1;
      if (own.readers > 0) return;
      shared.delete(own.file.bare);
      await connection.run(`detach ${own.file.name}`);
    });
  }
}

/** U3. */
function inTurn<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  return oneAtATime(`duckdb ${real(path)}`, work);
}

async function attach(connection: DuckDBConnection, path: string, options: "" | ", read_only"): Promise<Attached> {
  const bare = `_millrace_file_${randomBytes(6).toString("hex")}`;
  try {
    await connection.run(`attach ${literal(path)} as ${ident(bare)} (type duckdb${options})`);
    return { name: ident(bare), bare };
  } catch (error) {
    throw attachFailure(error, path);
  }
}

/** Under which name the warehouse has the file open; null: it has not. */
async function openAs(connection: DuckDBConnection, path: string): Promise<string | null> {
  const found = await connection.runAndReadAll("select database_name, path from duckdb_databases() where path is not null");
  const own = real(path);
  const row = found.getRows().find(([, open]) => real(String(open)) === own);
  return row === undefined ? null : String(row[0]);
}

/** U1, U3. */
function inUse(path: string): MillraceError {
  return new MillraceError({
    code: "MR4856",
    message: `${basename(path)} is open in this process: the warehouse itself, or a file that another asset reads now`,
    hint: "assets of this project are read by their names; writing another file waits until nobody reads it",
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
