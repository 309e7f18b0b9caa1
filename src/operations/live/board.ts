// `assets.graph` as pages read it again and again: the plan that tells how everything stands is made now and then, and what runs did since is laid over it
// (./happened.ts), so that an answer costs what happened, not what there is.
//   B1. A board holds for the files of the project that it was made of, until an act changes data without a run; then it is made anew before it is told.
//   B2. What a run did is told at once for the nodes that it touched, and that what reads them is stale. What else it means is told after the next plan, which is
//       made behind the answer: soon after the last run has ended, and while runs go on it takes REFRESH_SHARE of the time at most. It is made without being
//       asked for again, and whoever follows hears of it when it changed anything.
//   B3. Who asks for what is known `soon` never waits for a plan longer than SOON_MS: the answer tells what runs wrote and the plan before told (./early.ts), says
//       that it is partial, and whoever follows hears when there is more.
//   B4. While files of the project have an error, or no plan can be made, who asks `soon` is told what was published, and that it is so.
import { setTimeout as pause } from "node:timers/promises";
import type { StatusAnswer } from "../../model/answers.ts";
import type { AssetGraphAnswer, Unsure } from "../../model/graph-answers.ts";
import { assetsState } from "../assets/assets.ts";
import { graphOf } from "../look/graph.ts";
import { letHeapGrow } from "../serve/heap.ts";
import { assetsByRuns, type AssetsNow, assetsPlanned, statusWith } from "../status.ts";
import type { Workspace } from "../workspace.ts";
import { nodesEarly } from "./early.ts";
import { type Happened, happenedSince, overlaid, runningHere, statusAfter } from "./happened.ts";
import { FAILED_HOLDS_MS, isOfFiles, notePlan, type Place, placeOf, whyUnplanned } from "./project-kept.ts";

/** Files of sources and the time of day change how things stand without a run. */
const FRESH_MS = 10_000;
const REFRESH_SHARE = 0.1;
/** After a run; then a plan may take half of the time. */
const CALM_MS = 300;
const CALM_WAIT_MS_MAX = 3_000;
const SOON_MS = 150;
/** A plan of more keeps others waiting: it begins when the page has what it first asks for. */
const LARGE_NODES = 300;
const AFTER_ANSWER_MS = 500;
const BOARDS_MAX = 16;

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
/** That begin behind an answer. */
const later = new Map<string, Promise<Board>>();
const listeners = new Set<() => void>();

