// `partitions.grid`: how the partitions of many assets stand, as runs of equal status on axes that assets share.
//   G1. Of an axis at most `limit` places are told, the newest of time and the first of a list; totals count all.
//   G2. Most assets are told by the warehouse as bits (grid-ledger.ts), and again when what they are made of changed (grid-kept.ts). What bits cannot tell
//       (mappings, tasks, partitions outside of the definition) is told one partition at a time, as everywhere else.
//   G3. What runs or failed lies over what stands.
import type { GridAxisAnswer, GridRowAnswer, PartitionGridAnswer } from "../../model/grid-answers.ts";
import type { NodeId } from "../../model/graph.ts";
import type { Dimension } from "../../model/partition.ts";
import { type Coordinate, keyOf, partOf } from "../../plan/partitions/space.ts";
import { type PartitionWorld, partsKnown, statusOf } from "../../plan/partitions/status.ts";
import { readLive } from "../../sql/ledger/publish.ts";
import { ledgerKeys, partitionWorld } from "../partitions/facts.ts";
import { countedAnswer } from "../partitions/status.ts";
import { defineProject } from "../plan/definitions.ts";
import { givenHere } from "../plan/plan.ts";
import type { Workspace } from "../workspace.ts";
import { gridKept } from "./grid-kept.ts";
import { addPlaces, type Axis, type Laid, lay, LETTERS, NUMBERS, rowKey } from "./grid-lay.ts";
import { layOutcomes, tellPlain } from "./grid-plain.ts";
import { frontCoded, runLengths } from "./run-lengths.ts";

export interface GridRequest {
  /** Default: all that have partitions. */
  readonly assets?: readonly NodeId[];
  /** Places of an axis. */
  readonly limit: number;
}

/** Others have a turn after so many partitions. */
const TURN_PARTITIONS = 5_000;

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
  const listed = new Map<string, readonly Coordinate[]>();
  const laid = chosen.map((asset) => lay({ world, asset, dimensionsOf, listed }, axes));
  const keys = await ledgerKeys(workspace, { live, given });
  const plain = laid.filter(({ plain: how }) => how !== undefined);
  const kept = await gridKept(workspace);
  const strays = await warehouse.session((session) => tellPlain(session, { world, laid: plain, keyOf: keys, kept }));
  if (assets === undefined) kept.only(new Set(world.assets.keys()));
  kept.save();
  for (const each of plain) if (!layOutcomes(each)) strays.add(each.asset.id);
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
    const { from, cells } = cellsOf(numbers, shown);
    return cells === "" ? [] : [{ asset: asset.id, key, axis: axis.number, from: from - shown.from, cells }];
  });
}

/** Of rows that are kept: nobody changes them after they were told. */
const counted = new WeakMap<Uint8Array, readonly number[]>();
const coded = new WeakMap<Uint8Array, { readonly shown: Shown; readonly from: number; readonly cells: string }>();

function cellsOf(numbers: Uint8Array, shown: Shown): { readonly from: number; readonly cells: string } {
  const known = coded.get(numbers);
  if (known !== undefined && known.shown.from === shown.from && known.shown.to === shown.to) return known;
  let { from, to } = shown;
  while (from < to && numbers[from] === 0) from++;
  while (to > from && numbers[to - 1] === 0) to--;
  const told = { shown, from, cells: runLengths(numbers.subarray(from, to), LETTERS) };
  coded.set(numbers, told);
  return told;
}

function countsOf(numbers: Uint8Array): readonly number[] {
  const known = counted.get(numbers);
  if (known !== undefined) return known;
  const counts = Array.from(LETTERS, () => 0);
  for (const number of numbers) counts[number]! += 1;
  counted.set(numbers, counts);
  return counts;
}

function totalOf({ asset, rows, first, last }: Laid): PartitionGridAnswer["totals"][number] {
  const counts = Array.from(LETTERS, () => 0);
  for (const numbers of rows.values()) for (const [number, count] of countsOf(numbers).entries()) counts[number]! += count;
  const { id, space } = asset;
  const ends = { first: first === null ? null : keyOf(space, first), last: last === null ? null : keyOf(space, last) };
  return { asset: id, ...countedAnswer(space, (status) => counts[NUMBERS[status]]!, ends) };
}
