// A task written in TypeScript: its function, with what it may read and log. What it returns is its output and must be JSON.
import type { JsonValue } from "../model/json.ts";
import type { Log, TaskContext } from "../model/define.ts";
import { MillraceError } from "../model/errors.ts";
import type { TypescriptAction } from "../model/task.ts";
import { streamRows } from "../load/stream-rows.ts";
import type { TaskKind } from "../load/task-port.ts";
import { assetView } from "../sql/ledger/publish.ts";

export const typescript: TaskKind<TypescriptAction> = {
  name: "typescript",
  summary: "A function of a module in pipelines/.",
  async act(_action, { attempt, projectDir, params, outputs, item, idempotencyKey, http, warehouse, call, partition }) {
    const { signal, run } = attempt;
    const open = await warehouse();
    const context: TaskContext = {
      params: params as TaskContext["params"],
      outputs,
      item,
      run,
      idempotencyKey,
      projectDir,
      read: ((asset: string) =>
        streamRows(open, `select * from ${assetView(asset.includes(".") ? asset : `main.${asset}`)}`, signal)) as TaskContext["read"],
      query: (sql) => streamRows(open, sql, signal),
      http,
      signal,
      log: logOf(attempt),
      ...(partition === undefined ? {} : { partition }),
    };
    return { output: jsonOf(await call(context), attempt.node) };
  },
};

function jsonOf(output: unknown, node: string): JsonValue {
  if (output === undefined) return null;
  try {
    return JSON.parse(JSON.stringify(output)) as JsonValue;
  } catch (cause) {
    throw new MillraceError({
      code: "MR4019",
      message: `the task ${node.replace(/^task:/, "")} returned something that is no JSON`,
      cause,
    });
  }
}

/** The log of an attempt as users call it. */
export function logOf(attempt: { log(level: "info" | "warn", message: string): void }): Log {
  return Object.assign((message: string) => attempt.log("info", message), {
    info: (message: string) => attempt.log("info", message),
    warn: (message: string) => attempt.log("warn", message),
  });
}
