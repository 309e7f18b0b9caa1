// By time: the intervals that are done again, from what changed, from what was never built, and from the lookback.
import { parseDurationMs } from "../../model/duration.ts";
import { type Incremental, startMs } from "../../model/incremental.ts";
import { changesOf } from "./changes.ts";
import { type Answer, isUnknown, keyOf, nothingText, readsIn, type State, usesBounds, utc, valuesOf, viewOf } from "./deciding.ts";
import { countText, floorTo, meet, minus, nextAfter, type Range, rangeOver, rangesText, union } from "./intervals.ts";
import { readByTime, type TimeReading } from "./locality.ts";
import { coarserColumn, filterLeavesStart, withoutStart } from "./refusals.ts";

export async function byTime(state: State, why: string | null): Promise<Answer> {
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
  const changed = touched.ranges.map(({ asset, ranges }) => ({
    ranges,
    text: reading.met.has(asset) ? `rows that meet what changed in ${asset}` : `new rows of ${asset}`,
  }));
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

interface Touched {
  readonly ranges: readonly { readonly asset: string; readonly ranges: readonly Range[] }[];
  /** Why everything is touched; null when it is known what is. */
  readonly all: string | null;
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
    const reads = readsIn(reading, asset);
    if (reads === undefined) continue;
    if (reads === null) return all(`${asset} changed, and no column of it tells the interval of its rows`);
    const found = await changesOf(session, keyOf(request, asset), { from, to });
    if (found.kind === "unknown") return all(found.reason);
    const moments: Range[] = [];
    for (const each of reads) {
      const values = valuesOf(request, { found, each }, [`date_trunc('${how.unit}', ${utc(each.read)})`]);
      const starts = await session.rows<{ ms: number }>(`select distinct epoch_ms(v0) as ms from (${values}) where isfinite(v0)`);
      for (const { ms } of starts) {
        moments.push(rangeOver(how.unit, ms, ms));
        if (each.read.takesEnd) moments.push(rangeOver(how.unit, ms - 1, ms - 1));
      }
    }
    ranges.push({ asset, ranges: union(moments) });
  }
  const from = how.start === undefined ? Number.NEGATIVE_INFINITY : floorTo(how.unit, startMs(how.start));
  const inside = [{ startMs: from, endMs: Number.POSITIVE_INFINITY }];
  return { ranges: ranges.map(({ asset, ranges: own }) => ({ asset, ranges: meet(own, inside) })), all: null };
}

/** The intervals that end after the lookback begins: from now, or from the end of the data where that is earlier and something changed. */
export function lookbackRanges(
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
