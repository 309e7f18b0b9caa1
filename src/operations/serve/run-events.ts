// What runs did, told to the jobs that wait for it: assets that were updated, jobs that ended, also by runs of other processes. How far the store has been
// read is kept, so that nothing is missed while no engine ran; what is told twice is known by its key.
import type { Clock } from "../../engine/clock.ts";
import { createFeed } from "../../engine/feed.ts";
import { PROD, splitLedgerAsset } from "../../model/environment.ts";
import type { RunEvent } from "../../model/events.ts";
import { jobOfStream, runEventsOf } from "../../model/store-events.ts";
import type { Batch, EventStore } from "../../store/store.ts";
import { catchUp } from "../../views/catch-up.ts";
import { readRun, type RunRow, runsTable } from "../../views/runs.ts";
import type { JobPolicy } from "../../trigger/policy.ts";
import type { JobDesk } from "../jobs/desk.ts";

export interface RunEventsOptions {
  readonly store: EventStore;
  readonly clock: Clock;
  /** What happens in others is no news to the jobs of this one. */
  readonly environment: string;
  readonly desks: () => ReadonlyMap<string, JobDesk>;
  readonly onProblem: (error: unknown) => void;
}

export interface RunEvents {
  /** Resolves when what was told so far is taken. */
  close(): Promise<void>;
}

const TABLES = "serve.1";
/** How far it has read is kept this often at most; what was read since is told again after a crash. */
const KEEP_MS = 1_000;

export async function followRunEvents({ store, clock, environment, desks, onProblem }: RunEventsOptions): Promise<RunEvents> {
  const TABLE = environment === PROD ? TABLES : `${TABLES}@${environment}`;
  let kept = await store.tables.position(TABLE);
  let position = kept;
  if (kept === 0) {
    // The first engine of this store: what was before is no news.
    await catchUp(store, runsTable);
    position = await store.tables.position(runsTable.name);
  }
  const start = position;
  let last: Promise<void> = Promise.resolve();
  let keeping: (() => void) | null = null;

  const keep = async (): Promise<void> => {
    if (position === kept) return;
    const next = position;
    if (await store.tables.save(TABLE, { expectedPosition: kept, position: next, rows: [] })) kept = next;
    else kept = await store.tables.position(TABLE); // another engine has told it, too
    if (kept > position) position = kept;
  };
  const keepSoon = (): void => {
    keeping ??= clock.after(KEEP_MS, () => {
      keeping = null;
      last = last.then(keep).catch(onProblem);
    });
  };
  const take = async (batches: readonly Batch[]): Promise<void> => {
    const waiting = wantedBy(desks().values());
    for (const batch of batches) {
      const key = jobOfStream(batch.stream);
      const job = key === undefined ? undefined : splitLedgerAsset(key);
      const desk = job?.environment === environment ? desks().get(job.asset) : undefined;
      if (desk !== undefined && batch.after + batch.events.length > desk.state().version) await desk.refresh();
      if (job === undefined) for (const event of runEventsOf(batch)) await tell(event, batch.stream, waiting);
    }
    position = Math.max(position, batches.at(-1)!.position);
    keepSoon();
  };
  const tell = async (event: RunEvent, run: string, waiting: Waiting): Promise<void> => {
    const wanted = event.type === "node_succeeded" && event.reused !== true ? waiting.assets.get(event.node) : undefined;
    if (event.type === "node_succeeded" && wanted !== undefined && ((await rowOf(run))?.environment ?? PROD) === environment)
      for (const { desk, trigger } of wanted)
        await desk.tell({ type: "happened", trigger, key: `${event.node}@${run}`, item: { asset: event.node, run } });
    if (event.type !== "run_finished") return;
    const row = await rowOf(run);
    if (row?.job === undefined || row.job === null || (row.environment ?? PROD) !== environment) return;
    const own = desks().get(row.job);
    if (own?.state().active.some((each) => each.run === run) === true) await own.tell({ type: "ended", run, status: event.status });
    for (const { desk, trigger } of waiting.jobs.get(row.job) ?? [])
      await desk.tell({ type: "happened", trigger, key: run, item: { job: row.job, run, status: event.status } });
  };
  const rowOf = (run: string): Promise<RunRow | undefined> => readRun(store, run);

  const feed = createFeed({
    store,
    clock,
    afterPosition: start,
    onBatches: (batches) => {
      last = last.then(() => take(batches)).catch(onProblem);
    },
    onProblem,
  });
  await feed.catchUp();
  return {
    async close() {
      feed.close();
      keeping?.();
      await last;
      await keep().catch(onProblem);
    },
  };
}

interface Waiter {
  readonly desk: JobDesk;
  readonly trigger: string;
}

interface Waiting {
  readonly assets: ReadonlyMap<string, readonly Waiter[]>;
  readonly jobs: ReadonlyMap<string, readonly Waiter[]>;
}

function wantedBy(desks: Iterable<JobDesk>): Waiting {
  const assets = new Map<string, Waiter[]>();
  const jobs = new Map<string, Waiter[]>();
  const add = (map: Map<string, Waiter[]>, name: string, waiter: Waiter): void => {
    const list = map.get(name);
    if (list === undefined) map.set(name, [waiter]);
    else list.push(waiter);
  };
  for (const desk of desks) {
    const { triggers }: JobPolicy = desk.policy();
    for (const policy of triggers) {
      const waiter = { desk, trigger: policy.trigger };
      if (policy.kind === "assets") for (const asset of policy.updated) add(assets, asset, waiter);
      if (policy.kind === "job") add(jobs, policy.finished, waiter);
    }
  }
  return { assets, jobs };
}
