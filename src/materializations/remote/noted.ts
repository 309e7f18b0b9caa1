// What the ledger keeps of an incremental build on a server: which intervals its version holds, and what was done and why.
import type { BuildResult } from "../../load/build-port.ts";
import type { EngineBuilt } from "../../load/engine-port.ts";
import { writeIncrement } from "../../sql/ledger/intervals.ts";
import { keepVersion, type LiveVersion, readLiveVersion } from "../../sql/ledger/publish.ts";
import type { Transaction } from "../../sql/session.ts";
import type { Build } from "../commit.ts";

/** As the server keeps it in its note. */
export type Said = { readonly ranges: { readonly startMs: number; readonly endMs: number }[]; readonly reason: string };

export interface Noting {
  readonly build: Build;
  readonly built: EngineBuilt;
  /** Of an incremental model. */
  readonly mode: string | undefined;
}

/** Nothing that readers see changed; that it was looked at is noted, so that it is not looked at again. */
export async function keep(
  tx: Transaction,
  { build, built, mode }: Noting,
): Promise<{ readonly live: LiveVersion; readonly result: BuildResult }> {
  const { asset, request } = build;
  const live = await readLiveVersion(tx, asset);
  if (live === undefined) throw new Error("only what stands can be kept");
  const { version, rows } = live;
  const result: BuildResult = { version, reused: true, rows, quarantined: 0, checks: [], notes: notesOf(built) };
  await keepVersion(tx, request.token, asset, version, result, build.parametersKey);
  await tx.run("update _millrace.versions set inputs = $3 where asset = $1 and version = $2", [
    asset,
    version,
    JSON.stringify(request.inputs),
  ]);
  await noteIncrement(tx, { build, built, mode, version });
  return { live, result };
}

export async function noteIncrement(
  tx: Transaction,
  { build, built, mode, version }: Noting & { readonly version: string },
): Promise<void> {
  const { asset, request } = build;
  if (mode === undefined || built.said === undefined) return;
  const { ranges, reason } = built.said as Said;
  const held = ranges.map((range) => ({ ...range, codeHash: request.codeHash }));
  await writeIncrement(tx, { asset, version, run: request.token.run }, { mode, reads: {}, ranges: held, reason });
}

export function notesOf({ said }: EngineBuilt): readonly string[] {
  return said === undefined ? [] : [(said as Said).reason];
}
