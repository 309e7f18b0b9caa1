// Events → one small row per run: what `runs` and `status` list. A row is folded from the row before and one event, so that the table costs what changed.
import type { RunAnswer, RunStatus } from "../model/answers.ts";
import { PROD } from "../model/environment.ts";
import type { RunEvent, RunStarted } from "../model/events.ts";
import type { RowCounts } from "../model/plan.ts";
import { runEventsOf } from "../model/store-events.ts";
import type { EventStore, ListQuery } from "../store/store.ts";
import { catchUp, type ReadTable } from "./catch-up.ts";
import { runErrorOf } from "./run-error.ts";
import { iso } from "./iso.ts";

/** RunAnswer and what else is worth knowing without its events. A type, not an interface, so that it is JSON. */
export type RunRow = Omit<RunAnswer, "nodes"> & {
  readonly nodes: RunAnswer["nodes"] & { readonly canceled: number };
  /** Of the nodes that this run carried out; what it reused or took over is not counted again. */
  readonly rows: RowCounts;
  readonly fromRun: string | null;
  /** Where it is carried out; absent: prod. */
  readonly environment?: string;
  readonly params: Readonly<Record<string, string>>;
  readonly paused: { readonly by: string; readonly why: string } | null;
  /** The node of another run whose sub-job this is. */
  readonly parent: { readonly run: string; readonly node: string } | null;
  readonly cancel: { readonly by: string; readonly why: string; readonly cause: "request" | "timeout" } | null;
};

const NOTHING: RowCounts = { read: 0, loaded: 0, quarantined: 0, filtered: 0 };

/** A row that is being folded; nobody else has seen it. */
type RowDraft = Omit<{ -readonly [Field in keyof RunRow]: RunRow[Field] }, "nodes"> & {
  readonly nodes: { -readonly [Count in keyof RunRow["nodes"]]: number };
};

export interface RunRowFold {
  apply(event: RunEvent): void;
  /** Undefined before `run_started`. */
  row(): RunRow | undefined;
}

/** Folds on from `from`; what `row` hands out is not touched again. */
export function createRunRowFold(from?: RunRow): RunRowFold {
  let draft: RowDraft | undefined = from === undefined ? undefined : { ...from, nodes: { ...from.nodes } };
  return {
    row: () => (draft === undefined ? undefined : { ...draft, nodes: { ...draft.nodes } }),
    apply(event) {
      if (event.type === "run_started") draft = startedRow(event);
      else if (draft !== undefined) advance(draft, event);
    },
  };
}

function startedRow(event: RunStarted): RowDraft {
  const nodes = { succeeded: 0, failed: 0, skipped: 0, reused: 0, canceled: 0, total: event.plan.nodes.length };
  const { run, trigger, fromRun, plan } = event;
  const common = { run, job: plan.job, status: "running" as const, trigger, startedAt: iso(event.at), finishedAt: null, seconds: null };
  const place = plan.environment === undefined ? {} : { environment: plan.environment };
  return {
    ...common,
    ...place,
    nodes,
    rows: NOTHING,
    fromRun,
    params: plan.params,
    paused: null,
    parent: event.parent ?? null,
    cancel: null,
    error: null,
  };
}

function advance(draft: RowDraft, event: Exclude<RunEvent, RunStarted>): void {
  switch (event.type) {
    case "node_succeeded":
      if (event.reused === true) draft.nodes.reused++;
      else {
        draft.nodes.succeeded++;
        draft.rows = sum(draft.rows, event.rows);
      }
      break;
    case "node_reused":
      draft.nodes.reused++;
      break;
    case "node_skipped":
      draft.nodes.skipped++;
      break;
    case "node_canceled":
      draft.nodes.canceled++;
      break;
    case "attempt_failed":
      if (event.retryAt !== null) break;
      if (event.fallback === undefined) {
        draft.nodes.failed++;
        draft.error ??= runErrorOf(event.error, event.node);
      } else draft.nodes.succeeded++;
      break;
    case "node_failed":
      draft.nodes.failed++;
      draft.error ??= runErrorOf(event.error, event.node);
      break;
    case "node_mapped":
      draft.nodes.total += event.items.length;
      break;
    case "run_paused":
      draft.paused = { by: event.by, why: event.why };
      break;
    case "run_resumed":
      draft.paused = null;
      break;
    case "cancel_requested":
      draft.cancel = { by: event.by, why: event.why, cause: event.cause };
      if (event.cause === "timeout") draft.error ??= runErrorOf({ code: "MR6002", message: event.why }, null);
      break;
    case "run_finished":
      draft.status = event.status;
      draft.finishedAt = iso(event.at);
      draft.seconds = (event.at - Date.parse(draft.startedAt)) / 1_000;
      break;
    case "attempt_started":
    case "lease_extended":
    case "node_waiting":
    case "node_signaled":
    case "concurrency_changed":
    case "compensation_started":
      break;
    default:
      event satisfies never;
  }
}

/** The read table; raise the number in its name when a row changes its shape, and it is folded anew. */
export const runsTable: ReadTable = {
  name: "runs.4",
  keys: (batch) => (runEventsOf(batch)[0]?.type === "run_started" ? [] : [batch.stream]),
  async fold(batch, rows) {
    const events = runEventsOf(batch);
    if (events.length === 0) return;
    const isNew = events[0]!.type === "run_started";
    const fold = createRunRowFold(isNew ? undefined : ((await rows.get(batch.stream)) as RunRow | undefined));
    for (const event of events) fold.apply(event);
    const row = fold.row();
    if (row !== undefined) rows.put({ key: row.run, label: labelOf(row), rank: Date.parse(row.startedAt), body: row });
  },
};

