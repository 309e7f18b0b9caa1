// Opening the state file: write-ahead log, every commit on the disk before it counts, one schema version, and errors in our words. The handle is held
// by whoever holds the store: a statement dies when its database is collected.
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { MillraceError, messageOf } from "../model/errors.ts";
import { SCHEMA_VERSION, sqliteMigrations } from "./sqlite-schema.ts";

export type Database = InstanceType<typeof DatabaseSync>;

/** How long a commit waits for another process. */
const BUSY_TIMEOUT_MS = 10_000;

/** Errors: MR6020 cannot be opened, MR6021 newer, MR6022 cannot be written, MR6023 damaged, MR6024 locked. */
export function openDatabase(path: string): Database {
  return inOurWords(path, () => {
    mkdirSync(dirname(path), { recursive: true });
    const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    try {
      database.exec("pragma journal_mode = wal; pragma synchronous = full;");
      database.exec("begin immediate");
      prepareSchema(database, path);
      database.exec("commit");
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

function prepareSchema(database: Database, path: string): void {
  const known = database.prepare("select 1 from sqlite_schema where name = 'meta'").get() !== undefined;
  const row = known ? (database.prepare("select value from meta where key = 'schema'").get() as { value: number } | undefined) : undefined;
  if (row !== undefined && row.value > SCHEMA_VERSION)
    throw new MillraceError({
      code: "MR6021",
      message: `${path} has schema version ${row.value}; this Millrace knows versions up to ${SCHEMA_VERSION}`,
      hint: "use the Millrace that wrote it, or a newer one",
    });
  const from = row?.value ?? 0;
  if (from === SCHEMA_VERSION) return;
  for (const migration of sqliteMigrations.slice(from)) database.exec(migration);
  database
    .prepare("insert into meta (key, value) values ('schema', ?) on conflict (key) do update set value = excluded.value")
    .run(SCHEMA_VERSION);
}

/** Does `work` and turns what SQLite throws into our errors; `path` is named in them. */
export function inOurWords<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asOurs(path, error);
  }
}

function asOurs(path: string, error: unknown): unknown {
  if (error instanceof MillraceError) return error;
  const { errcode, code: systemCode } = error as { errcode?: number; code?: string };
  const message = `${path}: ${messageOf(error)}`;
  switch (errcode === undefined ? (systemCode ?? "") : errcode & 0xff) {
    case 5: // SQLITE_BUSY
    case 6: // SQLITE_LOCKED
      return new MillraceError({ code: "MR6024", message, retryable: true, cause: error });
    case 8: // SQLITE_READONLY
    case 10: // SQLITE_IOERR
    case 13: // SQLITE_FULL
      return new MillraceError({ code: "MR6022", message, retryable: true, cause: error });
    case 11: // SQLITE_CORRUPT
    case 26: // SQLITE_NOTADB
      return new MillraceError({ code: "MR6023", message, cause: error });
    case 14: // SQLITE_CANTOPEN
    case "EACCES":
    case "EROFS":
    case "ENOTDIR":
    case "EEXIST":
    case "EPERM":
      return new MillraceError({ code: "MR6020", message, cause: error });
    default:
      return error;
  }
}
