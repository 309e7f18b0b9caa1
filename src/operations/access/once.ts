// Idempotency keys in a table of the state: an act that is sent again under its key is not done again.
//   O1. A key is taken before the act begins, so of two engines one carries it out.
//   O2. What was kept is forgotten after a day.
import type { KeptReply, OnceVerdict } from "../../model/access.ts";
import type { JsonValue } from "../../model/json.ts";
import type { ReadTables } from "../../store/store.ts";
import { change } from "./rows.ts";

const TABLE = "access.1:once";
const KEPT_MS = 86_400_000;
const TIDY_EVERY = 256;
const ROWS_LOOKED_AT_MAX = 100_000;

interface Row {
  readonly key: string;
  readonly fingerprint: string;
  readonly at: number;
  readonly reply: KeptReply | null;
}

export async function takeKey(
  tables: ReadTables,
  { key, fingerprint, now }: Omit<Row, "at" | "reply"> & { readonly now: number },
): Promise<OnceVerdict> {
  return change<OnceVerdict>(tables, TABLE, async (number) => {
    if (number % TIDY_EVERY === 0) await tidy(tables, now);
    const row = (await tables.get(TABLE, key)) as unknown as Row | undefined;
    if (row === undefined || row.at < now - KEPT_MS)
      return { rows: [stored({ key, fingerprint, at: now, reply: null })], answer: { state: "new" } };
    if (row.fingerprint !== fingerprint) return { rows: [], answer: { state: "other" } };
    return { rows: [], answer: row.reply === null ? { state: "unknown" } : { state: "done", reply: row.reply } };
  });
}

export async function keepReply(tables: ReadTables, key: string, reply: KeptReply | null): Promise<void> {
  if (reply === null) return tables.remove(TABLE, [key]);
  await change(tables, TABLE, async () => {
    const row = (await tables.get(TABLE, key)) as unknown as Row | undefined;
    return { rows: row === undefined ? [] : [stored({ ...row, reply })], answer: null };
  });
}

async function tidy(tables: ReadTables, now: number): Promise<void> {
  const rows = (await tables.list(TABLE, { limit: ROWS_LOOKED_AT_MAX })) as unknown as readonly Row[];
  const old = rows.filter(({ at }) => at < now - KEPT_MS);
  if (old.length > 0)
    await tables.remove(
      TABLE,
      old.map(({ key }) => key),
    );
}

function stored(row: Row) {
  return { key: row.key, label: "", rank: row.at, body: row as unknown as JsonValue };
}
