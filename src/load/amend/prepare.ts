// From records in quarantine to the work table of a load: cells as text, corrected, converted under the contract. Nothing is changed here that readers see.
import type { SourceSpec } from "../../model/definitions/source.ts";
import { MillraceError } from "../../model/errors.ts";
import { columnName } from "../../model/names.ts";
import type { StagedColumn } from "../../formats/format.ts";
import type { AttemptToken } from "../../sql/ledger/fence.ts";
import { physicalName, physicalTable } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";
import { ident } from "../../sql/text.ts";
import type { Audit } from "../audit-port.ts";
import type { CompiledCheck } from "../check.ts";
import type { CommittedColumn } from "../columns.ts";
import { completeContract } from "../contract.ts";
import { type Conversion, convertStages } from "../convert.ts";
import { loadModeOf, readMemory, type Memory } from "../memory.ts";
import { type FilteredRows, removeRows, sameKey, supersededRows, type WorkTable } from "../merge.ts";
import { planStages } from "../plan-stages.ts";
import type { Prepared } from "../prepared.ts";
import type { LoadRequest } from "../request.ts";
import { type Stage, type StagedItem, writeOrigins } from "../staged.ts";
import { type CellChange, cellChanges, type Correction, editRecords } from "./edit.ts";
import { editable, type RecordFilter, tableOfRecords } from "./records.ts";

