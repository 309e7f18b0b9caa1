// Brings a read table up to date: takes what was appended since it was folded last, folds it, and saves rows and position together. Whoever reads does
// this first; when two do it at once, one of them finds out and begins again.
import type { JsonValue } from "../model/answers.ts";
import type { Batch, EventStore, TableRow } from "../store/store.ts";

export interface ReadTable {
  readonly name: string;
  fold(batch: Batch, rows: FoldedRows): Promise<void>;
}

export interface FoldedRows {
  get(key: string): Promise<JsonValue | undefined>;
  put(row: TableRow): void;
}

/** Batches that are folded between two saves. */
const BATCHES_MAX = 500;

export async function catchUp(store: EventStore, table: ReadTable): Promise<void> {
  for (;;) {
    const from = await store.tables.position(table.name);
    const batches = await store.readAll(from, BATCHES_MAX);
    const last = batches.at(-1);
    if (last === undefined) return;
    const changed = new Map<string, TableRow>();
    const rows: FoldedRows = {
      get: async (key) => changed.get(key)?.body ?? (await store.tables.get(table.name, key)),
      put: (row) => {
        changed.set(row.key, row);
      },
    };
    for (const batch of batches) await table.fold(batch, rows);
    await store.tables.save(table.name, { expectedPosition: from, position: last.position, rows: [...changed.values()] });
  }
}
