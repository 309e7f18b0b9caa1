// `retention`: runs that are older than `retention: { runs: 90d }` are folded into daily statistics and removed, with their logs and the rows by which
// the warehouse knows what they committed. `serve` does it once a day.
//   P1. Folded before removed: the statistics are saved with the position they are folded up to, so a kill at any moment neither loses a run nor counts
//       it twice; the next time goes on where this one stopped.
//   P2. Never removed: a run that has not ended, one that a kept run took over from or is a part of, the last success of an asset or task.
// What stays of a node's attempt until then: about 150 bytes started, 200–600 bytes ended, and its log.
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { RetentionAnswer } from "../model/act-answers.ts";
import { parseDurationMs } from "../model/duration.ts";
import { ledgerAsset, PROD } from "../model/environment.ts";
import { splitNodeId } from "../model/partition.ts";
import { logPath } from "../engine/log-files.ts";
import { type RawRetention, tidyRaw } from "../load/raw/retention.ts";
import type { EventStore } from "../store/store.ts";
import { type AssetRow, readAllAssets } from "../views/assets.ts";
import { listRuns, type RunRow, runsTable } from "../views/runs.ts";
import { foldStatistics } from "../views/statistics.ts";
import { isHeldByOthers } from "./serve/engine-calls.ts";
import type { Workspace } from "./workspace.ts";

export interface RetentionRequest {
  readonly dryRun: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** `leave`: it is not opened for this; what it keeps goes another time. */
  readonly warehouse: "open" | "leave";
}

/** Runs that are removed between two looks at anything else. */
const RUNS_PER_STEP = 200;
const RUNS_MAX = 10_000_000;

/** Does what `retention.runs`, `retention.logs` and `retention.raw` say. */
export async function pruneRuns(workspace: Workspace, { dryRun, now, warehouse }: RetentionRequest): Promise<RetentionAnswer> {
  const { retention } = await workspace.config();
  const runsMs = retention?.runs === undefined ? null : (parseDurationMs(retention.runs) ?? null);
  const logsMs = retention?.logs === undefined ? null : (parseDurationMs(retention.logs) ?? null);
  const raw =
    warehouse === "leave" ? NOTHING_RAW : await pruneRaw(workspace, { now, dryRun, keepMs: parseDurationMs(retention?.raw ?? "") });
  if (warehouse === "open") await collect(workspace, { dryRun, now });
  if (runsMs === null && logsMs === null) return { dryRun, before: null, runs: 0, kept: NOBODY, logs: 0, commits: 0, raw };
  const store = await workspace.store();
  const rows = await listRuns(store, { limit: RUNS_MAX });
  const before = runsMs === null ? null : now - runsMs;
  const { prunable, kept } = before === null ? { prunable: [], kept: NOBODY } : await choose(store, rows, before);
  const oldLogs = logsMs === null ? [] : rows.filter((row) => row.finishedAt !== null && Date.parse(row.finishedAt) < now - logsMs);
  const answer = { dryRun, before: before === null ? null : new Date(before).toISOString(), runs: prunable.length, kept, raw };
  const withLogs = [...new Set([...prunable, ...oldLogs.map((row) => row.run)])].filter((run) => existsSync(logFolder(workspace, run)));
  if (dryRun) return { ...answer, logs: withLogs.length, commits: 0 };
  for (const run of withLogs) await rm(logFolder(workspace, run), { recursive: true, force: true });
  if (prunable.length > 0) {
    await foldStatistics(store); // P1
    for (let from = 0; from < prunable.length; from += RUNS_PER_STEP) {
      const step = prunable.slice(from, from + RUNS_PER_STEP);
      await store.remove(step);
      await store.tables.remove(runsTable.name, step);
    }
  }
  const removed = new Set(prunable);
  const commits =
    before === null || warehouse === "leave"
      ? 0
      : await pruneCommits(
          workspace,
          before,
          rows.filter((row) => !removed.has(row.run)).map((row) => row.run),
        );
  return { ...answer, logs: withLogs.length, commits };
}

const NOTHING_RAW: RetentionAnswer["raw"] = { loads: 0, bytes: 0, compressed: 0 };

