// What both ways of making rows of an incremental model share: the whole beside the live version, and changes in its table.
import type { Incremental } from "../../model/incremental.ts";
import type { LedgerRange } from "../../sql/ledger/intervals.ts";
import type { LiveVersion } from "../../sql/ledger/publish.ts";
import type { ModelRequest } from "../materialization.ts";
import type { Decision } from "./decide.ts";
import { minus, union } from "./intervals.ts";

/** What both ways of making rows are given. */
export interface IncrementBuild {
  readonly request: ModelRequest;
  readonly how: Incremental;
  readonly decision: Decision;
  /** What each asset that is read was, as the plan tells it. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly own: LiveVersion | undefined;
  /** What the version notes (sql/ledger/begun.ts). */
  readonly begun: string | undefined;
  /** Of this attempt: what `_load` of its rows says. */
  readonly load: string;
}

/** The intervals that the version holds when what was decided is done. */
export function heldAfter({ held, todo }: Decision, codeHash: string): readonly LedgerRange[] {
  const made = todo.kind === "intervals" || todo.kind === "rebuild" ? (todo.ranges ?? []) : [];
  const before = todo.kind === "rebuild" ? [] : held;
  const left = before.flatMap((range) => minus([range], made).map((part) => ({ ...part, codeHash: range.codeHash })));
  const all = [...left, ...made.map((range) => ({ ...range, codeHash }))].filter(({ startMs, endMs }) => startMs < endMs);
  return [...new Set(all.map((range) => range.codeHash))]
    .flatMap((code) => union(all.filter((range) => range.codeHash === code)).map((range) => ({ ...range, codeHash: code })))
    .toSorted((a, b) => a.startMs - b.startMs);
}

/** For the log of the attempt: what was done and why, and which rows were left out. */
export function notesOf({ reason }: Decision, left: { readonly superseded: number; readonly leftOut: number }): readonly string[] {
  return [
    reason,
    ...(left.superseded > 0 ? [`${left.superseded} rows were left out: another row of the same key is newer (superseded)`] : []),
    ...(left.leftOut > 0 ? [`${left.leftOut} rows were left out: they are there already, or tell no moment`] : []),
  ];
}
