// What an incremental build has to do now, and why, in words that `plan` shows and the build carries out. Nothing is done here.
//   D1. Where it cannot be known what a change touches, everything that it may touch is done again, and the reason says so.
//   D2. The whole is made anew beside the version that readers see: the first time, on --full-refresh, when the code changed (unless `forwardOnly`).
import { isSameCode } from "../../model/code-hash.ts";
import { parseDurationMs } from "../../model/duration.ts";
import { type Incremental, startMs } from "../../model/incremental.ts";
import type { SqlUnit } from "../../sql/compile/errors.ts";
import type { Macro } from "../../sql/functions/macros.ts";
import { type Increment, type LedgerRange, readIncrement } from "../../sql/ledger/intervals.ts";
import { assetView, type LiveVersion, physicalTable } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";
import { parametersOf } from "../../sql/syntax/copy.ts";
import { ident } from "../../sql/text.ts";
import { changesOf, valuesChanged } from "./changes.ts";
import { countText, floorTo, meet, minus, nextAfter, type Range, rangeOver, rangesText, union } from "./intervals.ts";
import { readByKey, readByTime, type TimeRead, type TimeReading } from "./locality.ts";
import type { Question } from "./catalogue.ts";
import { coarserColumn, filterLeavesStart, noCursor, withoutStart } from "./refusals.ts";
import { changedReads, type ReadChanges, type Reads, readsOf } from "./reads.ts";

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
  const { unit, how, live, inputs, own, codeHash } = request;
  const increment = own === undefined ? undefined : await readIncrement(session, own.asset, own.version);
  const reads = readsOf(inputs, live);
  const why = rebuildReason(request, own, increment);
  const common = { reads, readBefore: increment?.reads ?? {}, held: increment?.ranges ?? [] };
  const question: Question = {
    unit,
    parameters: request.parameters,
    columns: own?.columns ?? [],
    live,
    inputs,
    macros: request.macros ?? [],
  };
  const state: State = {
    session,
    request,
    question,
    reads,
    changes: changedReads(increment?.reads ?? {}, reads),
    held: increment?.ranges ?? [],
    codeHash,
  };
  if (why === null && isSettled(state))
    return { ...common, todo: { kind: "nothing" }, isJoinable: true, reason: `${modeText(how)}: nothing that it reads changed` };
  const { todo, reason, isJoinable = true } = how.mode === "time" ? await byTime(state, why) : await byRows(state, why);
  return { ...common, todo, isJoinable, reason: `${modeText(how)}: ${reason}` };
}

interface State {
  readonly session: Session;
  readonly request: DecideRequest;
  readonly question: Question;
  readonly reads: Reads;
  readonly changes: ReadChanges;
  readonly held: readonly LedgerRange[];
  readonly codeHash: string;
}

/** Nothing moved, and nothing is looked at again by itself. */
function isSettled({ request, changes, held }: State): boolean {
  const { how, nowMs, mayReuse } = request;
  if (changes.tables.length > 0 || changes.others.length > 0 || mayReuse === false) return false;
  // Intervals may have been taken out of the ledger, to be made again.
  if (how.mode === "time" && union(held).length !== 1) return false;
  return lookbackRanges(how, nowMs, { all: union(held), isChanged: false }).length === 0;
}

type Answer = Pick<Decision, "todo" | "reason"> & { readonly isJoinable?: boolean };

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

