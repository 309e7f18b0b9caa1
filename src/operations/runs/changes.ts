// What changed between a run and the last one before it that went well: code, columns, parameters, steps, rows.
import { MillraceError } from "../../model/errors.ts";
import { PROD } from "../../model/environment.ts";
import type { NodeId } from "../../model/graph.ts";
import { splitNodeId } from "../../model/partition.ts";
import type { RunChangesAnswer } from "../../model/run-answers.ts";
import type { EventStore } from "../../store/store.ts";
import { foldRun, type RunFold } from "../../views/run-fold.ts";
import { listRuns, type RunRow } from "../../views/runs.ts";
import { schemaText } from "../assets/history-schema.ts";
import { keySeen } from "../environments/keys.ts";
import type { Workspace } from "../workspace.ts";
import { findRun } from "./runs.ts";

/** Runs that are looked through for the last one that went well, and of those how many are read. */
const RUNS_SEARCHED = 10_000;
const RUNS_READ = 50;
const ASSETS_MAX = 50;
const LISTED_MAX = 100;

/** @throws MR6101 */
export async function runChanges(workspace: Workspace, name: string): Promise<RunChangesAnswer> {
  const store = await workspace.store();
  const run = await findRun(workspace, name);
  const now = foldRun(await store.read(run))!;
  const row = now.row()!;
  const here = row.environment ?? PROD;
  const older = (await listRuns(store, { limit: RUNS_SEARCHED })).filter(
    (each) => (each.environment ?? PROD) === here && each.run !== run && each.startedAt < row.startedAt,
  );
  const since = await lastGood(store, older, now);
  if (since === null) return { run, since, code: [], schema: [], params: [], rows: [], steps: { added: [], removed: [] } };
  const between = older.filter(({ startedAt }) => startedAt > since.row.startedAt).slice(0, RUNS_READ);
  return {
    run,
    since: { run: since.row.run, startedAt: since.row.startedAt },
    code: await codeOf(store, [row, ...between], now),
    schema: await schemasOf(workspace, now, since.row),
    params: paramsOf(row, since.row),
    rows: rowsOf(now, since.fold),
    steps: stepsOf(now, since.fold),
  };
}

interface Good {
  readonly row: RunRow;
  readonly fold: RunFold;
}

async function lastGood(store: EventStore, older: readonly RunRow[], now: RunFold): Promise<Good | null> {
  const row = now.row()!;
  if (row.job !== null) {
    const found = older.find((each) => each.job === row.job && each.status === "succeeded");
    return found === undefined ? null : { row: found, fold: foldRun(await store.read(found.run))! };
  }
  const nodes = now.nodes();
  const failed = nodes.filter(({ status }) => status === "failed");
  const wanted = (failed.length === 0 ? nodes : failed).map(({ node }) => node);
  for (const each of older.slice(0, RUNS_READ)) {
    const fold = foldRun(await store.read(each.run))!;
    const isGood = (node: NodeId): boolean => ["succeeded", "reused"].includes(fold.node(node)?.status ?? "");
    if (wanted.length > 0 && wanted.every(isGood)) return { row: each, fold };
  }
  return null;
}

/** Told by the plans since then: each says of its nodes how their code stands to what was published. */
async function codeOf(store: EventStore, runs: readonly RunRow[], now: RunFold): Promise<RunChangesAnswer["code"]> {
  const found = new Map<NodeId, RunChangesAnswer["code"][number]>();
  for (const { run } of runs) {
    const [first] = await store.read(run);
    if (first?.type !== "run_started") continue;
    for (const { id, change, reason } of first.plan.nodes) {
      const node = splitNodeId(id).asset;
      if ((change !== "breaking" && change !== "nonBreaking") || found.has(node) || now.node(id) === undefined) continue;
      found.set(node, { node, change, why: reason, run });
    }
  }
  return [...found.values()].slice(0, LISTED_MAX);
}

async function schemasOf(workspace: Workspace, now: RunFold, since: RunRow): Promise<RunChangesAnswer["schema"]> {
  const until = now.row()!.finishedAt ?? "9999";
  const assets = [...new Set(now.nodes().map(({ node }) => splitNodeId(node).asset))].filter((id) => !id.startsWith("task:"));
  try {
    const warehouse = await workspace.warehouse();
    return await warehouse.session(async (session) => {
      const found: RunChangesAnswer["schema"][number][] = [];
      for (const asset of assets.slice(0, ASSETS_MAX)) {
        const rows = await session.rows<{ readonly at: string; readonly detail: string }>(
          `select "at", json_object('number', number, 'columns', columns, 'changes', changes)::varchar as detail from _millrace.schemas
           where asset = $1 and "at" > $2 and "at" <= $3 order by "at"`,
          [await keySeen(session, asset), since.startedAt, until],
        );
        for (const { at, detail } of rows)
          found.push({ asset, at, what: schemaText(JSON.parse(detail) as Parameters<typeof schemaText>[0]) });
      }
      return found.slice(0, LISTED_MAX);
    });
  } catch (thrown) {
    // Another process holds the warehouse: what the state store knows is told.
    if (thrown instanceof MillraceError && thrown.code === "MR5001") return [];
    throw thrown;
  }
}

function paramsOf(after: RunRow, before: RunRow): RunChangesAnswer["params"] {
  return [...new Set([...Object.keys(before.params), ...Object.keys(after.params)])]
    .filter((name) => before.params[name] !== after.params[name])
    .map((name) => ({ name, before: before.params[name] ?? null, after: after.params[name] ?? null }));
}

function rowsOf(now: RunFold, before: RunFold): RunChangesAnswer["rows"] {
  return now
    .nodes()
    .flatMap(({ node, rows, status }) => {
      const then = before.node(node)?.rows?.loaded;
      const loaded = status === "failed" || status === "skipped" ? null : (rows?.loaded ?? null);
      return then === undefined || then === (loaded ?? 0) || (loaded === null && status !== "failed")
        ? []
        : [{ node, before: then, after: loaded }];
    })
    .slice(0, LISTED_MAX);
}

function stepsOf(now: RunFold, before: RunFold): RunChangesAnswer["steps"] {
  const names = (fold: RunFold): readonly string[] => [...new Set(fold.nodes().map(({ node }) => splitNodeId(node).asset))];
  const [is, was] = [names(now), names(before)];
  return {
    added: is.filter((each) => !was.includes(each)).slice(0, LISTED_MAX),
    removed: was.filter((each) => !is.includes(each)).slice(0, LISTED_MAX),
  };
}
