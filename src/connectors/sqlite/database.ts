// A file of SQLite as a Database: read while another process writes it. One read transaction holds one moment of it for everything that is asked.
import { existsSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import type * as library from "@photostructure/sqlite";
import { cursorLiteral } from "../../databases/cursor.ts";
import { databaseFailure } from "../../databases/failure.ts";
import type { Batch, Cell, Database, FoundTable, Result, WireColumn } from "../../databases/server.ts";
import type { Json } from "../../load/connector.ts";
import { MillraceError } from "../../model/errors.ts";
import { columnOf, exactText, kindsSql } from "./types.ts";

const BUSY_TIMEOUT_MS = 10_000;
const BATCH_ROWS = 2048;
const BUSY = 5;

type DatabaseSync = InstanceType<typeof library.DatabaseSync>;
type Statement = InstanceType<typeof library.StatementSync>;
type SQLInputValue = string | number | bigint | null | Uint8Array;

export class Sqlite implements Database {
  readonly version: string;
  private readonly database: DatabaseSync;
  /** Statements that are being read: one that nothing refers to is finalised under its iterator. */
  private readonly kept = new Set<Statement>();

  constructor(database: DatabaseSync) {
    this.database = database;
    this.version = (database.prepare("select sqlite_version() as v").get() as { v: string }).v;
  }

  /** @throws MR4850 when there is no such file or it is none of SQLite. */
  static async open(path: string, access: "read" | "write"): Promise<Sqlite> {
    if (access === "read" && !existsSync(path)) throw new MillraceError({ code: "MR4850", message: `sqlite: there is no file ${path}` });
    const { DatabaseSync } = await import("@photostructure/sqlite");
    try {
      const database = new DatabaseSync(path, { readOnly: access === "read", timeout: BUSY_TIMEOUT_MS });
      const made = new Sqlite(database);
      if (access === "read") made.run("begin");
      database.prepare("select count(*) from sqlite_schema").get();
      return made;
    } catch (error) {
      const failed = failure(error, "connect");
      const message = failed.message.replace(/^sqlite: /, `sqlite: ${path}: `);
      throw new MillraceError({ code: failed.code, message, retryable: failed.retryable, cause: error });
    }
  }

  quote(name: string): string {
    return `"${name.replaceAll('"', '""')}"`;
  }

  literal(value: Json, column: WireColumn): string {
    const isTime = column.type === "TIMESTAMP" || typeof value !== "string";
    return isTime ? cursorLiteral(value, column.type) : column.type === "BIGINT" ? cursorLiteral(value, column.type) : quotedText(value);
  }

  /** S1. */
  query(sql: string): Promise<Result> {
    try {
      const statement = this.database.prepare(sql);
      const described = statement.columns() as readonly { readonly name: string; readonly type: string | null }[];
      const numbered = described.map((_, index) => `c${index}`);
      const counted = this.database.prepare(
        `with q(${numbered.join(", ")}) as (${sql}) select ${numbered.map((name) => kindsSql(name)).join(", ")} from q`,
      );
      counted.setReturnArrays(true);
      const counts = (counted.get() as unknown as number[]).map(Number);
      const columns = described.map(({ name, type }, index) => {
        const [integer = 0, real = 0, text = 0, blob = 0, large = 0, beyondBit = 0] = counts.slice(index * 6, index * 6 + 6);
        return columnOf(name, type ?? "", { integer, real, text, blob, large, beyondBit });
      });
      statement.setReadBigInts(true);
      statement.setReturnArrays(true);
      return Promise.resolve({ columns, batches: this.batches(statement, columns) });
    } catch (error) {
      return Promise.reject(failure(error, "work"));
    }
  }

  /** The rows changed. */
  run(sql: string, values: readonly SQLInputValue[] = []): number {
    try {
      return this.database.prepare(sql).run(...values).changes;
    } catch (error) {
      throw failure(error, "work");
    }
  }

  /** Values of small results. */
  all(sql: string, values: readonly SQLInputValue[] = []): readonly Readonly<Record<string, unknown>>[] {
    try {
      return this.database.prepare(sql).all(...values) as readonly Readonly<Record<string, unknown>>[];
    } catch (error) {
      throw failure(error, "work");
    }
  }

  private async *batches(statement: Statement, columns: readonly WireColumn[]): AsyncGenerator<Batch> {
    const textual = columns.flatMap(({ wire }, index) => (wire === "text" ? [index] : []));
    let batch: (Cell | undefined)[][] = [];
    this.kept.add(statement);
    try {
      for (const row of statement.iterate() as unknown as Iterable<Exclude<Cell, boolean>[]>) {
        for (const index of textual) if (typeof row[index] !== "string") row[index] = exactText(row[index]);
        batch.push(row);
        if (batch.length < BATCH_ROWS) continue;
        yield batch;
        batch = [];
        await turn(); // others may work too: reading is synchronous
      }
    } catch (error) {
      throw failure(error, "work");
    }
    if (batch.length > 0) yield batch;
    this.kept.delete(statement);
  }

  tables(name?: string): Promise<readonly FoundTable[]> {
    const bare = name?.replace(/^main\./i, "");
    const found = this.all(
      `select name from sqlite_schema where type in ('table', 'view') and name not like 'sqlite\\_%' escape '\\' and name not like '\\_millrace\\_%' escape '\\'
       ${bare === undefined ? "" : "and name = ? collate nocase"} order by name`,
      bare === undefined ? [] : [bare],
    );
    return Promise.resolve(
      found.map(({ name: table }) => {
        const columns = this.columnsOf(String(table));
        return {
          name: String(table),
          path: [String(table)],
          columns: columns.map((column) => ({
            name: String(column["name"]),
            type: String(column["type"]),
            nullable: column["required"] === 0,
          })),
          primaryKey: columns
            .filter((column) => Number(column["pk"]) > 0)
            .toSorted((a, b) => Number(a["pk"]) - Number(b["pk"]))
            .map((column) => String(column["name"])),
        };
      }),
    );
  }

  /** None for a view that is broken: reading it tells why. */
  private columnsOf(table: string): readonly Readonly<Record<string, unknown>>[] {
    try {
      return this.all('select name, type, "notnull" as required, pk from pragma_table_xinfo(?) where hidden <> 1', [table]);
    } catch {
      return [];
    }
  }

  close(): Promise<void> {
    this.database.close();
    return Promise.resolve();
  }
}

function failure(error: unknown, step: "connect" | "work"): MillraceError {
  if ((error as { readonly errcode?: number } | null)?.errcode === BUSY) {
    return new MillraceError({
      code: "MR4856",
      message: `sqlite: another process holds the file for longer than ${BUSY_TIMEOUT_MS / 1000} s`,
      retryable: true,
    });
  }
  return databaseFailure(error, { connector: "sqlite", step, secrets: [] });
}

function quotedText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
