// The server of an attempt at what an engine builds: opened with the connection's settings, secrets filled in; and where the assets that are read are shown.
import type { CheckResult, CompiledCheck } from "../../load/check.ts";
import type { EngineServer, Place, RemotePlace } from "../../load/engine-port.ts";
import { connectorSettings } from "../../model/definitions/project.ts";
import type { EngineUse } from "../../model/definitions/engine.ts";
import type { AttemptLog } from "../../model/attempt.ts";
import { environmentSchema, ledgerAsset, viewOfKey } from "../../model/environment.ts";
import { MillraceError } from "../../model/errors.ts";
import type { ModelNode, NodeId, SourceNode } from "../../model/graph.ts";
import { resolvePlaceholders } from "../../project/placeholders.ts";
import type { Graph } from "../../plan/graph.ts";
import { ownerOf } from "../../sql/ledger/publish.ts";
import { ownerOfTables } from "../../sql/ledger/remotes.ts";
import type { Session } from "../../sql/session.ts";
import type { Definitions } from "../plan/definitions.ts";
import { engineOf, readersHere, readsHere } from "../plan/engines.ts";
import type { Workspace } from "../workspace.ts";

interface Remote {
  readonly node: ModelNode | SourceNode;
  readonly use: EngineUse;
  readonly attempt: { readonly signal: AbortSignal; readonly log: AttemptLog };
}

export async function remotePlace(workspace: Workspace, { graph }: Definitions, { node, use, attempt }: Remote): Promise<RemotePlace> {
  const warehouse = await workspace.warehouse();
  const owner = await (await workspace.commonWarehouse()).transaction((tx) => ownerOfTables(tx));
  const { name } = await workspace.environment();
  const known = await warehouse.session((session) => placesOf(session, graph, node.id));
  // Its own name means what is being built.
  const reads = new Map([...known, [node.id, viewOfKey(ledgerAsset(node.id, name))]]);
  const server = await serverOf(workspace, use, { ...attempt, owner });
  const searchPath = [...new Set([environmentSchema("main", name), "main"])];
  return { use, server, owner, reads, searchPath, isCopied: readersHere(graph, node.id).length > 0, here: readsHere(graph, node.id) };
}

interface Checking {
  readonly graph: Graph;
  readonly id: NodeId;
  readonly use: EngineUse;
  readonly checks: readonly CompiledCheck[];
}

/** Runs checks on what readers see there. */
export async function checkThere(workspace: Workspace, { graph, id, use, checks }: Checking): Promise<readonly CheckResult[]> {
  const warehouse = await workspace.warehouse();
  const reads = await warehouse.session((session) => placesOf(session, graph, id));
  const server = await serverOf(workspace, use, { signal: workspace.signal, log: () => {}, owner: "" });
  return server.check({ asset: id, shown: reads.get(id)!, reads, checks });
}

/** Where an asset and what it reads are shown on the server. */
async function placesOf(session: Session, graph: Graph, id: NodeId): Promise<ReadonlyMap<NodeId, Place>> {
  const places = new Map<NodeId, Place>();
  for (const each of new Set([...(graph.needs.get(id) ?? []), ...(graph.reads.get(id) ?? []), id])) {
    const node = graph.nodes.get(each);
    if (node !== undefined && engineOf(node) !== undefined) places.set(each, viewOfKey(await ownerOf(session, each)));
  }
  return places;
}

/** @throws MR105x for a secret or a variable that is missing. */
export async function serverOf(
  workspace: Workspace,
  use: EngineUse,
  { signal, log, owner }: Remote["attempt"] & { readonly owner: string },
): Promise<EngineServer> {
  const project = await workspace.projectWithErrors();
  const engine = await workspace.parts.engine(use.name);
  const settings = project.config.connections?.[use.connection];
  if (engine === undefined || settings === undefined)
    throw new MillraceError({ code: "MR4660", message: `there is no engine ${use.name} with the connection ${use.connection}` });
  const values = { env: process.env, secrets: workspace.secrets(), params: {} };
  const onSecret = (secret: string): void => workspace.useSecret(secret);
  return engine.open({
    connection: resolvePlaceholders(connectorSettings(settings), values, { onSecret }),
    projectDir: workspace.dir,
    tempDir: workspace.tempDir(),
    signal,
    owner,
    log: (level, message) => log(level, message),
  });
}
