// What an attempt at a node does, by the node's kind. This is all that the engine's executor calls.
import { auditWith, StoppedByChecks } from "../../load/audit.ts";
import type { Attempt, AttemptHandler, AttemptResult } from "../../model/attempt.ts";
import { ledgerAsset, PROD } from "../../model/environment.ts";
import { MillraceError } from "../../model/errors.ts";
import type { ExtractNode, ModelNode, ProjectNode, SourceNode, TransformNode } from "../../model/graph.ts";
import { splitNodeId } from "../../model/partition.ts";
import { OUTSIDE_RULE } from "../../load/partition-port.ts";
import { attemptPartition, contextOf, placeholdersOf, withoutCode } from "./partition.ts";
import { macrosOf } from "../../sql/functions/macros.ts";
import { typedValues } from "../../sql/parameters.ts";
import type { Definitions } from "../plan/definitions.ts";
import { engineOf, readersHere } from "../plan/engines.ts";
import { type Amendment, amendAttempt, isLoaded } from "../quarantine/amendment.ts";
import { exportAttempt } from "./export.ts";
import type { BuildRequest, BuildResult, InputStates } from "../../load/build-port.ts";
import type { JobPort } from "../../load/task-port.ts";
import { type ReplayAttempt, replayAttempt } from "./replay.ts";
import type { Replay } from "../assets/replay-port.ts";
import { madeOf } from "./made-of.ts";
import { sourceAttempt, type SourceRequest } from "./source.ts";
import { remotePlace } from "./engine.ts";
import { withExternalPath } from "./external-path.ts";
import { sourceOf, statesOf } from "./states.ts";
import { taskNodeAttempt } from "./task-node.ts";
import { deliveriesOf, keptOf, reachOf, stateOf } from "./sources.ts";
import { installFunctions } from "../functions/install.ts";
import { sampleAttempt, sampleOf } from "../environments/sample.ts";
import { leaveServers } from "../environments/servers.ts";
import { environmentWarehouse } from "../environments/warehouse.ts";
import type { Workspace } from "../workspace.ts";

export interface AttemptsRequest {
  readonly definitions: Definitions;
  readonly params: Readonly<Record<string, string>>;
  readonly fullRefresh: boolean;
  /** Starts the runs of sub-jobs; without it a task of the kind `job` is a bug. */
  readonly jobs?: JobPort | undefined;
  readonly amendment?: Amendment;
  /** In place of a load: a source is built again from its raw zone. */
  readonly replay?: Replay;
  /** Partitions may be built with other code than they were planned with. */
  readonly allowCodeChange?: boolean;
}

const CAUSES_MAX = 8;

/** The handler of all attempts of a run. */
export function attemptHandler(workspace: Workspace, request: AttemptsRequest): AttemptHandler {
  return async (attempt) => {
    const node = request.definitions.graph.nodes.get(definedNode(attempt));
    if (node === undefined) throw new MillraceError({ code: "MR6102", message: `${attempt.node} is no longer in the project` });
    try {
      return await attemptNode(workspace, request, node, attempt);
    } catch (thrown) {
      hideSecrets(thrown, (text) => workspace.redact(text));
      // What the checks found is kept with the failure: it is what a person wants to see first.
      if (thrown instanceof StoppedByChecks) return { checks: thrown.results, error: thrown };
      throw thrown;
    }
  };
}

/** What a command or a server said last may hold a secret; it becomes an event and stays in the state. */
function hideSecrets(thrown: unknown, redact: (text: string) => string): void {
  let error: unknown = thrown;
  for (let depth = 0; error instanceof Error && depth < CAUSES_MAX; depth++) {
    error.message = redact(error.message);
    if (error.stack !== undefined) error.stack = redact(error.stack);
    if (error instanceof MillraceError && error.hint !== undefined) Object.assign(error, { hint: redact(error.hint) });
    error = error.cause;
  }
}

/** The node of the project: without the number of an item, without a partition. */
function definedNode({ node, item, partition }: Attempt): string {
  if (item !== undefined) return node.replace(/\[\d+\]$/, "");
  return partition === undefined ? node : splitNodeId(node).asset;
}

