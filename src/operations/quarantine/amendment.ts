// An attempt at a source that takes records out of quarantine in place of loading: what a decision asks for, in a run of its own.
import type { Attempt, AttemptResult } from "../../model/attempt.ts";
import type { ExtractNode, ProjectNode, SourceNode } from "../../model/graph.ts";
import { amend, type AmendOutcome } from "../../load/amend/amend.ts";
import type { Correction } from "../../load/amend/edit.ts";
import { auditWith } from "../../load/audit.ts";
import type { CompiledCheck } from "../../load/check.ts";
import type { LoadResult } from "../../load/request.ts";
import { alreadyCommitted, raiseFence } from "../../sql/ledger/fence.ts";
import type { Warehouse } from "../../sql/warehouse.ts";

export interface Amendment {
  readonly asset: string;
  readonly act: "fix" | "accept" | "replay";
  readonly ids?: readonly string[];
  readonly rule?: string;
  readonly where?: string;
  readonly correction: Correction;
  readonly by: string;
  readonly why: string | null;
  readonly done: (outcome: AmendOutcome) => void;
}

interface AmendmentRequest {
  readonly warehouse: Warehouse;
  readonly node: SourceNode | ExtractNode;
  readonly amendment: Amendment;
  readonly checks: readonly CompiledCheck[];
  readonly tempDir: string;
}

export function isLoaded(node: ProjectNode): node is SourceNode | ExtractNode {
  return node.kind === "source" || node.kind === "extract";
}

/** @throws what the contract and the checks say. */
export async function amendAttempt(
  { warehouse, node, amendment, checks, tempDir }: AmendmentRequest,
  { run, node: id, attempt, signal }: Attempt,
): Promise<AttemptResult> {
  const token = { run, node: id, attempt };
  await raiseFence(warehouse, token);
  const committed = await warehouse.session((session) => alreadyCommitted(session, token));
  if (committed !== undefined) return { rows: (committed.result as LoadResult).rows };
  const { done, ...given } = amendment;
  const outcome = await amend(warehouse, {
    ...given,
    asset: node.id,
    spec: node.spec,
    token,
    audit: auditWith(checks),
    checks,
    tempDir,
    dryRun: false,
    signal,
  });
  done(outcome);
  const read = outcome.loaded + outcome.asideAgain + outcome.superseded;
  return {
    rows: { read, loaded: outcome.loaded, quarantined: outcome.asideAgain, filtered: outcome.superseded },
    checks: outcome.checks,
  };
}
