// The audit log: every act with who, how, what, before, after and why, in a table of the state.
//   A1. Entries count up without gaps; none is changed. Beyond a limit the oldest go.
//   A2. Texts are without secrets before they come here.
import type { AuditAnswer, AuditEntryAnswer } from "../../model/access.ts";
import type { JsonValue } from "../../model/json.ts";
import type { ReadTables } from "../../store/store.ts";
import { wrongCursor } from "../cursor.ts";
import { change } from "./rows.ts";

export const AUDIT_TABLE = "access.1:audit";
/** 100,000 acts of 500 bytes are 50 MB. */
const ENTRIES_KEPT = 100_000;
const PAGE = 500;

export async function noteEntry(tables: ReadTables, entry: Omit<AuditEntryAnswer, "entry">): Promise<number> {
  return change(tables, AUDIT_TABLE, async (number) => {
    const body = { entry: number, ...entry } as unknown as JsonValue;
    if (number > ENTRIES_KEPT) await tables.remove(AUDIT_TABLE, [keyOf(number - ENTRIES_KEPT)]);
    return { rows: [{ key: keyOf(number), label: entry.act, rank: number, body }], answer: number };
  });
}

export interface AuditRequest {
  readonly limit: number;
  /** `next` of the answer before. */
  readonly cursor?: string;
  readonly by?: string;
  readonly act?: string;
  readonly subject?: string;
  /** Milliseconds since 1970. */
  readonly since?: number;
}

export async function listAudit(tables: ReadTables, request: AuditRequest): Promise<AuditAnswer> {
  const { limit, cursor, since = 0 } = request;
  const entries: AuditEntryAnswer[] = [];
  if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) throw wrongCursor("the audit log");
  let from = Math.min(await tables.position(AUDIT_TABLE), cursor === undefined ? Infinity : Number(cursor));
  while (from > 0) {
    const numbers = Array.from({ length: Math.min(PAGE, from) }, (_, at) => from - at);
    const rows = await tables.many(AUDIT_TABLE, numbers.map(keyOf));
    if (rows.size === 0) break;
    for (const number of numbers) {
      const entry = rows.get(keyOf(number)) as unknown as AuditEntryAnswer | undefined;
      if (entry === undefined) continue;
      if (Date.parse(entry.at) < since) return { entries, next: null };
      if (!fits(entry, request)) continue;
      if (entries.length === limit) return { entries, next: String(number) };
      entries.push(entry);
    }
    from -= numbers.length;
  }
  return { entries, next: null };
}

function fits(entry: AuditEntryAnswer, { by, act, subject }: AuditRequest): boolean {
  if (by !== undefined && entry.by !== by) return false;
  if (act !== undefined && entry.act !== act && !entry.act.startsWith(`${act}.`)) return false;
  return subject === undefined || entry.subject === subject;
}

function keyOf(entry: number): string {
  return String(entry).padStart(12, "0");
}
