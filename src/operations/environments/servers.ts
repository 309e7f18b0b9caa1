// What readers on servers see follows what the ledger says: after a rollback, a promotion or a drop, in its transaction and as its last step, so that a
// server that does not answer leaves both as they were.
import type { EngineShown, Place } from "../../load/engine-port.ts";
import { environmentSchema, PROD, splitLedgerAsset, viewOfKey } from "../../model/environment.ts";
import type { AttemptLog } from "../../model/attempt.ts";
import { MillraceError } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import {
  assetsAside,
  forgetRemotes,
  hasRemotes,
  leftRemotes,
  ownerOfTables,
  ownRemotes,
  readShownRemotes,
  type Remote,
  serversOf,
} from "../../sql/ledger/remotes.ts";
import type { Transaction } from "../../sql/session.ts";
import type { Warehouse } from "../../sql/warehouse.ts";
import { serverOf } from "../attempts/engine.ts";
import type { Workspace } from "../workspace.ts";

/** @throws MR4666, MR4667, and what says that a server cannot be reached; then nothing has changed there. */
export async function showOnServers(workspace: Workspace, tx: Transaction, assets: readonly NodeId[]): Promise<void> {
  const servers = await serversOf(tx, assets);
  if (servers.length === 0) return;
  const owner = await ownerOfTables(tx);
  const wanted = await readShownRemotes(tx, assets);
  for (const { engine, connection } of servers) {
    const server = await serverOf(workspace, { name: engine, connection }, { signal: workspace.signal, log: () => {}, owner });
    const versions: EngineShown[] = [];
    for (const remote of wanted) if (remote.engine === engine && remote.connection === connection) versions.push(await shownAs(tx, remote));
    await server.show(assets, versions);
  }
}

const known = new WeakMap<Warehouse, Promise<boolean>>();

/** What is built in the warehouse by now, and stood on a server before, is no longer shown there; once nothing there reads it any more. */
export async function leaveServers(workspace: Workspace, log: AttemptLog): Promise<void> {
  const warehouse = await workspace.commonWarehouse();
  const some = known.get(warehouse) ?? warehouse.session((session) => hasRemotes(session));
  known.set(warehouse, some);
  if (!(await some)) return; // projects without engines are asked once
  const left = await warehouse.session((session) => leftRemotes(session));
  if (left.length === 0) return;
  try {
    await warehouse.transaction(async (tx) => {
      await showOnServers(
        workspace,
        tx,
        left.map((key) => splitLedgerAsset(key).asset),
      );
      for (const key of left) await forgetRemotes(tx, key);
    });
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    log("info", `the views on the server of what is built in the warehouse now are still there: ${error.message}`);
  }
}

/** What an act put aside, and no environment holds any more, is no longer shown on servers; one that does not answer keeps its views. */
export async function hideOnServers(workspace: Workspace, act: string): Promise<void> {
  const warehouse = await workspace.commonWarehouse();
  try {
    await warehouse.transaction(async (tx) => showOnServers(workspace, tx, await assetsAside(tx, act)));
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
  }
}

async function shownAs(tx: Transaction, { asset: key, version, physical, sql }: Remote): Promise<EngineShown> {
  const { asset, environment } = splitLedgerAsset(key);
  const own =
    environment === null || environment === PROD || physical !== null ? new Map<string, string>() : await ownRemotes(tx, environment);
  const reads = new Map([...own].map(([name, of]): [string, Place] => [name, viewOfKey(of)]));
  const searchPath = [...new Set([environmentSchema("main", environment ?? PROD), "main"])];
  return { shown: viewOfKey(key), asset, version, sql, reads, searchPath };
}
