// What a load of some partitions does besides: rows of other partitions are left out, the partitions' own rows go before the new ones come, and the
// ledger of partitions says that they stand.
import { createHash } from "node:crypto";
import { forgetPartitions, type PartitionEntry, readMadeOf, writePartitions } from "../sql/ledger/partitions.ts";
import { physicalTable } from "../sql/ledger/publish.ts";
import type { Session, Transaction } from "../sql/session.ts";
import { literal } from "../sql/text.ts";
import type { Account } from "./account.ts";
import type { Keep, WorkTable } from "./merge.ts";
import { OUTSIDE_RULE, type PartitionPart, type PartitionRequest } from "./partition-port.ts";
import { belongs, type OwnRows, ownRows, rowsPerPart } from "./partition-rows.ts";
import type { Prepared } from "./prepared.ts";
import type { LoadRequest } from "./request.ts";

const VERSION_CHARACTERS = 16;

/** Do all partitions of the request stand, made of the same contents by the same code? */
export async function isStanding(
  session: Session,
  { asset, partition, codeHash, fullRefresh }: Pick<LoadRequest, "asset" | "partition" | "codeHash" | "fullRefresh">,
  contentHash: string,
): Promise<boolean> {
  if (partition === undefined || fullRefresh) return false;
  const keys = partition.parts.map(({ key }) => key);
  const standing = await readMadeOf(session, asset, keys);
  return partition.parts.every((part) => {
    const row = standing.get(part.key);
    return row?.codeHash === codeHash && row.version === versionOf(contentHash, part);
  });
}

/** SELECT of the rowids of the work table whose rows belong to other partitions; null where no column tells. */
export function outsideRows(asset: string, partition: PartitionRequest, work: WorkTable): string | null {
  const mine = belongs(asset, partition, work.columns);
  return mine === null ? null : `select rowid as _row from ${work.table} where not ${mine}`;
}

/** Takes the rows of the partitions out of the asset's table. */
export async function removePartition(tx: Transaction, own: OwnRows, keep: Keep): Promise<void> {
  const where = await ownRows(tx, own);
  await keep(where);
  await tx.run(`delete from ${own.table} where ${where}`);
}

/** What stands as the mode of the load in the ledger. */
export function modeText({ request, mode }: Pick<Prepared, "request" | "mode">): string {
  return request.partition === undefined ? mode : `partition ${request.partition.name}`;
}

export interface Standing {
  readonly account: Account;
  readonly seconds: number;
  /** The asset's table, with the new rows. */
  readonly physical: string;
}

/** Writes the ledger of partitions. A load of the whole asset forgets them: its rows are of no partition that it knows. */
export async function standPartitions(tx: Transaction, prepared: Prepared, { account, seconds, physical }: Standing): Promise<void> {
  const { request, loadId, contentHash, plan, mode } = prepared;
  const { asset, partition, token } = request;
  if (partition === undefined) {
    if (mode === "replace" || request.fullRefresh) await forgetPartitions(tx, asset);
    return;
  }
  const { parts } = partition;
  const columns = plan.columns.map(({ name, type }) => ({ name, type }));
  const mine = `_load = ${literal(loadId)}`;
  const rows =
    parts.length === 1 ? [account.rows.loaded] : await rowsPerPart(tx, { asset, partition, columns, table: physicalTable(physical) }, mine);
  const outside = account.filtered[OUTSIDE_RULE] ?? 0;
  const entries = parts.map((part, index): PartitionEntry => ({
    partition: part.key,
    version: versionOf(contentHash, part),
    load: loadId,
    rows: rows[index]!,
    quarantined: index === 0 ? account.rows.quarantined : 0,
    filtered: index === 0 && outside > 0 ? { [OUTSIDE_RULE]: outside } : {},
    codeHash: request.codeHash,
    inputs: part.inputs,
    seconds: seconds / parts.length,
  }));
  await writePartitions(tx, asset, token, entries);
}

/** Rows of other partitions that a merge is about to take because their keys come again: what reads those partitions has something new. */
export async function touchOthers(tx: Transaction, { asset, table, load }: Touching, where: string): Promise<void> {
  const gone = `from ${table} where _load is not null and (${where})`;
  if ((await tx.row(`select 1 ${gone} limit 1`)) === undefined) return;
  await tx.run(
    `update _millrace.partitions set version = substr(md5(version || ${literal(load)}), 1, ${VERSION_CHARACTERS}), "rows" = "rows" - g.n
     from (select _load as gone_load, count(*) as n ${gone} group by 1) g where asset = ${literal(asset)} and load = g.gone_load`,
  );
}

export interface Touching {
  readonly asset: string;
  readonly table: string;
  readonly load: string;
}

/** The first partitions of an asset may be empty, and then nothing tells its columns: they stand, and there is no table yet. */
export async function standEmpty(
  tx: Transaction,
  prepared: Prepared,
  { account, seconds }: Pick<Standing, "account" | "seconds">,
): Promise<void> {
  const { partition, asset, codeHash, token } = prepared.request;
  const entries = (partition?.parts ?? []).map((part): PartitionEntry => ({
    partition: part.key,
    version: versionOf(prepared.contentHash, part),
    load: prepared.loadId,
    rows: account.rows.loaded,
    quarantined: 0,
    filtered: {},
    codeHash,
    inputs: part.inputs,
    seconds,
  }));
  await writePartitions(tx, asset, token, entries);
}

/** Did nothing come for an asset that has no columns yet? */
export function isEmptyStart({ request, memory, plan }: Pick<Prepared, "request" | "memory" | "plan">): boolean {
  return request.partition !== undefined && memory.live === undefined && plan.columns.length === 0;
}

function versionOf(contentHash: string, part: PartitionPart): string {
  return createHash("sha256").update(`${contentHash}\0${part.key}`).digest("hex").slice(0, VERSION_CHARACTERS);
}
