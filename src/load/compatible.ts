// `contract: { compatibility }`: the columns of a load against those that were committed before.
import { MillraceError } from "../model/errors.ts";
import type { Compatibility } from "../model/definitions/source.ts";
import { incompatibilities } from "../schemas/compatibility.ts";
import { tableSchemas, type TableSchema } from "../schemas/table-schema.ts";
import type { Session } from "../sql/session.ts";
import type { CommittedColumn, TargetColumn } from "./columns.ts";

/** All versions of an asset's columns, oldest first. */
export async function earlierSchemas(session: Session, asset: string): Promise<readonly TableSchema[]> {
  const rows = await session.rows<{ columns: string }>("select columns from _millrace.schemas where asset = $1 order by number", [asset]);
  return rows.map(({ columns }) => tableOf(JSON.parse(columns) as CommittedColumn[]));
}

/** @throws MR4620 when the mode forbids what became of the columns. */
export async function refuseIncompatible(
  session: Session,
  { asset, mode, columns }: { readonly asset: string; readonly mode: Compatibility; readonly columns: readonly TargetColumn[] },
): Promise<void> {
  if (mode === "none") return;
  const earlier = await earlierSchemas(session, asset);
  const next = columns.map(({ name, type, spec, defaultSql }) => ({
    name,
    type,
    required: spec?.required === true,
    hasDefault: defaultSql !== null,
  }));
  const found = incompatibilities(tableSchemas, { mode, next, earlier });
  if (found.length === 0) return;
  const told = [...new Set(found.map(({ direction, path, problem }) => `${path.slice(1)} (${direction}): ${problem}`))];
  throw new MillraceError({ code: "MR4620", message: `${asset} is to stay ${mode} compatible. ${told.join("; ")}.` });
}

/** Columns that Millrace added say nothing of the source. */
export function tableOf(columns: readonly CommittedColumn[]): TableSchema {
  return columns
    .filter(({ from }) => from !== null)
    .map(({ name, type, required, hasDefault }) => ({ name, type, required: required === true, hasDefault: hasDefault === true }));
}
