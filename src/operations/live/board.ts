// `assets.graph` as pages read it again and again: the plan that tells how everything stands is made now and then, and what runs did since is laid over it,
// so that an answer costs what happened, not what there is.
//   B1. A board holds for the files of the project that it was made of, until an act changes data without a run; then it is made anew before it is told.
//   B2. What a run did is told at once for the nodes that it touched. What that means for others (they are stale now) is told after the next plan, which is
//       made behind the answer: soon after the last run has ended, and while runs go on it takes REFRESH_SHARE of the time at most. It is made without being
//       asked for again, and whoever follows hears of it when it changed anything.
//   B3. `statusSoon` never waits for the first plan longer than SOON_MS: it tells what runs wrote, and whoever follows hears when there is more.
import { setTimeout as pause } from "node:timers/promises";
import type { StatusAnswer } from "../../model/answers.ts";
import type { AssetGraphAnswer, GraphNodeAnswer } from "../../model/graph-answers.ts";
import { splitNodeId } from "../../model/partition.ts";
import type { AssetRow } from "../../views/assets.ts";
import type { Project } from "../../project/reader.ts";
import { foldRun } from "../../views/run-fold.ts";
import { listRuns } from "../../views/runs.ts";
import { assetsState } from "../assets/assets.ts";
import { assetsHere } from "../environments/assets.ts";
import { graphOf } from "../look/graph.ts";
import { lookAtProject } from "../serve/project-watch.ts";
import { assetsByRuns, type AssetsNow, assetsPlanned, statusWith } from "../status.ts";
import type { Workspace } from "../workspace.ts";

/** Files of sources and the time of day change how things stand without a run. */
const FRESH_MS = 10_000;
const REFRESH_SHARE = 0.1;
/** After a run; then a plan may take half of the time. */
const CALM_MS = 300;
const CALM_WAIT_MS_MAX = 3_000;
const SOON_MS = 150;
/** A plan of more keeps others waiting: it begins when the page has what it first asks for. */
const LARGE_NODES = 300;
const AFTER_ANSWER_MS = 150;
const BOARDS_MAX = 16;
/** A definition may be made of files outside of the project's folders. */
const PROJECT_HOLDS_MS = 10_000;
const PROJECTS_MAX = 4;
const RUNNING_RUNS_MAX = 20;

interface Board {
  readonly answer: AssetGraphAnswer;
  readonly now: AssetsNow;
  /** The files that it was made of. */
  readonly files: string;
  /** By the clock of events: what is newer lies over it. */
  readonly asOfMs: number;
  readonly madeMs: number;
  readonly tookMs: number;
}

const boards = new Map<string, Board>();
const making = new Map<string, Promise<Board>>();
const projects = new Map<string, { readonly project: Project; readonly files: string; readonly readMs: number }>();
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
  const place = await placeOf(workspace);
  const board = boardKept(place) ?? (await make(workspace, place));
  return overlaid(board.answer, await happenedAt(workspace, place, board));
}

/** How things stand, from what is kept: `status` without its plan. @throws all errors of the project in one */
export async function statusSoon(workspace: Workspace): Promise<StatusAnswer> {
  const place = await placeOf(workspace);
  const kept = boardKept(place);
  const early = kept === undefined ? await statusWith(workspace, await assetsByRuns(workspace)) : undefined;
  const board = kept ?? (await madeSoon(workspace, place));
  if (board === undefined) return early!;
  const { rows } = await happenedAt(workspace, place, board);
  const statuses = new Map([...board.now.statuses].map(([id, status]) => [id, statusAfter(status, rows.get(id))]));
  return statusWith(workspace, { ...board.now, statuses });
}

/** Makes ready what a page first asks, without a look at the warehouse: another process may want it. */
export async function prepareStatus(workspace: Workspace): Promise<void> {
  await placeOf(workspace);
  await statusWith(workspace, await assetsByRuns(workspace));
}

interface Place {
  readonly key: string;
  readonly files: string;
}

async function placeOf(workspace: Workspace): Promise<Place> {
  const files = filesOf(workspace.dir);
  await withProject(workspace, files);
  return { key: `${workspace.dir}\0${(await workspace.environment()).name}`, files };
}