export interface AmendRequest extends RecordFilter {
  readonly spec: LoadRequest["spec"];
  readonly act: "fix" | "accept" | "replay";
  readonly correction: Correction;
  readonly where?: string | undefined;
  readonly by: string;
  readonly why: string | null;
  readonly token: AttemptToken;
  readonly audit: Audit;
  readonly checks: readonly CompiledCheck[];
  readonly tempDir: string;
  /** Does everything, tells what came of it, and takes it back. */
  readonly dryRun: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface StillBroken {
  readonly id: string;
  readonly rule: string;
  readonly reason: string;
}

export interface AmendStage {
  readonly records: number;
  /** Records that are loaded, or filtered. */
  readonly ids: readonly string[];
  readonly stillBroken: readonly StillBroken[];
  readonly stillBrokenRows: number;
  readonly changes: readonly CellChange[];
  readonly memory: Memory;
  readonly prepared: Prepared;
}

/** Changes and broken records that an answer shows. */
const SHOWN_MAX = 50;
const BEFORE = "_millrace_records_before";
const RECORDS = "_millrace_records";
const UNREAD = "it could not be taken apart into cells: give them with --set or in a file (millrace quarantine export)";

/** @throws MR8401 nothing open, MR8405 never loaded, MR8406 no record passes. */
export async function prepareAmend(session: Session, request: AmendRequest, loadId: string): Promise<AmendStage> {
  const { asset, spec, act } = request;
  const own = loadModeOf(spec);
  const mode = own === "replace" ? "append" : own;
  const load: LoadRequest = asLoad(request);
  const memory = await readMemory(session, load, mode);
  const { committed } = memory;
  if (memory.live === undefined || committed === null) {
    throw new MillraceError({ code: "MR8405", message: `${asset} was never loaded`, hint: `millrace run --select ${asset}` });
  }
  const records = await correctedRecords(session, request, committed);
  const { stage, unread } = await stageRecords(session, { asset, loadId, committed });
  const { badValue, ...rest } = completeContract(spec.contract);
  const contract = {
    ...rest,
    badValue: act === "accept" ? ("null" as const) : badValue,
    newColumn: "ignore" as const,
    maxQuarantined: undefined,
  };
  const declared = { ...load, spec: { ...load.spec, columns: declaredColumns(spec, committed) } };
  const staged = { stages: [stage], skipped: [], replacedFiles: [], contentHash: loadId, position: undefined };
  const { stages, plan } = await planStages(session, { request: declared, memory, staged, contract, mode });
  const physical = physicalName(asset, loadId);
  const run = request.token.run;
  const conversion = await convertStages({
    session,
    asset,
    load: loadId,
    run,
    stages,
    plan,
    needsHidden: true,
    physical,
    personal: new Set(Object.keys(spec.pii ?? {})),
  });
  const broken = await brokenRecords(session, conversion, unread);
  const names = new Set(plan.columns.map((column) => column.name));
  const found = (written: string): string => [written, columnName(written, 1, "snake")].find((name) => names.has(name)) ?? written;
  const keys = [spec.primaryKey ?? []].flat().map(found);
  const cursor = spec.cursor === undefined ? null : found(spec.cursor);
  await placeRows(session, conversion);
  const work: WorkTable = { table: conversion.table, columns: plan.columns.map(({ name, type }) => ({ name, type })) };
  const filtered = await leaveOutOlder(session, { work, keys, cursor, memory, mode });
  const left = filtered.reduce((sum, entry) => sum + entry.rows, 0);
  const ids = (await session.rows<{ id: string }>(`select _id as id from ${RECORDS} order by rowid`)).map(({ id }) => id);
  const brokenIds = new Set(broken.map(({ id }) => id));
  const kept = ids.filter((id) => !brokenIds.has(id));
  if (kept.length === 0) {
    const [first] = broken;
    throw new MillraceError({
      code: "MR8406",
      message: `none of ${records} ${records === 1 ? "record" : "records"} can be loaded: ${first?.reason ?? ""} (${first?.id ?? ""})`,
    });
  }
  const item: StagedItem = {
    name: "quarantine",
    sizeBytes: null,
    modifiedMs: null,
    hash: null,
    status: "loaded",
    read: kept.length,
    lines: null,
    understood: null,
  };
  const changes = await cellChanges(session, { before: BEFORE, after: RECORDS, columns: committed, limit: SHOWN_MAX });
  return {
    records,
    ids: kept,
    stillBroken: broken.slice(0, SHOWN_MAX),
    stillBrokenRows: broken.length,
    changes,
    memory,
    prepared: {
      request: declared,
      memory,
      mode,
      contract,
      loadId,
      contentHash: loadId,
      plan,
      conversion: { ...conversion, rows: conversion.rows - left, aside: null },
      items: [item],
      replacedFiles: [],
      rowsOnly: true,
      position: undefined,
      keys,
      cursor,
      filtered: filtered.map(({ rule, rows }) => ({ rule, file: item.name, rows })),
      startedMs: 0,
    },
  };
}

function asLoad({ asset, spec, token, audit, checks, tempDir }: AmendRequest): LoadRequest {
  return {
    asset,
    spec: { ...spec, deletes: "ignore" },
    deliveries: (async function* () {})(),
    token,
    codeHash: "",
    sourceState: null,
    audit,
    checks,
    repair: "note",
    fullRefresh: false,
    tempDir,
  };
}

async function correctedRecords(session: Session, request: AmendRequest, committed: readonly CommittedColumn[]): Promise<number> {
  const open = await tableOfRecords(session, { ...request, into: RECORDS, columns: committed });
  await session.run(`create or replace temp table ${BEFORE} as select * from ${RECORDS}`);
  if (open > 0) await editRecords(session, { table: RECORDS, columns: committed, correction: request.correction, where: request.where });
  const records = (await session.row<{ n: number }>(`select count(*) as n from ${RECORDS}`))?.n ?? 0;
  if (records > 0) return records;
  throw new MillraceError({
    code: "MR8401",
    message: open === 0 ? `nothing of ${request.asset} is in quarantine that fits` : `none of ${open} open records fits the condition`,
    hint: `millrace quarantine list ${request.asset}`,
  });
}

/** A stage of text, nested values by their type; records without any cell are not in it. Each row's origin is the record's id. */
async function stageRecords(
  session: Session,
  { asset, loadId, committed }: { asset: string; loadId: string; committed: readonly CommittedColumn[] },
): Promise<{ readonly stage: Stage; readonly unread: readonly string[] }> {
  const columns = editable(committed);
  const physical = physicalName(asset, `${loadId}_records`);
  const table = physicalTable(physical);
  const isRead = columns.map(({ name }) => `${ident(name)} is not null`).join(" or ");
  const unread = await session.rows<{ id: string }>(`select _id as id from ${RECORDS} where not (${isRead}) order by rowid`);
  const staged: StagedColumn[] = [];
  const cells: string[] = [];
  for (const column of columns) {
    const cell = ident(column.name);
    const nested =
      column.type === "JSON"
        ? `case when json_valid(${cell}) then ${cell}::json else to_json(${cell}) end`
        : /^(STRUCT|MAP)\(|\[\d*\]$/.test(column.type)
          ? `try_cast(try_cast(${cell} as json) as ${column.type})`
          : null;
    const bent =
      nested === null ? undefined : await session.row(`select 1 from ${RECORDS} where ${cell} is not null and ${nested} is null limit 1`);
    const isNested = nested !== null && bent === undefined;
    cells.push(`${isNested ? nested : cell} as ${cell}`);
    staged.push({
      name: column.name,
      label: column.from ?? column.name,
      type: isNested ? column.type : "VARCHAR",
      exactText: true,
      why: "a record in quarantine",
    });
  }
  await session.run(`create table ${table} as select ${cells.join(", ")} from ${RECORDS} where ${isRead} order by rowid`);
  const ids = await session.rows<{ id: string }>(`select _id as id from ${RECORDS} where ${isRead} order by rowid`);
  await writeOrigins(
    session,
    physical,
    loadId,
    ids.map(({ id }, index) => ({ file: id, firstRow: index, line: null })),
  );
  const stage: Stage = {
    physical,
    table,
    columns: staged,
    rows: ids.length,
    rejected: null,
    items: [],
    kind: "rows",
    understood: null,
    again: null,
  };
  return { stage, unread: unread.map(({ id }) => id) };
}

/** The types of the asset are fixed; how a column is read stands in its definition. */
function declaredColumns(spec: LoadRequest["spec"], committed: readonly CommittedColumn[]): NonNullable<SourceSpec["columns"]> {
  const own = spec.columns ?? {};
  const fixed = editable(committed).map(({ name, type, from }) => {
    const said = own[name];
    // Structs cannot be declared; records are staged with their types already.
    const isFixed = said?.type === undefined && said?.parse === undefined && !/STRUCT\(|MAP\(/.test(type);
    return [name, { ...said, from: from ?? name, ...(isFixed ? { type } : {}) }] as const;
  });
  return { ...own, ...Object.fromEntries(fixed) };
}

async function brokenRecords(session: Session, { aside }: Conversion, unread: readonly string[]): Promise<readonly StillBroken[]> {
  const broken = aside === null ? [] : await session.rows<StillBroken>(`select file as id, rule, reason from ${aside} order by file`);
  return [...broken, ...unread.map((id) => ({ id, rule: "unread", reason: UNREAD }))];
}

/** The rows say again where they came from at first. */
async function placeRows(session: Session, { table }: Conversion): Promise<void> {
  await session.run(`update ${table} set _file = r._file, _line = r._line from ${RECORDS} r where ${table}._file = r._id`);
}

/** Q3: rows whose key a later load, or a higher cursor, has brought since; and of the same key twice the later. */
async function leaveOutOlder(
  session: Session,
  { work, keys, cursor, memory, mode }: { work: WorkTable; keys: readonly string[]; cursor: string | null; memory: Memory; mode: string },
): Promise<readonly FilteredRows[]> {
  if (keys.length === 0 || (mode !== "merge" && mode !== "snapshot")) return [];
  const filtered = await removeRows(session, work, supersededRows(work.table, keys, cursor), "superseded");
  const live = memory.live?.physical;
  if (live == null || mode !== "merge" || (memory.live?.hidden.length ?? 0) === 0) return filtered;
  const own = `(select r._load from ${RECORDS} r where r._file is not distinct from w._file and r._line is not distinct from w._line limit 1)`;
  const later =
    cursor === null
      ? `coalesce((select max("at") from _millrace.loads where load = l._load) > (select max("at") from _millrace.loads where load = ${own}), false)`
      : `coalesce(l.${ident(cursor)} > w.${ident(cursor)}, false)`;
  const older = `select w.rowid as _row from ${work.table} w join ${physicalTable(live)} l on ${sameKey("w", "l", keys)} where ${later}`;
  return [...filtered, ...(await removeRows(session, work, older, "superseded"))];
}
