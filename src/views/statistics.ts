// Events → daily statistics: per day (UTC, of the run's start) and job, and per day and asset or task, what ran, how it went, how long it took. They
// stay when runs are pruned, so the number in the table's name is never raised: a row may get new fields, which old rows lack.
//   D1. A run counts once, when the batch with its end is folded; rows and position are saved together, so a kill in between doubles nothing.
//   D2. A run whose end the table has folded may be removed; one that has not ended is in no row.
// A row is about 400 bytes (700 with many different durations): 100 assets and 10 jobs are 40–80 kB a day, whatever they ran.
import type { JsonValue } from "../model/answers.ts";
import { splitNodeId } from "../model/partition.ts";
import type { RowCounts } from "../model/plan.ts";
import { runEventsOf } from "../model/store-events.ts";
import { jobKey } from "../model/store-events.ts";
import type { EventStore } from "../store/store.ts";
import { catchUp, type FoldedRows, type ReadTable } from "./catch-up.ts";
import { foldRun, type NodeRow, type RunFold } from "./run-fold.ts";

export type DayRow = {
  /** `2026-01-31` */
  readonly day: string;
  readonly kind: "job" | "asset" | "task";
  /** Of a job; runs without one count under "". */
  readonly name: string;
  /** Runs of the job, or runs that the asset or task had a part in. */
  readonly runs: number;
  /** Outcome → how many: of the runs of a job, of the node otherwise. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Nodes of the job's runs by outcome; empty for an asset. */
  readonly nodes: Readonly<Record<string, number>>;
  readonly attempts: number;
  readonly seconds: number;
  readonly rows: RowCounts;
  /** Durations, in steps of a tenth of a power of two: number of the step → how many. */
  readonly durations: Readonly<Record<string, number>>;
};

/** What people are shown of a row. */
export type DayStatistics = Omit<DayRow, "durations"> & { readonly p50: number | null; readonly p95: number | null };

const STEPS_PER_DOUBLING = 10;
const SMALLEST_SECONDS = 0.001;
const NOTHING: RowCounts = { read: 0, loaded: 0, quarantined: 0, filtered: 0 };

const TABLE = "statistics";

/** The end of a run sends for the whole of it. */
function statisticsTable(store: EventStore): ReadTable {
  return {
    name: TABLE,
    async fold(batch, rows) {
      if (!runEventsOf(batch).some((event) => event.type === "run_finished")) return;
      const fold = foldRun(await store.read(batch.stream));
      if (fold !== undefined) for (const part of partsOf(fold)) await add(rows, part);
    },
  };
}

/** Folds in what has ended since it was done last; afterwards the runs that had ended may be removed (D2). */
export async function foldStatistics(store: EventStore): Promise<void> {
  await catchUp(store, statisticsTable(store));
}

/** Newest day first; `of` narrows it to one job, asset or task. */
export async function readStatistics(
  store: EventStore,
  { limit, of }: { readonly limit: number; readonly of?: Pick<DayRow, "kind" | "name"> },
): Promise<readonly DayStatistics[]> {
  await foldStatistics(store);
  const label = of === undefined ? {} : { label: labelOf(of) };
  const rows = (await store.tables.list(TABLE, { limit, ...label })) as unknown as readonly DayRow[];
  return rows.map(({ durations, ...row }) => ({ ...row, p50: percentile(durations, 0.5), p95: percentile(durations, 0.95) }));
}

function labelOf({ kind, name }: Pick<DayRow, "kind" | "name">): string {
  return `${kind}:${name}`;
}

/** What one run adds to its day. */
function partsOf(fold: RunFold): readonly DayRow[] {
  const run = fold.row()!;
  const day = run.startedAt.slice(0, 10);
  const { succeeded, failed, skipped, reused, canceled } = run.nodes;
  const nodes = fold.nodes();
  const job: DayRow = {
    day,
    kind: "job",
    name: jobKey(run.job ?? "", run.environment),
    runs: 1,
    statuses: { [run.status]: 1 },
    nodes: { succeeded, failed, skipped, reused, canceled },
    attempts: nodes.reduce((total, node) => total + node.attempts.length, 0),
    seconds: run.seconds ?? 0,
    rows: run.rows,
    durations: { [stepOf(run.seconds ?? 0)]: 1 },
  };
  const assets = new Map<string, DayRow>();
  for (const node of nodes) {
    const part = nodePart(day, node, run.environment);
    const known = assets.get(labelOf(part));
    // Partitions and items of one asset or task have one part in the run.
    assets.set(labelOf(part), known === undefined ? part : { ...sum(known, part), runs: 1 });
  }
  return [job, ...assets.values()];
}

function nodePart(day: string, node: NodeRow, environment: string | undefined): DayRow {
  const isTask = node.node.startsWith("task:");
  const worked = node.status === "succeeded" || node.status === "failed";
  return {
    day,
    kind: isTask ? "task" : "asset",
    name: jobKey(splitNodeId(isTask ? node.node.slice("task:".length) : node.node).asset, environment),
    runs: 1,
    statuses: { [node.status]: 1 },
    nodes: {},
    attempts: node.attempts.length,
    seconds: node.seconds,
    rows: node.status === "succeeded" ? (node.rows ?? NOTHING) : NOTHING,
    durations: worked ? { [stepOf(node.seconds)]: 1 } : {},
  };
}

async function add(rows: FoldedRows, part: DayRow): Promise<void> {
  const key = `${part.day} ${labelOf(part)}`;
  const known = (await rows.get(key)) as DayRow | undefined;
  const body: JsonValue = known === undefined ? part : sum(known, part);
  rows.put({ key, label: labelOf(part), rank: Date.parse(part.day), body });
}

function sum(a: DayRow, b: DayRow): DayRow {
  return {
    ...a,
    runs: a.runs + b.runs,
    statuses: sumCounts(a.statuses, b.statuses),
    nodes: sumCounts(a.nodes, b.nodes),
    attempts: a.attempts + b.attempts,
    seconds: a.seconds + b.seconds,
    rows: {
      read: a.rows.read + b.rows.read,
      loaded: a.rows.loaded + b.rows.loaded,
      quarantined: a.rows.quarantined + b.rows.quarantined,
      filtered: a.rows.filtered + b.rows.filtered,
    },
    durations: sumCounts(a.durations, b.durations),
  };
}

function sumCounts(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const total: Record<string, number> = { ...a };
  for (const [key, count] of Object.entries(b)) total[key] = (total[key] ?? 0) + count;
  return total;
}

function stepOf(seconds: number): number {
  return seconds < SMALLEST_SECONDS ? 0 : Math.floor(Math.log2(seconds / SMALLEST_SECONDS) * STEPS_PER_DOUBLING) + 1;
}

/** The middle of the step that holds it: at most 4 % off. Null without durations. */
export function percentile(durations: Readonly<Record<string, number>>, part: number): number | null {
  const steps = Object.entries(durations)
    .map(([step, count]) => [Number(step), count] as const)
    .toSorted(([a], [b]) => a - b);
  const all = steps.reduce((total, [, count]) => total + count, 0);
  let before = 0;
  for (const [step, count] of steps) {
    before += count;
    if (before >= part * all) return step === 0 ? 0 : SMALLEST_SECONDS * 2 ** ((step - 0.5) / STEPS_PER_DOUBLING);
  }
  return null;
}
