// Every publication leaves a step: which version it followed, and what takes it back where a table was changed in place (load/rollback.ts).
import { environmentOfKey } from "../../model/environment.ts";
import type { AttemptToken } from "./fence.ts";
import type { Transaction } from "../session.ts";
import { literal } from "../text.ts";

/** What a load did to the table of the version before it, and what takes it back. */
export interface LoadStep {
  /** Rows, files and cursor go on from the version before. */
  readonly continues: boolean;
  /** The table itself was written to: the version before has none any more. */
  readonly inPlace: boolean;
  /** Table in `_millrace_data` with the rows of earlier loads that were taken out; null when there were none. */
  readonly undo: string | null;
  /** Rows of a snapshot were closed at the time of this transaction. */
  readonly closes: boolean;
  /** Files whose earlier rows were taken out. */
  readonly replacedFiles: readonly string[];
  /** What stands in `_load` of the rows it wrote, where that is no load of `_millrace.loads`. */
  readonly load?: string;
}

interface Stepping {
  readonly asset: string;
  readonly version: string;
  readonly load?: string | null;
  readonly token: AttemptToken;
  readonly step?: LoadStep;
  /** There was no version of it before. */
  readonly isFirst?: boolean;
}

/** P4. Whatever is published ends a rollback: readers see something new. */
export async function recordStep(tx: Transaction, { asset, version, load, token, step, isFirst = false }: Stepping): Promise<void> {
  const closedAt = step?.closes === true ? "(current_timestamp at time zone 'UTC')" : "null";
  const environment = literal(environmentOfKey(asset));
  const previous = isFirst ? "null" : `(select version from _millrace.environments where environment = ${environment} and asset = $1)`;
  const cursor =
    isFirst && load == null
      ? "null"
      : "(select to_json(c) from (select column_name, type, value, position from _millrace.cursors where asset = $1) c)";
  await tx.run(`insert into _millrace.steps select $1, $2, ${previous}, $3, $4, $5, $6, $7, ${closedAt}, $8, ${cursor}, now()`, [
    asset,
    version,
    step?.load ?? load ?? null,
    token.run,
    step?.continues ?? false,
    step?.inPlace ?? false,
    step?.undo ?? null,
    JSON.stringify(step?.replacedFiles ?? []),
  ]);
  if (isFirst) return;
  await tx.run(`update _millrace.rollbacks set ended_at = now() where environment = ${environment} and asset = $1 and ended_at is null`, [
    asset,
  ]);
}
