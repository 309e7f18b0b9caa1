// `partitions.grid`: how the partitions of many assets stand, as runs of equal status on axes that assets share.
//   G1. Of an axis at most `limit` places are told, the newest of time and the first of a list; totals count all.
//   G2. Most assets are told by the warehouse as bits (grid-ledger.ts). What bits cannot tell (mappings, tasks, failures, partitions outside of the
//       definition) is told one partition at a time, as everywhere else.
import type { GridAxisAnswer, GridRowAnswer, PartitionGridAnswer } from "../../model/grid-answers.ts";
import type { NodeId } from "../../model/graph.ts";
import { type Dimension, PART_SEPARATOR } from "../../model/partition.ts";
import {
  assertCountable,
  type Coordinate,
  type Domain,
  keyOf,
  partOf,
  type Parts,
  partsIn,
  type Slice,
  wholeSlice,
} from "../../plan/partitions/space.ts";
import { type PartitionStatus, type PartitionWorld, type PartitionedAsset, partsKnown, statusOf } from "../../plan/partitions/status.ts";
import { readLive } from "../../sql/ledger/publish.ts";
import { ledgerKeys, partitionWorld } from "../partitions/facts.ts";
import { defineProject } from "../plan/definitions.ts";
import { givenHere } from "../plan/plan.ts";
import type { Workspace } from "../workspace.ts";
import { type LedgerAsked, readStanding, readsPlainly, type Standing } from "./grid-ledger.ts";
import { frontCoded, runLengths } from "./run-lengths.ts";

export interface GridRequest {
  /** Default: all that have partitions. */
  readonly assets?: readonly NodeId[];
  /** Places of an axis. */
  readonly limit: number;
}

/** In the order of their numbers; 0 is no partition. */
const LETTERS = "-pmsfrq";
const NUMBERS: Readonly<Record<PartitionStatus, number>> = { present: 1, missing: 2, stale: 3, failed: 4, running: 5, quarantined: 6 };
/** Others have a turn after so many partitions. */
const TURN_PARTITIONS = 5_000;

interface Axis {
  /** Of the answer. */
  readonly number: number;
  readonly domain: Domain;
  /** As GridAxisAnswer tells it. */
  readonly step: string;
  /** Its places in their order. */
  places: readonly Coordinate[];
  positions: ReadonlyMap<Coordinate, number>;
}

/** An asset, and where it lies. */
interface Laid {
  readonly asset: PartitionedAsset;
  readonly axis: Axis;
  /** Of its dimensions the one along the axis. */
  readonly along: number;
  readonly slice: Slice | null;
  readonly plain: ReturnType<typeof readsPlainly>;
  /** Per row its numbers along the axis. */
  readonly rows: Map<string, Uint8Array>;
  first: Parts | null;
  last: Parts | null;
}

/** @throws all errors of the project in one, MR8204 for a definition that reaches too far back. */
export async function partitionGrid(workspace: Workspace, { assets, limit }: GridRequest): Promise<PartitionGridAnswer> {
  const at = new Date();
  const [, warehouse] = await Promise.all([workspace.project(), workspace.warehouse()]);
  const live = await warehouse.session((session) => readLive(session));
  const { graph } = await defineProject(workspace, { live, lineage: "tables", params: {} });
  const given = await givenHere(workspace, { graph, live });
  const worldOf = (ledgersOf: ReadonlySet<NodeId>): Promise<PartitionWorld | undefined> =>
    partitionWorld(workspace, { graph, live, given, nowMs: at.getTime(), ledgersOf });
  const world = await worldOf(new Set());
  if (world === undefined) return { at: at.toISOString(), axes: [], rows: [], totals: [] };
  const dimensionsOf = (id: NodeId): readonly Dimension[] => graph.nodes.get(id)?.partitioning?.dimensions ?? [];
  const chosen = [...world.assets.values()].filter(({ id }) => assets === undefined || assets.includes(id));
  const axes = new Map<string, Axis>();
  const laid = chosen.map((asset) => lay({ world, asset, dimensionsOf }, axes));
  const keys = await ledgerKeys(workspace, { live, given });
  const plain = laid.filter(({ plain: how }) => how !== undefined);
  const strays = await warehouse.session((session) => tellPlain(session, { world, laid: plain, keyOf: keys }));
  const others = laid.filter((each) => each.plain === undefined || strays.has(each.asset.id));
  if (others.length > 0) {
    const read = new Set(others.flatMap(({ asset }) => [asset.id, ...asset.inputs.map((input) => input.asset)]));
    await tellOthers((await worldOf(read))!, others, laid);
  }
  const shown = new Map([...axes.values()].map((axis) => [axis, shownOf(axis, limit)]));
  return {
    at: at.toISOString(),
    axes: [...axes.values()].map((axis) => axisAnswer(axis, shown.get(axis)!)),
    rows: laid.flatMap((each) => rowAnswers(each, shown.get(each.axis)!)),
    totals: laid.map(totalOf),
  };
}

interface Laying {
  readonly world: PartitionWorld;
  readonly asset: PartitionedAsset;
  readonly dimensionsOf: (id: NodeId) => readonly Dimension[];
}

