// `plan`: what a request would do and why. Sources that can tell cheaply whether they changed are asked; nothing is read, nothing is done.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { combineErrors, messageOf, MillraceError } from "../../model/errors.ts";
import type { PlanAnswer } from "../../model/answers.ts";
import { PROD } from "../../model/environment.ts";
import type { NodeId, ProjectNode } from "../../model/graph.ts";
import type { SourceState } from "../../plan/decide.ts";
import { partitionWorld } from "../partitions/facts.ts";
import { partitionPlanner, type PartitionPlanner, type PartitionWishes } from "../partitions/plan.ts";
import type { PartitionWorld } from "../../plan/partitions/status.ts";
import { select } from "../../plan/selection.ts";
import { splitNodeId } from "../../model/partition.ts";
import { planRun, toPlanAnswer, type PlannedRun } from "../../plan/plan.ts";
import type { Project } from "../../project/reader.ts";
import { unresolvedPlaceholders } from "../../project/unresolved.ts";
import { readKept } from "../../sql/environments/kept.ts";
import { readLive, type LiveVersion } from "../../sql/ledger/publish.ts";
import { unknownJob } from "../jobs/parameters.ts";
import { parametersOf } from "../runs/parameters.ts";
import { dueLookbacks } from "./due.ts";
import { defineProject, type Definitions } from "./definitions.ts";
import { noteDefinitions } from "./noted.ts";
import { acceptedWorld, type Beginning, builtWhole, restated, type Restatement } from "./restate.ts";
import { snapshotOf } from "./snapshot.ts";
import { readingsOf } from "./readings.ts";
import { begunElsewhere } from "../environments/begun.ts";
import { ownVersions, sampleOf, sampleState } from "../environments/sample.ts";
import { reachOf, stateOf } from "../attempts/sources.ts";
import type { Workspace } from "../workspace.ts";
import { upkeepReasons } from "./upkeep.ts";

export interface PlanRequest {
  readonly job?: string;
  readonly select?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly fullRefresh?: boolean;
  /** For those who also ask where columns come from; default: tables. */
  readonly lineage?: "columns";
  /** Why everything is built, where it is not --full-refresh that asks for it. */
  readonly because?: string;
  /** A partition or a range of them, of every selected asset that has such. */
  readonly partition?: string;
  /** Code that changed is for new intervals and partitions: those that are there stay. */
  readonly forwardOnly?: boolean;
  /** Intervals or partitions of one asset that are made again, whatever they are; `to` is the last one, included. */
  readonly restate?: Restatement;
  /** What a backfill asks for, in place of what is due. */
  readonly backfill?: Pick<PartitionWishes, "wish" | "batchMs" | "priority" | "pinned">;
}

export interface Planned extends PlannedRun {
  /** What `beginWork` does before the work. */
  readonly begins: Beginning;
  readonly definitions: Definitions;
  readonly params: Readonly<Record<string, string>>;
  /** What each source said of its state. */
  readonly sources: ReadonlyMap<NodeId, SourceState>;
  /** Nodes that prod has for this environment, with the reason. */
  readonly given: ReadonlyMap<NodeId, string>;
  /** Sentences for people: partitions that were left out. */
  readonly notes: ReturnType<PartitionPlanner["notes"]>;
  readonly chosen: PartitionPlanner["chosen"];
  /** Undefined where no asset has partitions. */
  readonly world: PartitionWorld | undefined;
}

/** Of `tables:`: what has vanished, what could not be listed again. */
function tableNotes({ warnings }: Pick<Project, "warnings">): ReturnType<PartitionPlanner["notes"]> {
  return warnings
    .filter(({ code }) => code === "MR4859" || code === "MR4860")
    .map(({ location, message }) => ({ asset: location?.file ?? "", message }));
}

