// The transaction of a load. Its parts, in this order: guard, quarantine, rows, checks, account, cursor, schema, publication.
// It may run again when another writer was in the way, so it only reads what was prepared and acts through `tx`.
import { createHash } from "node:crypto";
import { MillraceError } from "../model/errors.ts";
import { HIDDEN_COLUMNS, keepVersion, physicalTable, publish, readLiveVersion, rowsWithOrigins } from "../sql/ledger/publish.ts";
import { interruptible, type Transaction } from "../sql/session.ts";
import { ident, literal } from "../sql/text.ts";
import type { Warehouse } from "../sql/warehouse.ts";
import { drawAccount, writeLedger } from "./account.ts";
import { stoppedByChecks } from "./audit.ts";
import { stoppedBy } from "./audit-port.ts";
import { applyRows, type Applied } from "./apply.ts";

import { keptRows } from "./before.ts";
import { writeChanges } from "./changes.ts";
import { variantName, type ColumnPlan, type CommittedColumn, type TargetColumn } from "./columns.ts";
import { schemaChanges } from "./schema-changes.ts";
import { checkQuarantined } from "./contract.ts";
import { advanceCursor, writeCursor } from "./cursor.ts";
import { isEmptyStart, modeText, standEmpty, standPartitions } from "./partition-load.ts";
import { ofLoads } from "./partition-rows.ts";
import { writeManifest } from "./raw/ledger.ts";
import type { Prepared } from "./prepared.ts";
import type { LoadResult } from "./request.ts";

/** Commits a prepared load. @throws MR4001, MR4006, MR4007, MR4501, MR5006, MR5007. */
export async function commitLoad(warehouse: Warehouse, prepared: Prepared): Promise<LoadResult> {
  return warehouse.transaction((tx) => interruptible(tx, prepared.request.signal, () => commitIn(tx, prepared)));
}

