// What needs a person, in the order in which someone at 3 a.m. wants to know: what is broken and what that holds up, what stands still, what waits for a
// decision, what somebody has stopped, what was set aside, what was never built. Each with the command that helps.
import type { RunAnswer, StatusAnswer } from "../model/answers.ts";
import { PROD } from "../model/environment.ts";
import type { NodeId } from "../model/graph.ts";
import { loadAdmission } from "../engine/admission-load.ts";
import { limitsOf } from "../plan/admission.ts";
import { phaseOf } from "../run/admission/breaker.ts";
import { entriesOf } from "../run/admission/table.ts";
import type { Project } from "../project/reader.ts";
import type { LiveVersion } from "../sql/ledger/publish.ts";
import type { EventStore } from "../store/store.ts";
import { type AssetRow, expectedSeconds } from "../views/assets.ts";
import { readJobs } from "../views/jobs.ts";
import { foldRun } from "../views/run-fold.ts";
import { listRuns, type RunRow } from "../views/runs.ts";
import { moment, named, span } from "../views/why.ts";
import { pendingApprovals } from "./runs/approve.ts";

type Need = StatusAnswer["needs"][number];

export interface NeedsInput {
  readonly store: EventStore;
  readonly environment: string;
  readonly project: Pick<Project, "config" | "nodes">;
  readonly statuses: ReadonlyMap<NodeId, string>;
  readonly rows: ReadonlyMap<NodeId, AssetRow>;
  /** Of each node what needs it, as far as it is known. */
  readonly dependents: ReadonlyMap<NodeId, readonly NodeId[]>;
  readonly live: ReadonlyMap<NodeId, LiveVersion>;
  readonly aside: readonly { readonly asset: string; readonly rule: string; readonly rows: number }[];
  readonly partitions: NonNullable<StatusAnswer["partitions"]>;
  /** Nothing was ever built. */
  readonly isNew: boolean;
  /** No other process can be carrying runs out. */
  readonly alone: boolean;
  readonly now: number;
}

const LIVE_RUNS_MAX = 200;
/** Newest runs among which that of each job is looked for. */
const RUNS_LOOKED_AT_MAX = 200;
const FAILED_JOBS_MAX = 20;
/** Larger runs are not read for `status`. */
const FOLDED_NODES_MAX = 1_000;
/** An attempt counts as stuck when it takes so many times what it usually takes, and at least so long. */
const STUCK_FACTOR = 10;
const STUCK_MIN_MS = 30 * 60_000;

export async function needsOf(input: NeedsInput): Promise<readonly Need[]> {
  const live = (await listRuns(input.store, { status: "running", limit: LIVE_RUNS_MAX })).filter((row) => isHere(row, input));
  const approvals = live.length === 0 ? [] : await pendingApprovals(input.store, input.environment);
  const awaited = new Set(approvals.map((each) => each.run));
  return [
    ...failed(input),
    ...failedPartitions(input),
    ...(await failedJobs(input)),
    ...(await unplanned(input)),
    ...(await stuck(input, live, awaited)),
    ...(await openBreakers(input)),
    ...approvals.map(({ run, job, task, title, since, approvers }) => ({
      what: `${task} of ${run} waits for a decision`,
      why: `${title}${approvers === null ? "" : ` (${approvers.join(", ")})`}`,
      command: `millrace approve ${run} ${task}`,
      about: {
        kind: "approval" as const,
        run,
        task,
        ...(job === null ? {} : { job }),
        ...(since === null ? {} : { since }),
      },
    })),
    ...live.flatMap(({ run, job, paused }) =>
      paused === null
        ? []
        : [
            {
              what: `run ${run} is paused`,
              why: `by ${paused.by}${paused.why === "" ? "" : `: ${paused.why}`}`,
              command: `millrace why ${run}`,
              about: { kind: "paused" as const, run, ...(job === null ? {} : { job }) },
            },
          ],
    ),
    ...(await pausedTriggers(input)),
    ...rolledBack(input),
    ...input.aside.map(({ asset, rule, rows }) => ({
      what: `${rows} of ${asset} in quarantine`,
      why: rule,
      command: `millrace quarantine list ${asset}`,
      about: { kind: "quarantine" as const, asset, rule, count: rows },
    })),
    ...neverBuilt(input),
  ];
}

