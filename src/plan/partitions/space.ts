// All partitions that an asset can have: the product of its dimensions. A partition is one coordinate per dimension: the start of an interval in
// milliseconds, or a value. Its key is their parts, joined by "|".
//   P1. Ranges are slices: bounds per dimension. They are counted by arithmetic and listed only when asked, one partition at a time.
//   P2. A slice of more than PARTITIONS_MAX partitions is refused with its number before anything is listed.
import { MillraceError } from "../../model/errors.ts";
import { PART_SEPARATOR, type Partitioning, RANGE_SEPARATOR, unescapePart } from "../../model/partition.ts";
import { DAY_MS, dayText } from "./civil.ts";
import { firstAt, wallAt } from "./zone.ts";
import { beginOf, cronSteps, type Steps, stepsOf, type Ticks } from "./steps.ts";

/** Partitions of one request. */
export const PARTITIONS_MAX = 100_000;

export interface TimeDomain {
  readonly kind: "time";
  readonly name: string;
  readonly isNamed: boolean;
  readonly column: string | null;
  readonly steps: Steps;
  /** Start of the first interval; null: it has no beginning. */
  readonly startMs: number | null;
  /** Start of the first interval that is none any more. */
  readonly endMs: number | null;
}

export interface ListDomain {
  readonly kind: "list";
  readonly name: string;
  readonly isNamed: boolean;
  readonly column: string | null;
  readonly values: readonly string[];
}

export type Domain = TimeDomain | ListDomain;

export interface Space {
  readonly asset: string;
  readonly domains: readonly Domain[];
}

/** Start of an interval in milliseconds, or a value. */
export type Coordinate = number | string;
export type Parts = readonly Coordinate[];

/** What bounds one dimension: starts in [fromMs, toMs), or some of its values. */
export type Bounds =
  | { readonly kind: "time"; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: "list"; readonly values: readonly string[] };
/** Bounds per dimension of a space. */
export type Slice = readonly Bounds[];

export interface SpaceSurroundings {
  ticks(cron: string, timezone: string): Ticks;
  /** Values that the query of a dimension found, as parts of keys. */
  found(dimension: string): readonly string[];
}

/** @throws MR8201 for a start that is after the end. */
export function spaceOf(asset: string, { dimensions }: Partitioning, surroundings: SpaceSurroundings): Space {
  const domains = dimensions.map((dimension): Domain => {
    const { name, isNamed, column } = dimension;
    switch (dimension.kind) {
      case "list":
        return { kind: "list", name, isNamed, column, values: dimension.values };
      case "query":
        return { kind: "list", name, isNamed, column, values: surroundings.found(name) };
      case "time":
      case "cron": {
        const { timezone } = dimension;
        const steps =
          dimension.kind === "time" ? stepsOf(dimension.unit, timezone) : cronSteps(surroundings.ticks(dimension.cron, timezone), timezone);
        const startMs = boundary(asset, steps, dimension.start);
        const endMs = boundary(asset, steps, dimension.end);
        if (startMs !== null && endMs !== null && endMs <= startMs)
          throw new MillraceError({
            code: "MR8201",
            message: `${asset}: partition ends (${dimension.end}) before it starts (${dimension.start})`,
          });
        return { kind: "time", name, isNamed, column, steps, startMs, endMs };
      }
      default:
        return dimension satisfies never;
    }
  });
  return { asset, domains };
}

/** A bound that lies inside of an interval begins with the next. */
function boundary(asset: string, steps: Steps, written: string | null): number | null {
  if (written === null) return null;
  const atMs = beginOf(steps.timezone, written);
  if (atMs === undefined)
    throw new MillraceError({ code: "MR8201", message: `${asset}: partition: ${written} is no moment in ${steps.timezone}` });
  const floor = steps.floor(atMs);
  return floor === atMs ? atMs : steps.next(Number.isFinite(floor) ? floor : atMs);
}

export function partOf(domain: Domain, coordinate: Coordinate): string {
  return domain.kind === "time" ? domain.steps.key(coordinate as number) : (coordinate as string);
}

export function keyOf(space: Space, parts: Parts): string {
  return space.domains.map((domain, index) => partOf(domain, parts[index]!)).join(PART_SEPARATOR);
}

/** The partition of a key; undefined when the space has none of that name. Bounds in time are not looked at: what is outside was a partition once. */
export function parseKey(space: Space, key: string): Parts | undefined {
  const written = key.split(PART_SEPARATOR);
  if (written.length !== space.domains.length) return undefined;
  const parts: Coordinate[] = [];
  for (const [index, domain] of space.domains.entries()) {
    const part = written[index]!;
    const found = domain.kind === "time" ? domain.steps.parse(part) : part === "" ? undefined : part;
    if (found === undefined) return undefined;
    parts.push(found);
  }
  return parts;
}