async function attemptNode(workspace: Workspace, request: AttemptsRequest, defined: ProjectNode, attempt: Attempt): Promise<AttemptResult> {
  const { params, fullRefresh, definitions } = request;
  const node = defined.kind === "task" ? defined : await ownNode(workspace, definitions, defined);
  if (node.kind === "task") {
    const own = attempt.partition === undefined ? undefined : await attemptPartition(definitions, node, { attempt, warehouse: null });
    return taskNodeAttempt(workspace, request, { node, attempt, ...(own === undefined ? {} : { partition: contextOf(own) }) });
  }
  const [project, warehouse] = [await workspace.project(), await workspace.warehouse()];
  const isView = defined.kind === "model" && defined.spec.materialize === "view";
  if (node.kind === "model" || node.kind === "export") await installFunctions(project, warehouse, isView ? { view: defined.id } : {});
  const partition = await attemptPartition(definitions, defined, {
    attempt: request.allowCodeChange === true ? withoutCode(attempt) : attempt,
    warehouse,
  });
  const { amendment } = request;
  if (amendment?.asset === defined.id && isLoaded(node)) {
    return amendAttempt(
      { warehouse, node, amendment, checks: definitions.checks.get(defined.id) ?? [], tempDir: workspace.tempDir() },
      attempt,
    );
  }
  const sample = isLoaded(node) && isLoaded(defined) && request.replay === undefined ? await sampleOf(workspace) : null;
  const sampled =
    sample === null
      ? undefined
      : await sampleAttempt(workspace, { sample, asset: defined.id, node: node as SourceNode, fullRefresh }, attempt);
  if (sampled !== undefined) return sampled;
  const partitioned = partition === undefined ? {} : { partition };
  const checks = definitions.checks.get(defined.id) ?? [];
  if (request.replay?.asset === defined.id && isLoaded(node)) {
    return replayAttempt({ ...(await replayOf(workspace, request, defined as typeof node, attempt, request.replay)), node }, attempt);
  }
  const placeholders = partition === undefined ? {} : { partition: placeholdersOf(partition) };
  const reachRequest = { params, signal: attempt.signal, log: attempt.log, ...placeholders };
  switch (node.kind) {
    case "source": {
      if (node.engine !== undefined) {
        const reach = reachOf(workspace, project, defined as typeof node, reachRequest);
        const build = await buildRequest(workspace, request, defined as typeof node, attempt);
        const remote = await remotePlace(workspace, request.definitions, { node: defined as typeof node, use: node.engine, attempt });
        return builtResult(await workspace.parts.standSource({ ...build, asset: node.id, options: reach.options, remote }), attempt);
      }
      const reach = reachOf(workspace, project, defined as typeof node, reachRequest);
      return sourceAttempt(
        {
          warehouse,
          asset: node.id,
          spec: node.spec,
          codeHash: node.codeHash,
          checks,
          repair: repairOf(reach.options),
          fullRefresh,
          tempDir: workspace.tempDir(),
          state: (connection) => stateOf(reach, connection),
          ...rawOf(workspace, node, reach.connector.capabilities.resume === true ? { resumes: reach.options } : {}),
          ...partitioned,
          deliveries: (connection, start) => deliveriesOf(reach, connection, start),
        },
        attempt,
      );
    }
    case "extract":
      return sourceAttempt(
        {
          warehouse,
          asset: node.id,
          spec: node.spec,
          codeHash: node.codeHash,
          checks,
          repair: "note",
          fullRefresh,
          tempDir: workspace.tempDir(),
          state: async () => null,
          ...rawOf(workspace, node, {}),
          ...partitioned,
          deliveries: (_connection, { since }) =>
            workspace.parts.extract(defined as typeof node, {
              projectDir: workspace.codeDir,
              tempDir: workspace.tempDir(),
              since,
              ...(partition === undefined ? {} : { partition: contextOf(partition) }),
              signal: attempt.signal,
              connections: {},
              log: attempt.log,
            }),
        },
        attempt,
      );
    case "model": {
      const build = await buildRequest(workspace, request, defined as typeof node, attempt);
      const mayReuse = !definitions.alwaysBuild.has(defined.id);
      const parameters = { now: new Date(attempt.firstStartedAt), param: typedValues(definitions.paramTypes, params) };
      const { dir: projectDir } = workspace;
      const states = await replayedStates(workspace, request, { id: defined.id, attempt });
      const { engine: use } = node;
      const remote =
        use === undefined ? {} : { remote: await remotePlace(workspace, definitions, { node: defined as typeof node, use, attempt }) };
      const result = builtResult(
        await workspace.parts.buildModel(withExternalPath(workspace, node, params), {
          ...build,
          ...partitioned,
          ...states,
          ...remote,
          mayReuse,
          parameters,
          macros: macrosOf(project),
          projectDir,
        }),
        attempt,
      );
      if (use === undefined) await leaveServers(workspace, attempt.log);
      return result;
    }
    case "transform": {
      const build = await buildRequest(workspace, request, defined as typeof node, attempt);
      return builtResult(
        await workspace.parts.buildTransform(node, { ...build, ...partitioned, projectDir: workspace.codeDir, log: attempt.log }),
        attempt,
      );
    }
    case "export": {
      const reach = reachOf(workspace, project, defined as typeof node, reachRequest);
      const needs = definitions.graph.needs.get(defined.id) ?? [];
      return exportAttempt(
        {
          warehouse,
          node,
          connector: reach.connector,
          options: reach.options,
          context: { ...reach.context, since: undefined },
          needs,
          fullRefresh: fullRefresh || definitions.alwaysBuild.has(defined.id),
        },
        attempt,
      );
    }
    default:
      return node satisfies never;
  }
}