/** Reading a large project costs more than all the rest of its plan: it is read once while its files are the same. */
async function withProject(workspace: Workspace, files: string): Promise<void> {
  const { codeDir } = workspace;
  const known = projects.get(codeDir);
  if (known?.files === files && performance.now() - known.readMs < PROJECT_HOLDS_MS) return workspace.takeProject(known.project);
  projects.delete(codeDir);
  const project = await workspace.projectWithErrors();
  if (project.places.length > 0) return undefined; // what its places hold is asked each time
  projects.set(codeDir, { project, files, readMs: performance.now() });
  for (const [oldest] of projects) {
    if (projects.size <= PROJECTS_MAX) break;
    projects.delete(oldest);
  }
  return undefined;
}

function boardKept({ key, files }: Place): Board | undefined {
  const known = boards.get(key);
  return known?.files === files ? known : undefined;
}

/** B3; undefined when it takes longer, as it does for sure in a large project. */
async function madeSoon(workspace: Workspace, place: Place): Promise<Board | undefined> {
  const isLarge = (await workspace.project()).nodes.length > LARGE_NODES;
  let isLate = isLarge;
  const tellLate = (): void => {
    if (isLate) for (const tell of listeners) tell();
  };
  const made = isLarge ? pause(AFTER_ANSWER_MS).then(() => make(workspace, place)) : make(workspace, place);
  made.then(tellLate, tellLate); // what is wrong is told to who asks then
  if (isLarge) return undefined;
  return Promise.race([
    made,
    pause(SOON_MS).then(() => {
      isLate = true;
      return undefined;
    }),
  ]);
}

/** What happened since a board was made; the next one is made when that, or its age, wants it. */
async function happenedAt(workspace: Workspace, { key, files }: Place, board: Board): Promise<Happened> {
  const happened = await happenedSince(workspace, board.asOfMs);
  const ageMs = performance.now() - board.madeMs;
  if (happened.rows.size > 0 || ageMs > FRESH_MS) {
    const isCalm = happened.running.size === 0;
    const restMs = isCalm ? Math.min(CALM_WAIT_MS_MAX, Math.max(CALM_MS, board.tookMs)) : board.tookMs / REFRESH_SHARE;
    refreshIn(workspace, { key, files }, { board, afterMs: Math.max(0, restMs - ageMs) });
  }
  return happened;
}

interface Due {
  readonly board: Board;
  readonly afterMs: number;
}

const due = new Map<string, { readonly atMs: number; readonly timer: NodeJS.Timeout }>();

/** B2: the sooner of two times counts. */
function refreshIn(workspace: Workspace, place: Place, { board, afterMs }: Due): void {
  const atMs = performance.now() + afterMs;
  const known = due.get(place.key);
  if (known !== undefined && known.atMs <= atMs) return;
  clearTimeout(known?.timer);
  const timer = setTimeout(() => {
    due.delete(place.key);
    if (workspace.signal.aborted || boards.get(place.key) !== board) return;
    refresh(workspace, place, board).catch(() => {}); // who asks next hears what is wrong
  }, afterMs);
  timer.unref();
  due.set(place.key, { atMs, timer });
}

async function refresh(workspace: Workspace, place: Place, before: Board): Promise<void> {
  const told = overlaid(before.answer, await happenedSince(workspace, before.asOfMs));
  const made = await make(workspace, place);
  if (JSON.stringify(made.answer) !== JSON.stringify(told)) for (const tell of listeners) tell();
}

function make(workspace: Workspace, { key, files }: Place): Promise<Board> {
  const going = making.get(`${key}\0${files}`);
  if (going !== undefined) return going;
  const work = async (): Promise<Board> => {
    const [asOfMs, beganMs] = [Date.now(), performance.now()];
    const state = await assetsState(workspace);
    const [answer, now] = [await graphOf(workspace, state), await assetsPlanned(workspace, state)];
    const madeMs = performance.now();
    const board = { answer, now, files, asOfMs, madeMs, tookMs: madeMs - beganMs };
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
