// Brings a read table up to date: takes what was appended since it was folded last, folds it, and saves rows and position together. Whoever reads does
// this first; when two do it at once, one of them finds out and begins again.
import type { JsonValue } from "../model/answers.ts";
import { assertKnownEvents, unknownEvent } from "../model/event-format.ts";
import type { Batch, EventStore, TableRow } from "../store/store.ts";

export interface ReadTable {
  readonly name: string;
  /** Keys of the rows that `fold` will ask for, so that they are read in one question for many batches. */
  keys?(batch: Batch): Iterable<string>;
  fold(batch: Batch, rows: FoldedRows): Promise<void>;
}

export interface FoldedRows {
  get(key: string): Promise<JsonValue | undefined>;
  put(row: TableRow): void;
}

/** Batches that are folded between two saves. */
const BATCHES_MAX = 2_000;
/** Rows that are remembered from save to save, so that a long way is not asked for row by row. */
const ROWS_KEPT_MAX = 20_000;

/** Errors: MR6026 when a newer Millrace wrote what comes next; what was before it has been folded and saved. */
export async function catchUp(store: EventStore, table: ReadTable): Promise<void> {
  let kept = new Map<string, JsonValue | undefined>();
  for (;;) {
    const from = await store.tables.position(table.name);
    const batches = await store.readAll(from, BATCHES_MAX);
    const changed = new Map<string, TableRow>();
    const rows: FoldedRows = {
      async get(key) {
        const known = changed.get(key)?.body;
        if (known !== undefined || kept.has(key)) return known ?? kept.get(key);
        return store.tables.get(table.name, key);
      },
      put: (row) => {
        changed.set(row.key, row);
      },
    };
    const wanted = new Set(batches.flatMap((batch) => [...(table.keys?.(batch) ?? [])]).filter((key) => !kept.has(key)));
    const found = await store.tables.many(table.name, [...wanted]);
    for (const key of wanted) kept.set(key, found.get(key));
    let position = from;
    let unknown: Batch | undefined;
    for (const batch of batches) {
      if (unknownEvent(batch.events) !== undefined) {
        unknown = batch;
        break;
      }
      await table.fold(batch, rows);
      position = batch.position;
    }
    let saved = true;
    if (position > from) {
      saved = await store.tables.save(table.name, { expectedPosition: from, position, rows: [...changed.values()] });
      if (!saved || kept.size > ROWS_KEPT_MAX) kept = new Map();
      if (saved) for (const [key, { body }] of changed) kept.set(key, body);
    }
    if (unknown !== undefined) assertKnownEvents(unknown.stream, unknown.events);
    if (saved && batches.length < BATCHES_MAX) return;
    // A long way: whoever else lives in this process goes on meanwhile.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
