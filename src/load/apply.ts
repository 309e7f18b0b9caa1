// The rows of a load become the rows of the asset: by its mode, in the publishing transaction. `leaveOut` runs before it.
import { HIDDEN_COLUMNS, physicalTable, rowsWithOrigins } from "../sql/ledger/publish.ts";
import type { Session, Transaction } from "../sql/session.ts";
import { ident, literal, qualified } from "../sql/text.ts";
import { ROWS_SCHEMA } from "../sql/ledger/ledger.ts";
import { keepRows } from "./before.ts";
import type { Conversion } from "./convert.ts";
import { variantName, type ColumnPlan } from "./columns.ts";
import { sinceExpression } from "./cursor.ts";
import {
  earlierRows,
  fitColumns,
  hasNewRows,
  insertRows,
  mergeRows,
  orphanedKeys,
  removeFiles,
  removeRows,
  repeatedRows,
  supersededRows,
  type FilteredRows,
  type Keep,
  type WorkTable,
} from "./merge.ts";
import { OUTSIDE_RULE } from "./partition-port.ts";
import { outsideRows, removePartition, touchOthers } from "./partition-load.ts";
import type { Prepared } from "./prepared.ts";
import { addHistoryColumns, HISTORY_COLUMNS, NOW, recordHistory } from "./snapshot.ts";

export interface Applied {
  readonly physical: string;
  readonly hidden: boolean;
  /** The asset's table was written to, not replaced. */
  readonly inPlace: boolean;
  /** Readers see something new. */
  readonly changed: boolean;
  readonly filtered: readonly FilteredRows[];
  /** Rows that a changed file no longer has, whose keys an unchanged file may still hold. */
  readonly orphaned: number;
  /** Columns of ours that readers see. */
  readonly added: readonly { readonly name: string; readonly type: string }[];
}

/** The columns of the work table, without the hidden ones. */
export function workColumns(plan: ColumnPlan): readonly { readonly name: string; readonly type: string }[] {
  return plan.columns.flatMap((column) => [
    { name: column.name, type: column.type },
    ...(column.hasVariant ? [{ name: variantName(column.name), type: "VARCHAR" }] : []),
  ]);
}

/** Before the transaction: takes rows out of the work table that another row of this load or an earlier load makes superfluous. */
export async function leaveOut(
  session: Session,
  prepared: Omit<Prepared, "filtered" | "startedMs">,
): Promise<{ conversion: Conversion; filtered: readonly FilteredRows[] }> {
  const { keys, cursor, mode, memory, rowsOnly, request } = prepared;
  let { conversion } = prepared;
  const filtered: FilteredRows[] = [];
  const work = (): WorkTable => ({ table: conversion.table, columns: workColumns(prepared.plan) });
  if (keys.length > 0 && conversion.rows > 0) {
    const superseded = supersededRows(conversion.table, keys, cursor);
    const any = conversion.hidden ? undefined : await session.row(`${superseded} limit 1`);
    if (any !== undefined) conversion = await withHiddenColumns(session, conversion, work());
    if (conversion.hidden)
      filtered.push(...(await removeRows(session, work(), supersededRows(conversion.table, keys, cursor), "superseded")));
  }
  if (request.partition !== undefined && conversion.rows > 0) {
    const outside = outsideRows(request.asset, request.partition, work());
    if (outside !== null) filtered.push(...(await removeRows(session, work(), outside, OUTSIDE_RULE)));
  }
  const known = memory.cursor?.column === cursor ? memory.cursor : undefined;
  const liveTable = memory.live?.physical;
  if (
    mode === "append" &&
    request.partition === undefined &&
    rowsOnly &&
    prepared.isExact !== true &&
    cursor !== null &&
    memory.continues &&
    known?.value != null &&
    known.type !== null &&
    liveTable != null
  ) {
    const type = work().columns.find((column) => column.name === cursor)?.type ?? known.type;
    const since = `(${sinceExpression(known.type, known.value, request.spec.lookback)})::${type}`;
    filtered.push(...(await removeRows(session, work(), earlierRows(work(), cursor, since), "beforeCursor")));
    const liveNames = new Set(memory.live?.columns.map((column) => column.name));
    const common = { table: conversion.table, columns: work().columns.filter((column) => liveNames.has(column.name)) };
    filtered.push(...(await removeRows(session, work(), repeatedRows(common, physicalTable(liveTable), cursor, since), "alreadyLoaded")));
  }
  const left = filtered.reduce((sum, entry) => sum + entry.rows, 0);
  return { conversion: { ...conversion, rows: conversion.rows - left }, filtered };
}