/** A warehouse that another process holds is that process's to tidy, and so is its raw zone. */
async function pruneRaw(workspace: Workspace, request: Omit<RawRetention, "root">): Promise<RetentionAnswer["raw"]> {
  try {
    return await tidyRaw(await workspace.warehouse(), { ...request, root: workspace.stateDir("raw") });
  } catch (error) {
    if (isHeldByOthers(workspace.dir, error)) return NOTHING_RAW;
    throw error;
  }
}

/** Environments that expired, and what promotions put aside. */
async function collect(workspace: Workspace, request: { readonly dryRun: boolean; readonly now: number }): Promise<void> {
  const { collectEnvironments } = await import("./environments/collect.ts");
  await collectEnvironments(workspace, request).catch((error: unknown) => {
    if (!isHeldByOthers(workspace.dir, error)) throw error;
  });
}

const NOBODY: RetentionAnswer["kept"] = { unfinished: 0, stoodOn: 0, lastSuccess: 0 };

/** P2. */
async function choose(
  store: EventStore,
  rows: readonly RunRow[],
  before: number,
): Promise<{ readonly prunable: readonly string[]; readonly kept: RetentionAnswer["kept"] }> {
  const lastSuccesses = new Set<string>();
  for (const row of newestPerName(await readAllAssets(store)).values()) lastSuccesses.add(row.run);
  const old = rows.filter((row) => (row.finishedAt === null ? Date.parse(row.startedAt) : Date.parse(row.finishedAt)) < before);
  const keep = new Map<string, "unfinished" | "lastSuccess" | "stoodOn">();
  for (const row of old) {
    if (row.finishedAt === null) keep.set(row.run, "unfinished");
    else if (lastSuccesses.has(row.run)) keep.set(row.run, "lastSuccess");
  }
  const byRun = new Map(rows.map((row) => [row.run, row]));
  const candidates = new Set(old.map((row) => row.run));
  // What a kept run stands on is kept, and what that stands on in turn; so are the runs of a sub-job while the run they belong to goes on.
  const pending = rows.filter((row) => !candidates.has(row.run) || keep.has(row.run));
  for (let row = pending.pop(); row !== undefined; row = pending.pop()) {
    const below = row.fromRun === null ? undefined : byRun.get(row.fromRun);
    if (below === undefined || !candidates.has(below.run) || keep.has(below.run)) continue;
    keep.set(below.run, "stoodOn");
    pending.push(below);
  }
  for (const row of old) {
    const parent = row.parent === null ? undefined : byRun.get(row.parent.run);
    if (parent?.finishedAt === null && !keep.has(row.run)) keep.set(row.run, "stoodOn");
  }
  const count = (why: string): number => [...keep.values()].filter((each) => each === why).length;
  return {
    prunable: old.filter((row) => !keep.has(row.run)).map((row) => row.run),
    kept: { unfinished: count("unfinished"), stoodOn: count("stoodOn"), lastSuccess: count("lastSuccess") },
  };
}

/** The last success per asset or task, its partitions and items taken together. */
function newestPerName(rows: readonly AssetRow[]): ReadonlyMap<string, { readonly run: string; readonly at: string }> {
  const newest = new Map<string, { readonly run: string; readonly at: string }>();
  for (const { node, environment, succeededRun, succeededAt } of rows) {
    if (succeededRun === null || succeededAt === null) continue;
    const name = ledgerAsset(splitNodeId(node).asset, environment ?? PROD);
    const known = newest.get(name);
    if (known === undefined || known.at < succeededAt) newest.set(name, { run: succeededRun, at: succeededAt });
  }
  return newest;
}

/** By age, so that what a kill left is done the next time. A warehouse that another process holds is that process's to tidy. */
async function pruneCommits(workspace: Workspace, before: number, keptRuns: readonly string[]): Promise<number> {
  try {
    const warehouse = await workspace.warehouse();
    return await warehouse.transaction((tx) =>
      tx.run(
        `delete from _millrace.commits where "at" < to_timestamp($1::double / 1000) and not list_contains(from_json($2, '["varchar"]'), run)`,
        [before, JSON.stringify(keptRuns)],
      ),
    );
  } catch (error) {
    if (isHeldByOthers(workspace.dir, error)) return 0;
    throw error;
  }
}

function logFolder(workspace: Workspace, run: string): string {
  return dirname(logPath(workspace.stateDir("logs"), run, "node", 1));
}