/** Root causes: what failed though nothing above it did, with what it holds up. */
function failed({ statuses, rows, dependents, partitions }: NeedsInput): readonly Need[] {
  const partitioned = new Set(partitions.map(({ asset }) => asset));
  const broken = [...statuses].filter(([id, status]) => status === "failed" && !partitioned.has(id)).map(([id]) => id);
  const below = new Map(broken.map((id) => [id, standingOn(id, dependents)]));
  const roots = broken.filter((id) => !broken.some((other) => other !== id && below.get(other)!.has(id)));
  return roots.map((id) => {
    const row = rows.get(id);
    const held = [...below.get(id)!];
    const since =
      row === undefined ? "" : row.succeededAt === null ? "; it has never succeeded" : `; it last succeeded at ${row.succeededAt}`;
    return {
      what: `${id} failed${held.length === 0 ? "" : `, which holds up ${named(held)}`}`,
      why: `${row?.error?.message ?? "its last attempt failed"}${since}`,
      command: row === undefined ? "millrace run" : `millrace run show ${row.run}`,
      about: {
        kind: "failed",
        ...(id.startsWith("task:") ? { task: id.slice("task:".length) } : { asset: id }),
        ...(row === undefined ? {} : { run: row.run, since: row.at }),
        ...(row?.error == null ? {} : { code: row.error.code }),
        ...(row?.succeededAt == null ? {} : { lastSucceededAt: row.succeededAt }),
        holdsUp: held,
      },
    };
  });
}

function failedPartitions({ partitions }: NeedsInput): readonly Need[] {
  return partitions.flatMap(({ asset, failed: broken }) =>
    broken === 0
      ? []
      : [
          {
            what: `${broken} partitions of ${asset} failed`,
            why: "their last attempts failed",
            command: `millrace backfill ${asset} --failed`,
            about: { kind: "partitions" as const, asset, count: broken },
          },
        ],
  );
}

function isHere({ environment = PROD }: RunRow, input: Pick<NeedsInput, "environment">): boolean {
  return environment === input.environment;
}

/** Jobs whose newest run ended with tasks that failed: those leave no asset that would tell it. */
async function failedJobs({ store, environment }: NeedsInput): Promise<readonly Need[]> {
  const newest = new Map<string, string>();
  const candidates = (await listRuns(store, { limit: RUNS_LOOKED_AT_MAX })).filter((row) => {
    const { job, run, status } = row;
    if (job === null || !isHere(row, { environment }) || status === "running" || newest.has(job)) return false;
    newest.set(job, run);
    return (status === "failed" || status === "partial") && newest.size <= FAILED_JOBS_MAX;
  });
  const needs: Need[] = [];
  for (const { run, job, nodes, finishedAt } of candidates) {
    if (nodes.total > FOLDED_NODES_MAX) continue;
    const failing = (foldRun(await store.read(run))?.nodes() ?? []).filter(
      ({ node, status }) => status === "failed" && node.startsWith("task:"),
    );
    const [first] = failing;
    if (first === undefined) continue;
    const undone = failing.filter(({ plan }) => plan.compensates !== undefined).map(({ node }) => node);
    const what = `${named(failing.map(({ node }) => node))} of the job ${job} failed`;
    const undo = undone.length === 0 ? "" : `; what they did was not undone: ${named(undone)}`;
    needs.push({
      what,
      why: `${first.error?.message ?? "its last attempt failed"}${undo}`,
      command: `millrace run show ${run}`,
      about: {
        kind: "job",
        job: job!,
        run,
        ...(first.error === null ? {} : { code: first.error.code }),
        ...(finishedAt === null ? {} : { since: finishedAt }),
      },
    });
  }
  return needs;
}

function standingOn(id: NodeId, dependents: NeedsInput["dependents"]): ReadonlySet<NodeId> {
  const found = new Set<NodeId>();
  const queue = [...(dependents.get(id) ?? [])];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    queue.push(...(dependents.get(next) ?? []));
  }
  return found;
}