function lay({ world, asset, dimensionsOf }: Laying, axes: Map<string, Axis>): Laid {
  const { space, inherited } = asset;
  const slice = wholeSlice(space, world.nowMs, inherited);
  if (slice !== null) assertCountable(space, slice);
  const time = space.domains.findIndex((domain) => domain.kind === "time");
  const along = time < 0 ? space.domains.length - 1 : time;
  const domain = space.domains[along]!;
  const step = stepOf(dimensionsOf(asset.id)[along], domain);
  // Assets whose places mean the same share an axis.
  const identity = JSON.stringify([step, domain.kind === "time" ? domain.steps.timezone : domain.values]);
  const axis = axes.get(identity) ?? { number: axes.size, domain, step, places: [], positions: new Map() };
  axes.set(identity, axis);
  const laid = { asset, axis, along, slice, plain: plainOf(asset, dimensionsOf), rows: new Map(), ...endsOf(asset, slice) };
  if (slice !== null) addPlaces(axis, placesOf(laid));
  return laid;
}

/** G2 */
function plainOf(asset: PartitionedAsset, dimensionsOf: Laying["dimensionsOf"]): Laid["plain"] {
  return asset.id.startsWith("task:") || asset.outcomes.size > 0 ? undefined : readsPlainly(asset, dimensionsOf);
}

function endsOf({ space }: PartitionedAsset, slice: Slice | null): Pick<Laid, "first" | "last"> {
  if (slice === null) return { first: null, last: null };
  const [first] = partsIn(space, slice);
  if (first === undefined) return { first: null, last: null };
  const last = space.domains.map((domain, index): Coordinate => {
    const bounds = slice[index]!;
    return bounds.kind === "list" ? bounds.values.at(-1)! : domain.kind === "time" ? domain.steps.previous(bounds.toMs) : "";
  });
  return { first, last };
}

function placesOf({ asset, along, slice }: Pick<Laid, "asset" | "along" | "slice">): readonly Coordinate[] {
  const { space } = asset;
  const own = { asset: asset.id, domains: [space.domains[along]!] };
  return [...partsIn(own, [slice![along]!])].map(([place]) => place!);
}

function addPlaces(axis: Axis, more: readonly Coordinate[]): void {
  const added = more.filter((place) => !axis.positions.has(place));
  if (added.length === 0) return;
  const { domain } = axis;
  const order = domain.kind === "list" ? new Map(domain.values.map((value, index) => [value, index])) : undefined;
  const rank = (place: Coordinate): number => (order === undefined ? (place as number) : (order.get(place as string) ?? order.size));
  axis.places = [...axis.places, ...added].toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  axis.positions = new Map(axis.places.map((place, index) => [place, index]));
}

/** Fills the rows of assets that bits can tell; answers those that they could not. */
async function tellPlain(
  session: Parameters<typeof readStanding>[0],
  {
    world,
    laid,
    keyOf: ledgerKey,
  }: { readonly world: PartitionWorld; readonly laid: readonly Laid[]; readonly keyOf: (id: NodeId) => string },
): Promise<ReadonlySet<NodeId>> {
  const strays = new Set<NodeId>();
  const groups = new Map<string, Laid[]>();
  for (const each of laid) {
    const form = JSON.stringify([each.axis.number, each.along, each.asset.space.domains.length]);
    const group = groups.get(form);
    if (group === undefined) groups.set(form, [each]);
    else group.push(each);
  }
  for (const group of groups.values()) {
    const { axis, along } = group[0]!;
    const asked = group.map((each): LedgerAsked & { readonly plain: NonNullable<Laid["plain"]> } => {
      const range = rangeOf(each);
      fillMissing(each, range);
      return { asset: each.asset, key: ledgerKey(each.asset.id), plain: each.plain!, ...range };
    });
    const parts = axis.places.map((place) => partOf(axis.domain, place));
    const read = await readStanding(session, { world, axis: { along, parts }, asked, keyOf: ledgerKey });
    for (const stray of read.strays) strays.add(stray);
    const byId = new Map(group.map((each) => [each.asset.id, each]));
    for (const standing of read.standing) if (!mark(byId.get(standing.asset)!.rows, standing)) strays.add(standing.asset);
  }
  return strays;
}

function rangeOf({ axis, along, slice }: Laid): { readonly from: number; readonly to: number } {
  const bounds = slice?.[along];
  if (bounds === undefined || axis.places.length === 0) return { from: 0, to: 0 };
  if (bounds.kind === "list") return { from: 0, to: axis.places.length };
  const count = (ms: number): number => axis.positions.get(ms) ?? lowerBound(axis.places as readonly number[], ms);
  return { from: count(bounds.fromMs), to: count(bounds.toMs) };
}

