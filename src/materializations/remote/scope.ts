// Which rows of a model on a server are made, given what the server has seen change. Pure.
//   S1. Where it cannot be known what a change touches, everything is made again, and the reason says so.
import { type Incremental, startMs } from "../../model/incremental.ts";
import type { EngineScope, Seen, SeenRead } from "../../load/engine-port.ts";
import { modeText } from "../incremental/decide.ts";
import { lookbackRanges } from "../incremental/decide-time.ts";
import { usesBounds } from "../incremental/deciding.ts";
import { batches, countText, floorTo, meet, minus, nextAfter, type Range, rangeOver, rangesText, union } from "../incremental/intervals.ts";
import type { KeyRead, Reading, TimeReading } from "../incremental/locality.ts";
import { withoutStart } from "../incremental/refusals.ts";
import type { ModelRequest } from "../materialization.ts";
import type { Said } from "./noted.ts";

export interface ScopeRequest extends Pick<ModelRequest, "unit" | "parameters" | "asked"> {
  readonly how: Incremental;
  /** The version before is that of the same environment: where nothing changed it may stay. */
  readonly mayStay: boolean;
}

interface FoundTime {
  readonly seen: Seen;
  readonly reading: TimeReading;
}

/** `why`: for what reason all is made; null: it is to be found out. @throws MR4612 */
export function byTime(request: ScopeRequest, why: string | null, { seen, reading }: FoundTime): EngineScope {
  const { how, unit, parameters, asked, mayStay } = request;
  const from = how.start === undefined ? null : floorTo(how.unit, startMs(how.start));
  const isBounded = usesBounds(unit);
  const isJoinable = reading.isJoinable || !isBounded;
  const piecesOf = (ranges: readonly Range[]): readonly Range[] =>
    batches(how.unit, ranges, isJoinable ? (how.batch ?? Number.POSITIVE_INFINITY) : 1);
  const now = parameters["now"] instanceof Date ? parameters["now"].getTime() : Date.now();
  const extent = extentOf(
    how,
    from,
    seen.reads.map((read) => (read.isWhole ? null : read.extent)),
  );
  const whole = why ?? wholeReason(seen);
  if (whole !== null) {
    const range = extent ?? (isBounded && !isTold(seen) ? fromStart(request, reading, { from, now }) : null);
    const ranges = range === null ? [] : [range];
    const text = range === null ? "all of it" : `all ${countText(how.unit, ranges)}, ${rangesText(how.unit, ranges)}`;
    return {
      kind: "all",
      sinceMs: from,
      pieces: isBounded ? piecesOf(ranges) : null,
      said: saidOf(how, ranges, `${whole}; ${text}${isJoinable ? "" : ", one by one"}`),
    };
  }
  const before = extentOf(
    how,
    from,
    seen.reads.map((read) => (read.isWhole ? null : read.extentBefore)),
  );
  const held = extent === null ? [] : [extent];
  const changed = seen.reads.map((read) => ({ ranges: touchedBy(how, reading, read), text: `new rows of ${read.asset}` }));
  const wished = asked?.kind === "interval" ? [rangeOver(how.unit, asked.startMs, asked.endMs - 1)] : [];
  const causes = [
    ...changed,
    { ranges: minus(held, before === null ? [] : [before]), text: "never built" },
    {
      ranges: lookbackRanges(how, now, { all: held, isChanged: isChanged(seen) }),
      text: `lookback ${how.lookback ?? ""}`,
    },
    { ranges: wished, text: "asked for" },
  ];
  const inside = [{ startMs: from ?? Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY }];
  const ranges = meet(union(causes.flatMap((cause) => cause.ranges)), inside);
  if (ranges.length === 0 && mayStay) return { kind: "nothing", said: saidOf(how, held, "what changed touches none of its rows") };
  const said = causes.filter((cause) => cause.ranges.length > 0).map((cause) => `${countText(how.unit, cause.ranges)} ${cause.text}`);
  const text = ranges.length === 0 ? "the rows of prod" : `${rangesText(how.unit, ranges)} (${said.join(", ")})`;
  return { kind: "intervals", ranges, pieces: isBounded ? piecesOf(ranges) : null, said: saidOf(how, held, text) };
}

/** From the first to the last moment of the data, or from `start:`. */
function extentOf({ unit }: Incremental, from: number | null, extents: readonly SeenRead["extent"][]): Range | null {
  const known = extents.flatMap((extent) => (extent === null ? [] : [extent]));
  if (known.length === 0) return null;
  const [first, last] = [Math.min(...known.map((each) => each.first)), Math.max(...known.map((each) => each.last))];
  const start = from ?? floorTo(unit, first);
  const end = nextAfter(unit, last);
  return end <= start ? null : { startMs: start, endMs: end };
}

/** Some table tells the moments of its rows, though it may have none. */
function isTold({ reads }: Seen): boolean {
  return reads.some(({ isWhole }) => !isWhole);
}

/** @throws MR4612 */
function fromStart(
  { how, unit }: ScopeRequest,
  { unknown }: TimeReading,
  { from, now }: { readonly from: number | null; readonly now: number },
): Range {
  if (from === null) throw withoutStart(unit, unknown);
  return { startMs: from, endMs: Math.max(nextAfter(how.unit, now), from) };
}

/** Why all is made: an asset changed that tells no parts, or of which none were kept. */
function wholeReason({ reads }: Seen): string | null {
  const changed = reads.find((read) => read.changed === null || (read.isWhole && read.changed.length > 0));
  if (changed === undefined) return null;
  if (changed.changed === null) return `which rows of ${changed.asset} changed was not kept`;
  return `${changed.asset} changed, and no column of it tells which rows that touches`;
}

function touchedBy({ unit }: Incremental, { tables }: TimeReading, { asset, index, isWhole, changed }: SeenRead): readonly Range[] {
  if (isWhole) return [];
  const takesEnd = tables.get(asset)?.[index]?.takesEnd === true;
  return union((changed ?? []).flatMap((ms) => [rangeOver(unit, ms, ms), ...(takesEnd ? [rangeOver(unit, ms - 1, ms - 1)] : [])]));
}

function isChanged({ reads }: Seen): boolean {
  return reads.some(({ changed }) => changed === null || changed.length > 0);
}

interface FoundKeys {
  readonly seen: Seen;
  readonly reading: Reading<KeyRead>;
}

export function byKey(request: ScopeRequest, why: string | null, { seen, reading }: FoundKeys): EngineScope {
  const { how, mayStay } = request;
  const whole = why ?? wholeReason(seen);
  if (whole !== null) return { kind: "all", sinceMs: null, pieces: null, said: saidOf(how, [], `${whole}; all of it`) };
  const changed = seen.reads.filter((read) => (read.changed ?? []).length > 0);
  const touched = changed.map(({ asset, index, changed: parts }) => ({
    columns: [...(reading.tables.get(asset)?.[index]?.keys() ?? [])],
    parts: parts ?? [],
  }));
  if (touched.length === 0 && mayStay) return { kind: "nothing", said: saidOf(how, [], "what changed touches none of its rows") };
  const names = [...new Set(changed.map(({ asset }) => asset))].join(", ");
  const text = touched.length === 0 ? "the rows of prod" : `rows whose ${how.key.join(", ")} may be among those that changed in ${names}`;
  return { kind: "keys", touched, pieces: null, said: saidOf(how, [], text) };
}

function saidOf(how: Incremental, ranges: readonly Range[], reason: string): Said {
  return { ranges: ranges.map(({ startMs: from, endMs }) => ({ startMs: from, endMs })), reason: `${modeText(how)}: ${reason}` };
}
