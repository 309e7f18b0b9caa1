// The ledger of partitions: one row per partition of an asset that stands, written in the transaction that makes its rows visible.
import { recordCommit, type AttemptToken } from "./fence.ts";
import { environmentOfKey } from "../../model/environment.ts";
import type { JsonValue } from "../../model/answers.ts";
import { ownerOf } from "./publish.ts";
import type { Session, Transaction } from "../session.ts";
import { literal, value } from "../text.ts";

export interface PartitionRow {
  readonly partition: string;
  /** The same whenever its rows are made of the same. */
  readonly version: string;
  readonly codeHash: string;
  /** What it was made of: per asset that was read a token of the versions of the partitions that it reads. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly rows: number;
  readonly quarantined: number;
  readonly seconds: number;
  readonly load: string | null;
  readonly run: string;
  readonly at: string;
}

export interface PartitionEntry {
  readonly partition: string;
  readonly version: string;
  readonly load: string;
  readonly rows: number;
  readonly quarantined: number;
  /** Rows left out, per rule. */
  readonly filtered: Readonly<Record<string, number>>;
  readonly codeHash: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly seconds: number;
}

/** What tells whether a partition is as it would be built now. */
export interface MadeOf {
  readonly codeHash: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly version: string;
  readonly rows: number;
}

/** Some partitions of an asset, where they stand. */
export async function readMadeOf(session: Session, asset: string, keys: readonly string[]): Promise<ReadonlyMap<string, MadeOf>> {
  const rows = await session.rows<{ partition: string; code_hash: string; inputs: string; version: string; n: number }>(
    `select partition, code_hash, inputs, version, "rows" as n from _millrace.partitions where asset = $1 and partition in (${keys.map(literal).join(", ")})`,
    [asset],
  );
  return new Map(
    rows.map(({ partition, code_hash: codeHash, inputs, version, n }) => [
      partition,
      { codeHash, inputs: JSON.parse(inputs) as Record<string, string>, version, rows: n },
    ]),
  );
}

interface LedgerRow extends Omit<PartitionRow, "codeHash" | "inputs"> {
  readonly code_hash: string;
  readonly inputs: string;
}

const COLUMNS = `partition, version, load, run, "rows", quarantined, seconds, code_hash, inputs, "at"`;

/** All partitions of an asset that stand, by key. */
export async function readPartitions(session: Session, asset: string): Promise<ReadonlyMap<string, PartitionRow>> {
  return byKey(
    await session.rows<LedgerRow>(`select ${COLUMNS} from _millrace.partitions where asset = $1`, [await ownerOf(session, asset)]),
  );
}

function byKey(rows: readonly LedgerRow[]): ReadonlyMap<string, PartitionRow> {
  return new Map(
    rows.map(({ code_hash: codeHash, inputs, ...row }) => [
      row.partition,
      { ...row, codeHash, inputs: JSON.parse(inputs) as Record<string, string> },
    ]),
  );
}

/** Versions of some partitions, for the tokens of what reads them. */
export async function readPartitionVersions(
  session: Session,
  asset: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await session.rows<{ partition: string; version: string }>(
    `select partition, version from _millrace.partitions where asset = $1 and partition in (${keys.map(literal).join(", ")})`,
    [await ownerOf(session, asset)],
  );
  return new Map(rows.map(({ partition, version }) => [partition, version]));
}

/** Replaces the rows of these partitions. */
export async function writePartitions(
  tx: Transaction,
  asset: string,
  token: AttemptToken,
  entries: readonly PartitionEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  const keys = entries.map(({ partition }) => literal(partition)).join(", ");
  await tx.run(`delete from _millrace.partitions where asset = ${literal(asset)} and partition in (${keys})`);
  const rows = entries.map((entry) => {
    const cells = [asset, entry.partition, entry.version, entry.load, token.run, token.node, token.attempt];
    const status = entry.quarantined > 0 ? "quarantined" : "present";
    const counts = [status, entry.rows, entry.quarantined, JSON.stringify(entry.filtered), entry.codeHash];
    return `(${[...cells, ...counts, JSON.stringify(entry.inputs), entry.seconds].map((cell) => value(cell)).join(", ")}, now())`;
  });
  await tx.run(`insert into _millrace.partitions values ${rows.join(", ")}`);
}

/** The asset starts anew: none of its partitions stands any more. */
export async function forgetPartitions(tx: Transaction, asset: string): Promise<void> {
  await tx.run("delete from _millrace.partitions where asset = $1", [asset]);
}

export interface PartitionPublication {
  readonly asset: string;
  /** The version that readers saw until now. */
  readonly before: string;
  readonly version: string;
  readonly codeHash: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly rows: number;
  readonly checks: JsonValue;
  readonly token: AttemptToken;
  readonly result: JsonValue;
}

/**
 * Publishes a table whose rows were changed in place and whose columns were not: the views stay, the row of the live version becomes the new
 * version's. One row per asset, so that ten thousand partitions leave one version and ten thousand rows of the ledger of partitions.
 */
export async function publishInPlace(tx: Transaction, publication: PartitionPublication): Promise<void> {
  const { asset, before, version, token } = publication;
  await tx.run(
    `update _millrace.versions set version = $3, code_hash = $4, inputs = $5, "rows" = $6, checks = $7, run = $8, node = $9, attempt = $10, "at" = now()
     where asset = $1 and version = $2`,
    [
      asset,
      before,
      version,
      publication.codeHash,
      JSON.stringify(publication.inputs),
      publication.rows,
      JSON.stringify(publication.checks),
      token.run,
      token.node,
      token.attempt,
    ],
  );
  await tx.run(`update _millrace.environments set version = $3, "at" = now() where environment = $1 and asset = $2`, [
    environmentOfKey(asset),
    asset,
    version,
  ]);
  await recordCommit(tx, token, asset, version, publication.result);
}

/** Per asset the rows that a partition has and the seconds that it took, on average. */
export async function estimates(session: Session): Promise<ReadonlyMap<string, { readonly rows: number; readonly seconds: number }>> {
  const rows = await session.rows<{ asset: string; n: number; seconds: number }>(
    `select asset, avg("rows") as n, avg(seconds) as seconds from _millrace.partitions group by asset`,
  );
  return new Map(rows.map(({ asset, n, seconds }) => [asset, { rows: n, seconds }]));
}
