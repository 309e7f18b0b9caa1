// `ls`, `describe`: what assets there are, and what is known of one. Status: current, stale (a run would build it), failed (its last
// attempt did), missing (never built).
import type { AssetAnswer, AssetsAnswer, ColumnAnswer, DescribeAnswer } from "../../model/answers.ts";
import { MillraceError } from "../../model/errors.ts";
import type { PartitionsAnswer } from "../../model/backfill-answers.ts";
import type { NodeId, ProjectNode } from "../../model/graph.ts";
import { splitNodeId } from "../../model/partition.ts";
import { nearest } from "../../model/suggest.ts";
import type { AssetDescriptions } from "../../plan/descriptions.ts";
import type { Graph } from "../../plan/graph.ts";
import { parseSelection } from "../../model/selection.ts";
import { evaluate, select } from "../../plan/selection.ts";
import type { Project } from "../../project/reader.ts";
import { countQuarantine } from "../../load/quarantine.ts";
import { readLive, type LiveVersion } from "../../sql/ledger/publish.ts";
import { defineProject } from "../plan/definitions.ts";
import { jobOfTask, tasksOf } from "../jobs/task-list.ts";
import { keySeen } from "../environments/keys.ts";
import { planOperation, type Planned, type PlanRequest } from "../plan/plan.ts";
import { partitionList, partitionsAnswer } from "../partitions/status.ts";
import { lastStatuses } from "../runs/runs.ts";
import type { Workspace } from "../workspace.ts";
import { incrementAnswer } from "./increment.ts";

export interface Assets {
  readonly planned: Planned;
  readonly live: ReadonlyMap<NodeId, LiveVersion>;
  readonly statuses: ReadonlyMap<NodeId, string>;
}

/** The state of all assets, from one plan of everything. */
export async function assetsState(workspace: Workspace, request: Pick<PlanRequest, "lineage"> = {}): Promise<Assets> {
  const planned = await planOperation(workspace, request);
  const warehouse = await workspace.warehouse();
  const live = await warehouse.session((session) => readLive(session));
  const last = await lastStatuses(workspace);
  const statuses = new Map<NodeId, string>();
  for (const node of planned.plan.nodes) {
    const id = node.partition === undefined ? node.id : splitNodeId(node.id).asset;
    if (!statuses.has(id)) statuses.set(id, statusOf(node, live.has(id), outcomeOf(planned, id) ?? last.get(node.id)));
  }
  return { planned, live, statuses };
}

/** An asset with a partition that failed has failed. */
function outcomeOf({ world }: Planned, id: NodeId): string | undefined {
  const outcomes = world?.assets.get(id)?.outcomes;
  return outcomes !== undefined && [...outcomes.values()].includes("failed") ? "failed" : undefined;
}

function statusOf(node: Planned["plan"]["nodes"][number], isLive: boolean, last: string | undefined): string {
  if (last === "failed") return "failed";
  if (node.kind === "task") return last ?? "missing";
  if (!isLive) return "missing";
  const isAsked = (node.kind === "source" || node.kind === "extract") && node.change === "none" && node.asked === true;
  return node.action === "reuse" || isAsked ? "current" : "stale";
}

export async function listAssets(workspace: Workspace, { select: selection }: { readonly select?: string }): Promise<AssetsAnswer> {
  const { planned, live, statuses } = await assetsState(workspace);
  const { graph } = planned.definitions;
  // A project of tasks alone has no assets to select.
  const ids = selection === undefined ? graph.order : select(graph, selection, { statuses });
  const assets = ids.map((id) => assetAnswer(graph.nodes.get(id)!, live.get(id), statuses.get(id)!));
  const tasks = selection === undefined ? tasksOf(await workspace.project()) : [];
  return tasks.length === 0 ? { assets } : { assets, tasks };
}

export async function describeAsset(
  workspace: Workspace,
  name: string,
  request: { readonly partitions: boolean } = { partitions: false },
): Promise<DescribeAnswer> {
  const { planned, live, statuses } = await assetsState(workspace, { lineage: "columns" });
  const { checks, compilation } = planned.definitions;
  const { graph, id } = await graphWith(workspace, { planned, live, name });
  const node = graph.nodes.get(id)!;
  const version = live.get(id);
  const warehouse = await workspace.warehouse();
  const origins = await warehouse.session((session) => columnOrigins(session, id));
  const aside = await warehouse.session((session) => countQuarantine(session));
  const columns = version?.columns ?? compilation.models.get(id)?.columns ?? planned.definitions.schemas.get(id)?.columns ?? [];
  const described = await descriptionsOf(planned, live, node);
  const results = new Map(checkResults(version).map((result) => [result.check, result]));
  return {
    asset: {
      ...assetAnswer(node, version, statuses.get(id) ?? "missing"),
      description: described?.asset?.text ?? node.description ?? null,
      descriptionFrom: described?.asset?.from ?? null,
      file: node.file,
      components: node.components ?? [],
      owner: node.owner ?? null,
      tags: node.tags,
      ...(await partitionsOf(workspace, { planned, id, isListed: request.partitions })),
      materialize: node.kind === "model" ? node.spec.materialize : null,
      ...(await warehouse.session((session) => incrementAnswer(session, version))),
      columns: columns.map((column) => columnAnswer(node, column, origins, described)),
      checks: (checks.get(id) ?? []).map((check) => ({
        check: check.name,
        severity: check.severity,
        onFail: check.onFail,
        status: results.get(check.name)?.status ?? null,
        failing: results.get(check.name)?.failing ?? null,
      })),
      upstream: graph.needs.get(id) ?? [],
      downstream: graph.dependents.get(id) ?? [],
      jobs: jobsThatBuild(await workspace.project(), { graph, id, statuses }),
      lastRun: version?.run ?? null,
      version: version?.version ?? null,
      quarantined: aside.filter((entry) => entry.asset === id).reduce((sum, entry) => sum + entry.rows, 0),
    },
  };
}