async function commitIn(tx: Transaction, prepared: Prepared): Promise<LoadResult> {
  const { request, memory, loadId, mode, conversion, contract } = prepared;
  const { asset, token } = request;
  await guard(tx, prepared);
  if (isEmptyStart(prepared)) return commitEmpty(tx, prepared);
  await moveToQuarantine(tx, prepared);
  const applied = await applyRows(tx, prepared);
  const candidate = { asset, table: physicalTable(applied.physical), load: loadId, run: token.run, physical: applied.physical };
  const checks = applied.changed ? (await request.audit(tx, candidate)).results : [];
  const stop = stoppedBy(checks);
  if (stop !== undefined) throw stoppedByChecks(asset, checks, request.checks ?? []);
  const { total, loaded, final } = await count(tx, prepared, applied);
  const account = await drawAccount(tx, {
    asset,
    load: loadId,
    items: prepared.items,
    loaded,
    filtered: [...prepared.filtered, ...applied.filtered],
  });
  if (contract.maxQuarantined !== undefined) checkQuarantined(contract, account.rows, await firstReason(tx, loadId));
  if (
    mode === "replace" &&
    request.partition === undefined &&
    total === 0 &&
    (memory.live?.rows ?? 0) > 0 &&
    contract.emptyDelivery === "fail" &&
    !request.fullRefresh
  ) {
    throw new MillraceError({
      code: "MR4007",
      message: `None of the ${account.rows.read} rows delivered for ${asset} can be loaded; it has ${memory.live?.rows ?? 0} rows now.`,
      hint: await firstReason(tx, loadId),
    });
  }
  const cursorColumn = prepared.cursor === null ? null : { name: prepared.cursor, type: typeOf(prepared.plan, prepared.cursor) };
  // A partition may lie anywhere: what was loaded up to the cursor is another story.
  const isCursor = request.partition === undefined;
  const cursor = !isCursor
    ? undefined
    : await advanceCursor(tx, memory.cursor, cursorColumn, conversion.rows === 0 ? null : conversion.table, prepared.position);
  if (isCursor) await writeCursor(tx, asset, loadId, cursor);
  const version = applied.changed || memory.live === undefined ? versionOf(prepared) : memory.live.version;
  const warnings = [
    ...(prepared.doubts ?? []),
    ...redefined(prepared),
    ...orphanedWarning(prepared, applied),
    ...prepared.plan.warnings,
    ...conversion.warnings,
  ];
  const seconds = (performance.now() - prepared.startedMs) / 1000;
  await supersedeFiles(tx, prepared);
  await writeLedger(
    tx,
    {
      asset,
      load: loadId,
      ...token,
      mode: modeText(prepared),
      status: applied.changed ? "loaded" : "unchanged",
      seconds,
      version,
      warnings,
    },
    account,
  );
  if (prepared.raw !== undefined) {
    const { partition, fullRefresh } = request;
    await writeManifest(tx, { asset, load: loadId, mode: modeText(prepared), partition, fullRefresh }, prepared.raw);
  }
  await writeChanges(tx, { asset, load: loadId, run: token.run }, conversion.changes);
  const result: LoadResult = {
    load: loadId,
    version,
    changed: applied.changed,
    rows: account.rows,
    filtered: account.filtered,
    checks,
    files: prepared.items.length,
    total,
    cursor: cursor?.value ?? null,
    warnings,
  };
  if (!applied.changed) {
    await keepVersion(tx, token, asset, version, result, request.sourceState);
    return result;
  }
  await writeSchema(tx, prepared, applied);
  await standPartitions(tx, prepared, { account, seconds, physical: final.physical });
  await publish(tx, {
    asset,
    body: { kind: "table", physical: final.physical, hidden: final.hidden ? HIDDEN_COLUMNS : [] },
    version,
    codeHash: request.codeHash,
    inputs: {},
    sourceState: isCursor ? request.sourceState : (memory.live?.sourceState ?? null),
    contentHash: isCursor ? prepared.contentHash : null,
    rows: total,
    checks: checks,
    load: loadId,
    token,
    result,
    step: {
      continues: memory.continues,
      inPlace: applied.inPlace,
      undo: applied.inPlace ? await keptRows(tx, asset, loadId) : null,
      closes: mode === "snapshot",
      replacedFiles: prepared.replacedFiles,
    },
  });
  return result;
}

async function commitEmpty(tx: Transaction, prepared: Prepared): Promise<LoadResult> {
  const { request, loadId, items, filtered } = prepared;
  const { asset, token } = request;
  const account = await drawAccount(tx, { asset, load: loadId, items, loaded: 0, filtered });
  const seconds = (performance.now() - prepared.startedMs) / 1000;
  const entry = { asset, load: loadId, ...token, mode: modeText(prepared), seconds, version: "none", warnings: [] };
  await writeLedger(tx, { ...entry, status: "unchanged" }, account);
  await standEmpty(tx, prepared, { account, seconds });
  const result: LoadResult = {
    load: loadId,
    version: "none",
    changed: true,
    rows: account.rows,
    filtered: account.filtered,
    checks: [],
    files: items.length,
    total: 0,
    cursor: null,
    warnings: [],
  };
  await keepVersion(tx, token, asset, "none", result);
  return result;
}

/** A key that a changed file lost may stand in a file that is not read again: only reading all of them tells. */
function orphanedWarning({ request }: Prepared, { orphaned }: Applied): readonly string[] {
  if (orphaned === 0) return [];
  return [
    `${orphaned} rows left with a changed file; where another file holds their keys too, its rows come back with: millrace run --full-refresh --select ${request.asset}`,
  ];
}

/** Rows are added to what another definition made: that is the user's choice to know. */
function redefined({ request, memory }: Prepared): readonly string[] {
  if (!memory.continues || memory.live === undefined || memory.live.codeHash === request.codeHash) return [];
  return [
    `its definition changed; rows of earlier loads stay as they were. To load them anew: millrace run --full-refresh --select ${request.asset}`,
  ];
}

