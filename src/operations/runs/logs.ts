// `logs`: what attempts logged, of one run or of all, found by level, node, text and time; and what is being logged.
import { setTimeout as sleep } from "node:timers/promises";
import type { LogLineAnswer } from "../../model/answers.ts";
import type { LogLevel } from "../../model/attempt.ts";
import { parseDurationMs } from "../../model/duration.ts";
import { MillraceError } from "../../model/errors.ts";
import { followLogs, searchLogs, type LogQuery } from "../../engine/log-search.ts";
import { foldRun } from "../../views/run-fold.ts";
import { searchWithin } from "./pattern.ts";
import { findRun } from "./runs.ts";
import type { Workspace } from "../workspace.ts";

const LOOK_EVERY_MS = 250;
/** How often it is asked whether the run that is followed has ended. */
const ASK_EVERY_MS = 1_000;
/** When following, of what was logged before. */
const TAIL_DEFAULT = 1_000;

export interface LogsRequest {
  /** Its id or the beginning of it; absent: all runs. */
  readonly run?: string | undefined;
  readonly node?: string | undefined;
  readonly level?: LogLevel | undefined;
  /** Text, whatever the case, or /a regular expression/. */
  readonly grep?: string | undefined;
  /** `1h`, or a time. */
  readonly since?: string | undefined;
  readonly tail?: number | undefined;
  readonly follow?: boolean | undefined;
}

/** Ends with the lines, or when followed with the run or the signal. @throws MR6101, MR7001. */
export async function* logLines(workspace: Workspace, request: LogsRequest): AsyncGenerator<LogLineAnswer> {
  const { node, level, tail } = request;
  const run = request.run === undefined ? undefined : await findRun(workspace, request.run);
  const dir = workspace.stateDir("logs");
  const query: LogQuery = { run, node, level, tail, matches: matcherOf(request.grep), sinceMs: sinceOf(request.since) };
  if (request.follow !== true) {
    yield* searchLogs(dir, query);
    return;
  }
  const follower = followLogs(dir, { ...query, tail: tail ?? TAIL_DEFAULT });
  let askedMs = 0;
  for (;;) {
    const isDue = run !== undefined && performance.now() - askedMs >= ASK_EVERY_MS;
    if (isDue) askedMs = performance.now();
    // Asked before the lines are read: what was logged until the end is still told.
    const isOver = isDue && (await hasEnded(workspace, run));
    yield* await follower.next();
    if (isOver || workspace.signal.aborted) return;
    await sleep(LOOK_EVERY_MS, undefined, { signal: workspace.signal }).catch(() => {}); // the signal ends it above
  }
}

async function hasEnded(workspace: Workspace, run: string): Promise<boolean> {
  const fold = foldRun(await (await workspace.store()).read(run));
  return fold?.row()?.finishedAt != null;
}

/** @throws MR7001 */
export function matcherOf(grep: string | undefined): LogQuery["matches"] {
  if (grep === undefined) return undefined;
  const written = /^\/(.+)\/([imsu]*)$/.exec(grep);
  if (written === null) {
    const wanted = grep.toLowerCase();
    return (text) => text.toLowerCase().includes(wanted);
  }
  try {
    return searchWithin(new RegExp(written[1]!, written[2]));
  } catch (cause) {
    throw new MillraceError({
      code: "MR7001",
      message: `--grep ${grep} is no regular expression`,
      hint: "text is searched as it is",
      cause,
    });
  }
}

function sinceOf(since: string | undefined): number | undefined {
  if (since === undefined) return undefined;
  const agoMs = parseDurationMs(since);
  const atMs = agoMs === undefined ? Date.parse(since) : Date.now() - agoMs;
  if (Number.isNaN(atMs))
    throw new MillraceError({ code: "MR7001", message: `--since ${since} is no time`, hint: "1h, 30m, 2d, or 2026-01-31T06:00:00Z" });
  return atMs;
}
