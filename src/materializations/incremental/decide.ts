// What an incremental build has to do now, and why, in words that `plan` shows and the build carries out. Nothing is done here.
//   D1. Where it cannot be known what a change touches, everything that it may touch is done again, and the reason says so.
//   D2. The whole is made anew beside the version that readers see: the first time, on --full-refresh, when the code changed (unless `forwardOnly`).
import { isSameCode } from "../../model/code-hash.ts";
import type { Incremental } from "../../model/incremental.ts";
import { type Increment, type LedgerRange, readIncrement } from "../../sql/ledger/intervals.ts";
import type { LiveVersion } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";
import { byRows } from "./decide-rows.ts";
import { byTime, lookbackRanges } from "./decide-time.ts";
import type { DecideRequest, State, Todo } from "./deciding.ts";
import { union } from "./intervals.ts";
import { changedReads, type Reads, readsOf } from "./reads.ts";

export interface Decision {
  readonly todo: Todo;
  readonly reason: string;
  readonly reads: Reads;
  /** The same of the version that readers see. */
  readonly readBefore: Reads;
  /** Intervals that one statement may make. */
  readonly isJoinable: boolean;
  /** What the ledger says of the version that readers see. */
  readonly held: readonly LedgerRange[];
}

const MODE_TEXT = { time: "by time", merge: "by key", append: "append", partition: "by partition" } as const;

/** `by time (sale_date, day)`. */
export function modeText({ mode, by, key, unit }: Incremental): string {
  const columns = mode === "time" || mode === "partition" ? by : mode === "merge" ? key : [];
  const inside = [...columns, ...(mode === "time" ? [unit] : [])];
  return inside.length === 0 ? MODE_TEXT[mode] : `${MODE_TEXT[mode]} (${inside.join(", ")})`;
}

export async function decideIncrement(session: Session, request: DecideRequest): Promise<Decision> {
  const { unit, how, live, inputs, own, parameters, macros } = request;
  const increment = own === undefined ? undefined : await readIncrement(session, own.asset, own.version);
  const reads = readsOf(inputs, live);
  const why = rebuildReason(request, own, increment);
  const common = { reads, readBefore: increment?.reads ?? {}, held: increment?.ranges ?? [] };
  const state: State = {
    session,
    request,
    question: { unit, parameters, columns: own?.columns ?? [], live, inputs, macros },
    reads,
    changes: changedReads(common.readBefore, reads),
    held: common.held,
  };
  if (why === null && isSettled(state))
    return { ...common, todo: { kind: "nothing" }, isJoinable: true, reason: `${modeText(how)}: nothing that it reads changed` };
  const { todo, reason, isJoinable = true } = how.mode === "time" ? await byTime(state, why) : await byRows(state, why);
  return { ...common, todo, isJoinable, reason: `${modeText(how)}: ${reason}` };
}

/** Nothing moved, and nothing is looked at again by itself. */
function isSettled({ request, changes, held }: State): boolean {
  const { how, nowMs, mayReuse } = request;
  if (changes.tables.length > 0 || changes.others.length > 0 || mayReuse === false) return false;
  // Intervals may have been taken out of the ledger, to be made again.
  if (how.mode === "time" && union(held).length !== 1) return false;
  return lookbackRanges(how, nowMs, { all: union(held), isChanged: false }).length === 0;
}

/** D2. */
function rebuildReason(
  { how, codeHash, fullRefresh, because }: DecideRequest,
  own: LiveVersion | undefined,
  increment: Increment | undefined,
): string | null {
  if (own === undefined) return "never built";
  if (because !== undefined) return because;
  if (fullRefresh) return "--full-refresh";
  if (increment === undefined || own.kind !== "table") return "it was not built incrementally before";
  if (increment.mode !== how.mode) return `it was kept ${increment.mode === "time" ? "by time" : `by ${increment.mode}`} before`;
  if (!isSameCode(own.codeHash, codeHash) && !how.forwardOnly) return "its SQL or its settings changed, a new version is built beside";
  return null;
}