/** The interval of a partition's first dimension of time; null where it has none. */
export function intervalOf(space: Space, parts: Parts): { readonly startMs: number; readonly endMs: number } | null {
  const index = space.domains.findIndex((domain) => domain.kind === "time");
  const domain = space.domains[index];
  if (domain?.kind !== "time") return null;
  const startMs = parts[index] as number;
  return { startMs, endMs: domain.steps.next(startMs) };
}

/** Per dimension the value that its part of the key stands for. */
export function valuesOf(space: Space, parts: Parts): Readonly<Record<string, string>> {
  return Object.fromEntries(space.domains.map((domain, index) => [domain.name, unescapePart(partOf(domain, parts[index]!))]));
}

/** Bounds that stand in for a start or an end that the definition does not name. */
export interface Inherited {
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
}

/** All partitions whose intervals are over at `nowMs`. Null: no start is known. */
export function wholeSlice(space: Space, nowMs: number, { sinceMs, untilMs }: Inherited): Slice | null {
  const slice: Bounds[] = [];
  for (const domain of space.domains) {
    if (domain.kind === "list") {
      slice.push({ kind: "list", values: domain.values });
      continue;
    }
    const { steps } = domain;
    const fromMs = domain.startMs ?? (sinceMs === null ? null : steps.floor(sinceMs));
    if (fromMs === null) return null;
    const endMs = domain.endMs ?? (untilMs === null ? null : steps.next(steps.floor(untilMs - 1)));
    const now = steps.floor(nowMs);
    slice.push({ kind: "time", fromMs, toMs: Math.max(fromMs, endMs === null ? now : Math.min(now, endMs)) });
  }
  return slice;
}

/**
 * What a request names: `2026-01-01`, `2026-01-01..2026-01-31` (the last included), `north`, `2026-01-01|north`, `*|north`, `north,south`.
 * One part for several dimensions is of the one that knows it; the others are taken whole, up to `nowMs`. @throws MR8202.
 */
export function sliceOf(space: Space, text: string, nowMs: number): Slice {
  const written = text.split(PART_SEPARATOR);
  if (written.length === 1 && space.domains.length > 1) {
    const index = space.domains.findIndex((domain) => boundsOf(domain, text, nowMs) !== undefined);
    if (index < 0) throw unknownPartition(space, text);
    return space.domains.map((domain, each) => (each === index ? boundsOf(domain, text, nowMs)! : wholeBounds(space, domain, nowMs)));
  }
  if (written.length !== space.domains.length) throw unknownPartition(space, text);
  return space.domains.map((domain, index) => {
    const part = written[index]!;
    if (part === "*") return wholeBounds(space, domain, nowMs);
    const bounds = boundsOf(domain, part, nowMs);
    if (bounds === undefined) throw unknownPartition(space, text);
    return bounds;
  });
}

function wholeBounds(space: Space, domain: Domain, nowMs: number): Bounds {
  if (domain.kind === "list") return { kind: "list", values: domain.values };
  if (domain.startMs === null)
    throw new MillraceError({
      code: "MR8203",
      message: `${space.asset}: its partitions have no start, so ${domain.name} must be given`,
      hint: `write start: in partition:, or a range: --partition 2026-01-01${RANGE_SEPARATOR}2026-01-31`,
    });
  const now = domain.steps.floor(nowMs);
  return { kind: "time", fromMs: domain.startMs, toMs: domain.endMs === null ? now : Math.min(now, domain.endMs) };
}

function boundsOf(domain: Domain, part: string, nowMs: number): Bounds | undefined {
  if (domain.kind === "list") {
    const values = part.split(",").map((value) => value.trim());
    return values.every((value) => domain.values.includes(value)) ? { kind: "list", values } : undefined;
  }
  const [first, last, ...more] = part.split(RANGE_SEPARATOR);
  if (more.length > 0) return undefined;
  const from = intervalNamed(domain, first!);
  const to = last === undefined ? from : last === "" ? upToNow(domain, nowMs) : intervalNamed(domain, last);
  if (from === undefined || to === undefined) return undefined;
  // What lies before the start or after the end is no partition; a range is cut there.
  const [fromMs, toMs] = [Math.max(from.fromMs, domain.startMs ?? -Infinity), Math.min(to.toMs, domain.endMs ?? Infinity)];
  return toMs <= fromMs ? undefined : { kind: "time", fromMs, toMs };
}

function upToNow({ steps, endMs }: TimeDomain, nowMs: number): { readonly fromMs: number; readonly toMs: number } {
  const now = steps.floor(nowMs);
  return { fromMs: 0, toMs: endMs === null ? now : Math.min(now, endMs) };
}

