// An attempt at a source that builds it again from its raw zone in place of asking it.
import type { Attempt, AttemptResult } from "../../model/attempt.ts";
import type { ExtractNode, SourceNode } from "../../model/graph.ts";
import { auditWith } from "../../load/audit.ts";
import type { CompiledCheck } from "../../load/check.ts";
import type { KeptSource } from "../../load/raw/kept-deliveries.ts";
import { rebuild } from "../../load/raw/rebuild.ts";
import type { LoadResult } from "../../load/request.ts";
import { alreadyCommitted, type AttemptToken, raiseFence } from "../../sql/ledger/fence.ts";
import type { Warehouse } from "../../sql/warehouse.ts";
import type { Replay } from "../assets/replay-port.ts";

export interface ReplayAttempt {
  readonly warehouse: Warehouse;
  readonly node: SourceNode | ExtractNode;
  readonly replay: Replay;
  readonly checks: readonly CompiledCheck[];
  readonly repair: "note" | "quarantine";
  readonly tempDir: string;
  readonly root: string;
  readonly file: KeptSource["file"];
}

/** @throws MR4301, MR4302, MR4304, what the contract and the checks say; then nothing was changed. */
export async function replayAttempt(request: ReplayAttempt, attempt: Attempt): Promise<AttemptResult> {
  const { replay, warehouse } = request;
  const token = { run: attempt.run, node: attempt.node, attempt: attempt.attempt };
  await raiseFence(warehouse, token);
  if (replay.done !== undefined) {
    await replay.done;
    return { reused: true };
  }
  const doing = carryOut(request, attempt, token);
  replay.done = doing;
  try {
    return await doing;
  } catch (error) {
    delete replay.done; // the next try does it
    throw error;
  }
}

async function carryOut(
  { warehouse, node, checks, repair, tempDir, root, file }: ReplayAttempt,
  { signal, log }: Attempt,
  token: AttemptToken,
): Promise<AttemptResult> {
  const committed = await warehouse.session((session) => alreadyCommitted(session, token));
  if (committed !== undefined) return { rows: (committed.result as LoadResult).rows };
  const { id: asset, spec, codeHash } = node;
  // A query names the asset, which readers see until all loads are carried out.
  const isQuery = ({ test }: CompiledCheck): boolean => test.kind === "query";
  const audit = auditWith(checks.filter((check) => !isQuery(check)));
  const finalAudit = auditWith(checks.filter(isQuery));
  const result = await rebuild(warehouse, {
    asset,
    spec,
    codeHash,
    audit,
    finalAudit,
    checks,
    repair,
    tempDir,
    root,
    file,
    token,
    signal,
    log,
  });
  for (const warning of result.warnings) log("warn", warning);
  return { rows: result.rows, checks: result.checks };
}
