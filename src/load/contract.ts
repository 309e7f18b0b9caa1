// The contract of a load with its defaults, and the limit on what may go to quarantine.
import type { Compatibility, ContractSpec, SourceSpec } from "../model/definitions/source.ts";
import { MillraceError } from "../model/errors.ts";

export interface LoadContract {
  readonly newColumn: ContractSpec["newColumn"];
  readonly missingColumn: ContractSpec["missingColumn"];
  /** The user wrote `missingColumn`: then a `from:` that matches nothing is meant. */
  readonly missingColumnWritten: boolean;
  readonly typeChange: ContractSpec["typeChange"];
  readonly badValue: ContractSpec["badValue"];
  readonly maxQuarantined: number | string | undefined;
  readonly emptyDelivery: "fail" | "accept";
  readonly compatibility: Compatibility;
}

/** The contract with defaults. */
export function completeContract(spec: SourceSpec["contract"]): LoadContract {
  return {
    newColumn: spec?.newColumn ?? "add",
    missingColumn: spec?.missingColumn ?? "null",
    missingColumnWritten: spec?.missingColumn !== undefined,
    typeChange: spec?.typeChange ?? "widen",
    badValue: spec?.badValue ?? "quarantine",
    maxQuarantined: spec?.maxQuarantined,
    emptyDelivery: spec?.emptyDelivery ?? "fail",
    compatibility: spec?.compatibility ?? "none",
  };
}

/** @throws MR4006 when more rows are in quarantine than the contract allows: a number of rows, or a share such as `1%` of the rows read. */
export function checkQuarantined(
  contract: LoadContract,
  counts: { readonly read: number; readonly quarantined: number },
  sample: string,
): void {
  const limit = contract.maxQuarantined;
  if (limit === undefined || counts.quarantined === 0) return;
  const text = String(limit).trim();
  const allowed = text.endsWith("%") ? (Number(text.slice(0, -1)) / 100) * counts.read : Number(text);
  if (counts.quarantined <= allowed) return;
  throw new MillraceError({
    code: "MR4006",
    message: `${counts.quarantined} of ${counts.read} rows would be quarantined; maxQuarantined is ${text}. First: ${sample}`,
  });
}
