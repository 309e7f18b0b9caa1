// The port of the state store: streams of events with optimistic append, and read tables that are folded from them. A store knows nothing of what an
// event or a status means.
//   S1. An append is all or nothing and durable when the promise has resolved.
//   S2. It happens exactly when the stream still has the expected version; otherwise the answer is false and nothing has changed.
//   S3. The appends of one commit share one durable write; each is taken or refused by itself.
//   S4. A stream is read in the order of its appends. All streams together have one order too (`position`), which never gets a late entry.
//   S5. Rows of a read table and the position they are folded up to change together.
//   S6. What was removed is gone whole; a position is never given out twice, also not that of a removed batch.
//   S7. An append with claims is taken only when each claim still has the version that it names; each then goes up by one. So two engines that both
//       mean to take the last place of something cannot both do so.
import type { RunEvent } from "../model/events.ts";
import type { JsonValue } from "../model/answers.ts";
import type { StoreEvent } from "../model/store-events.ts";

export interface Append {
  readonly stream: string;
  /** Events that the stream has now; 0 for a new one. */
  readonly expectedVersion: number;
  readonly events: readonly StoreEvent[];
  /** Version by name (S7); one that nobody has claimed has 0. Only with events. */
  readonly claims?: Readonly<Record<string, number>>;
}

/** What one append wrote. */
export interface Batch {
  readonly position: number;
  readonly stream: string;
  /** Version of the stream before it. */
  readonly after: number;
  readonly events: readonly StoreEvent[];
}

/** Who has appended: `own`, nobody but this store object; `others`, perhaps another. */
export type Writer = "own" | "others";

export interface EventStore {
  append(stream: string, expectedVersion: number, events: readonly StoreEvent[]): Promise<boolean>;
  commit(appends: readonly Append[]): Promise<readonly boolean[]>;
  /** The versions of claims now, 0 for those that nobody has claimed. */
  claims(names: readonly string[]): Promise<Readonly<Record<string, number>>>;
  /** Events of a stream beyond a version; [] for a stream that is not there. The caller says which kind of stream it is; by default a run's. */
  read<Event extends StoreEvent = RunEvent>(stream: string, afterVersion?: number): Promise<readonly Event[]>;
  streams(): Promise<readonly { readonly stream: string; readonly version: number }[]>;
  /** What was appended to any stream beyond a position, oldest first, at most `limit` batches. */
  readAll(afterPosition: number, limit: number): Promise<readonly Batch[]>;
  /** Removes streams with all that was appended to them. Names that are not there are passed over. */
  remove(streams: readonly string[]): Promise<void>;
  /**
   * Calls `listener` soon after anything was appended to any stream, by this process or another: at least once after each append, many appends in one
   * call, now and then without need. It is not told what, only whether it may have been another process: read on from where you were. Returns how to
   * stop. The listener must not throw.
   */
  changes(listener: (writer: Writer) => void): () => void;
  /** Milliseconds since 1970 by the clock of the store, where it has one that all its engines can go by. */
  now?(): Promise<number>;
  readonly tables: ReadTables;
  readonly engines: EngineTable;
  close(): Promise<void>;
}

export interface TableRow {
  readonly key: string;
  /** Rows can be listed by it. */
  readonly label: string;
  /** Rows are listed highest first, equal ones by key, highest first. */
  readonly rank: number;
  readonly body: JsonValue;
}

export interface TableChange {
  /** The position that the table was folded up to when it was read. */
  readonly expectedPosition: number;
  readonly position: number;
  readonly rows: readonly TableRow[];
}

export interface ReadTables {
  /** The position that the table is folded up to; 0 when it was never saved. */
  position(table: string): Promise<number>;
  /** False when someone else has folded it further meanwhile. */
  save(table: string, change: TableChange): Promise<boolean>;
  get(table: string, key: string): Promise<JsonValue | undefined>;
  /** Those of the rows that are there, by their keys, in one question. */
  many(table: string, keys: readonly string[]): Promise<ReadonlyMap<string, JsonValue>>;
  /** Takes rows out of a table; its position stays. Keys that are not there are passed over. */
  remove(table: string, keys: readonly string[]): Promise<void>;
  list(table: string, query: ListQuery): Promise<readonly JsonValue[]>;
  /** The labels of rows that begin so, each once, in no order that means anything. Costs what there are of them, whatever the number of rows. */
  labels(table: string, prefix: string): Promise<readonly string[]>;
}

export interface ListQuery {
  readonly label?: string;
  /** Any of these, each once. */
  readonly labels?: readonly string[];
  /** Only rows that stand behind this one, which need not be there. */
  readonly below?: { readonly rank: number; readonly key: string };
  readonly limit: number;
}

/** An engine that works on the store, as it tells of itself. */
export interface EngineCard {
  readonly id: string;
  /** Of the machine (or container) that its process id is of. */
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  /** Where it can be spoken to; null when it listens nowhere. */
  readonly url: string | null;
  /** By its own clock, ms: to be shown, not to be reckoned with. */
  readonly startedAt: number;
  /** It holds the warehouse that only one process may write. */
  readonly holdsWarehouse: boolean;
}

export interface EngineEntry extends EngineCard {
  /** Goes up with each sign of life. Whoever watches judges by it and by their own clock: no two clocks are compared. */
  readonly beat: number;
}

export interface EngineTable {
  /** A sign of life. False when the engine was not in the table (any more) and was entered anew. */
  beat(card: EngineCard): Promise<boolean>;
  /** In the order of their ids. */
  list(): Promise<readonly EngineEntry[]>;
  remove(ids: readonly string[]): Promise<void>;
}
