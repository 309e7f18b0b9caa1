// `serve`: the engine that keeps running. It opens the state, listens, arms the triggers and waits; what is heavy (the warehouse, plans) is opened when a
// run first needs it. Everything that it must not forget is in the store: it can be killed at any moment.
import { realClock } from "../engine/clock.ts";
import { runId } from "../engine/run-id.ts";
import { createStoreClock } from "../engine/store-clock.ts";
import { asMillraceError, messageOf } from "../model/errors.ts";
import type { JsonValue } from "../model/json.ts";
import type { ServeProgress } from "../model/progress.ts";
import { version } from "../model/version.ts";
import { accessPort } from "./access/port.ts";
import { createPushes } from "./deploy/pushes.ts";
import { createLive } from "./live/live.ts";
import { publish } from "./live/project-kept.ts";
import { toldCalls } from "./live/told-calls.ts";
import type { Carrier } from "./runs/carrier.ts";
import { tidyDaily } from "./serve/daily.ts";
import { claimEngineFile, removeEngineFile } from "./serve/engine-file.ts";
import { keepHeapSmall, letHeapGrow } from "./serve/heap.ts";
import { createHolder } from "./serve/holder.ts";
import { acceptDelivery } from "./serve/hooks.ts";
import { createJobs } from "./serve/jobs.ts";
import { noteLeft } from "./access/begun.ts";
import type { ServeParts } from "./serve/parts.ts";
import { enterEngines, type Presence } from "./serve/presence.ts";
import { createProjectKeeper } from "./serve/project-keeper.ts";
import { followRunEvents } from "./serve/run-events.ts";
import type { ServeRequest } from "./serve/request.ts";
import { createRunner } from "./serve/runner.ts";
import { createSenses } from "./serve/senses.ts";
import type { Workspace } from "./workspace.ts";

/** What `dev` adds to the engine. */
export interface ServeHooks {
  readonly hushMs?: number;
  /** It serves. `workspace`: the project as its files are then; `tell`: to all pages. */
  readonly onServing?: (served: { readonly workspace: () => Promise<Workspace>; readonly tell: (changed: JsonValue) => void }) => void;
  readonly onRead?: (read: { readonly files: readonly string[]; readonly error?: unknown }) => void;
}

/** Attempts have most of it to end; then the process goes, and the next engine goes on with what is left. */
const STOP_MAX_MS = 4_500;
/** The file of an engine that was killed stays while its process is not gone for good. */
const CLAIM_EVERY_MS = 2_000;
/** What a page first asks is made ready when all else has begun. */
const PREPARE_AFTER_MS = 50;
/** Smaller projects answer soon enough, and what is ready takes memory. */
const PREPARED_NODES_MIN = 300;
/** Errors of a broken project that are told at once. */
const ERRORS_TOLD_MAX = 20;

