// What every way of building shares: exactly once, reuse of what did not change, and one transaction that builds, audits and publishes.
//   M1. A (run, node) that was committed is reported again without work; a stale attempt is refused.
//   M2. The version is a hash of code, inputs and parameters: the same when nothing changed, and then nothing is built.
//   M3. A blocking check that fails rolls everything back: readers keep the version before.
import { stoppedByChecks } from "../load/audit.ts";
import { stoppedBy } from "../load/audit-port.ts";
import { isSameCode } from "../model/code-hash.ts";
import type { Contents } from "../sql/fingerprint/contents.ts";
import { alreadyCommitted, raiseFence } from "../sql/ledger/fence.ts";
import { keepVersion, physicalName, physicalTable, publish, readLiveVersion, type LiveVersion } from "../sql/ledger/publish.ts";
import type { Session, Transaction } from "../sql/session.ts";
import type { BuildRequest, BuildResult } from "../load/build-port.ts";
import { supersedeEarlier } from "../load/quarantine.ts";
import { hash, inputsKey } from "./hash.ts";

/** What is to be built, for the parts that all ways share. */
export interface Build {
  readonly asset: string;
  /** Parameters with their values; null when there are none. */
  readonly parametersKey: string | null;
  readonly request: BuildRequest;
  /** Nothing changed, so the live version stays: what is to be put right all the same, without a new version; undefined when there is nothing. */
  readonly upkeep?: (live: LiveVersion) => Promise<BuildResult | undefined>;
}

/** Runs `work` unless the attempt was committed already or nothing changed. `work` gets the version to publish. */
export async function buildOnce(build: Build, work: (version: string) => Promise<BuildResult>): Promise<BuildResult> {
  const { asset, request } = build;
  const { warehouse, token } = request;
  request.signal.throwIfAborted();
  await raiseFence(warehouse, token);
  const [done, live] = await warehouse.session(
    async (session) => [await alreadyCommitted(session, token), await readLiveVersion(session, asset)] as const,
  );
  if (done !== undefined) return done.result as BuildResult;
  const isSame = live !== undefined && isUnchanged(build, live);
  if (isSame && !request.fullRefresh && request.mayReuse !== false) return (await build.upkeep?.(live)) ?? reuse(build, live);
  if (live?.rolledBack != null && !request.fullRefresh && isUnchanged(build, live.rolledBack)) return reuse(build, live);
  // Built again although nothing we know of changed: the contents may differ, so the version must.
  const salt = isSame ? `${token.run}\0${token.node}\0${token.attempt}` : "";
  return work(versionOf(build, salt));
}

async function reuse({ asset, request }: Build, live: LiveVersion): Promise<BuildResult> {
  const result: BuildResult = { version: live.version, reused: true, rows: live.rows, quarantined: 0, checks: [] };
  await request.warehouse.transaction((tx) => keepVersion(tx, request.token, asset, live.version, result));
  return result;
}

/** Was this version (or the one that somebody went back from) made of what is there now? */
function isUnchanged({ request, parametersKey }: Build, live: Pick<LiveVersion, "codeHash" | "inputs" | "sourceState">): boolean {
  return isSameCode(live.codeHash, request.codeHash) && isSameInputs(live.inputs, request) && live.sourceState === parametersKey;
}

/** An input that stands in the version that was noted is the same, also where more is known of its contents by now. */
function isSameInputs(noted: Readonly<Record<string, string>>, { inputs, versions = inputs }: BuildRequest): boolean {
  const names = Object.keys(inputs);
  return (
    names.length === Object.keys(noted).length &&
    names.every((name) => noted[name] !== undefined && (noted[name] === inputs[name] || noted[name] === versions[name]))
  );
}

/** Ids of what is built; none for what is built again although nothing that is known of changed. */
export function contentsBuilt(build: Build, version: string): Contents | null {
  return version === versionOf(build, "") ? (build.request.contents ?? null) : null;
}

function versionOf({ request, parametersKey }: Build, salt: string): string {
  return hash(request.codeHash, inputsKey(request.inputs), parametersKey ?? "", salt);
}

/** Builds a table beside the live one with `fill`, which says how many rows it wrote, audits and publishes it, all in one transaction. */
export async function commitTable(
  build: Build,
  version: string,
  fill: (tx: Transaction, physical: string) => Promise<number>,
): Promise<BuildResult> {
  const { asset, request } = build;
  const { token } = request;
  const suffix = hash(version, token.run, token.node, token.attempt);
  return withInterrupt(request, async (tx) => {
    const physical = physicalName(asset, suffix);
    const table = physicalTable(physical);
    const built = await fill(tx, physical);
    const load = `b_${suffix}`;
    const { results } = await request.audit(tx, { asset, table, load, run: token.run, physical });
    if (stoppedBy(results) !== undefined) throw stoppedByChecks(asset, results, request.checks);
    // The table is made anew, and so is what its checks take out: records of earlier builds wait for nobody.
    await supersedeEarlier(tx, asset, load);
    const rows = request.checks.some((check) => check.onFail === "quarantine") ? await countRows(tx, table) : built;
    const result: BuildResult = { version, reused: false, rows, quarantined: built - rows, checks: results };
    await publish(tx, {
      asset,
      body: { kind: "table", physical, hidden: [], isMade: true },
      version,
      codeHash: request.codeHash,
      inputs: request.inputs,
      sourceState: build.parametersKey,
      contents: contentsBuilt(build, version),
      rows,
      checks: results,
      token,
      result: result,
    });
    return result;
  });
}

/** A transaction whose running statement ends when the attempt is aborted; then the reason of the abort is thrown. */
export async function withInterrupt<Result>(request: BuildRequest, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
  const { signal } = request;
  try {
    return await request.warehouse.transaction(async (tx) => {
      signal.throwIfAborted();
      const interrupt = (): void => tx.connection.interrupt();
      signal.addEventListener("abort", interrupt);
      try {
        return await work(tx);
      } finally {
        signal.removeEventListener("abort", interrupt);
      }
    });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw error;
  }
}

export async function countRows(session: Session, table: string): Promise<number> {
  const row = await session.row<{ n: number }>(`select count(*) as n from ${table}`);
  return row?.n ?? 0;
}