async function byTime(state: State, why: string | null): Promise<Answer> {
  const { request, question, changes, held } = state;
  const { how, unit, nowMs } = request;
  const column = how.by[0]!;
  const reading = await readByTime(question, column, how.unit);
  if (reading.coarser !== null) throw coarserColumn(unit, column, how.unit, reading.coarser);
  if (reading.leavesStart) throw filterLeavesStart(unit);
  const isJoinable = reading.isJoinable || !usesBounds(unit);
  if (why !== null) {
    const extent = await extentOf(state, reading);
    const text = extent === null ? "all of it" : `${countText(how.unit, [extent])}, ${rangesText(how.unit, [extent])}`;
    return {
      todo: { kind: "rebuild", ranges: extent === null ? null : [extent] },
      reason: `${why}; ${text}${isJoinable ? "" : ", one by one"}`,
      isJoinable,
    };
  }
  const stands = union(held);
  const touched = await touchedRanges(state, reading);
  if (touched.all !== null) {
    const extent = await extentOf(state, reading);
    const all = extent === null ? stands : union([...stands, extent]);
    return {
      todo: { kind: "rebuild", ranges: extent === null ? null : all },
      reason: `all ${countText(how.unit, all)}: ${touched.all}`,
      isJoinable,
    };
  }
  const found = touched.ranges.flatMap(({ ranges }) => ranges);
  // What is new is among what changed: only where no table tells the moments of its rows, time itself brings intervals, or some were taken out.
  const isAsked = request.mayReuse === false;
  const isTold = held.length > 0 && !isAsked && [...reading.tables.values()].some((reads) => reads !== null);
  const extent = isTold ? spanOf([...stands, ...found]) : await extentOf(state, reading);
  const all = extent === null ? stands : union([...stands, extent]);
  const gaps = extent === null ? [] : minus([extent], stands);
  const back = lookbackRanges(how, nowMs, { all, isChanged: changes.tables.length > 0 });
  const changed = touched.ranges.map(({ asset, ranges }) => ({ ranges, text: `new rows of ${asset}` }));
  const causes = [...changed, { ranges: gaps, text: "never built" }, { ranges: back, text: `lookback ${how.lookback ?? ""}` }];
  const ranges = union(causes.flatMap((cause) => cause.ranges));
  if (ranges.length === 0) return { todo: { kind: "nothing" }, reason: nothingText(state), isJoinable };
  const said = causes.filter((cause) => cause.ranges.length > 0).map((cause) => `${countText(how.unit, cause.ranges)} ${cause.text}`);
  return { todo: { kind: "intervals", ranges }, reason: `${rangesText(how.unit, ranges)} (${said.join(", ")})`, isJoinable };
}

/** From the first to the last moment of ranges: there are no gaps in what is built. */
function spanOf(ranges: readonly Range[]): Range | null {
  if (ranges.length === 0) return null;
  return { startMs: Math.min(...ranges.map(({ startMs }) => startMs)), endMs: Math.max(...ranges.map(({ endMs }) => endMs)) };
}

function nothingText({ changes: { tables } }: State): string {
  if (tables.length === 0) return "nothing that it reads changed";
  return `what changed in ${tables.map(({ asset }) => asset).join(", ")} touches none of its rows`;
}

function usesBounds({ sql }: SqlUnit): boolean {
  return parametersOf(sql).some((name) => name === "start" || name === "end");
}

/** From the first to the last moment of the data, or from `start:`; null where only the result tells. @throws MR4612 */
async function extentOf({ session, request, reads }: State, reading: TimeReading): Promise<Range | null> {
  const { how, unit } = request;
  const from = how.start === undefined ? null : floorTo(how.unit, startMs(how.start));
  let [firstMs, lastMs]: [number | null, number | null] = [null, null];
  let isKnown = false;
  for (const [table, found] of reading.tables) {
    if (found === null || reads[table] === undefined) continue;
    for (const read of found) {
      isKnown = true;
      const moment = utc(read);
      const row = await session.row<{ a: number | null; b: number | null }>(
        `select epoch_ms(a) as a, epoch_ms(b) as b from (select min(m) as a, max(m) as b from (select ${moment} as m from ${viewOf(request, table)}) where isfinite(m))`,
      );
      if (row?.a != null) firstMs = Math.min(firstMs ?? row.a, row.a);
      if (row?.b != null) lastMs = Math.max(lastMs ?? row.b, row.b);
    }
  }
  if (!isKnown) {
    if (!usesBounds(unit)) return null;
    if (from === null) throw withoutStart(unit, reading.unknown);
    return { startMs: from, endMs: Math.max(nextAfter(how.unit, request.nowMs), from) };
  }
  if (firstMs === null || lastMs === null) return { startMs: from ?? 0, endMs: from ?? 0 };
  const data = rangeOver(how.unit, firstMs, lastMs);
  const start = from ?? data.startMs;
  return { startMs: start, endMs: Math.max(start, data.endMs) };
}

