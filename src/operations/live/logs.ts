// `runs.logs`: a window on what a run logged, from its tail, from a line or from where another window ended.
import { logIndexOf } from "../../engine/log-index.ts";
import { fitsText, isNodeOf } from "../../engine/log-search.ts";
import { windowOf, type WindowStart } from "../../engine/log-window.ts";
import type { LogLevel } from "../../model/attempt.ts";
import type { LogWindowAnswer } from "../../model/live-answers.ts";
import { findRun } from "../runs/runs.ts";
import { matcherOf } from "../runs/logs.ts";
import type { Workspace } from "../workspace.ts";

export interface LogWindowRequest {
  readonly run: string;
  readonly node?: string;
  readonly attempt?: number;
  /** This one and worse. */
  readonly level?: LogLevel;
  /** Text, whatever the case, or /a regular expression/. */
  readonly grep?: string;
  /** A line's number; otherwise the last lines. */
  readonly line?: number;
  readonly before?: string;
  readonly after?: string;
  readonly limit: number;
}

/** @throws MR6101, MR7001 */
export async function logWindow(workspace: Workspace, request: LogWindowRequest): Promise<LogWindowAnswer> {
  const run = await findRun(workspace, request.run);
  const all = await logIndexOf(workspace.stateDir("logs"), run).update();
  const { node, attempt, level, grep, limit } = request;
  const files = all.filter(
    (file) => (node === undefined || isNodeOf(file.node, node)) && (attempt === undefined || file.attempt === attempt),
  );
  const matches = matcherOf(grep);
  const isFiltered = level !== undefined || matches !== undefined;
  return windowOf(files, {
    start: startOf(request),
    limit,
    fits: isFiltered ? (line) => fitsText(line, { level, matches }) : undefined,
  });
}

function startOf({ line, before, after }: LogWindowRequest): WindowStart {
  if (before !== undefined) return { kind: "before", cursor: before };
  if (after !== undefined) return { kind: "after", cursor: after };
  return line === undefined ? { kind: "tail" } : { kind: "line", line };
}