/** Told when a plan behind an answer found something else than was told. Returns how to stop. */
export function onBoardChanged(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** B1 */
export function forgetBoards(): void {
  for (const [key, board] of boards) boards.set(key, { ...board, files: "" }); // what was, for who cannot wait
  making.clear();
  later.clear();
}

export interface BoardWish {
  /** B3, B4 */
  readonly soon: boolean;
}

/** @throws all errors of the project in one; `soon`: of one that was never right */
export async function boardOf(workspace: Workspace, { soon }: BoardWish): Promise<AssetGraphAnswer> {
  letHeapGrow();
  const place = await placeOf(workspace);
  if (place.isBroken && !soon) await workspace.project(); // tells what is wrong
  const board = boardKept(place) ?? (await (soon ? madeSoon(place) : make(place)));
  if (board !== undefined) return overlaid(board.answer, await happenedAt(place, board));
  const before = boards.get(place.key);
  const known = before === undefined ? undefined : overlaid(before.answer, await happenedSince(place.workspace, before.asOfMs));
  const nodes = await nodesEarly(place.workspace, known?.nodes ?? []);
  const happened = { rows: new Map(), running: await runningHere(place.workspace) };
  return overlaid({ partial: unsure(place), nodes }, happened);
}

/** How things stand, from what is kept: `status` without its plan. @throws all errors of a project that was never right */
export async function statusSoon(workspace: Workspace): Promise<StatusAnswer> {
  letHeapGrow();
  const place = await placeOf(workspace);
  const board = boardKept(place) ?? (await madeSoon(place));
  if (board !== undefined) return statusWith(place.workspace, nowAfter(board, await happenedAt(place, board)));
  const before = boards.get(place.key);
  const early = await assetsByRuns(place.workspace);
  const known = before === undefined ? undefined : nowAfter(before, await happenedSince(place.workspace, before.asOfMs));
  const statuses = new Map([...early.statuses].map(([id, status]) => [id, known?.statuses.get(id) ?? status]));
  return { partial: unsure(place), ...(await statusWith(place.workspace, { ...early, ...known, statuses })) };
}

/** Makes ready what a page first asks, without a look at the warehouse: another process may want it. */
export async function prepareBoard(workspace: Workspace): Promise<void> {
  const place = await placeOf(workspace);
  await statusWith(place.workspace, await assetsByRuns(place.workspace));
  await nodesEarly(place.workspace, []);
}

function unsure(place: Place): Unsure {
  const why = whyUnplanned(place);
  if (place.isBroken || (why !== undefined && isOfFiles(why))) return "broken";
  return why === undefined ? "planning" : "unplanned";
}

function nowAfter({ now }: Board, { rows }: Happened): AssetsNow {
  return { ...now, statuses: new Map([...now.statuses].map(([id, status]) => [id, statusAfter(status, rows.get(id))])) };
}

function boardKept({ key, files, isBroken }: Place): Board | undefined {
  const known = boards.get(key);
  return known?.files === files && !isBroken ? known : undefined;
}

/** B3; undefined when it takes longer, as it does for sure in a large project, and where no plan can be made. */
async function madeSoon(place: Place): Promise<Board | undefined> {
  if (place.isBroken || whyUnplanned(place) !== undefined) return undefined;
  const isLarge = (await place.workspace.project()).nodes.length > LARGE_NODES;
  if (isLarge) {
    makeLater(place);
    return undefined;
  }
  let isLate = false;
  const made = make(place).catch(() => undefined); // why, is noted
  void made.then(() => (isLate ? tellAll() : undefined));
  return Promise.race([
    made,
    pause(SOON_MS).then(() => {
      isLate = true;
      return undefined;
    }),
  ]);
}

function makeLater(place: Place): void {
  const id = idOf(place);
  if (later.has(id)) return;
  const made = pause(AFTER_ANSWER_MS).then(() => make(place));
  later.set(id, made);
  const tellLate = (): void => {
    if (later.get(id) !== made) return;
    later.delete(id);
    tellAll();
  };
  made.then(tellLate, tellLate);
}

function tellAll(): void {
  for (const tell of listeners) tell();
}

/** What happened since a board was made; the next one is made when that, or its age, wants it. */
async function happenedAt(place: Place, board: Board): Promise<Happened> {
  const happened = await happenedSince(place.workspace, board.asOfMs);
  const ageMs = performance.now() - board.madeMs;
  if (happened.rows.size > 0 || ageMs > FRESH_MS) {
    const isCalm = happened.running.size === 0;
    const restMs = isCalm ? Math.min(CALM_WAIT_MS_MAX, Math.max(CALM_MS, board.tookMs)) : board.tookMs / REFRESH_SHARE;
    refreshIn(place, { board, afterMs: Math.max(0, restMs - ageMs) });
  }
  return happened;
}

interface Due {
  readonly board: Board;
  readonly afterMs: number;
}

const due = new Map<string, { readonly atMs: number; readonly timer: NodeJS.Timeout }>();

/** B2: the sooner of two times counts. */
function refreshIn(place: Place, { board, afterMs }: Due): void {
  const atMs = performance.now() + afterMs;
  const known = due.get(place.key);
  if (known !== undefined && known.atMs <= atMs) return;
  clearTimeout(known?.timer);
  const timer = setTimeout(() => {
    due.delete(place.key);
    if (place.workspace.signal.aborted || boards.get(place.key) !== board) return;
    refresh(place, board).catch(() => {}); // who asks next hears what is wrong
  }, afterMs);
  timer.unref();
  due.set(place.key, { atMs, timer });
}

async function refresh(place: Place, before: Board): Promise<void> {
  const told = overlaid(before.answer, await happenedSince(place.workspace, before.asOfMs));
  const made = await make(place);
  if (JSON.stringify(made.answer) !== JSON.stringify(told)) tellAll();
}

function make(place: Place): Promise<Board> {
  const { key, files, workspace } = place;
  const id = idOf(place);
  const going = making.get(id);
  if (going !== undefined) return going;
  const work = async (): Promise<Board> => {
    const [asOfMs, beganMs] = [Date.now(), performance.now()];
    const state = await assetsState(workspace);
    const [answer, now] = [await graphOf(workspace, state), await assetsPlanned(workspace, state)];
    const madeMs = performance.now();
    const board = { answer, now, files, asOfMs, madeMs, tookMs: madeMs - beganMs };
    if (making.get(id) !== begun) return board; // it was forgotten meanwhile
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
    .then(
      (board) => {
        notePlan(place, undefined);
        return board;
      },
      (thrown: unknown) => {
        notePlan(place, thrown);
        // Whoever follows asks again then: another process may have let go of the warehouse.
        if (unsure(place) === "unplanned") setTimeout(tellAll, FAILED_HOLDS_MS + CALM_MS).unref();
        throw thrown;
      },
    )
    .finally(() => {
      if (making.get(id) === begun) making.delete(id);
    });
  making.set(id, begun);
  return begun;
}

function idOf({ key, files }: Place): string {
  return `${key}\0${files}`;
}