/** A key of the dimension, or a coarser or finer name: `2026-01` is all days of January, `2026-01-15` the month that holds it. */
function intervalNamed({ steps }: TimeDomain, text: string): { readonly fromMs: number; readonly toMs: number } | undefined {
  const exact = steps.parse(text);
  if (exact !== undefined) return { fromMs: exact, toMs: steps.next(exact) };
  const beginMs = beginOf(steps.timezone, text);
  if (beginMs === undefined) return undefined;
  const unit = /^\d{4}$/.test(text)
    ? "year"
    : /^\d{4}-\d\d$/.test(text)
      ? "month"
      : /W/.test(text)
        ? "week"
        : /T/.test(text)
          ? "hour"
          : "day";
  const named = stepsOf(unit, steps.timezone);
  const floor = steps.floor(beginMs);
  const fromMs = floor === beginMs || named.next(beginMs) <= steps.next(floor) ? floor : steps.next(floor);
  const lastMs = steps.floor(named.next(named.floor(beginMs)) - 1);
  return { fromMs, toMs: steps.next(lastMs) };
}

function unknownPartition(space: Space, text: string): MillraceError {
  const form = space.domains
    .map((domain) => (domain.kind === "time" ? exampleOf(domain) : (domain.values[0] ?? domain.name)))
    .join(PART_SEPARATOR);
  return new MillraceError({
    code: "MR8202",
    message: `${space.asset} has no partition ${text}`,
    hint: `its partitions are written like ${form}${extentOf(space)}; a range is FROM${RANGE_SEPARATOR}TO, its last one included`,
  });
}

/** From where to where time goes, where the definition says it. */
function extentOf({ domains }: Space): string {
  const time = domains.find((domain) => domain.kind === "time");
  if (time?.kind !== "time" || time.startMs === null) return "";
  const last = time.endMs === null ? "" : ` to ${time.steps.key(time.steps.floor(time.endMs - 1))}`;
  return ` and go from ${time.steps.key(time.startMs)}${last === "" ? " on" : last}`;
}

function exampleOf({ steps, startMs }: TimeDomain): string {
  const atMs = startMs ?? steps.floor(1_767_225_600_000);
  return Number.isFinite(atMs) ? steps.key(atMs) : "2026-01-01T05:00";
}

/** Number of partitions of a slice; where ticks must be walked, at most `max` + 1. */
export function countSlice(space: Space, slice: Slice, max: number = Number.MAX_SAFE_INTEGER): number {
  return slice.reduce((product, bounds, index) => {
    const domain = space.domains[index]!;
    if (bounds.kind === "list") return product * bounds.values.length;
    return product * (domain.kind === "time" ? domain.steps.count(bounds.fromMs, bounds.toMs, max) : 0);
  }, 1);
}

/** P2. @throws MR8204. */
export function assertCountable(space: Space, slice: Slice): number {
  const count = countSlice(space, slice, PARTITIONS_MAX);
  if (count <= PARTITIONS_MAX) return count;
  throw new MillraceError({
    code: "MR8204",
    message: `${space.asset}: that is ${count.toLocaleString("en-US")} partitions, at most ${PARTITIONS_MAX.toLocaleString("en-US")} are taken at once`,
    hint: "take a smaller range, or larger partitions",
  });
}

/** The partitions of a slice, one at a time, in order: the first dimension is the outermost. */
export function* partsIn(space: Space, slice: Slice): Generator<Parts> {
  yield* product(space, slice, 0, []);
}

function* product(space: Space, slice: Slice, index: number, before: Parts): Generator<Parts> {
  const bounds = slice[index];
  if (bounds === undefined) {
    yield before;
    return;
  }
  for (const coordinate of coordinates(space.domains[index]!, bounds)) yield* product(space, slice, index + 1, [...before, coordinate]);
}

function* coordinates(domain: Domain, bounds: Bounds): Generator<Coordinate> {
  if (bounds.kind === "list") yield* bounds.values;
  else if (domain.kind === "time") for (let atMs = bounds.fromMs; atMs < bounds.toMs; atMs = domain.steps.next(atMs)) yield atMs;
}

/** The day that begins at an instant in a dimension's zone; null when none does. */
export function dayAt({ steps }: TimeDomain, instantMs: number): string | null {
  const days = Math.floor(wallAt(steps.timezone, instantMs) / DAY_MS);
  return firstAt(steps.timezone, days * DAY_MS) === instantMs ? dayText(days) : null;
}

/** The partitions that the name of a node says: a key, or FROM..TO in one of its parts. No list of values is needed. @throws MR8202. */
export function partsNamed(space: Space, name: string): readonly Parts[] {
  const written = name.split(PART_SEPARATOR);
  const slice = space.domains.map((domain, index): Bounds | undefined => {
    const part = written[index];
    if (part === undefined) return undefined;
    if (domain.kind === "list") return { kind: "list", values: [part] };
    const [first, last = first] = part.split(RANGE_SEPARATOR);
    const [fromMs, lastMs] = [domain.steps.parse(first!), domain.steps.parse(last!)];
    return fromMs === undefined || lastMs === undefined ? undefined : { kind: "time", fromMs, toMs: domain.steps.next(lastMs) };
  });
  if (written.length !== slice.length || slice.includes(undefined)) throw unknownPartition(space, name);
  return [...partsIn(space, slice as Slice)];
}
