// Cursors: how far an incremental source was loaded, committed with its rows, and where the next load begins.
import { parseDurationMs } from "../model/duration.ts";
import type { Session, Transaction } from "../sql/session.ts";
import { ident, literal } from "../sql/text.ts";
import type { Json } from "./connector.ts";

export interface Cursor {
  readonly column: string | null;
  /** DuckDB type of the column. */
  readonly type: string | null;
  /** Highest value loaded, as DuckDB writes it; null before the first row. */
  readonly value: string | null;
  /** What the connector gave to resume after; opaque. */
  readonly position: Json | null;
}

/** The committed cursor of an asset, or undefined before its first load. */
export async function readCursor(session: Session, asset: string): Promise<Cursor | undefined> {
  const row = await session.row<{ column_name: string | null; type: string | null; value: string | null; position: string | null }>(
    "select column_name, type, value, position from _millrace.cursors where asset = $1",
    [asset],
  );
  if (row === undefined) return undefined;
  return {
    column: row.column_name,
    type: row.type,
    value: row.value,
    position: row.position === null ? null : (JSON.parse(row.position) as Json),
  };
}

/** Where a load begins: `since` is the cursor minus `lookback`, `position` what the connector gave; both undefined when everything is to be read. */
export interface LoadStart {
  readonly since: Json | undefined;
  readonly position: Json | undefined;
}

export async function readStart(session: Session, asset: string, lookback: string | undefined): Promise<LoadStart> {
  const cursor = await readCursor(session, asset);
  const position = cursor?.position ?? undefined;
  if (cursor?.value == null || cursor.type === null) return { since: undefined, position };
  const row = await session.row<{ since: Json }>(`select ${sinceExpression(cursor.type, cursor.value, lookback)} as since`);
  return { since: row?.since ?? undefined, position };
}

/** SQL of the cursor minus lookback, in the cursor's type. Text that is an ISO date or time goes back too; other text and numbers do not. */
export function sinceExpression(type: string, value: string, lookback: string | undefined): string {
  const typed = `${literal(value)}::${type}`;
  if (lookback === undefined) return typed;
  const back = `to_milliseconds(${parseDurationMs(lookback) ?? 0})`;
  if (/^(DATE|TIMESTAMP)/.test(type)) return `(${typed} - ${back})::${type}`;
  if (type !== "VARCHAR") return typed;
  if (/^\d{4}-\d\d-\d\d$/.test(value)) return `strftime(${typed}::timestamp - ${back}, '%Y-%m-%d')`;
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?$/.test(value)) {
    return `strftime(${typed}::timestamp - ${back}, '%Y-%m-%dT%H:%M:%S${value.includes(".") ? ".%g" : ""}${value.endsWith("Z") ? "Z" : ""}')`;
  }
  return typed;
}

/** The higher of the committed cursor and the rows of the work table. */
export async function advanceCursor(
  session: Session,
  before: Cursor | undefined,
  column: { readonly name: string; readonly type: string } | null,
  table: string | null,
  position: Json | undefined,
): Promise<Cursor | undefined> {
  const kept = position ?? before?.position ?? null;
  if (column === null) return kept === null ? undefined : { column: null, type: null, value: null, position: kept };
  const sameColumn = before?.column === column.name && before.value !== null;
  const old = sameColumn ? `try_cast(${literal(before.value)} as ${column.type})` : `null::${column.type}`;
  const from = table === null ? "" : ` union all select max(${ident(column.name)}) from ${table}`;
  const row = await session.row<{ value: string | null }>(`select max(c)::varchar as value from (select ${old} as c${from})`);
  return { column: column.name, type: column.type, value: row?.value ?? null, position: kept };
}

/** Replaces the cursor's row. */
export async function writeCursor(tx: Transaction, asset: string, load: string, cursor: Cursor | undefined): Promise<void> {
  await tx.run("delete from _millrace.cursors where asset = $1", [asset]);
  if (cursor === undefined) return;
  await tx.run("insert into _millrace.cursors values ($1, $2, $3, $4, $5, $6, now())", [
    asset,
    cursor.column,
    cursor.type,
    cursor.value,
    cursor.position === null ? null : JSON.stringify(cursor.position),
    load,
  ]);
}