/** The ledger's key of what an asset's name means to the session. */
function keyOf({ live }: DecideRequest, asset: string): string {
  return live.get(asset)?.asset ?? asset;
}

/** What an asset's name means to the session. */
function viewOf(request: DecideRequest, asset: string): string {
  return assetView(keyOf(request, asset));
}

/** An expression of time as a TIMESTAMP in UTC. */
function utc({ sql, type }: Pick<TimeRead, "sql" | "type">): string {
  return type === "TIMESTAMP WITH TIME ZONE" ? `((${sql})::timestamptz at time zone 'UTC')` : `(${sql})::timestamp`;
}

interface Touched {
  readonly ranges: readonly { readonly asset: string; readonly ranges: readonly Range[] }[];
  /** Why everything is touched; null when it is known what is. */
  readonly all: string | null;
}

/** Something may have changed, and nothing tells what that touches. */
function isUnknown({ changes, request }: State, { unknown, isElsewhere }: Pick<TimeReading, "unknown" | "isElsewhere">): boolean {
  return unknown !== null && (changes.tables.length > 0 || isElsewhere || request.mayReuse === false);
}

/** D1. */
async function touchedRanges(state: State, reading: TimeReading): Promise<Touched> {
  const { session, request, changes } = state;
  const { how } = request;
  const all = (reason: string): Touched => ({ ranges: [], all: reason });
  if (isUnknown(state, reading)) return all(reading.unknown!);
  const [other] = changes.others.filter((asset) => !how.ignore.includes(asset));
  if (other !== undefined) return all(`${other} is another query now, and which rows that changes is not known`);
  const ranges: { asset: string; ranges: readonly Range[] }[] = [];
  for (const { asset, from, to } of changes.tables) {
    if (how.ignore.includes(asset)) continue;
    const reads = reading.tables.get(asset);
    if (reads === undefined) continue; // the optimizer found that it does not matter
    if (reads === null) return all(`${asset} changed, and no column of it tells the interval of its rows`);
    const found = await changesOf(session, keyOf(request, asset), { from, to });
    if (found.kind === "unknown") return all(found.reason);
    const moments: Range[] = [];
    for (const read of reads) {
      const starts = await session.rows<{ ms: number }>(
        `select distinct epoch_ms(v0) as ms from (${valuesChanged(found, [`date_trunc('${how.unit}', ${utc(read)})`])}) where isfinite(v0)`,
      );
      for (const { ms } of starts) {
        moments.push(rangeOver(how.unit, ms, ms));
        if (read.takesEnd) moments.push(rangeOver(how.unit, ms - 1, ms - 1));
      }
    }
    ranges.push({ asset, ranges: union(moments) });
  }
  const from = how.start === undefined ? Number.NEGATIVE_INFINITY : floorTo(how.unit, startMs(how.start));
  const inside = [{ startMs: from, endMs: Number.POSITIVE_INFINITY }];
  return { ranges: ranges.map(({ asset, ranges: own }) => ({ asset, ranges: meet(own, inside) })), all: null };
}

/** The intervals that end after the lookback begins: from now, or from the end of the data where that is earlier and something changed. */
function lookbackRanges(
  { lookback, unit }: Incremental,
  nowMs: number,
  { all, isChanged }: { readonly all: readonly Range[]; readonly isChanged: boolean },
): readonly Range[] {
  const ms = lookback === undefined ? undefined : parseDurationMs(lookback);
  const last = all.at(-1);
  if (ms === undefined || last === undefined) return [];
  const from = (isChanged ? Math.min(nowMs, last.endMs) : nowMs) - ms;
  return meet(all, [{ startMs: floorTo(unit, from), endMs: Number.POSITIVE_INFINITY }]);
}

