// Acts that were begun and not noted yet: a process that ends in the middle of one leaves it here, and the next engine writes into the audit log that nobody
// knows what came of it.
//   B1. An act is written down before anything is done; where that cannot be, nothing is done.
//   B2. It goes when the act is in the audit log. One that is in both was noted, and is not noted again.
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { AuditEntryAnswer } from "../../model/access.ts";
import type { JsonValue } from "../../model/json.ts";
import type { ReadTables } from "../../store/store.ts";
import { isAlive } from "../serve/engine-file.ts";
import { listAudit, noteEntry } from "./audit.ts";
import { change } from "./rows.ts";

const TABLE = "access.1:begun";
const LEFT_MAX = 1_000;
/** Of a machine that cannot be asked whether the process lives. */
const FOREIGN_MS = 86_400_000;

export type BegunEntry = Omit<AuditEntryAnswer, "entry" | "after" | "error">;

interface Row {
  readonly key: string;
  readonly host: string;
  readonly pid: number;
  readonly entry: BegunEntry;
}

/** What takes it back. */
export async function noteBegun(tables: ReadTables, entry: BegunEntry): Promise<() => Promise<void>> {
  const row: Row = { key: randomUUID(), host: hostname(), pid: process.pid, entry };
  const body = row as unknown as JsonValue;
  await change(tables, TABLE, async (rank) => ({ rows: [{ key: row.key, label: "", rank, body }], answer: null }));
  return () => tables.remove(TABLE, [row.key]);
}

/** Of processes that are gone. */
export async function noteLeft(tables: ReadTables, now: number): Promise<void> {
  const rows = (await tables.list(TABLE, { limit: LEFT_MAX })) as unknown as readonly Row[];
  const isLeft = ({ host, pid, entry }: Row): boolean =>
    host === hostname() ? pid === process.pid || !isAlive(pid) : Date.parse(entry.at) < now - FOREIGN_MS;
  for (const { key, entry } of rows.filter(isLeft).toReversed()) {
    if (!(await isNoted(tables, entry))) await noteEntry(tables, { ...entry, after: null, error: "MR8195" });
    await tables.remove(TABLE, [key]);
  }
}

/** B2 */
async function isNoted(tables: ReadTables, { at, act, by, subject }: BegunEntry): Promise<boolean> {
  const { entries } = await listAudit(tables, {
    limit: LEFT_MAX,
    act,
    by,
    since: Date.parse(at),
    ...(subject === null ? {} : { subject }),
  });
  return entries.length > 0;
}
