// What a request would do, as plain values: which nodes, in which order, and why. The same plan is printed and carried out.
//   P1. Nodes stand in the order of the graph: needs before what needs them.
//   P2. Only selected nodes are in the plan. What they read outside of it is read as it is, and the reason says so where that is stale.
//   P3. A node is reused only when its code, every input's version and its source's state are those its live version was made from.
import type { PlanAnswer } from "../model/answers.ts";
import type { RetrySpec } from "../model/definitions/source.ts";
import type { NodeId, ProjectNode, TaskNode } from "../model/graph.ts";
import { splitNodeId } from "../model/partition.ts";
import type { PlanNode, RunPlan } from "../model/plan.ts";
import { admissionFields } from "./admission.ts";
import { type Decision, type DecideInput, decideNode, type LiveInput, type SourceState } from "./decide.ts";
import type { Graph } from "./graph.ts";
import { COMMAND_RETRY, itemLimits, taskFields } from "./job-node.ts";
import { durationMs, retryPolicy } from "./policies.ts";
import { select } from "./selection.ts";

/** Attempts in flight at once when nothing else is said. */
const CONCURRENCY_DEFAULT = 4;

interface PlanJob {
  readonly name: string;
  readonly retry?: RetrySpec | undefined;
  /** Of the whole run. */
  readonly timeout?: string | undefined;
  readonly priority?: number | undefined;
  readonly key?: string | undefined;
  readonly onFailure?: "compensate" | undefined;
}

export interface PlanInput {
  readonly graph: Graph;
  /** Selection grammar; undefined: everything. */
  readonly selection?: string | undefined;
  /** Nodes that are part of the plan whatever is selected: the job's own tasks. */
  readonly always?: readonly NodeId[];
  readonly statuses?: ReadonlyMap<NodeId, string>;
  /** Live versions of the warehouse, those of assets that are no longer in the project included. */
  readonly live: ReadonlyMap<NodeId, LiveInput>;
  readonly sources: ReadonlyMap<NodeId, SourceState>;
  readonly alwaysBuild?: ReadonlyMap<NodeId, string>;
  readonly due?: DecideInput["due"];
  readonly upkeep?: ReadonlyMap<NodeId, string>;
  /** Decides for assets that are built by partitions; undefined for all others. Called in the order of the graph. */
  readonly decidePartitions?: (id: NodeId, decided: ReadonlyMap<NodeId, Decision>) => Decision | undefined;
  /** Nodes that another environment has for this one, with the reason. */
  readonly given?: ReadonlyMap<NodeId, string>;
  readonly readings?: DecideInput["readings"];
  readonly rewritten?: ReadonlySet<NodeId>;
  readonly fullRefresh?: boolean;
  /** Why everything is built, where it is not --full-refresh that asks for it. */
  readonly because?: string | undefined;
  readonly job?: PlanJob | undefined;
  readonly params?: Readonly<Record<string, string>>;
  /** Where it is carried out; undefined: prod. */
  readonly environment?: string | undefined;
  /** `defaults` of millrace.yaml. */
  readonly defaults?: { readonly retry?: RetrySpec | undefined; readonly timeout?: string | undefined } | undefined;
  readonly concurrency?: number | undefined;
}

export interface PlannedRun {
  readonly plan: RunPlan;
  /** Assets that have a live version but no definition any more: reported, not done. Only when everything is selected. */
  readonly removed: readonly { readonly asset: NodeId; readonly reason: string }[];
  /** Nodes of the plan that read an asset which was never built and is not selected: they cannot work. */
  readonly missing: readonly { readonly node: NodeId; readonly needs: NodeId }[];
}

/** @throws MR2020 when the selection matches nothing, MR2021 when it cannot be read. */
export function planRun(input: PlanInput): PlannedRun {
  const { graph } = input;
  const chosen = chosenOf(input);
  const selected = new Set(chosen);
  const facts: DecideInput & Pick<PlanInput, "decidePartitions"> = {
    live: input.live,
    sources: input.sources,
    alwaysBuild: input.alwaysBuild ?? new Map(),
    ...(input.due === undefined ? {} : { due: input.due }),
    ...(input.upkeep === undefined ? {} : { upkeep: input.upkeep }),
    fullRefresh: input.fullRefresh ?? false,
    ...(input.given === undefined ? {} : { given: input.given }),
    ...(input.readings === undefined ? {} : { readings: input.readings }),
    ...(input.rewritten === undefined ? {} : { rewritten: input.rewritten }),
    ...(input.because === undefined ? {} : { because: input.because }),
    ...(input.decidePartitions === undefined ? {} : { decidePartitions: input.decidePartitions }),
  };
  const everything = selected.size === graph.order.length;
  // What a full run would do tells which unselected inputs are stale.
  const full = everything ? new Map<NodeId, Decision>() : decideAll(graph, graph.order, { ...facts, fullRefresh: false });
  const decided = decideAll(graph, chosen, facts);
  const missing: { readonly node: NodeId; readonly needs: NodeId }[] = [];
  const nodes = chosen.map((id) => {
    const needs = graph.needs.get(id)!;
    const outside = needs.filter((need) => !selected.has(need) && !need.startsWith("task:"));
    if (!isOrderOnly(graph.nodes.get(id)!)) for (const need of outside) if (!input.live.has(need)) missing.push({ node: id, needs: need });
    const { reason, ...decision } = decided.get(id)!;
    const remark = decision.action === "build" ? outsideRemark(outside, full, input.live) : "";
    return planNode(
      graph.nodes.get(id)!,
      { ...decision, reason: reason + remark },
      needs.filter((need) => selected.has(need)),
      input,
    );
  });
  const plan: RunPlan = {
    job: input.job?.name ?? null,
    nodes,
    concurrency: input.concurrency ?? CONCURRENCY_DEFAULT,
    timeoutMs: durationMs(input.job?.timeout) ?? null,
    params: input.params ?? {},
    ...(input.environment === undefined ? {} : { environment: input.environment }),
    ...jobFields(input, chosen),
  };
  return { plan, removed: input.selection === undefined ? removedAssets(graph, input.live) : [], missing };
}

