// SQL in the warehouse: all its statements are one transaction, and the attempt's token commits with them. So it happens once, whatever dies.
import { StatementType } from "@duckdb/node-api";
import { asMillraceError, messageOf, MillraceError } from "../model/errors.ts";
import type { JsonValue } from "../model/json.ts";
import type { SqlAction } from "../model/task.ts";
import { interruptible, type Transaction } from "../sql/session.ts";
import { bindingsFor } from "../sql/parameters.ts";
import { parametersOf } from "../sql/syntax-copy.ts";
import { readRowObjects } from "../sql/values.ts";
import type { TaskKind } from "../load/task-port.ts";

export const sql: TaskKind<SqlAction> = {
  name: "sql",
  summary: "SQL in the warehouse, in one transaction, exactly once.",
  transact: async ({ query }, { attempt, fill, bindings }, tx) =>
    interruptible(tx, attempt.signal, () => runStatements(tx, fill.sql(query), bindings)),
};

/** The output is the first row of the last statement, or how many rows it changed. */
async function runStatements(tx: Transaction, query: string, bindings: Readonly<Record<string, unknown>>): Promise<JsonValue> {
  const statements = await tx.connection.extractStatements(query).catch((cause: unknown) => {
    throw failed(cause, 1, 1);
  });
  let output: JsonValue = null;
  for (let index = 0; index < statements.count; index++) {
    try {
      const statement = await statements.prepare(index);
      if (statement.statementType === StatementType.TRANSACTION)
        throw new MillraceError({
          code: "MR6203",
          message: "a task's SQL is one transaction already: take begin, commit and rollback out",
        });
      const names = Array.from({ length: statement.parameterCount }, (_, at) => statement.parameterName(at + 1));
      if (names.length > 0) {
        const { values, types } = bindingsFor(names, parametersOf(query), bindings);
        statement.bind(values, types);
      }
      const result = await statement.run();
      const isRead = statement.statementType === StatementType.SELECT || result.columnCount > 1;
      output = isRead ? ((await readRowObjects(result))[0] ?? null) : { changed: result.rowsChanged };
    } catch (cause) {
      throw failed(cause, index + 1, statements.count);
    }
  }
  return output;
}

/** DuckDB's words; what may go well the next time (a conflict, a full disk) is left to the warehouse. */
function failed(cause: unknown, number: number, count: number): unknown {
  if (cause instanceof MillraceError || /transaction conflict|conflict on|TransactionContext/i.test(messageOf(cause))) return cause;
  const which = count > 1 ? ` (statement ${number} of ${count})` : "";
  const text = asMillraceError(cause).message.replace(/^(\w+ Error): /, "$1: ");
  return new MillraceError({ code: "MR6203", message: `the SQL failed${which}: ${text}`, cause });
}
