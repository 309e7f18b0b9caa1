// Several statements of a user's in one transaction: each with its parameters bound, none that ends the transaction.
import { StatementType } from "@duckdb/node-api";
import { messageOf, MillraceError } from "../model/errors.ts";
import type { JsonValue } from "../model/json.ts";
import { bindingsFor } from "./parameters.ts";
import type { Transaction } from "./session.ts";
import { parametersOf } from "./syntax/copy.ts";
import { readRowObjects } from "./values.ts";

/** The first row of the last statement, or how many rows it changed. @throws MR6203; a conflict as DuckDB throws it. */
export async function runScript(tx: Transaction, sql: string, values: Readonly<Record<string, unknown>>): Promise<JsonValue> {
  const statements = await tx.connection.extractStatements(sql).catch((cause: unknown) => {
    throw failed(cause, 1, 1);
  });
  const used = parametersOf(sql);
  let answer: JsonValue = null;
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
        const bound = bindingsFor(names, used, values);
        statement.bind(bound.values, bound.types);
      }
      const result = await statement.run();
      const isRead = statement.statementType === StatementType.SELECT || result.columnCount > 1;
      answer = isRead ? ((await readRowObjects(result))[0] ?? null) : { changed: result.rowsChanged };
    } catch (cause) {
      throw failed(cause, index + 1, statements.count);
    }
  }
  return answer;
}

/** DuckDB's words; what may go well the next time (a conflict) is left to the warehouse. */
function failed(cause: unknown, number: number, count: number): unknown {
  if (cause instanceof MillraceError || /transaction conflict|conflict on|TransactionContext/i.test(messageOf(cause))) return cause;
  const which = count > 1 ? ` (statement ${number} of ${count})` : "";
  return new MillraceError({ code: "MR6203", message: `the SQL failed${which}: ${messageOf(cause)}`, cause });
}