/** What is selected, and the undos of the tasks among it. */
function chosenOf({ graph, selection, always, statuses }: PlanInput): readonly NodeId[] {
  const chosen = new Set(selection === "" ? [] : select(graph, selection, statuses === undefined ? {} : { statuses }));
  for (const id of always ?? []) chosen.add(id);
  return graph.order.filter((id) => {
    const node = graph.nodes.get(id)!;
    const target = node.kind === "task" ? node.settings?.compensates : undefined;
    return chosen.has(target ?? id);
  });
}

function jobFields({ graph, job }: PlanInput, chosen: readonly NodeId[]): Partial<RunPlan> {
  const limits = itemLimits(chosen.flatMap((id) => (graph.nodes.get(id)?.kind === "task" ? [graph.nodes.get(id) as TaskNode] : [])));
  return {
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(job?.onFailure === undefined ? {} : { onFailure: job.onFailure }),
    ...(job?.priority === undefined ? {} : { priority: job.priority }),
    ...(job?.key === undefined ? {} : { key: job.key }),
  };
}

/** The JSON of `millrace plan`. */
export function toPlanAnswer({ plan, removed }: Pick<PlannedRun, "plan" | "removed">): PlanAnswer {
  return {
    nodes: [
      ...answersOf(plan.nodes),
      ...removed.map(({ asset, reason }) => ({ asset, action: "remove" as const, reason, change: "breaking" as const, partitions: [] })),
    ],
  };
}

/** One answer per asset; the partitions of one that is built by them stand in it. */
function answersOf(nodes: readonly PlanNode[]): PlanAnswer["nodes"] {
  const answers = new Map<NodeId, { -readonly [Field in keyof PlanAnswer["nodes"][number]]: PlanAnswer["nodes"][number][Field] }>();
  const partitions = new Map<NodeId, string[]>();
  for (const { id, partition, action, reason, change } of nodes) {
    const asset = partition === undefined ? id : splitNodeId(id).asset;
    const own = partitions.get(asset);
    if (partition !== undefined && own === undefined) partitions.set(asset, [partition]);
    else if (partition !== undefined) own?.push(partition);
    if (!answers.has(asset)) answers.set(asset, { asset, action, reason, change, partitions: [] });
  }
  return [...answers.values()].map((answer) => {
    const own = partitions.get(answer.asset) ?? [];
    return {
      ...answer,
      partitions: own,
      reason: own.length > 1 ? `${own.length} partitions, the newest: ${answer.reason}` : answer.reason,
    };
  });
}

function decideAll(
  graph: Graph,
  ids: readonly NodeId[],
  facts: DecideInput & Pick<PlanInput, "decidePartitions">,
): ReadonlyMap<NodeId, Decision> {
  const decided = new Map<NodeId, Decision>();
  for (const id of ids) {
    const partitions = facts.given?.has(id) === true ? undefined : facts.decidePartitions?.(id, decided);
    const own = { needs: graph.needs.get(id)!, reads: graph.reads.get(id)! };
    decided.set(id, partitions ?? decideNode(graph.nodes.get(id)!, own, decided, facts));
  }
  return decided;
}

function outsideRemark(outside: readonly NodeId[], full: ReadonlyMap<NodeId, Decision>, live: ReadonlyMap<NodeId, LiveInput>): string {
  const never = outside.filter((need) => !live.has(need));
  if (never.length > 0) return `; reads ${never.join(", ")}, which was never built and is not selected`;
  const stale = outside.filter((need) => full.get(need)?.action === "build");
  return stale.length === 0 ? "" : `; reads ${stale.join(", ")} as it is`;
}

function planNode(node: ProjectNode, decision: Decision, needs: readonly NodeId[], { job, defaults, live }: PlanInput): PlanNode {
  return {
    id: node.id,
    kind: node.kind,
    needs,
    ...decision,
    retry: retryPolicy(node.retry, job?.retry, defaults?.retry, isCommand(node) ? COMMAND_RETRY : undefined),
    timeoutMs: durationMs(node.timeout) ?? durationMs(defaults?.timeout) ?? null,
    ...admissionFields(node),
    ...(node.kind === "task" ? taskFields(node) : lastVersion(node, live)),
  };
}

/** The version that readers go on with when the node fails. */
function lastVersion(node: ProjectNode, live: PlanInput["live"]): Pick<PlanNode, "fallback"> {
  const kept = node.fallback === undefined || node.kind === "export" ? undefined : live.get(node.id);
  return kept === undefined ? {} : { fallback: { output: { kept: kept.version } } };
}

/** What is not a function reads nothing of what it comes after. */
function isOrderOnly(node: ProjectNode): boolean {
  return node.kind === "task" && node.action.kind !== "typescript";
}

function isCommand(node: ProjectNode): boolean {
  return node.kind === "task" && node.action.kind === "shell";
}

function removedAssets(graph: Graph, live: ReadonlyMap<NodeId, LiveInput>): PlannedRun["removed"] {
  const gone = [...live.keys()].filter((asset) => !graph.nodes.has(asset)).toSorted();
  return gone.map((asset) => ({ asset, reason: "no file of the project defines it any more; its data is kept" }));
}
