// `status`: how things stand, and what needs a person, each with the command that helps.
import type { StatusAnswer } from "../model/answers.ts";
import type { NodeId } from "../model/graph.ts";
import { countQuarantine } from "../load/quarantine.ts";
import type { EventStore } from "../store/store.ts";
import { type Assets, assetsState } from "./assets/assets.ts";
import { assetsHere } from "./environments/assets.ts";
import { type NeedsInput, needsOf } from "./needs.ts";
import { partitionsAnswer } from "./partitions/status.ts";
import type { Planned } from "./plan/plan.ts";
import { listRuns } from "./runs/runs.ts";
import { isHeldByOthers } from "./serve/engine-calls.ts";
import { isAlive, readEngineFile } from "./serve/engine-file.ts";
import { isShared } from "./state.ts";
import type { Workspace } from "./workspace.ts";

const RUNS_SHOWN = 5;

export async function statusOf(workspace: Workspace): Promise<StatusAnswer> {
  return statusWith(workspace, await assetsNow(workspace));
}

export async function statusWith(workspace: Workspace, now: AssetsNow): Promise<StatusAnswer> {
  const store = await workspace.store();
  const [project, rows] = [await workspace.project(), await assetsHere(workspace)];
  const { runs } = await listRuns(workspace, { limit: RUNS_SHOWN });
  const all = [...now.statuses].filter(([id]) => !id.startsWith("task:"));
  const count = (status: string): number => all.filter(([, each]) => each === status).length;
  return {
    engine: engineNow(workspace.dir),
    ...(isShared(await workspace.config()) ? { engines: await enginesOf(store) } : {}),
    assets: { total: all.length, current: count("current"), stale: count("stale"), failed: count("failed"), missing: count("missing") },
    runs,
    ...(now.partitions.length === 0 ? {} : { partitions: now.partitions }),
    needs: await needsOf({ ...now, store, environment: (await workspace.environment()).name, project, rows, now: Date.now() }),
  };
}

/** The engine that other processes find, this one or another. */
function engineNow(dir: string): StatusAnswer["engine"] {
  const found = readEngineFile(dir);
  return found !== undefined && isAlive(found.pid) ? { pid: found.pid, url: found.url, startedAt: found.startedAt } : null;
}

async function enginesOf(store: EventStore): Promise<NonNullable<StatusAnswer["engines"]>> {
  const entries = await store.engines.list();
  return entries.map(({ id, host, pid, url, holdsWarehouse, startedAt }) => ({
    id,
    host,
    pid,
    url,
    holdsWarehouse,
    startedAt: new Date(startedAt).toISOString(),
  }));
}

export type AssetsNow = Pick<NeedsInput, "statuses" | "partitions" | "dependents" | "live" | "aside" | "isNew" | "alone">;

/** While another process holds the warehouse, what its runs wrote is what is known of the assets. */
async function assetsNow(workspace: Workspace): Promise<AssetsNow> {
  try {
    return await assetsPlanned(workspace, await assetsState(workspace));
  } catch (thrown) {
    if (!isHeldByOthers(workspace.dir, thrown)) throw thrown;
    return assetsByRuns(workspace);
  }
}

/** As a plan of everything tells it. */
export async function assetsPlanned(workspace: Workspace, { statuses, planned, live }: Assets): Promise<AssetsNow> {
  const warehouse = await workspace.warehouse();
  const aside = await warehouse.session((session) => countQuarantine(session));
  const missing = [...statuses.values()].filter((status) => status === "missing").length;
  const alone = (await workspace.config()).state?.postgres === undefined;
  return {
    statuses,
    dependents: planned.definitions.graph.dependents,
    live,
    aside,
    isNew: statuses.size === missing,
    partitions: partitionsOf(planned),
    alone,
  };
}

/** What runs wrote of the assets, without a look at the warehouse. */
export async function assetsByRuns(workspace: Workspace): Promise<AssetsNow> {
  const [project, rows] = [await workspace.project(), await assetsHere(workspace)];
  return {
    statuses: new Map<NodeId, string>(project.nodes.map(({ id }) => [id, statusBy(rows.get(id)?.status)])),
    dependents: new Map(),
    live: new Map(),
    aside: [],
    partitions: [],
    isNew: rows.size === 0,
    alone: false,
  };
}

function partitionsOf({ world }: Pick<Planned, "world">): NeedsInput["partitions"] {
  return [...(world?.assets.keys() ?? [])].flatMap((asset) => {
    const answer = partitionsAnswer(world!, asset);
    return answer === undefined ? [] : [{ asset, ...answer }];
  });
}

function statusBy(last: string | undefined): string {
  if (last === undefined) return "missing";
  return last === "failed" ? "failed" : "current";
}
