// SQL in the warehouse: all its statements are one transaction, and the attempt's token commits with them. So it happens once, whatever dies.
import type { SqlAction } from "../model/task.ts";
import { runScript } from "../sql/script.ts";
import { interruptible } from "../sql/session.ts";
import type { TaskKind } from "../load/task-port.ts";

export const sql: TaskKind<SqlAction> = {
  name: "sql",
  summary: "SQL in the warehouse, in one transaction, exactly once.",
  transact: async ({ query }, { attempt, fill, bindings }, tx) =>
    interruptible(tx, attempt.signal, () => runScript(tx, fill.sql(query), bindings)),
};
