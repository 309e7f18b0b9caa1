// `cancel`: ends a run, one node of it, or all that fit a filter. It works on the state store alone: whoever carries a run out notices, aborts what is
// in flight and writes the end. Where nobody can be at work (the warehouse is free), what a dead process left is ended here.
import type { CancelAnswer } from "../../model/act-answers.ts";
import type { Executor } from "../../model/attempt.ts";
import { PROD } from "../../model/environment.ts";
import { MillraceError } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import { realClock } from "../../engine/clock.ts";
import { createEngine, type Engine } from "../../engine/engine.ts";
import { foldRun } from "../../views/run-fold.ts";
import { listRuns, type RunRow } from "../../views/runs.ts";
import { actor } from "../actor.ts";
import { findAsset } from "../assets/assets.ts";
import { findRun } from "./runs.ts";
import type { Workspace } from "../workspace.ts";

export interface CancelRequest {
  readonly run?: string;
  readonly node?: string;
  readonly job?: string;
  readonly all?: boolean;
  /** `job=nightly,trigger=schedule,asset=raw.sales` */
  readonly where?: string;
  readonly why?: string;
  readonly by?: string;
}

const RUNS_MAX = 100_000;
/** How long the owner of a run is waited for; the request stands whatever comes of it. */
const OWNER_MAX_MS = 10_000;
const LOOK_EVERY_MS = 50;
const FILTERS = ["status", "job", "trigger", "asset", "run"] as const;
type Filter = Partial<Record<(typeof FILTERS)[number], string>>;

/** Carries nothing out: this process only says something. */
const NOBODY: Executor = {
  name: "nobody",
  run: () => Promise.reject(new MillraceError({ code: "MR6005", message: "this process carries nothing out", retryable: true })),
  close: async () => {},
};

/** @throws MR6101 unknown run, MR8309 one that has ended, MR8310 unknown node, MR8312 nothing fits, MR7001 a filter that is none. */
export async function cancelRuns(workspace: Workspace, request: CancelRequest): Promise<CancelAnswer> {
  const { by = actor(), why = null } = request;
  const rows = request.run === undefined ? await chosen(workspace, request) : [await going(workspace, request.run)];
  const store = await workspace.store();
  const alone = await isAlone(workspace);
  // Told that others may live, the engine leaves what runs to its owner.
  const engine = createEngine({ store, clock: realClock, executor: NOBODY, ...(alone ? {} : { isDead: () => false }) });
  try {
    const canceled: { run: string; job: string | null; node: string | null; ended: boolean }[] = [];
    for (const { run, job } of rows) {
      const node = request.node === undefined ? undefined : await liveNode(engine, run, request.node);
      const changed = await engine.cancel(run, { by, why: why ?? "", ...(node === undefined ? {} : { node }) });
      if (!changed && node !== undefined) throw new MillraceError({ code: "MR8309", message: `${node} of ${run} has ended already` });
      canceled.push({ run, job, node: node ?? null, ended: false });
    }
    const untilMs = performance.now() + OWNER_MAX_MS;
    for (const each of canceled) each.ended = await hasEnded(workspace, each, untilMs);
    return { canceled, by, why };
  } finally {
    await engine.close();
  }
}

/** Nobody else can be carrying runs out: the state is this host's, and the warehouse can be held here. */
async function isAlone(workspace: Workspace): Promise<boolean> {
  if ((await workspace.config()).state?.postgres !== undefined) return false;
  try {
    await workspace.warehouse();
    return true;
  } catch (error) {
    if (error instanceof MillraceError && error.code === "MR5001") return false;
    throw error;
  }
}

async function going(workspace: Workspace, name: string): Promise<RunRow> {
  const run = await findRun(workspace, name);
  const row = foldRun(await (await workspace.store()).read(run))!.row()!;
  if (row.status === "running") return row;
  throw new MillraceError({ code: "MR8309", message: `run ${run} has ended already: ${row.status}` });
}

async function chosen(workspace: Workspace, request: CancelRequest): Promise<readonly RunRow[]> {
  const store = await workspace.store();
  const filter: Filter = { ...filterOf(request.where ?? ""), ...(request.job === undefined ? {} : { job: request.job }) };
  if (request.all !== true && Object.keys(filter).length === 0)
    throw new MillraceError({ code: "MR7001", message: "cancel takes a RUN, --job JOB, --where FILTER or --all" });
  const rows = await listRuns(store, { status: "running", limit: RUNS_MAX });
  const found: RunRow[] = [];
  const { name: here } = await workspace.environment();
  for (const row of rows) {
    if ((row.environment ?? PROD) !== here) continue;
    if (filter.status !== undefined && filter.status !== row.status) continue;
    if (filter.job !== undefined && filter.job !== row.job) continue;
    if (filter.trigger !== undefined && filter.trigger !== row.trigger) continue;
    if (filter.run !== undefined && !row.run.startsWith(filter.run)) continue;
    if (filter.asset !== undefined && foldRun(await store.read(row.run))?.node(filter.asset) === undefined) continue;
    found.push(row);
  }
  if (found.length === 0 && request.all !== true)
    throw new MillraceError({ code: "MR8312", message: "no run that goes on fits", hint: "`millrace runs --status running` lists them" });
  return found;
}

function filterOf(text: string): Filter {
  const filter: Filter = {};
  for (const part of text.split(",").filter((each) => each.trim() !== "")) {
    const [key = "", value = ""] = part.split("=", 2).map((each) => each.trim());
    const known = FILTERS.find((each) => each === key);
    if (known === undefined || value === "")
      throw new MillraceError({ code: "MR7001", message: `--where ${part} is no filter`, hint: `write ${FILTERS.join("=…, ")}=…` });
    filter[known] = value;
  }
  return filter;
}

async function liveNode(engine: Engine, run: string, name: string): Promise<NodeId> {
  const ids = (await engine.inspect(run)).nodes().map((node) => node.node);
  try {
    return findAsset(ids, name);
  } catch (cause) {
    throw new MillraceError({
      code: "MR8310",
      message: `run ${run} has no node ${name}`,
      hint: `it has ${ids.slice(0, 20).join(", ")}`,
      cause,
    });
  }
}

/** Waits for whoever carries it out to end it. */
async function hasEnded(
  workspace: Workspace,
  { run, node }: { readonly run: string; readonly node: string | null },
  untilMs: number,
): Promise<boolean> {
  const store = await workspace.store();
  for (;;) {
    const fold = foldRun(await store.read(run))!;
    const status = node === null ? fold.row()!.status : (fold.node(node)?.status ?? "");
    if (!["running", "pending", "retrying", "waiting"].includes(status)) return true;
    if (performance.now() >= untilMs || workspace.signal.aborted) return false;
    await new Promise<void>((resolve) => realClock.after(LOOK_EVERY_MS, resolve));
  }
}