function lowerBound(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function fillMissing({ asset, axis, along, slice, rows }: Laid, { from, to }: { readonly from: number; readonly to: number }): void {
  if (slice === null || to <= from) return;
  const { space } = asset;
  const others = { asset: asset.id, domains: space.domains.filter((_, index) => index !== along) };
  for (const parts of partsIn(
    others,
    slice.filter((_, index) => index !== along),
  ))
    rows.set(rowKey(asset, along, parts.toSpliced(along, 0, "")), new Uint8Array(axis.places.length).fill(NUMBERS.missing, from, to));
}

function rowKey({ space }: PartitionedAsset, along: number, parts: Parts): string {
  return space.domains.map((domain, index) => (index === along ? "*" : partOf(domain, parts[index]!))).join(PART_SEPARATOR);
}

/** False: there is no such row. */
function mark(rows: ReadonlyMap<string, Uint8Array>, { row, as, bits }: Standing): boolean {
  const numbers = rows.get(row);
  if (numbers === undefined) return false;
  const number = NUMBERS[as];
  for (let place = bits.indexOf("1"); place >= 0; place = bits.indexOf("1", place + 1)) numbers[place] = number;
  return true;
}

/** One partition at a time; what lies outside of an axis until now makes it longer. */
async function tellOthers(world: PartitionWorld, others: readonly Laid[], laid: readonly Laid[]): Promise<void> {
  const cells = new Map<Laid, readonly (readonly [row: string, place: Coordinate, number: number])[]>();
  let done = 0;
  for (const each of others) {
    const asset = world.assets.get(each.asset.id)!;
    const known = partsKnown(world, asset);
    const own: (readonly [string, Coordinate, number])[] = [];
    for (const [, parts] of known) {
      if (++done % TURN_PARTITIONS === 0) await new Promise((resolve) => setImmediate(resolve));
      own.push([rowKey(asset, each.along, parts), parts[each.along]!, NUMBERS[statusOf(world, asset, parts)]]);
    }
    cells.set(each, own);
    [each.first, each.last] = [known[0]?.[1] ?? null, known.at(-1)?.[1] ?? null];
  }
  for (const axis of new Set(others.map((each) => each.axis))) {
    const before = axis.places;
    const own = [...cells].filter(([each]) => each.axis === axis);
    addPlaces(axis, [...new Set(own.flatMap(([, each]) => each.map(([, place]) => place)))]);
    if (axis.places === before) continue;
    const moved = before.map((place) => axis.positions.get(place)!);
    for (const { rows } of laid.filter((each) => each.axis === axis))
      for (const [key, numbers] of rows) rows.set(key, movedTo(numbers, moved, axis.places.length));
  }
  for (const [{ rows, axis }, own] of cells) {
    rows.clear();
    for (const [key, place, number] of own) {
      const numbers = rows.get(key) ?? new Uint8Array(axis.places.length);
      numbers[axis.positions.get(place)!] = number;
      rows.set(key, numbers);
    }
  }
}

function movedTo(numbers: Uint8Array, places: readonly number[], length: number): Uint8Array {
  const moved = new Uint8Array(length);
  for (const [index, place] of places.entries()) moved[place] = numbers[index]!;
  return moved;
}

function stepOf(dimension: Dimension | undefined, domain: Domain): string {
  if (dimension?.kind === "time") return dimension.unit;
  return dimension?.kind === "cron" ? dimension.cron : domain.name;
}

/** The part of an axis that is told. */
interface Shown {
  readonly from: number;
  readonly to: number;
}

/** G1. */
function shownOf({ domain, places }: Axis, limit: number): Shown {
  return domain.kind === "time"
    ? { from: Math.max(0, places.length - limit), to: places.length }
    : { from: 0, to: Math.min(limit, places.length) };
}

function axisAnswer({ domain, step, places }: Axis, { from, to }: Shown): GridAxisAnswer {
  const parts = frontCoded(places.slice(from, to).map((place) => partOf(domain, place)));
  return { kind: domain.kind, step, parts, count: to - from };
}

/** Rows of which no place is told are left out. */
function rowAnswers({ asset, axis, rows }: Laid, shown: Shown): readonly GridRowAnswer[] {
  return [...rows].flatMap(([key, numbers]) => {
    let [from, to] = [shown.from, shown.to];
    while (from < to && numbers[from] === 0) from++;
    while (to > from && numbers[to - 1] === 0) to--;
    if (from === to) return [];
    return [{ asset: asset.id, key, axis: axis.number, from: from - shown.from, cells: runLengths(numbers.subarray(from, to), LETTERS) }];
  });
}

function totalOf({ asset, rows, first, last }: Laid): PartitionGridAnswer["totals"][number] {
  const counts = Array.from(LETTERS, () => 0);
  for (const numbers of rows.values()) for (const number of numbers) counts[number]! += 1;
  const count = (status: PartitionStatus): number => counts[NUMBERS[status]]!;
  return {
    asset: asset.id,
    by: asset.space.domains.map(({ name }) => name),
    total: counts.slice(1).reduce((sum, each) => sum + each, 0),
    present: count("present"),
    missing: count("missing"),
    stale: count("stale"),
    failed: count("failed"),
    running: count("running"),
    quarantined: count("quarantined"),
    first: first === null ? null : keyOf(asset.space, first),
    last: last === null ? null : keyOf(asset.space, last),
  };
}
