// What runs did since a plan was made, laid over what the plan told of each asset.
//   O1. What was built since feeds others: they are stale until they were built after it, whatever the next plan finds.
import type { AssetGraphAnswer, GraphNodeAnswer } from "../../model/graph-answers.ts";
import { splitNodeId } from "../../model/partition.ts";
import type { EventStore } from "../../store/store.ts";
import { type AssetRow, readAssetsSince } from "../../views/assets.ts";
import { createRunFold, type RunFold } from "../../views/run-fold.ts";
import { listRuns } from "../../views/runs.ts";
import type { Workspace } from "../workspace.ts";

const RUNNING_RUNS_MAX = 20;

export interface Happened {
  /** Of the nodes that runs have settled since. */
  readonly rows: ReadonlyMap<string, AssetRow>;
  readonly running: ReadonlySet<string>;
}

export async function happenedSince(workspace: Workspace, asOfMs: number): Promise<Happened> {
  const [store, { name: environment }] = [await workspace.store(), await workspace.environment()];
  return { rows: await readAssetsSince(store, { environment, sinceMs: asOfMs }), running: await runningHere(workspace) };
}

/** Assets and tasks that are being carried out. */
export async function runningHere(workspace: Workspace): Promise<ReadonlySet<string>> {
  const [store, { name: environment }] = [await workspace.store(), await workspace.environment()];
  const before = followed.get(store);
  const [running, now] = [new Set<string>(), new Map<string, Followed>()];
  for (const { run } of await listRuns(store, { status: "running", environment, limit: RUNNING_RUNS_MAX })) {
    const known = before?.get(run) ?? { fold: createRunFold(), version: 0 };
    now.set(run, known);
    await readOn(store, run, known);
    for (const { node, status } of known.fold.nodes()) if (status === "running") running.add(splitNodeId(node).asset);
  }
  followed.set(store, now);
  return running;
}

/** A run that is being carried out, as far as it was read: what is read again is what happened since. */
interface Followed {
  readonly fold: RunFold;
  version: number;
}

const followed = new WeakMap<EventStore, ReadonlyMap<string, Followed>>();

async function readOn(store: EventStore, run: string, known: Followed): Promise<void> {
  const from = known.version;
  const events = await store.read(run, from);
  // Another reader may have been first.
  for (const event of events.slice(known.version - from)) known.fold.apply(event);
  known.version = Math.max(known.version, from + events.length);
}

export function overlaid(answer: AssetGraphAnswer, { rows, running }: Happened): AssetGraphAnswer {
  if (rows.size === 0 && running.size === 0) return answer;
  const stale = staleBy(answer.nodes, rows);
  return {
    ...answer,
    nodes: answer.nodes.map((node) =>
      overlaidNode(node, rows.get(node.asset), { isRunning: running.has(node.asset), isStale: stale.has(node.asset) }),
    ),
  };
}

interface Marks {
  readonly isRunning: boolean;
  readonly isStale: boolean;
}

function overlaidNode(node: GraphNodeAnswer, row: AssetRow | undefined, { isRunning, isStale }: Marks): GraphNodeAnswer {
  const after = statusAfter(node.status, row);
  const status = isRunning ? "running" : isStale && after === "current" ? "stale" : after;
  if (row?.status !== "succeeded") return status === node.status ? node : { ...node, status };
  const took = row.tookMs.at(-1);
  return {
    ...node,
    status,
    rows: row.rows?.loaded ?? node.rows,
    updatedAt: row.at,
    seconds: took === undefined ? node.seconds : took / 1_000,
  };
}

export function statusAfter(status: string, row: AssetRow | undefined): string {
  if (row === undefined) return status;
  if (row.status === "succeeded" || row.status === "reused") return "current";
  return row.status === "failed" ? "failed" : status;
}

/** O1: assets that read, directly or by others, what was built after they were. */
export function staleBy(nodes: readonly GraphNodeAnswer[], rows: ReadonlyMap<string, AssetRow>): ReadonlySet<string> {
  const stale = new Set<string>();
  if (rows.size === 0) return stale;
  /** When what a node gives to others last changed; "": not since. */
  const changedAt = new Map<number, string>();
  const visit = (place: number): string => {
    const known = changedAt.get(place);
    if (known !== undefined) return known;
    changedAt.set(place, ""); // of a circle
    const { asset, needs, kind } = nodes[place]!;
    const row = rows.get(asset);
    let newest = "";
    for (const need of needs) {
      const at = visit(need);
      if (at > newest) newest = at;
    }
    const isSettled = row !== undefined && row.at >= newest && (row.status === "succeeded" || row.status === "reused");
    if (!isSettled && newest !== "" && kind !== "task") stale.add(asset);
    const own = isSettled ? (row.status === "succeeded" ? row.at : "") : newest;
    changedAt.set(place, own);
    return own;
  };
  for (const place of nodes.keys()) visit(place);
  return stale;
}
