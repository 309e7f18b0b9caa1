// How rows of an incremental model become its version, made beside the live one or in its table: result, ledger and intervals in one transaction.
import type { BuildResult } from "../../load/build-port.ts";
import { writeIncrement } from "../../sql/ledger/intervals.ts";
import { HIDDEN_COLUMNS, type Publication, publish } from "../../sql/ledger/publish.ts";
import type { Transaction } from "../../sql/session.ts";
import { heldAfter, type IncrementBuild } from "./build.ts";

export interface MadeRows extends Required<Pick<BuildResult, "filtered" | "notes">>, Pick<BuildResult, "rows" | "quarantined" | "checks"> {
  readonly physical: string;
  readonly version: string;
  /** Rows of the table, with those that were there already. */
  readonly total: number;
  /** Left out where the table was made anew. */
  readonly step?: Publication["step"];
  /** For `describe`. */
  readonly reason: string;
}

export async function publishIncrement(
  tx: Transaction,
  { request, how, decision, inputs, begun, load }: IncrementBuild,
  { physical, version, total, step, reason, ...made }: MadeRows,
): Promise<BuildResult> {
  const { unit, token, codeHash } = request;
  const result: BuildResult = { version, reused: false, ...made };
  await publish(tx, {
    asset: unit.id,
    body: { kind: "table", physical, hidden: HIDDEN_COLUMNS },
    version,
    codeHash,
    inputs,
    rows: total,
    checks: made.checks,
    load,
    begun,
    token,
    result,
    ...(step === undefined ? {} : { step }),
  });
  await writeIncrement(
    tx,
    { asset: unit.id, version, run: token.run },
    { mode: how.mode, reads: decision.reads, ranges: heldAfter(decision, codeHash), reason },
  );
  return result;
}
