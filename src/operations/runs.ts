// `runs`, `run show`: what the state store tells of runs.
import type { RunsAnswer, RunShowAnswer } from "../model/answers.ts";
import { MillraceError } from "../model/errors.ts";
import type { NodeId } from "../model/graph.ts";
import { readAssets } from "../views/assets.ts";
import { foldRun, runAnswer, runShowAnswer } from "../views/run-fold.ts";
import { listRuns as readRuns } from "../views/runs.ts";
import type { Workspace } from "./workspace.ts";

/** Runs that are looked through for the beginning of an id. */
const RUNS_SEARCHED = 10_000;

export async function listRuns(workspace: Workspace, { limit }: { readonly limit: number }): Promise<RunsAnswer> {
  const rows = await readRuns(await workspace.store(), { limit });
  return { runs: rows.map(runAnswer) };
}

/** @throws MR6101 */
export async function showRun(workspace: Workspace, name: string): Promise<RunShowAnswer> {
  const store = await workspace.store();
  const run = await findRun(workspace, name);
  return runShowAnswer(foldRun(await store.read(run))!);
}

/** The id of a run, or the only one that begins so. @throws MR6101 */
export async function findRun(workspace: Workspace, name: string): Promise<string> {
  const store = await workspace.store();
  if ((await store.read(name)).length > 0) return name;
  const rows = await readRuns(store, { limit: RUNS_SEARCHED });
  const found = rows.filter((row) => row.run.startsWith(name));
  if (found.length === 1 && name.length > 2) return found[0]!.run;
  throw new MillraceError({
    code: "MR6101",
    message: `there is no run ${name}`,
    hint: found.length > 1 ? `${found.length} runs begin so; give more of the id` : "`millrace runs` lists them",
  });
}

/** Per node the outcome of the newest run that settled it. */
export async function lastStatuses(workspace: Workspace): Promise<ReadonlyMap<NodeId, string>> {
  const rows = await readAssets(await workspace.store());
  return new Map([...rows].map(([id, row]) => [id, row.status]));
}