/** By key, by partition, append. */
async function byRows(state: State, why: string | null): Promise<Answer> {
  const { session, request, question, changes } = state;
  const { how, unit } = request;
  const isSince = how.cursor !== undefined && usesBounds(unit);
  if (why !== null) return { todo: { kind: "rebuild", ranges: null }, reason: `${why}; all of it` };
  if (isSince) return since(state);
  const changed = changes.tables.filter(({ asset }) => !how.ignore.includes(asset));
  const [other] = changes.others.filter((asset) => !how.ignore.includes(asset));
  if (how.mode === "append") {
    if (changed.length === 0 && other === undefined) return { todo: { kind: "nothing" }, reason: "nothing that it reads changed" };
    return {
      todo: { kind: "since", sinceMs: null },
      reason: `${changed[0]?.asset ?? other} changed; rows that are there already are left out`,
    };
  }
  const columns = how.mode === "merge" ? how.key : how.by;
  const whole = (reason: string): Answer => ({ todo: { kind: "whole" }, reason: `the whole query, ${reason}` });
  if (other !== undefined) return whole(`${other} is another query now, and which rows that changes is not known`);
  const reading = await readByKey(
    question,
    columns,
    changed.map(({ asset }) => asset),
  );
  if (isUnknown(state, reading)) return whole(reading.unknown!);
  if (changed.length === 0) return { todo: { kind: "nothing" }, reason: "nothing that it reads changed" };
  const affected: { columns: readonly number[]; select: string }[] = [];
  for (const { asset, from, to } of changed) {
    const reads = reading.tables.get(asset);
    if (reads === undefined) continue;
    if (reads === null) return whole(`${asset} changed, and its columns do not tell ${columns.join(", ")}`);
    const found = await changesOf(session, keyOf(request, asset), { from, to });
    if (found.kind === "unknown") return whole(found.reason);
    for (const read of reads) affected.push({ columns: [...read.keys()], select: valuesChanged(found, [...read.values()]) });
  }
  if (affected.length === 0) return { todo: { kind: "nothing" }, reason: nothingText(state) };
  const names = changed.map(({ asset }) => asset).join(", ");
  return {
    todo: { kind: "keys", affected },
    reason: `rows whose ${columns.join(", ")} ${columns.length === 1 ? "is" : "are"} among those that changed in ${names}`,
  };
}

/** The model's own filter says from where on it looks. */
async function since({ session, request, question, changes }: State): Promise<Answer> {
  const { how, unit } = request;
  const own = request.own!;
  const column = own.columns.find(({ name }) => name.toLowerCase() === how.cursor!.toLowerCase());
  if (column === undefined || !/^(DATE|TIMESTAMP)/.test(column.type)) throw noCursor(unit, how.cursor!, column?.type);
  if (changes.tables.length === 0 && changes.others.length === 0)
    return { todo: { kind: "nothing" }, reason: "nothing that it reads changed" };
  const type = column.type.startsWith("TIMESTAMP WITH") ? "TIMESTAMP WITH TIME ZONE" : column.type;
  const moment = utc({ sql: ident(column.name), type });
  const row = await session.row<{ ms: number | null }>(
    `select epoch_ms(max(${moment})) as ms from ${physicalTable(own.physical!)} where isfinite(${moment})`,
  );
  const highest = row?.ms ?? null;
  if (highest === null) return { todo: { kind: "since", sinceMs: null }, reason: "from the beginning, no row is there" };
  const lookbackMs = how.lookback === undefined ? 0 : (parseDurationMs(how.lookback) ?? 0);
  const reading = await readByTime(question, how.cursor!, "hour");
  let firstMs = highest - lookbackMs;
  let late = "";
  for (const { asset, from, to } of changes.tables) {
    const reads = reading.tables.get(asset) ?? [];
    const found = reads.length === 0 ? undefined : await changesOf(session, keyOf(request, asset), { from, to });
    if (found === undefined || found.kind === "unknown") continue;
    for (const read of reads) {
      const first = await session.row<{ ms: number | null }>(
        `select epoch_ms(min(${utc({ sql: "v0", type: read.type })})) as ms from (${valuesChanged(found, [read.sql])})`,
      );
      if (first?.ms != null && first.ms < firstMs) {
        firstMs = first.ms;
        late = `, since ${asset} has late rows`;
      }
    }
  }
  return {
    todo: { kind: "since", sinceMs: firstMs },
    reason: `${how.cursor} from ${new Date(firstMs).toISOString()} on${late}; rows before that its own filter leaves out`,
  };
}