export interface RunFilter {
  readonly status?: RunStatus;
  readonly environment?: string;
  readonly job?: string;
  /** A trigger, or a kind of them: `webhook` finds `webhook.orders`. */
  readonly trigger?: string;
  /** The code of what failed first, or its fingerprint. */
  readonly error?: string;
}

export interface RunsQuery extends RunFilter {
  readonly limit: number;
  /** Only runs that stand behind this one. */
  readonly below?: { readonly startedAt: string; readonly run: string };
}

/** Lists that narrow to so many labels are read label by label, others row by row. */
const LABELS_MAX = 4_000;
const PAGE_ROWS = 1_000;
const SEPARATOR = "\t";

/** Rows of equal label are one list each: a filter reads only lists that fit. */
function labelOf({ status, environment = PROD, job, trigger }: Pick<RunRow, "status" | "environment" | "job" | "trigger">): string {
  return [status, environment, job ?? "", trigger].join(SEPARATOR);
}

function fitsLabel(label: string, { environment, job, trigger }: RunFilter): boolean {
  const [, ofEnvironment, ofJob, ofTrigger] = label.split(SEPARATOR);
  if (environment !== undefined && ofEnvironment !== environment) return false;
  if (job !== undefined && ofJob !== job) return false;
  return trigger === undefined || ofTrigger === trigger || ofTrigger!.startsWith(`${trigger}.`);
}

/** Runs, newest first. Costs what has changed since anyone looked, the lists that there are to choose from, and the rows. */
export async function listRuns(store: EventStore, { limit, below, error, ...filter }: RunsQuery): Promise<readonly RunRow[]> {
  await catchUp(store, runsTable);
  const from = below === undefined ? {} : { below: { rank: Date.parse(below.startedAt), key: below.run } };
  const list = async (query: Pick<ListQuery, "labels" | "below">, most: number): Promise<readonly RunRow[]> =>
    (await store.tables.list(runsTable.name, { ...query, limit: most })) as unknown as readonly RunRow[];
  if (error === undefined && Object.values(filter).every((each) => each === undefined)) return list(from, limit);
  const isNarrow = filter.status !== undefined || filter.job !== undefined || filter.trigger !== undefined || error !== undefined;
  let labels: readonly string[] | undefined;
  if (isNarrow) {
    const prefix = filter.status === undefined ? "" : `${filter.status}${SEPARATOR}`;
    // What went well has no error.
    const fitting = (await store.tables.labels(runsTable.name, prefix)).filter(
      (label) => fitsLabel(label, filter) && !(error !== undefined && label.startsWith(`succeeded${SEPARATOR}`)),
    );
    if (fitting.length === 0) return [];
    if (fitting.length <= LABELS_MAX) {
      if (error === undefined) return list({ ...from, labels: fitting }, limit);
      labels = fitting;
    }
  }
  const fits = (row: RunRow): boolean =>
    (filter.status ?? row.status) === row.status && fitsLabel(labelOf(row), filter) && (error === undefined || fitsError(row, error));
  const found: RunRow[] = [];
  let most = limit;
  for (let at: Pick<ListQuery, "below"> = from; ;) {
    const page = await list({ ...at, ...(labels === undefined ? {} : { labels }) }, most);
    found.push(...page.filter(fits));
    const last = page.at(-1);
    if (last === undefined || found.length >= limit || page.length < most) return found.slice(0, limit);
    at = { below: { rank: Date.parse(last.startedAt), key: last.run } };
    most = Math.max(PAGE_ROWS, limit); // most are others'
  }
}

function fitsError({ error }: RunRow, wanted: string): boolean {
  return error !== null && (error.code === wanted || error.fingerprint === wanted);
}

export async function readRun(store: EventStore, run: string): Promise<RunRow | undefined> {
  await catchUp(store, runsTable);
  return (await store.tables.get(runsTable.name, run)) as RunRow | undefined;
}

/** Runs of an environment that began at a time or later, newest first. */
export async function runsSince(
  store: EventStore,
  { environment, since, limit }: { readonly environment: string; readonly since: number; readonly limit: number },
): Promise<readonly RunRow[]> {
  const found: RunRow[] = [];
  for (let below: RunsQuery["below"]; found.length < limit;) {
    const rows = await listRuns(store, { limit: PAGE_ROWS, environment, ...(below === undefined ? {} : { below }) });
    found.push(...rows.filter((row) => Date.parse(row.startedAt) >= since));
    below = rows.at(-1);
    if (below === undefined || rows.length < PAGE_ROWS || Date.parse(below.startedAt) < since) break;
  }
  return found.slice(0, limit);
}

/** Those of the runs that are there, by their ids. */
export async function readRunRows(store: EventStore, runs: readonly string[]): Promise<ReadonlyMap<string, RunRow>> {
  await catchUp(store, runsTable);
  return (await store.tables.many(runsTable.name, runs)) as unknown as ReadonlyMap<string, RunRow>;
}

function sum(a: RowCounts, b: RowCounts | undefined): RowCounts {
  if (b === undefined) return a;
  return {
    read: a.read + b.read,
    loaded: a.loaded + b.loaded,
    quarantined: a.quarantined + b.quarantined,
    filtered: a.filtered + b.filtered,
  };
}