/** Runs that nobody carries out, and attempts that take far longer than ever. */
async function stuck(
  { store, rows, alone, now }: NeedsInput,
  live: readonly Pick<RunAnswer, "run" | "job" | "startedAt" | "trigger">[],
  awaited: ReadonlySet<string>,
): Promise<readonly Need[]> {
  const needs: Need[] = [];
  for (const { run, job, startedAt, trigger } of live) {
    if (alone) {
      if (awaited.has(run)) continue;
      const why = `begun ${moment(Date.parse(startedAt), now)}; the process that carried it out is gone`;
      needs.push({
        what: `run ${run} did not end`,
        why,
        command:
          trigger === "backfill" ? `millrace backfill resume ${run}` : ["millrace run", job].filter((word) => word !== null).join(" "),
        about: { kind: "stuck", run, since: startedAt },
      });
      continue;
    }
    const fold = foldRun(await store.read(run));
    for (const node of fold?.nodes() ?? []) {
      const attempt = node.status === "running" ? node.attempts.at(-1) : undefined;
      if (attempt === undefined) continue;
      const [tookMs, usual] = [now - Date.parse(attempt.startedAt), expectedSeconds(rows.get(node.node))];
      if (usual === null || tookMs < Math.max(STUCK_MIN_MS, STUCK_FACTOR * usual * 1_000)) continue;
      const why = `running for ${span(tookMs)}; it usually takes ${span(usual * 1_000)}`;
      needs.push({
        what: `${node.node} of ${run} may be stuck`,
        why,
        command: `millrace logs ${run} --node ${node.node}`,
        about: { kind: "stuck", run, task: node.node, since: attempt.startedAt },
      });
    }
  }
  return needs;
}

async function openBreakers({ store, project, now }: NeedsInput): Promise<readonly Need[]> {
  const { facts } = await loadAdmission({ store, limits: limitsOf(project.config, project.nodes), now });
  return [...entriesOf(facts.breakers)].flatMap(([connection, breaker]) => {
    if (breaker.kind === "closed" || phaseOf(breaker, now) === "closed") return [];
    const again = breaker.until > now ? `next try ${moment(breaker.until, now)}` : "the next attempt tries it";
    return [
      {
        what: `the connection ${connection} is down`,
        why: `since ${moment(breaker.since, now)}: ${breaker.error.code} ${breaker.error.message}; ${again}`,
        command: "millrace doctor",
        about: { kind: "connection" as const, connection, code: breaker.error.code, since: new Date(breaker.since).toISOString() },
      },
    ];
  });
}

/** Runs that were asked for and never began. */
async function unplanned({ store, environment, now }: NeedsInput): Promise<readonly Need[]> {
  return [...(await readJobs(store, environment))].flatMap(([job, { unplanned: last }]) =>
    last === null
      ? []
      : [
          {
            what: `a run of ${job} could not be planned ${moment(last.at, now)}`,
            why: `${last.code} ${last.why}`,
            command: `millrace triggers show ${job}`,
            about: { kind: "unplanned" as const, job, code: last.code, since: new Date(last.at).toISOString() },
          },
        ],
  );
}

async function pausedTriggers({ store, environment, now }: NeedsInput): Promise<readonly Need[]> {
  const needs: Need[] = [];
  for (const [job, state] of await readJobs(store, environment)) {
    const pauses = [["", state.pause] as const, ...Object.entries(state.triggers).map(([key, { pause }]) => [` ${key}`, pause] as const)];
    for (const [key, pause] of pauses) {
      if (pause === null || (pause.until !== null && pause.until <= now)) continue;
      const until = pause.until === null ? "with no end" : `until ${moment(pause.until, now)}`;
      needs.push({
        what: `${key === "" ? `the triggers of ${job} are` : `the trigger${key} of ${job} is`} paused`,
        why: `by ${pause.by}, ${until}${pause.why === "" ? "" : `: ${pause.why}`}`,
        command: `millrace triggers resume ${job}${key}`,
        about: { kind: "trigger", job, ...(key === "" ? {} : { trigger: key.trim() }) },
      });
    }
  }
  return needs;
}

function rolledBack({ live }: NeedsInput): readonly Need[] {
  return [...live.values()].flatMap(({ asset, version, rolledBack: back }) =>
    back === null
      ? []
      : [
          {
            what: `${asset} is held at version ${version}`,
            why: `rolled back by ${back.by} at ${back.at}${back.why === null ? "" : `: ${back.why}`}`,
            command: `millrace rollback ${asset} --release`,
            about: { kind: "held" as const, asset, since: back.at },
          },
        ],
  );
}

function neverBuilt({ statuses, isNew }: NeedsInput): readonly Need[] {
  const missing = [...statuses].filter(([id, status]) => status === "missing" && !id.startsWith("task:"));
  if (missing.length === 0 || [...statuses.values()].includes("failed")) return [];
  return [
    {
      what: `${missing.length} never built`,
      why: isNew ? "nothing has run yet" : "new since the last run",
      command: "millrace run",
      about: { kind: "missing", count: missing.length },
    },
  ];
}
