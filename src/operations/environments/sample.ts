// Environments of the kind e2e build everything themselves; where they name a sample, from some of prod's rows in place of a load of their own.
import type { Attempt, AttemptResult } from "../../model/attempt.ts";
import type { ExtractNode, NodeId, SourceNode } from "../../model/graph.ts";
import { safeEnvironmentName } from "../../project/environment.ts";
import { alreadyCommitted, raiseFence } from "../../sql/ledger/fence.ts";
import { assetView, physicalName, physicalTable, publish, readLiveVersion, type LiveVersion } from "../../sql/ledger/publish.ts";
import type { Workspace } from "../workspace.ts";

const SEED = 42;

/** `sample` of the environment, as SQL; null where it has none. */
export async function sampleOf(workspace: Workspace): Promise<string | null> {
  const { name, kind } = await workspace.environment();
  if (kind !== "e2e") return null;
  const { environments = {} } = await workspace.config();
  const own = Object.entries(environments).find(([key]) => key !== "*" && safeEnvironmentName(key) === name)?.[1];
  const sample = (own ?? environments["*"])?.sample;
  if (sample === undefined) return null;
  return typeof sample === "number" ? `reservoir(${sample} rows)` : `bernoulli(${sample})`;
}

/** What a sampled source is made of: the same as long as prod's version is. */
export function sampleState(sample: string, theirs: Pick<LiveVersion, "version">): string {
  return `${sample} of ${theirs.version}`;
}

/** Are its rows some of prod's? It is asked of the version: millrace.yaml may have changed since. */
export function isSampled({ sourceState }: Pick<LiveVersion, "sourceState">): boolean {
  return sourceState !== null && /^(reservoir|bernoulli)\(.+\) of /.test(sourceState);
}

/** Loads a source of the environment with a sample of prod's rows; undefined where prod has none to take. */
export async function sampleAttempt(
  workspace: Workspace,
  request: { readonly sample: string; readonly asset: NodeId; readonly node: SourceNode | ExtractNode; readonly fullRefresh: boolean },
  attempt: Attempt,
): Promise<AttemptResult | undefined> {
  const { sample, asset, node, fullRefresh } = request;
  const warehouse = await workspace.commonWarehouse();
  const [theirs, mine] = await warehouse.session(
    async (session) => [await readLiveVersion(session, asset), await readLiveVersion(session, node.id)] as const,
  );
  if (theirs?.physical == null) return undefined;
  const token = { run: attempt.run, node: attempt.node, attempt: attempt.attempt };
  await raiseFence(warehouse, token);
  const done = await warehouse.session((session) => alreadyCommitted(session, token));
  if (done !== undefined) return rowsOf(Number(done.result));
  const sourceState = sampleState(sample, theirs);
  if (mine?.sourceState === sourceState && mine.codeHash === node.codeHash && !fullRefresh) return { reused: true };
  const rows = await warehouse.transaction(async (tx) => {
    const physical = physicalName(node.id, `${attempt.run}_${attempt.attempt}`);
    await tx.run(
      `create table ${physicalTable(physical)} as select * from ${assetView(asset)} using sample ${sample} repeatable (${SEED})`,
    );
    const counted = (await tx.row<{ n: number }>(`select count(*) as n from ${physicalTable(physical)}`))!.n;
    await publish(tx, {
      asset: node.id,
      body: { kind: "table", physical, hidden: [] },
      version: `${attempt.run}_${attempt.attempt}`,
      codeHash: node.codeHash,
      inputs: {},
      sourceState,
      rows: counted,
      token,
      result: counted,
    });
    return counted;
  });
  return rowsOf(rows);
}

function rowsOf(rows: number): AttemptResult {
  return { rows: { read: rows, loaded: rows, quarantined: 0, filtered: 0 } };
}

/** What is decided from: in e2e all but what is taken from prod is the environment's own, or not there yet. */
export function ownVersions(
  kind: string,
  live: ReadonlyMap<NodeId, LiveVersion>,
  given: ReadonlyMap<NodeId, string>,
): ReadonlyMap<NodeId, LiveVersion> {
  if (kind !== "e2e") return live;
  return new Map([...live].filter(([id, { asset }]) => given.has(id) || asset !== id));
}
