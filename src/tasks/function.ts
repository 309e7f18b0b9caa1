// Where the function of a TypeScript task stands in what its module exports.
import { MillraceError } from "../model/errors.ts";
import type { TypescriptAction } from "../model/task.ts";

type TaskFunction = (context: object) => unknown;

/** From the export to the function: an export that is one, the `run` of a defineTask, a task of a defineJob. */
export function pathOfTask({ task }: TypescriptAction, exported: unknown): readonly string[] {
  if (task !== undefined) return ["tasks", task, "typescript"];
  return typeof exported === "function" ? [] : ["run"];
}

/** @throws MR6213 */
export function functionAt({ module, exportName }: TypescriptAction, exported: unknown, path: readonly string[]): TaskFunction {
  let holder: unknown;
  let found = exported;
  for (const step of path) {
    holder = found;
    found = typeof found === "object" && found !== null ? (found as Readonly<Record<string, unknown>>)[step] : undefined;
  }
  if (typeof found !== "function")
    throw new MillraceError({ code: "MR6213", message: `${module} exports no function at ${[exportName, ...path].join(".")}` });
  return (found as TaskFunction).bind(holder);
}
