// What decisions by time and by rows share: what they are asked, what they answer, and where the ledger and the plan say what a change touches.
import type { Incremental } from "../../model/incremental.ts";
import type { SqlUnit } from "../../sql/compile/errors.ts";
import type { Macro } from "../../sql/functions/macros.ts";
import type { LedgerRange } from "../../sql/ledger/intervals.ts";
import { assetView, type LiveVersion } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";
import { parametersOf } from "../../sql/syntax/copy.ts";
import type { Question } from "./catalogue.ts";
import { type Changes, valuesChanged, valuesMet } from "./changes.ts";
import type { Range } from "./intervals.ts";
import type { Reading, ReadThrough, TimeRead } from "./locality.ts";
import type { ReadChanges, Reads } from "./reads.ts";

export interface DecideRequest {
  readonly unit: SqlUnit;
  /** The version that is to be changed; undefined where there is none yet. */
  readonly own: LiveVersion | undefined;
  readonly how: Incremental;
  readonly codeHash: string;
  /** What it reads, as the graph says. */
  readonly inputs: readonly string[];
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly live: ReadonlyMap<string, LiveVersion>;
  readonly nowMs: number;
  readonly fullRefresh: boolean;
  /** Why everything is built, where it is not --full-refresh that asks for it. */
  readonly because?: string | undefined;
  readonly mayReuse?: boolean | undefined;
  /** All that the project's queries may call. */
  readonly macros?: readonly Macro[] | undefined;
}

export type Todo =
  /** A new table beside the one that readers see. */
  | { readonly kind: "rebuild"; readonly ranges: readonly Range[] | null }
  | { readonly kind: "intervals"; readonly ranges: readonly Range[] }
  /** Rows whose key columns have a value that one of these SELECTs gives; `columns`: which columns of the key. */
  | { readonly kind: "keys"; readonly affected: readonly { readonly columns: readonly number[]; readonly select: string }[] }
  /** All that the query gives is laid over what stands. */
  | { readonly kind: "whole" }
  /** What the query gives from this moment on; null: from the beginning. */
  | { readonly kind: "since"; readonly sinceMs: number | null }
  | { readonly kind: "nothing" };

export interface State {
  readonly session: Session;
  readonly request: DecideRequest;
  readonly question: Question;
  /** What it reads by now. */
  readonly reads: Reads;
  /** Since the version that readers see. */
  readonly changes: ReadChanges;
  readonly held: readonly LedgerRange[];
}

export interface Answer {
  readonly todo: Todo;
  readonly reason: string;
  /** Left out: it is. */
  readonly isJoinable?: boolean;
}

export function nothingText({ changes: { tables } }: State): string {
  if (tables.length === 0) return "nothing that it reads changed";
  return `what changed in ${tables.map(({ asset }) => asset).join(", ")} touches none of its rows`;
}

export function usesBounds({ sql }: SqlUnit): boolean {
  return parametersOf(sql).some((name) => name === "start" || name === "end");
}

/** The ledger's key of what an asset's name means to the session. */
export function keyOf({ live }: DecideRequest, asset: string): string {
  return live.get(asset)?.asset ?? asset;
}

/** What an asset's name means to the session. */
export function viewOf(request: DecideRequest, asset: string): string {
  return assetView(keyOf(request, asset));
}

/** An expression of time as a TIMESTAMP in UTC. */
export function utc({ sql, type }: Pick<TimeRead, "sql" | "type">): string {
  return type === "TIMESTAMP WITH TIME ZONE" ? `((${sql})::timestamptz at time zone 'UTC')` : `(${sql})::timestamp`;
}

/** Something may have changed, and nothing tells what that touches. */
export function isUnknown(
  { changes, request }: State,
  { unknown, isElsewhere }: Pick<Reading<unknown>, "unknown" | "isElsewhere">,
): boolean {
  return unknown !== null && (changes.tables.length > 0 || isElsewhere || request.mayReuse === false);
}

/** Undefined: the optimizer found that the table does not matter; null: any row may. */
export function readsIn<Read>({ tables, met }: Reading<Read>, asset: string): readonly ReadThrough<Read>[] | null | undefined {
  const own = tables.get(asset);
  return own === null ? (met.get(asset) ?? null) : own?.map((read) => ({ read, through: null }));
}

export interface Found {
  readonly found: Exclude<Changes, { readonly kind: "unknown" }>;
  readonly each: Pick<ReadThrough<unknown>, "through">;
}

/** SELECT of what expressions are in the rows that changed, or in those of another table that meet them. */
export function valuesOf(request: DecideRequest, { found, each: { through } }: Found, expressions: readonly string[]): string {
  if (through === null) return valuesChanged(found, expressions);
  return valuesMet(valuesChanged(found, [through.own]), { relation: viewOf(request, through.asset), theirs: through.theirs }, expressions);
}
