// The live table of a partitioned asset takes the columns of a partition's new rows: new ones are added, others widen; what the new rows lack is NULL in
// them. No ALTER that DuckDB 1.5.5 cannot replay after a crash is used (warehouse.ts, W4), and none follows a DELETE in the transaction.
import { messageOf, MillraceError } from "../model/errors.ts";
import { isConflict } from "../sql/failure.ts";
import type { Transaction } from "../sql/session.ts";
import { ident } from "../sql/text.ts";

type Column = { readonly name: string; readonly type: string };

export interface FitRequest {
  readonly asset: string;
  /** Qualified and quoted. */
  readonly table: string;
  readonly live: readonly Column[];
  readonly columns: readonly Column[];
}

export interface Fit {
  readonly isChanged: boolean;
  /** The new rows with the types that the table has. */
  select(rows: string): string;
}

/** @throws MR8206 when the rows of the other partitions cannot take the new type. */
export async function fitLive(tx: Transaction, { asset, table, live, columns }: FitRequest): Promise<Fit> {
  const types = new Map(live.map((column) => [column.name.toLowerCase(), column.type]));
  const added = columns.filter(({ name }) => !types.has(name.toLowerCase()));
  const changed = columns.filter(({ name, type }) => types.has(name.toLowerCase()) && types.get(name.toLowerCase()) !== type);
  for (const { name, type } of added) await tx.run(`alter table ${table} add column ${ident(name)} ${type}`);
  for (const column of changed) await changeType(tx, { asset, table }, column);
  return { isChanged: added.length > 0 || changed.length > 0, select: (rows) => rows };
}

async function changeType(
  tx: Transaction,
  { asset, table }: { readonly asset: string; readonly table: string },
  { name, type }: Column,
): Promise<void> {
  try {
    await tx.run(`alter table ${table} alter column ${ident(name)} type ${type}`);
  } catch (error) {
    if (isConflict(error)) throw error;
    throw new MillraceError({
      code: "MR8206",
      message: `${asset}: the rows of ${name} in other partitions cannot become ${type}: ${messageOf(error).split("\n", 1)[0]}`,
      hint: "keep the type, or give the column another name",
      cause: error,
    });
  }
}