/** The asset must still be what the load was prepared against; another run may have written it meanwhile. */
async function guard(tx: Transaction, { request, memory }: Prepared): Promise<void> {
  const live = await readLiveVersion(tx, request.asset);
  if (live?.version === memory.live?.version) return;
  throw new MillraceError({
    code: "MR5007",
    message: `Another run published ${request.asset} while this load was prepared.`,
    retryable: true,
  });
}

/** A repaired record is remembered as one, for a rollback that brings it back. */
const SUPERSEDED = "status = 'superseded', note = case when status = 'repaired' then 'repaired' else note end";

async function moveToQuarantine(tx: Transaction, prepared: Prepared): Promise<void> {
  const { request, mode, conversion, replacedFiles, rowsOnly } = prepared;
  const open = `asset = ${literal(request.asset)} and status in ('open', 'repaired')`;
  if (request.partition !== undefined) {
    // Of a load that also made other partitions only what is here again: a record does not tell which of them it is of.
    const again = conversion.aside === null ? "false" : `md5(rule || raw) in (select md5(rule || raw) from ${conversion.aside})`;
    await tx.run(`update _millrace.quarantine set ${SUPERSEDED} where ${open} and ${ofLoads(request.asset, request.partition, again)}`);
  } else if (mode === "replace" || request.fullRefresh) {
    await tx.run(`update _millrace.quarantine set ${SUPERSEDED} where ${open}`);
  } else if (replacedFiles.length > 0) {
    await tx.run(`update _millrace.quarantine set ${SUPERSEDED} where ${open} and file in (${replacedFiles.map(literal).join(", ")})`);
  }
  if (conversion.aside === null) return;
  if (rowsOnly) {
    // A page may deliver the same broken record at every load: one item is enough.
    await tx.run(
      `update _millrace.quarantine set ${SUPERSEDED} where ${open} and md5(rule || raw) in (select md5(rule || raw) from ${conversion.aside})`,
    );
  }
  await tx.run(`insert into _millrace.quarantine select * from ${conversion.aside}`);
  await standByDecisions(tx, prepared);
}

/** The same record again: a discarded one stays discarded; what a page delivers again was loaded when it was decided, and is not loaded twice. */
async function standByDecisions(tx: Transaction, { request, mode, loadId, rowsOnly }: Prepared): Promise<void> {
  const isAdded = rowsOnly && mode !== "replace" && !request.fullRefresh;
  const held = isAdded ? "'discarded', 'fixed', 'accepted', 'replayed'" : "'discarded'";
  const record = `md5(concat_ws('|', rule, raw${rowsOnly ? "" : ", file"}))`;
  await tx.run(
    `update _millrace.quarantine set status = 'decided', note = d.note, decided_by = d.decided_by, decided_at = d.decided_at
     from (select ${record} as record, max(note) as note, max(decided_by) as decided_by, max(decided_at) as decided_at
           from _millrace.quarantine where asset = ${literal(request.asset)} and status in (${held}) group by 1) d
     where load = ${literal(loadId)} and asset = ${literal(request.asset)} and status = 'open' and ${record} = d.record`,
  );
}

/** Counts the asset's rows and those of this load. A table whose rows were set aside by checks gets its origins as real columns. */
async function count(
  tx: Transaction,
  { conversion, loadId, plan }: Prepared,
  applied: Applied,
): Promise<{ total: number; loaded: number; final: { physical: string; hidden: boolean } }> {
  const table = physicalTable(applied.physical);
  const mine = applied.hidden ? `count(*) filter (where _load = ${literal(loadId)})` : "count(*)";
  const row = await tx.row<{ total: number; loaded: number }>(`select count(*) as total, ${mine} as loaded from ${table}`);
  const { total, loaded } = row ?? { total: 0, loaded: 0 };
  if (applied.hidden || total === conversion.rows) return { total, loaded, final: applied };
  const columns = plan.columns.flatMap((column) => [column.name, ...(column.hasVariant ? [variantName(column.name)] : [])]);
  const physical = `${applied.physical}_checked`;
  const listed = columns.map((column) => `t.${ident(column)}`).join(", ");
  await tx.run(
    `create table ${physicalTable(physical)} as select * from (${rowsWithOrigins(applied.physical, `${listed}, t.rowid as _row`)}) order by _row`,
  );
  await tx.run(`alter table ${physicalTable(physical)} drop column _row`);
  return { total, loaded, final: { physical, hidden: true } };
}