/** The same rows in a new table with `_load`, `_file`, `_line` as real columns, so that rows may be taken out. */
async function withHiddenColumns(session: Session, conversion: Conversion, work: WorkTable): Promise<Conversion> {
  const physical = `${conversion.physical}_h`;
  const columns = work.columns.map((column) => `t.${ident(column.name)}`).join(", ");
  const listed = [...work.columns.map((column) => ident(column.name)), ...HIDDEN_COLUMNS].join(", ");
  await session.run(
    `create table ${physicalTable(physical)} as select ${listed} from (${rowsWithOrigins(conversion.physical, `${columns}, t.rowid as _row`)}) order by _row`,
  );
  return { ...conversion, physical, table: physicalTable(physical), hidden: true };
}

/** SQL of when the load counts as committed. */
function momentOf({ request: { replay } }: Prepared): string {
  return replay === undefined ? NOW : `timestamp ${literal(replay.moment)}`;
}

/** In the transaction: the table that holds the asset's rows after this load. */
export async function applyRows(tx: Transaction, prepared: Prepared): Promise<Applied> {
  const { conversion, memory, mode, keys, request, replacedFiles } = prepared;
  const work: WorkTable = { table: conversion.table, columns: workColumns(prepared.plan) };
  const fresh = {
    physical: conversion.physical,
    hidden: conversion.hidden,
    inPlace: false,
    changed: true,
    filtered: [],
    orphaned: 0,
    added: [],
  };
  const live = memory.live;
  if (!memory.continues || live === undefined || live.physical === null) {
    if (mode !== "snapshot") return fresh;
    await addHistoryColumns(tx, conversion.physical, momentOf(prepared));
    return { ...fresh, added: HISTORY_COLUMNS };
  }
  const toJson = live.columns.filter(
    (column) => column.type !== "JSON" && work.columns.some(({ name, type }) => name === column.name && type === "JSON"),
  );
  // DuckDB cannot replay a change of type to JSON after a crash, so such a table is made anew.
  const hasHidden = live.hidden.length > 0 && toJson.length === 0;
  const physical = hasHidden ? live.physical : `${conversion.physical}_base`;
  if (!hasHidden) {
    const replaced = toJson.map(({ name }) => `to_json(${ident(name)}) as ${ident(name)}`).join(", ");
    const columns = replaced === "" ? "*" : `* replace (${replaced})`;
    await tx.run(`create table ${physicalTable(physical)} as select ${columns} from ${qualified(ROWS_SCHEMA, request.asset)}`);
  }
  const into = { physical, hidden: true, inPlace: hasHidden, filtered: [], orphaned: 0, added: [] };
  const schemaChanged = prepared.plan.changes.some((change) => change.change !== "missing");
  const newCode = live.codeHash !== request.codeHash;
  const table = physicalTable(physical);
  const keep: Keep = (where) =>
    hasHidden ? keepRows(tx, { asset: request.asset, load: prepared.loadId, table }, where) : Promise.resolve();
  if (request.partition !== undefined) {
    await fitColumns(tx, physical, work);
    await removePartition(tx, { asset: request.asset, partition: request.partition, columns: work.columns, table }, keep);
    const touching = { asset: request.asset, table, load: prepared.loadId };
    const keepMoved: Keep = async (where) => {
      await keep(where);
      await touchOthers(tx, touching, where);
    };
    if (mode === "merge") await mergeRows(tx, physical, work, keys, keepMoved);
    else await insertRows(tx, physical, work);
    return { ...into, changed: true };
  }
  if (mode === "snapshot") {
    const filtered = await recordHistory(tx, {
      physical,
      work,
      keys,
      closesMissing: request.spec.deletes !== "ignore",
      load: prepared.loadId,
      moment: momentOf(prepared),
    });
    return { ...into, ...filtered, changed: filtered.changed || schemaChanged || newCode, added: HISTORY_COLUMNS };
  }
  const removesFiles = replacedFiles.length > 0;
  if (mode === "merge" && !removesFiles && !newCode && !schemaChanged && !(await hasNewRows(tx, physical, work, keys))) {
    const unchanged = await tx.rows<{ file: string | null; rows: number }>(
      `select _file as file, count(*) as rows from ${work.table} group by all`,
    );
    return { ...into, changed: false, filtered: unchanged.map((entry) => ({ rule: "unchanged", ...entry })) };
  }
  await fitColumns(tx, physical, work);
  const orphaned = mode === "merge" ? await orphanedKeys(tx, { asset: request.asset, physical, files: replacedFiles, work, keys }) : 0;
  await removeFiles(tx, physical, replacedFiles, keep);
  if (mode === "merge") await mergeRows(tx, physical, work, keys, keep);
  else await insertRows(tx, physical, work);
  return { ...into, orphaned, changed: conversion.rows > 0 || removesFiles || schemaChanged || newCode };
}
