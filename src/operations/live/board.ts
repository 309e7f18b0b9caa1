// `assets.graph` as pages read it again and again: the plan that tells how everything stands is made now and then, and what runs did since is laid over it,
// so that an answer costs what happened, not what there is.
//   B1. A board holds for the files of the project that it was made of, until an act changes data without a run; then it is made anew before it is told.
//   B2. What a run did is told at once for the nodes that it touched. What that means for others (they are stale now) is told after the next plan, which is
//       made behind the answer and takes REFRESH_SHARE of the time at most; whoever follows hears of it when it changed anything.
import type { AssetGraphAnswer, GraphNodeAnswer } from "../../model/graph-answers.ts";
import { splitNodeId } from "../../model/partition.ts";
import type { AssetRow } from "../../views/assets.ts";
import { foldRun } from "../../views/run-fold.ts";
import { listRuns } from "../../views/runs.ts";
import { assetsHere } from "../environments/assets.ts";
import { graphOf } from "../look/graph.ts";
import { lookAtProject } from "../serve/project-watch.ts";
import type { Workspace } from "../workspace.ts";

/** Files of sources and the time of day change how things stand without a run. */
const FRESH_MS = 10_000;
const REFRESH_SHARE = 0.1;
const BOARDS_MAX = 16;
const RUNNING_RUNS_MAX = 20;

interface Board {
  readonly answer: AssetGraphAnswer;
  /** The files that it was made of. */
  readonly files: string;
  /** By the clock of events: what is newer lies over it. */
  readonly asOfMs: number;
  readonly madeMs: number;
  readonly tookMs: number;
}

const boards = new Map<string, Board>();
const making = new Map<string, Promise<Board>>();
const listeners = new Set<() => void>();

/** Told when a plan behind an answer found something else than was told. Returns how to stop. */
export function onBoardChanged(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** B1 */
export function forgetBoards(): void {
  boards.clear();
  making.clear();
}

/** @throws all errors of the project in one */
export async function boardOf(workspace: Workspace): Promise<AssetGraphAnswer> {
  const key = `${workspace.dir}\0${(await workspace.environment()).name}`;
  const files = filesOf(workspace.dir);
  const known = boards.get(key);
  if (known?.files !== files) {
    const made = await make(workspace, key, files);
    return overlaid(made.answer, await happenedSince(workspace, made.asOfMs));
  }
  const happened = await happenedSince(workspace, known.asOfMs);
  const answer = overlaid(known.answer, happened);
  const ageMs = performance.now() - known.madeMs;
  const isDue = happened.rows.size > 0 || ageMs > FRESH_MS;
  if (isDue && ageMs > known.tookMs / REFRESH_SHARE) refresh(workspace, { key, files, answer }).catch(() => {}); // who asks next hears what is wrong
  return answer;
}

async function refresh(
  workspace: Workspace,
  { key, files, answer }: { readonly key: string; readonly files: string; readonly answer: AssetGraphAnswer },
): Promise<void> {
  const made = await make(workspace, key, files);
  if (JSON.stringify(made.answer) !== JSON.stringify(answer)) for (const tell of listeners) tell();
}

function make(workspace: Workspace, key: string, files: string): Promise<Board> {
  const going = making.get(`${key}\0${files}`);
  if (going !== undefined) return going;
  const work = async (): Promise<Board> => {
    const [asOfMs, beganMs] = [Date.now(), performance.now()];
    const answer = await graphOf(workspace);
    const madeMs = performance.now();
    const board = { answer, files, asOfMs, madeMs, tookMs: madeMs - beganMs };
    if (making.get(`${key}\0${files}`) !== begun) return board; // it was forgotten meanwhile
    boards.delete(key);
    boards.set(key, board);
    for (const [oldest] of boards) {
      if (boards.size <= BOARDS_MAX) break;
      boards.delete(oldest);
    }
    return board;
  };
  const begun: Promise<Board> = Promise.resolve()
    .then(work)
    .finally(() => {
      if (making.get(`${key}\0${files}`) === begun) making.delete(`${key}\0${files}`);
    });
  making.set(`${key}\0${files}`, begun);
  return begun;
}

function filesOf(dir: string): string {
  return [...lookAtProject(dir).files].map(([path, stamp]) => `${path} ${stamp}`).join("\n");
}

interface Happened {
  readonly rows: ReadonlyMap<string, AssetRow>;
  readonly running: ReadonlySet<string>;
}

async function happenedSince(workspace: Workspace, asOfMs: number): Promise<Happened> {
  const rows = await assetsHere(workspace);
  const { name: environment } = await workspace.environment();
  const store = await workspace.store();
  const running = new Set<string>();
  for (const { run } of await listRuns(store, { status: "running", environment, limit: RUNNING_RUNS_MAX }))
    for (const { node, status } of foldRun(await store.read(run))?.nodes() ?? [])
      if (status === "running") running.add(splitNodeId(node).asset);
  const since = new Date(asOfMs).toISOString();
  return { rows: new Map([...rows].filter(([, row]) => row.at >= since)), running };
}

function overlaid(answer: AssetGraphAnswer, { rows, running }: Happened): AssetGraphAnswer {
  if (rows.size === 0 && running.size === 0) return answer;
  return { ...answer, nodes: answer.nodes.map((node) => overlaidNode(node, rows.get(node.asset), running.has(node.asset))) };
}

function overlaidNode(node: GraphNodeAnswer, row: AssetRow | undefined, isRunning: boolean): GraphNodeAnswer {
  const status = isRunning ? "running" : statusAfter(node.status, row);
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

function statusAfter(status: string, row: AssetRow | undefined): string {
  if (row === undefined) return status;
  if (row.status === "succeeded" || row.status === "reused") return "current";
  return row.status === "failed" ? "failed" : status;
}