function jobsThatBuild(
  { jobs }: Pick<Project, "jobs">,
  { graph, id, statuses }: Pick<Assets, "statuses"> & { readonly graph: Graph; readonly id: NodeId },
): readonly string[] {
  return jobs.flatMap(({ name, spec }) => {
    if (spec.select === undefined) return [name];
    const words = [spec.select].flat().join(" ");
    try {
      return words !== "" && evaluate(graph, parseSelection(words), { statuses }).has(id) ? [name] : [];
    } catch (thrown) {
      // A selection that names what is not there builds nothing; its own runs tell it.
      if (thrown instanceof MillraceError) return [];
      throw thrown;
    }
  });
}

/** The project's graph, or the one of the job that has a task of that name. @throws MR6102 */
async function graphWith(
  workspace: Workspace,
  { planned, live, name }: Pick<Assets, "planned" | "live"> & { readonly name: string },
): Promise<{ readonly graph: Graph; readonly id: NodeId }> {
  const { graph } = planned.definitions;
  const job = graph.nodes.has(name) ? undefined : jobOfTask(await workspace.project(), name);
  if (job === undefined) return { graph, id: findAsset(graph.nodes.keys(), name) };
  const defined = await defineProject(workspace, { live, lineage: "tables", params: {}, job });
  const task = name.replace(/^task:/, "");
  const plain = task.startsWith(`${job.name}.`) ? task.slice(job.name.length + 1) : task;
  return { graph: defined.graph, id: `task:${plain}` };
}

interface PartitionsOf {
  readonly planned: Planned;
  readonly id: NodeId;
  readonly isListed: boolean;
}

async function partitionsOf(
  workspace: Workspace,
  { planned: { world }, id, isListed }: PartitionsOf,
): Promise<{ readonly partitions?: PartitionsAnswer }> {
  const answer = world === undefined ? undefined : partitionsAnswer(world, id);
  if (world === undefined || answer === undefined) return {};
  if (!isListed) return { partitions: answer };
  const warehouse = await workspace.warehouse();
  return { partitions: { ...answer, list: await warehouse.session((session) => partitionList(session, world, id)) } };
}

/** @throws MR6102 with the nearest names. */
export function findAsset(known: Iterable<NodeId>, name: string): NodeId {
  const ids = [...known];
  const found =
    ids.find((id) => id === name) ??
    ids.find((id) => id.toLowerCase() === name.toLowerCase()) ??
    ids.find((id) => id === `main.${name}` || id === `task:${name}`);
  if (found !== undefined) return found;
  const near = nearest(name, ids);
  throw new MillraceError({
    code: "MR6102",
    message: `there is no asset ${name}`,
    hint: near.length === 0 ? "`millrace ls` lists them" : `did you mean ${near.join(" or ")}?`,
  });
}

function assetAnswer(node: ProjectNode, version: LiveVersion | undefined, status: string): AssetAnswer {
  return {
    asset: node.id,
    kind: node.kind,
    status,
    rows: version?.rows ?? null,
    updatedAt: version?.at ?? null,
    description: node.description ?? null,
    file: node.file,
    ...(node.components === undefined ? {} : { components: node.components }),
  };
}

function columnAnswer(
  node: ProjectNode,
  { name, type }: { readonly name: string; readonly type: string },
  origins: ReadonlyMap<string, string>,
  described: AssetDescriptions | undefined,
): ColumnAnswer {
  const declared = "spec" in node && "columns" in node.spec ? node.spec.columns?.[name] : undefined;
  const own = typeof declared === "string" ? declared : (declared?.description ?? null);
  const inherited = own === null ? described?.columns.get(name.toLowerCase()) : undefined;
  return {
    name,
    type,
    from: origins.get(name) ?? null,
    description: own ?? inherited?.text ?? null,
    descriptionFrom: inherited?.from ?? null,
  };
}

/** With what is inherited. */
async function descriptionsOf(planned: Planned, live: Assets["live"], node: ProjectNode): Promise<AssetDescriptions | undefined> {
  if (node.kind !== "model" && node.kind !== "export") return undefined;
  const { knownOf } = await import("../catalogue/known.ts");
  return knownOf(planned.definitions, live).descriptions.get(node.id);
}

/** Original headers of the newest schema of an asset. */
async function columnOrigins(session: Parameters<typeof readLive>[0], asset: NodeId): Promise<ReadonlyMap<string, string>> {
  const row = await session.row<{ columns: string }>(
    "select columns from _millrace.schemas where asset = $1 order by number desc limit 1",
    [await keySeen(session, asset)],
  );
  const columns = row === undefined ? [] : (JSON.parse(row.columns) as { name: string; from?: string | null }[]);
  return new Map(
    columns.flatMap((column) => (column.from === null || column.from === undefined ? [] : [[column.name, column.from] as const])),
  );
}

export interface CheckSummary {
  readonly check: string;
  readonly status: string;
  readonly failing: number;
}

/** Results of the checks of a version, as they were published with it. */
export function checkResults(version: LiveVersion | undefined): readonly CheckSummary[] {
  const checks: unknown = version?.checks;
  return Array.isArray(checks) ? (checks as readonly CheckSummary[]) : [];
}
