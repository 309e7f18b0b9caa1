// `partitions.grid`: how the partitions of many assets stand, as runs of equal status on axes that assets share.
//   G1. Of an axis at most `limit` places are told, the newest of time and the first of a list; totals count all.
import type { GridAxisAnswer, GridRowAnswer, PartitionGridAnswer } from "../../model/grid-answers.ts";
import type { NodeId } from "../../model/graph.ts";
import { type Dimension, PART_SEPARATOR } from "../../model/partition.ts";
import { type Coordinate, type Domain, partOf } from "../../plan/partitions/space.ts";
import {
  PARTITION_STATUSES,
  type PartitionStatus,
  type PartitionWorld,
  type PartitionedAsset,
  partsKnown,
  statusOf,
} from "../../plan/partitions/status.ts";
import { planOperation } from "../plan/plan.ts";
import type { Workspace } from "../workspace.ts";
import { runLengths, frontCoded } from "./run-lengths.ts";

export interface GridRequest {
  /** Default: all that have partitions. */
  readonly assets?: readonly NodeId[];
  /** Places of an axis. */
  readonly limit: number;
}

const LETTERS: Readonly<Record<PartitionStatus, string>> = {
  present: "p",
  missing: "m",
  stale: "s",
  failed: "f",
  running: "r",
  quarantined: "q",
};
/** Others have a turn after so many partitions. */
const TURN_PARTITIONS = 5_000;

interface Cell {
  readonly at: Coordinate;
  readonly letter: string;
}

/** An asset worked out: its cells by row, in the order of their axis. */
interface Worked {
  readonly axis: number;
  readonly rows: ReadonlyMap<string, readonly Cell[]>;
  readonly total: PartitionGridAnswer["totals"][number];
}

interface AxisDraft {
  readonly domain: Domain;
  /** As GridAxisAnswer tells it. */
  readonly step: string;
  readonly places: Set<Coordinate>;
}

/** @throws all errors of the project in one, MR8204 for a definition that reaches too far back. */
export async function partitionGrid(workspace: Workspace, { assets, limit }: GridRequest): Promise<PartitionGridAnswer> {
  const { world, definitions } = await planOperation(workspace, {});
  const at = new Date().toISOString();
  if (world === undefined) return { at, axes: [], rows: [], totals: [] };
  const axes = new Map<string, AxisDraft>();
  const chosen = [...world.assets.values()].filter(({ id }) => assets === undefined || assets.includes(id));
  const worked: (Worked & { readonly asset: NodeId })[] = [];
  for (const asset of chosen) {
    const dimensions = definitions.graph.nodes.get(asset.id)?.partitioning?.dimensions ?? [];
    worked.push({ asset: asset.id, ...(await workOut({ world, asset, dimensions }, axes)) });
  }
  const drafts = [...axes.values()].map((axis) => placesOf(axis, limit));
  const positions = drafts.map((places) => new Map(places.map((place, index) => [place, index])));
  return {
    at,
    axes: [...axes.values()].map((axis, index) => axisAnswer(axis, drafts[index]!)),
    rows: worked.flatMap(({ asset, axis, rows }) =>
      [...rows].flatMap(([key, cells]) => {
        const row = rowAnswer({ asset, key, axis }, cells, positions[axis]!);
        return row === undefined ? [] : [row];
      }),
    ),
    totals: worked.map(({ total }) => total),
  };
}

interface Asked {
  readonly world: PartitionWorld;
  readonly asset: PartitionedAsset;
  readonly dimensions: readonly Dimension[];
}

async function workOut({ world, asset, dimensions }: Asked, axes: Map<string, AxisDraft>): Promise<Worked> {
  const { space } = asset;
  const time = space.domains.findIndex((domain) => domain.kind === "time");
  const along = time < 0 ? space.domains.length - 1 : time;
  const domain = space.domains[along]!;
  const step = stepOf(dimensions[along], domain);
  // Assets whose places mean the same share an axis.
  const identity = JSON.stringify([step, domain.kind === "time" ? domain.steps.timezone : domain.values]);
  const axis = axes.get(identity) ?? { domain, step, places: new Set() };
  axes.set(identity, axis);
  const rows = new Map<string, Cell[]>();
  const counts = Object.fromEntries(PARTITION_STATUSES.map((status) => [status, 0])) as Record<PartitionStatus, number>;
  const known = partsKnown(world, asset);
  for (const [index, [, parts]] of known.entries()) {
    if (index % TURN_PARTITIONS === TURN_PARTITIONS - 1) await new Promise((resolve) => setImmediate(resolve));
    const status = statusOf(world, asset, parts);
    counts[status] += 1;
    const key = space.domains.map((each, place) => (place === along ? "*" : partOf(each, parts[place]!))).join(PART_SEPARATOR);
    const row = rows.get(key);
    const cell = { at: parts[along]!, letter: LETTERS[status] };
    if (row === undefined) rows.set(key, [cell]);
    else row.push(cell);
    axis.places.add(cell.at);
  }
  const total = {
    asset: asset.id,
    by: space.domains.map(({ name }) => name),
    total: known.length,
    ...counts,
    first: known[0]?.[0] ?? null,
    last: known.at(-1)?.[0] ?? null,
  };
  return { axis: [...axes.keys()].indexOf(identity), rows, total };
}

function stepOf(dimension: Dimension | undefined, domain: Domain): string {
  if (dimension?.kind === "time") return dimension.unit;
  return dimension?.kind === "cron" ? dimension.cron : domain.name;
}

/** G1. */
function placesOf({ domain, places }: AxisDraft, limit: number): readonly Coordinate[] {
  if (domain.kind === "time") return [...places].toSorted((a, b) => (a as number) - (b as number)).slice(-limit);
  const order = new Map(domain.values.map((value, index) => [value, index]));
  const rank = (place: Coordinate): number => order.get(place as string) ?? order.size;
  return [...places].toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1)).slice(0, limit);
}

function axisAnswer({ domain, step }: AxisDraft, places: readonly Coordinate[]): GridAxisAnswer {
  return {
    kind: domain.kind,
    step,
    parts: frontCoded(places.map((place) => partOf(domain, place))),
    count: places.length,
  };
}

/** Undefined for a row of which no place is told. */
function rowAnswer(
  row: { readonly asset: NodeId; readonly key: string; readonly axis: number },
  cells: readonly Cell[],
  positions: ReadonlyMap<Coordinate, number>,
): GridRowAnswer | undefined {
  const placed = cells.flatMap(({ at, letter }) => {
    const position = positions.get(at);
    return position === undefined ? [] : [{ position, letter }];
  });
  if (placed.length === 0) return undefined;
  const sorted = placed.toSorted((a, b) => a.position - b.position);
  const from = sorted[0]!.position;
  const letters: string[] = Array.from({ length: sorted.at(-1)!.position - from + 1 }, () => "-");
  for (const { position, letter } of sorted) letters[position - from] = letter;
  return { ...row, from, cells: runLengths(letters) };
}