async function firstReason(tx: Transaction, load: string): Promise<string> {
  const first = await tx.row<{ reason: string; file: string | null; line: number | null }>(
    "select reason, file, line from _millrace.quarantine where load = $1 and status = 'open' order by file, line limit 1",
    [load],
  );
  return first === undefined
    ? ""
    : `${first.reason}${first.file === null ? "" : ` (${first.file}${first.line === null ? "" : `, line ${first.line}`})`}`;
}

async function supersedeFiles(tx: Transaction, { request, mode, replacedFiles, items }: Prepared): Promise<void> {
  const taken = `asset = ${literal(request.asset)} and status in ('loaded', 'replaced')`;
  if (request.partition !== undefined) {
    const again = items.length === 0 ? "false" : `file in (${items.map(({ name }) => literal(name)).join(", ")})`;
    await tx.run(`update _millrace.files set status = 'superseded' where ${taken} and ${ofLoads(request.asset, request.partition, again)}`);
  } else if (mode === "replace" || request.fullRefresh) await tx.run(`update _millrace.files set status = 'superseded' where ${taken}`);
  else if (replacedFiles.length > 0) {
    await tx.run(`update _millrace.files set status = 'superseded' where ${taken} and file in (${replacedFiles.map(literal).join(", ")})`);
  }
}

async function writeSchema(tx: Transaction, { request, memory, plan, loadId }: Prepared, applied: Applied): Promise<void> {
  const columns: CommittedColumn[] = plan.columns.flatMap((column) => [
    {
      name: column.name,
      type: column.type,
      from: column.from ?? column.name,
      description: column.spec?.description ?? null,
      ...rulesOf(column),
    },
    ...(column.hasVariant
      ? [{ name: variantName(column.name), type: "VARCHAR", from: null, description: `what is not ${column.type} in ${column.name}` }]
      : []),
  ]);
  for (const added of applied.added) columns.push({ name: added.name, type: added.type, from: null, description: null });
  const bare = (list: readonly CommittedColumn[]): string =>
    JSON.stringify(list.map(({ name, type, from, required, hasDefault }) => [name, type, from, required, hasDefault]));
  if (memory.committed !== null && bare(memory.committed) === bare(columns)) return;
  await tx.run("insert into _millrace.schemas values ($1, $2, $3, $4, now(), $5, $6)", [
    request.asset,
    memory.schemaNumber + 1,
    loadId,
    request.token.run,
    JSON.stringify(columns),
    JSON.stringify(memory.committed === null ? [] : schemaChanges(memory.committed, columns, plan)),
  ]);
}

function rulesOf({ spec, defaultSql }: TargetColumn): Pick<CommittedColumn, "required" | "hasDefault"> {
  return { ...(spec?.required === true ? { required: true } : {}), ...(defaultSql === null ? {} : { hasDefault: true }) };
}

/** For `replace` the contents tell; otherwise the contents are those before and this load. */
function versionOf({ request, mode, contentHash, loadId, memory }: Prepared): string {
  const parts =
    mode === "replace" && request.partition === undefined
      ? [request.asset, contentHash]
      : [request.asset, memory.live?.version ?? "", loadId];
  return `v_${createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 16)}`;
}

function typeOf(plan: ColumnPlan, name: string): string {
  return plan.columns.find((column) => column.name === name)?.type ?? "VARCHAR";
}
