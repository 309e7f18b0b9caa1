// A connection with the few things we do on it: run a statement, fetch rows as JSON values, fetch one value.
// A Transaction is a Session inside BEGIN … COMMIT; what takes a Transaction must not begin or commit.
import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import type { JsonValue } from "../model/answers.ts";
import { PROD } from "../model/environment.ts";
import { Statements } from "./statements.ts";
import { readRowObjects } from "./values.ts";

export type Parameters = readonly DuckDBValue[];

/** Runs SQL on one connection. Rows come as JSON values (PROJECT §10), integers up to 2^53 as numbers. */
export class Session {
  readonly connection: DuckDBConnection;
  readonly statements: Statements;
  /** Whose assets the names in it mean. */
  readonly environment: string;

  constructor(connection: DuckDBConnection, statements: Statements = new Statements(), environment: string = PROD) {
    this.connection = connection;
    this.statements = statements;
    this.environment = environment;
  }

  /** Rows changed. Several statements may stand in one text; parameters bind in a single one only. */
  async run(sql: string, parameters?: Parameters): Promise<number> {
    const result = await (parameters === undefined ? this.connection.run(sql) : this.statements.run(this.connection, sql, parameters));
    return result.rowsChanged;
  }

  /** All rows: only for answers that are small by nature. */
  async rows<Row = Readonly<Record<string, JsonValue>>>(sql: string, parameters?: Parameters): Promise<Row[]> {
    const result = await (parameters === undefined ? this.connection.run(sql) : this.statements.run(this.connection, sql, parameters));
    return (await readRowObjects(result)) as Row[];
  }

  /** The first row, or undefined. */
  async row<Row = Readonly<Record<string, JsonValue>>>(sql: string, parameters?: Parameters): Promise<Row | undefined> {
    const [first] = await this.rows<Row>(sql, parameters);
    return first;
  }

  close(): void {
    this.statements.close();
    this.connection.closeSync();
  }
}

/** A session between BEGIN and COMMIT. Made by `Warehouse.transaction` only. */
export class Transaction extends Session {
  readonly inTransaction = true;
}

/** An interrupt that comes between two statements, or before DuckDB has begun with one, is lost: it is given again until the work has ended. */
const INTERRUPT_EVERY_MS = 100;

/** Interrupts the session's statement when the signal aborts, and then throws the signal's reason instead of DuckDB's error. */
export async function interruptible<Result>(
  session: Session,
  signal: AbortSignal | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  if (signal === undefined) return work();
  signal.throwIfAborted();
  let again: NodeJS.Timeout | undefined;
  const interrupt = (): void => {
    session.connection.interrupt();
    again ??= setInterval(() => session.connection.interrupt(), INTERRUPT_EVERY_MS);
  };
  signal.addEventListener("abort", interrupt, { once: true });
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", interrupt);
    clearInterval(again);
  }
}