/** The node under the key of what this environment has of its own; its name means that from now on. */
async function ownNode<Node extends ProjectNode>(workspace: Workspace, { graph }: Definitions, node: Node): Promise<Node> {
  const { name } = await workspace.environment();
  if (name === PROD) return node;
  const isSeenHere = node.kind !== "export" && (engineOf(node) === undefined || readersHere(graph, node.id).length > 0);
  if (isSeenHere) await (await environmentWarehouse(workspace)).prepare(node.id);
  return { ...node, id: ledgerAsset(node.id, name) };
}

async function buildRequest(
  workspace: Workspace,
  request: AttemptsRequest,
  node: ModelNode | TransformNode | SourceNode,
  attempt: Attempt,
): Promise<BuildRequest> {
  const warehouse = await workspace.warehouse();
  const checks = request.definitions.checks.get(node.id) ?? [];
  const needs = request.definitions.graph.needs.get(node.id) ?? [];
  return {
    warehouse,
    token: { run: attempt.run, node: attempt.node, attempt: attempt.attempt },
    ...(await warehouse.session((session) => madeOf(session, request.definitions, { node, needs }))),
    checks,
    audit: auditWith(checks),
    fullRefresh: request.fullRefresh,
    signal: attempt.signal,
  };
}

function builtResult(
  { rows, quarantined, checks, reused, filtered = 0, notes = [] }: BuildResult,
  { log, partition }: Attempt,
): AttemptResult {
  for (const note of notes) log("info", note);
  const counts = rows === null ? {} : { rows: { read: rows + quarantined + filtered, loaded: rows, quarantined, filtered } };
  if (filtered > 0 && partition !== undefined)
    log("warn", `${filtered} rows belong to other partitions and were left out (${OUTSIDE_RULE})`);
  return { ...counts, checks, reused };
}

/** The connector is asked for nothing but how it reads files. */
async function replayOf(
  workspace: Workspace,
  { definitions, params }: AttemptsRequest,
  node: SourceNode | ExtractNode,
  { signal, log }: Attempt,
  replay: Replay,
): Promise<ReplayAttempt> {
  const [project, warehouse] = [await workspace.project(), await workspace.warehouse()];
  const reach = node.kind === "source" ? reachOf(workspace, project, node, { params, signal, log }) : undefined;
  return {
    warehouse,
    node,
    replay,
    checks: definitions.checks.get(node.id) ?? [],
    repair: reach === undefined ? "note" : repairOf(reach.options),
    tempDir: workspace.tempDir(),
    root: workspace.stateDir("raw"),
    file: reach?.connector.kept === undefined ? undefined : (file, connection) => keptOf(reach, connection, file),
  };
}

/** What a snapshot is made of again, where that is what was asked for. */
async function replayedStates(
  workspace: Workspace,
  request: AttemptsRequest,
  { id, attempt }: { readonly id: string; readonly attempt: Attempt },
): Promise<{ readonly states?: InputStates }> {
  if (request.replay?.asset !== id) return {};
  const source = sourceOf(request.definitions, id);
  return { states: await statesOf(source, await replayOf(workspace, request, source, attempt, request.replay), attempt) };
}

/** Where what a source gives is kept. */
function rawOf(
  workspace: Workspace,
  { spec }: SourceNode | ExtractNode,
  resuming: { readonly resumes?: unknown },
): Pick<SourceRequest, "raw"> {
  return spec.raw === "off" ? {} : { raw: { root: workspace.stateDir("raw"), ...resuming } };
}

/** `repair:` stands among the options of connectors that read files. */
function repairOf(options: unknown): "note" | "quarantine" {
  return typeof options === "object" && options !== null && "repair" in options && options.repair === "quarantine" ? "quarantine" : "note";
}
