// A task written in TypeScript: its function, with what it may read and log. What it returns is its output and must be JSON.
import type { JsonValue } from "../model/answers.ts";
import type { Attempt } from "../model/attempt.ts";
import type { HttpClient, Log, TaskInput } from "../model/define.ts";
import { MillraceError } from "../model/errors.ts";
import { streamRows } from "../load/stream-rows.ts";
import { assetView } from "../sql/publish.ts";
import type { Warehouse } from "../sql/warehouse.ts";

export interface TaskSurroundings {
  readonly projectDir: string;
  readonly warehouse: Warehouse;
  readonly params: Readonly<Record<string, string>>;
  readonly http: HttpClient;
}

/** @throws what the task throws; MR4019 when it returns something that is no JSON. */
export async function runTypescriptTask(
  task: TaskInput,
  { projectDir, warehouse, params, http }: TaskSurroundings,
  attempt: Attempt,
): Promise<JsonValue> {
  const { signal } = attempt;
  const output = await task.run({
    params,
    projectDir,
    read: (asset) => streamRows(warehouse, `select * from ${assetView(asset.includes(".") ? asset : `main.${asset}`)}`, signal),
    query: (sql) => streamRows(warehouse, sql, signal),
    http,
    signal,
    log: logOf(attempt),
  });
  if (output === undefined) return null;
  try {
    return JSON.parse(JSON.stringify(output)) as JsonValue;
  } catch (cause) {
    throw new MillraceError({ code: "MR4019", message: `the task ${task.name} returned something that is no JSON`, cause });
  }
}

/** The log of an attempt as users call it. */
export function logOf(attempt: { log(level: "info" | "warn", message: string): void }): Log {
  return Object.assign((message: string) => attempt.log("info", message), {
    info: (message: string) => attempt.log("info", message),
    warn: (message: string) => attempt.log("warn", message),
  });
}
