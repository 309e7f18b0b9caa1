// Statements of one connection that stay prepared: to parse and bind one of ours costs more than to run it. One that runs is nobody else's, so that values
// never meet those of another call; one that failed is not kept.
import type { DuckDBConnection, DuckDBMaterializedResult, DuckDBPreparedStatement, DuckDBValue } from "@duckdb/node-api";

const KEPT_MAX = 64;
/** Longer texts are made for once. */
const KEPT_CHARS_MAX = 2_000;

export class Statements {
  private readonly kept = new Map<string, DuckDBPreparedStatement>();
  private closed = false;

  async run(connection: DuckDBConnection, sql: string, values: readonly DuckDBValue[]): Promise<DuckDBMaterializedResult> {
    if (sql.length > KEPT_CHARS_MAX) return connection.run(sql, [...values]);
    const statement = this.take(sql) ?? (await connection.prepare(sql));
    let isGood = false;
    try {
      statement.bind([...values]);
      const result = await statement.run();
      isGood = true;
      return result;
    } finally {
      if (isGood) this.keep(sql, statement);
      else statement.destroySync();
    }
  }

  /** A statement that is not destroyed keeps the file open. */
  close(): void {
    this.closed = true;
    for (const statement of this.kept.values()) statement.destroySync();
    this.kept.clear();
  }

  private take(sql: string): DuckDBPreparedStatement | undefined {
    const statement = this.kept.get(sql);
    this.kept.delete(sql);
    return statement;
  }

  private keep(sql: string, statement: DuckDBPreparedStatement): void {
    if (this.closed || this.kept.has(sql)) {
      statement.destroySync();
      return;
    }
    this.kept.set(sql, statement);
    for (const [oldest, unused] of this.kept) {
      if (this.kept.size <= KEPT_MAX) break;
      this.kept.delete(oldest);
      unused.destroySync();
    }
  }
}