/** @throws all errors of the project in one, MR2020 for a selection that matches nothing, MR6103 for an unknown job. */
export async function planOperation(workspace: Workspace, asked: PlanRequest): Promise<Planned> {
  const project = await workspace.projectWithWarehouse();
  const { request, reasons, forget } = restated(project.nodes, asked);
  const job = request.job === undefined ? undefined : project.jobs.find((each) => each.name === request.job);
  if (request.job !== undefined && job === undefined) {
    await workspace.project(); // the job may be missing only because its file has an error: that is what helps
    throw unknownJob(project, request.job);
  }
  const params = await parametersFor(workspace, job?.spec.params ?? {}, request.params ?? {});
  const warehouse = await workspace.warehouse();
  const live = await warehouse.session((session) => readLive(session));
  const environment = await workspace.environment();
  const isForward = request.forwardOnly === true;
  const defined = await defineProject(workspace, { live, lineage: request.lineage ?? "tables", params, job, forwardOnly: isForward });
  const gone = missingOutputs(workspace, defined, live);
  const definitions = { ...defined, alwaysBuild: new Map([...defined.alwaysBuild, ...gone, ...reasons]) };
  const selection = request.select ?? (job?.spec.select === undefined ? undefined : [job.spec.select].flat().join(" "));
  const { graph } = definitions;
  const selected = new Set(selection === "" ? [] : select(graph, selection));
  const given = await givenByProd(workspace, { graph, live, selected, selection, request, restated: reasons });
  // Code that is for what is new goes on with the partitions that prod has.
  const withProds = isForward && environment.kind !== "e2e" ? live : given;
  const known = await partitionWorld(workspace, { graph, live, given: withProds, nowMs: Date.now() });
  const { world, accept } = isForward ? acceptedWorld(known) : { world: known, accept: new Map<NodeId, string>() };
  const partitions = partitionPlanner(graph, world, {
    ...request.backfill,
    partition: request.partition,
    fullRefresh: request.fullRefresh ?? false,
    selected,
  });
  const sources = await sourceStates(workspace, definitions, { live, params, given });
  const planned = planRun({
    graph,
    selection,
    decidePartitions: (id, decided) => partitions.decide(id, decided),
    ...(request.select === undefined ? { always: definitions.jobTasks } : {}),
    live: ownVersions(environment.kind, live, given),
    sources,
    ...(given.size === 0 ? {} : { given }),
    ...(environment.name === PROD ? {} : { environment: environment.name }),
    alwaysBuild: definitions.alwaysBuild,
    due: new Map([
      ...(await dueLookbacks(warehouse, { graph, live, nowMs: Date.now() })),
      ...(await begunElsewhere(workspace, { graph, live })),
    ]),
    readings: readingsOf(definitions, { live, fullRefresh: request.fullRefresh ?? false }),
    rewritten: definitions.rewritten,
    upkeep: await upkeepReasons(workspace, { graph, live }),
    fullRefresh: request.fullRefresh ?? false,
    because: request.because,
    job: job === undefined ? undefined : { ...job.spec, name: job.name, key: keyOf(job.spec.key, params) },
    params,
    defaults: project.config.defaults,
    concurrency: project.config.defaults?.concurrency,
  });
  const plan = { ...planned.plan, nodes: partitions.expand(planned.plan.nodes) };
  return {
    ...planned,
    plan,
    definitions,
    params,
    sources,
    given,
    begins: { ...(forget === undefined ? {} : { forget }), accept },
    notes: [...partitions.notes(), ...tableNotes(project), ...(isForward ? builtWhole(graph.nodes.values(), live) : [])],
    chosen: partitions.chosen,
    world,
  };
}

interface Giving {
  readonly graph: Definitions["graph"];
  readonly live: ReadonlyMap<NodeId, LiveVersion>;
  readonly selected: ReadonlySet<NodeId>;
  readonly selection: string | undefined;
  readonly request: PlanRequest;
  readonly restated: ReadonlyMap<NodeId, string>;
}

/** What another environment has from prod as long as nothing is asked for. */
export async function givenHere(workspace: Workspace, known: Pick<Giving, "graph" | "live">): Promise<ReadonlyMap<NodeId, string>> {
  const selected = new Set(known.graph.nodes.keys());
  return givenByProd(workspace, { ...known, selected, selection: undefined, request: {}, restated: new Map() });
}

/** What another environment takes from prod; empty in prod. */
async function givenByProd(workspace: Workspace, { graph, live, ...asked }: Giving): Promise<ReadonlyMap<NodeId, string>> {
  const environment = await workspace.environment();
  if (environment.name === PROD) return new Map();
  const { forcedNodes, keptNodes, reusedFromProd } = await import("../environments/reuse.ts");
  const common = await workspace.commonWarehouse();
  const [prod, kept] = await common.session(
    async (session) => [await readLive(session), await readKept(session, environment.name)] as const,
  );
  const isSampled = (await sampleOf(workspace)) !== null;
  const forced = new Set([...forcedNodes({ graph, ...asked }), ...keptNodes(kept, { environment, live, prod })]);
  return reusedFromProd({ graph, environment, live, prod, isSampled, forced });
}

/** A parameter may be wrong only because the job's file is: that is told first. */
async function parametersFor(workspace: Workspace, ...request: Parameters<typeof parametersOf>): Promise<ReturnType<typeof parametersOf>> {
  try {
    return parametersOf(...request);
  } catch (error) {
    await workspace.project();
    throw error;
  }
}

/** The key of a run, its parameters filled in. */
function keyOf(key: string | undefined, params: Readonly<Record<string, string>>): string | undefined {
  return key?.replaceAll(/\$\{param:([\w.-]+)\}/g, (_, name: string) => params[name] ?? "");
}

