// The account of a load: every record that was read is loaded, quarantined, or filtered under a named rule, in all and per file. It is counted
// in the publishing transaction from the tables themselves, not from what the code believes it did, and a difference of one fails the load.
import { MillraceError } from "../model/errors.ts";
import type { RowCounts } from "../model/plan.ts";
import type { Transaction } from "../sql/session.ts";
import { value } from "../sql/text.ts";
import type { FilteredRows } from "./merge.ts";
import type { StagedItem } from "./staged.ts";

export interface Account {
  readonly rows: RowCounts;
  readonly filtered: Readonly<Record<string, number>>;
  readonly files: readonly (RowCounts & { readonly item: StagedItem })[];
}

export interface AccountRequest {
  readonly asset: string;
  readonly load: string;
  readonly items: readonly StagedItem[];
  /** Rows of this load that stand in the asset now, counted in it. */
  readonly loaded: number;
  readonly filtered: readonly FilteredRows[];
}

/** Draws up the account. @throws MR4001 when it does not reconcile. */
export async function drawAccount(tx: Transaction, request: AccountRequest): Promise<Account> {
  const quarantined = await tx.rows<{ file: string | null; rows: number }>(
    "select file, count(*) as rows from _millrace.quarantine where load = $1 and asset = $2 and status in ('open', 'decided') group by all",
    [request.load, request.asset],
  );
  const perFile = sumByFile(quarantined);
  const filteredPerFile = sumByFile(request.filtered);
  const read = sum(request.items.map((item) => item.read));
  const rows: RowCounts = {
    read,
    loaded: request.loaded,
    quarantined: sum(quarantined.map((entry) => entry.rows)),
    filtered: sum(request.filtered.map((entry) => entry.rows)),
  };
  if (rows.read !== rows.loaded + rows.quarantined + rows.filtered) {
    throw new MillraceError({
      code: "MR4001",
      message: `${request.asset}: ${rows.read} rows read, but ${rows.loaded} loaded + ${rows.quarantined} quarantined + ${rows.filtered} filtered = ${rows.loaded + rows.quarantined + rows.filtered}.`,
    });
  }
  const files = request.items.map((item) => {
    const aside = perFile.get(item.name) ?? 0;
    const left = filteredPerFile.get(item.name) ?? 0;
    return { item, read: item.read, loaded: item.read - aside - left, quarantined: aside, filtered: left };
  });
  const negative = files.find((file) => file.loaded < 0);
  if (negative !== undefined) {
    throw new MillraceError({ code: "MR4001", message: `${negative.item.name}: more rows were set aside than were read.` });
  }
  const filtered: Record<string, number> = {};
  for (const entry of request.filtered) filtered[entry.rule] = (filtered[entry.rule] ?? 0) + entry.rows;
  return { rows, filtered, files };
}

/** Rows of one statement that writes to `_millrace.files`. */
const FILES_PER_INSERT = 200;

export interface LedgerEntry {
  readonly asset: string;
  readonly load: string;
  readonly run: string;
  readonly node: string;
  readonly attempt: number;
  readonly mode: string;
  readonly status: "loaded" | "unchanged";
  readonly seconds: number;
  readonly version: string;
  readonly warnings: readonly string[];
}

/** Writes the load's row, one row per file or page, and how many records were set aside by which rule. */
export async function writeLedger(tx: Transaction, entry: LedgerEntry, account: Account): Promise<void> {
  const { rows } = account;
  if (rows.quarantined > 0) {
    await tx.run(
      `insert into _millrace.reasons select asset, load, rule, count(*), now() from _millrace.quarantine
       where load = $1 and asset = $2 and status in ('open', 'decided') group by all`,
      [entry.load, entry.asset],
    );
  }
  await tx.run(
    `insert into _millrace.loads (load, asset, run, node, attempt, mode, status, "at", seconds, rows_read, rows_loaded, rows_quarantined, rows_filtered, filtered, version, warnings)
     values ($1, $2, $3, $4, $5, $6, $7, now(), $8, $9, $10, $11, $12, $13, $14, $15)`,
    [
      entry.load,
      entry.asset,
      entry.run,
      entry.node,
      entry.attempt,
      entry.mode,
      entry.status,
      entry.seconds,
      rows.read,
      rows.loaded,
      rows.quarantined,
      rows.filtered,
      JSON.stringify(account.filtered),
      entry.version,
      JSON.stringify(entry.warnings),
    ],
  );
  const files = account.files.map((file) => {
    const { item } = file;
    const cells = [entry.load, entry.asset, item.name, item.sizeBytes, item.hash, item.modifiedMs, item.status, item.identity ?? null];
    const counts = [file.read, file.loaded, file.quarantined, file.filtered];
    const lines = [item.lines?.total, item.lines?.header, item.lines?.preamble, item.lines?.blank];
    const understood = item.understood === null ? null : JSON.stringify(item.understood);
    return `(${[...cells, ...counts, ...lines, understood].map((cell) => value(cell)).join(", ")})`;
  });
  for (let from = 0; from < files.length; from += FILES_PER_INSERT) {
    await tx.run(
      `insert into _millrace.files (load, asset, file, size, hash, modified, status, identity, rows_read, rows_loaded, rows_quarantined, rows_filtered,
         lines, lines_header, lines_preamble, lines_blank, understood, "at")
       select * replace (to_timestamp(modified::double / 1000) as modified), now() from (values ${files.slice(from, from + FILES_PER_INSERT).join(", ")})
         as f(load, asset, file, size, hash, modified, status, identity, read, loaded, quarantined, filtered, lines, header, preamble, blank, understood)`,
    );
  }
}

function sumByFile(entries: readonly { readonly file: string | null; readonly rows: number }[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const entry of entries) if (entry.file !== null) sums.set(entry.file, (sums.get(entry.file) ?? 0) + entry.rows);
  return sums;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