/** Resolves when the workspace's signal was aborted and everything is put away. @throws MR8101, MR8102, all errors of a project that was never right. */
export async function serveOperation(
  workspace: Workspace,
  request: ServeRequest,
  parts: ServeParts,
  observe: (progress: ServeProgress) => void,
  hooks: ServeHooks = {},
): Promise<void> {
  keepHeapSmall();
  const { signal } = workspace;
  const problem = (what: string) => (thrown: unknown) => {
    if (signal.aborted) return;
    const error = asMillraceError(thrown);
    for (const each of error.errors.length === 0 ? [error] : error.errors.slice(0, ERRORS_TOLD_MAX))
      observe({ type: "problem", what, error: each.toJSON() });
  };
  const keeper = await createProjectKeeper({
    workspace,
    clock: realClock,
    // Whoever hears of each look draws its errors.
    onBroken: hooks.onRead === undefined ? problem("the project; the last good definitions stay in force") : () => {},
    ...(hooks.onRead === undefined ? {} : { onRead: hooks.onRead }),
    ...(hooks.hushMs === undefined ? {} : { hushMs: hooks.hushMs }),
  });
  const store = await workspace.store();
  const { name: environment } = await workspace.environment();
  const clock = await createStoreClock(store, realClock);
  const id = runId(clock.now(), Math.random).replace("r_", "e_");

  let opening: Promise<Carrier> | undefined;
  let presence: Presence | undefined;
  const carrier = (): Promise<Carrier> =>
    (opening ??= import("./runs/carrier.ts").then(({ openCarrier }) =>
      openCarrier(workspace, { clock, id, onProblem: problem("an observer of a run") }),
    ));
  const holder = createHolder({
    workspace: () => workspace,
    clock,
    signal,
    onWaiting: (error) => observe({ type: "waiting", why: error.message }),
    onHeld: () => {
      letHeapGrow();
      claim();
      presence?.tell();
      runner.adoptLeft().catch(problem("runs that were left"));
    },
  });
  const runner = createRunner({
    store,
    clock,
    holder,
    signal,
    workspace: () => keeper.current().workspace,
    carrier,
    observe,
    onEnd: async ({ job, run }, end) => {
      const desk = job === null ? undefined : jobs.desks().get(job);
      if (end.kind === "ended") await desk?.tell({ type: "ended", run, status: end.status });
      else await desk?.tell({ type: "unplanned", run, code: end.error.code, why: messageOf(end.error) });
    },
  });
  const jobs = createJobs({ store, clock, runner, onProblem: problem("a job") });
  const senses = createSenses({ store, clock, signal, parts, holder, jobs, onProblem: problem });
  const workspaceFor = async (asked: string | undefined): Promise<Workspace> => {
    const { shareCarrier } = await import("./runs/carrier.ts");
    const renewed = keeper.current().workspace.renewed(asked === environment ? undefined : asked);
    shareCarrier(renewed, carrier);
    return renewed;
  };
  const pushes = createPushes({
    current: () => keeper.current(),
    workspace: () => workspaceFor(environment),
    environment,
    clock,
    holder,
    signal,
    observe,
    onProblem: problem,
  });
  const live = createLive({
    store,
    clock,
    version,
    environment,
    logsDir: () => workspace.stateDir("logs"),
    onProblem: problem("the live stream"),
  });
  const server = await parts.listen({
    ...request,
    live,
    calls: toldCalls(parts.calls(workspaceFor), live),
    access: accessPort(store.tables, clock, environment),
    api: parts.api(workspaceFor),
    webhooks: {
      now: () => clock.now(),
      route: (path) => senses.hooks().get(path) ?? pushes.route(path),
      accept: async (route, delivery) => {
        if (pushes.route(route.path) === route) return pushes.accept(delivery);
        const [own, desk] = [senses.hooks().get(route.path), jobs.desks().get(route.job)];
        if (own === undefined || desk === undefined) throw asMillraceError(new Error(`the job ${route.job} is gone`));
        return acceptDelivery(keeper.current().workspace, desk, own, delivery);
      },
    },
  });
  const daily = tidyDaily({ workspace: () => keeper.current().workspace, clock, holder, onProblem: problem("retention") });
  const startedAt = new Date(clock.now()).toISOString();
  const claim = (): void => claimEngineFile(workspace.dir, { url: server.url, token: server.token, startedAt, environment });
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  let followed: { close(): Promise<void> } | undefined;
  let cancelPreparing: (() => void) | undefined;
  let cancelClaiming = (): void => {};
  const keepClaimed = (): void => {
    try {
      claim();
    } catch (thrown) {
      problem("the file that tells where the engine is")(thrown);
    }
    cancelClaiming = clock.after(CLAIM_EVERY_MS, keepClaimed);
  };
  try {
    claim();
    keepClaimed();
    noteLeft(store.tables, clock.now()).catch(problem("acts that were left"));
    presence = await enterEngines({
      workspace,
      store,
      clock,
      id,
      url: server.url,
      holds: () => holder.holds(),
      onProblem: problem("signs of life"),
    });
    await jobs.define(keeper.current().policies);
    senses.set(keeper.current());
    followed = await followRunEvents({ store, clock, environment, desks: () => jobs.desks(), onProblem: problem("events of runs") });
    publish(workspace.dir, keeper.current());
    keeper.watch(async (now) => {
      publish(workspace.dir, now);
      await jobs.define(now.policies);
      senses.set(now);
      live.changed("project", counts(now.policies));
      observe({ type: "reloaded", ...counts(now.policies) });
    });
    const seconds = performance.now() / 1_000; // since the process began
    observe({ type: "serving", url: server.url, pid: process.pid, ...counts(keeper.current().policies), seconds });
    if (server.link !== null) observe({ type: "page", link: server.link });
    hooks.onServing?.({ workspace: () => workspaceFor(environment), tell: (changed) => live.changed("project", changed) });
    // Runs that did not end want the warehouse at once; nothing else does. What is wrong with it is told by the runs that need it.
    if (await runner.anyLeft()) holder.held().catch(() => {});
    pushes.work();
    cancelPreparing = clock.after(PREPARE_AFTER_MS, () => {
      if (keeper.current().project.nodes.length < PREPARED_NODES_MIN) return;
      const prepared = import("./live/board.ts").then(async ({ prepareBoard }) => prepareBoard(await workspaceFor(environment)));
      prepared.catch(() => {}); // who asks hears what is wrong
    });
    await stopped;
  } finally {
    const late = new Promise<void>((resolve) => clock.after(STOP_MAX_MS, resolve));
    const orderly = async (): Promise<void> => {
      cancelPreparing?.();
      cancelClaiming();
      keeper.close();
      daily.close();
      senses.close();
      jobs.close();
      live.close();
      await Promise.all([server.close(), followed?.close(), opening?.then((each) => each.close())]);
      await runner.idle();
      await pushes.idle();
      await presence?.close();
    };
    await Promise.race([orderly(), late]);
    removeEngineFile(workspace.dir);
  }
}

function counts(policies: ReadonlyMap<string, { readonly triggers: readonly unknown[] }>): {
  readonly jobs: number;
  readonly triggers: number;
} {
  return { jobs: policies.size, triggers: [...policies.values()].reduce((sum, { triggers }) => sum + triggers.length, 0) };
}