/** Exports whose files somebody took away since they were written, with the reason to write them again. */
function missingOutputs(workspace: Workspace, { graph }: Definitions, live: ReadonlyMap<NodeId, LiveVersion>): ReadonlyMap<NodeId, string> {
  const missing = new Map<NodeId, string>();
  for (const node of graph.nodes.values()) {
    if (node.kind !== "export" || node.connector !== "files" || !live.has(node.id)) continue;
    const { path } = node.options as { readonly path?: unknown };
    if (typeof path !== "string" || path.includes("${")) continue; // where that leads is known to the attempt
    if (!existsSync(resolve(workspace.dir, path))) missing.set(node.id, `${path} is not there any more`);
  }
  return missing;
}

/** A plan that can be carried out. @throws as planOperation; MR8009 for an asset that was never built, MR105x for a variable or secret that is missing. */
export async function planForRun(workspace: Workspace, request: PlanRequest): Promise<Planned> {
  const planned = await planOperation(workspace, request);
  const project = await workspace.project();
  if (project.config.calendars !== undefined || planned.definitions.usesCalendars)
    await (await import("../attempts/calendars.ts")).prepareCalendars(await workspace.warehouse(), project);
  refuseMissing(planned);
  await refuseUnresolved(workspace, planned);
  await noteDefinitions(await workspace.commonWarehouse(), snapshotOf(project, planned.definitions), assetsOf(planned));
  return planned;
}

function assetsOf({ plan }: Planned): ReadonlySet<NodeId> {
  return new Set(plan.nodes.map(({ id, partition }) => (partition === undefined ? id : splitNodeId(id).asset)));
}

/** Variables and secrets that the plan's nodes need and do not have are told before anything runs. @throws all of them in one. */
async function refuseUnresolved(workspace: Workspace, { plan, definitions }: Planned): Promise<void> {
  const ids = new Set(plan.nodes.map(({ id, partition }) => (partition === undefined ? id : splitNodeId(id).asset)));
  const nodes = [...ids].map((id) => definitions.graph.nodes.get(id)!);
  const missing = unresolvedPlaceholders(await workspace.project(), nodes, { env: process.env, secrets: workspace.secrets() }, plan.job);
  if (missing.length > 0) throw combineErrors("MR1001", missing);
}

export function planAnswer(planned: PlannedRun): PlanAnswer {
  return toPlanAnswer(planned);
}

interface SourcesAsked {
  readonly live: ReadonlyMap<NodeId, LiveVersion>;
  readonly params: Readonly<Record<string, string>>;
  readonly given: ReadonlyMap<NodeId, string>;
}

async function sourceStates(
  workspace: Workspace,
  { graph }: Definitions,
  { live, params, given }: SourcesAsked,
): Promise<ReadonlyMap<NodeId, SourceState>> {
  const asked = [...graph.nodes.values()].filter(({ id }) => live.has(id) && !given.has(id));
  const sample = await sampleOf(workspace);
  if (sample !== null) return sampledStates(workspace, sample, asked);
  return statesOf(workspace, asked, params);
}

/** A sample is news when prod's version is. */
async function sampledStates(
  workspace: Workspace,
  sample: string,
  nodes: readonly ProjectNode[],
): Promise<ReadonlyMap<NodeId, SourceState>> {
  const prod = await (await workspace.commonWarehouse()).session((session) => readLive(session));
  return new Map(
    nodes.flatMap(({ id }) => (prod.has(id) ? [[id, { token: sampleState(sample, prod.get(id)!), detail: "" }] as const] : [])),
  );
}

/** What the sources among these nodes say of their state. */
export async function statesOf(
  workspace: Workspace,
  nodes: readonly ProjectNode[],
  params: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<NodeId, SourceState>> {
  const project = await workspace.project();
  const warehouse = await workspace.warehouse();
  const states = new Map<NodeId, SourceState>();
  for (const node of nodes) {
    if (node.kind !== "source") continue;
    try {
      const reach = reachOf(workspace, project, node, { params, signal: workspace.signal, log: () => {} });
      const token = await warehouse.session(({ connection }) => stateOf(reach, connection));
      states.set(node.id, { token, detail: "" });
    } catch (thrown) {
      // A file that is gone, a folder that cannot be read: the run will say so at its node.
      states.set(node.id, { token: null, detail: messageOf(thrown) });
    }
  }
  return states;
}

function refuseMissing({ missing }: Planned): void {
  const [first] = missing;
  if (first === undefined) return;
  throw new MillraceError({
    code: "MR8009",
    message: `${first.node} reads ${first.needs}, which was never built and is not selected`,
    hint: `select it too: --select '+${first.node}'`,
  });
}
