// What a connector is: a source yields deliveries, a destination takes a query's rows. It knows nothing of contracts, ledgers and runs.
// Errors are protocol: MillraceError with `retryable`/`retryAfterMs` (rate limited), terminal otherwise.
import type { DuckDBConnection } from "@duckdb/node-api";
import type * as z from "zod";
import type { PartitionContext } from "../model/definitions/partition.ts";
import type { StagedColumn, StagedFile, StageRequest } from "../formats/format.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Row = Readonly<Record<string, unknown>>;

/** A page, a message set, what a generator yielded: rows as objects. */
export interface RowsDelivery {
  readonly kind: "rows";
  /** What stands in messages and in `_millrace.files` as the origin: "page 3 of https://…". */
  readonly name: string;
  readonly rows: readonly Row[];
  /** Cursor to resume after this delivery, opaque to the loader; committed with the rows. */
  readonly position?: Json;
}

/** A file: staged by its format's reader straight into a table. May be staged twice (text, when the types of several files differ). */
export interface FileDelivery {
  readonly kind: "file";
  readonly name: string;
  /** null: not known before it is read. */
  readonly sizeBytes: number | null;
  /** Modification time in ms; null: not known. */
  readonly modifiedMs: number | null;
  /** Another one whenever the contents are others (etag, version, times of change): then they need not be read to know that they are the same. */
  readonly identity?: string;
  readonly format: string;
  /** Throws MillraceError when the file cannot be read. */
  stage(request: Omit<StageRequest, "path" | "name" | "options" | "tempDir">): Promise<StagedFile>;
  /** SHA-256 of the bytes. */
  hash(): Promise<string>;
  /**
   * Path on this machine of the bytes as they were received, for the raw zone; fetched once for this and for `stage`, there until `stage` has ended, never
   * changed. A member of an archive: its own bytes. Left out: the delivery cannot be kept, and the asset not be replayed from it.
   */
  original?(): Promise<string>;
}

/** A file of an earlier delivery: its bytes lie in the raw zone now. */
export interface KeptFile extends Pick<FileDelivery, "name" | "sizeBytes" | "modifiedMs"> {
  /** Where the bytes that `original` gave lie now. */
  readonly path: string;
}

/** Rows that the connector puts into a DuckDB table itself: binary COPY into vectors, another attached database. Types are the source's own. */
export interface TableDelivery {
  readonly kind: "table";
  /** What stands in messages and in `_millrace.files` as the origin: "public.sales". */
  readonly name: string;
  /** Creates the table `into` (qualified and quoted) and fills it. Called once. Throws MillraceError when not every row arrived. */
  fill(request: { readonly connection: DuckDBConnection; readonly into: string; readonly signal?: AbortSignal }): Promise<FilledTable>;
}

export interface FilledTable {
  /** Rows in the table; counted by the connector, checked against the table by the loader. */
  readonly rows: number;
  readonly columns: readonly StagedColumn[];
  /** Cursor to resume after these rows, opaque to the loader; committed with them. */
  readonly position?: Json;
  /** The connector vouches by `position` that it gives each row once: none is left out for lying before the cursor or being there already. */
  readonly exact?: boolean;
}

export type Delivery = RowsDelivery | FileDelivery | TableDelivery;

/** What a server or folder offers: one table, stream or set of files that could become a source. */
export interface Discovered {
  /** As the server calls it: "public.sales". */
  readonly name: string;
  /** What stands under the connector's name in `from:` besides the connection. */
  readonly options: Readonly<Record<string, unknown>>;
  /** `type` in the server's words, but for `duckdbTypes`. */
  readonly columns?: readonly { readonly name: string; readonly type: string }[];
  /** The types of `columns` are DuckDB's, and may be declared. */
  readonly duckdbTypes?: true;
  readonly primaryKey?: readonly string[];
  /** A column that could be its cursor. */
  readonly cursor?: string;
  /** An estimate. */
  readonly rows?: number;
}

export interface ReadContext {
  /** A connection for readers that need DuckDB (peek); the loader gives its own to `stage`. */
  readonly connection: DuckDBConnection;
  readonly projectDir: string;
  /** The asset that is loaded or shared. */
  readonly asset?: string;
  readonly tempDir: string;
  /** Last committed cursor value of the asset, minus lookback; undefined on the first load or full refresh. */
  readonly since: Json | undefined;
  /** What the last delivery of the last commit gave as its `position`; undefined on the first load or full refresh. */
  readonly position?: Json | undefined;
  /** `cursor:` and `primaryKey:` of the source as written, for connectors that ask only for what is new. */
  readonly cursor?: string;
  readonly primaryKey?: readonly string[];
  /** `position` of the last delivery that an earlier try of this load has kept in the raw zone: continue after it. Only with `capabilities.resume`. */
  readonly resume?: Json;
  /** The partition that is asked for; undefined when everything is. */
  readonly partition?: PartitionContext;
  /** For `peek`: types that hold for all files that are there, not only what the next load brings. */
  readonly everyFile?: true;
  readonly signal: AbortSignal;
  /** Settings of the named connection of millrace.yaml, already resolved. */
  readonly connections: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  log(level: "info" | "warn", message: string): void;
}

export type WriteMode = "replace" | "append" | "merge" | "delete";

export interface WriteContext extends ReadContext {
  /** The rows to write, as a SELECT that runs on `connection`. */
  readonly query: string;
  /** `delete`: the query's rows name, by `key`, what is to go. */
  readonly mode: WriteMode;
  readonly key: readonly string[];
  /** The same for every try of one export: lets a destination be idempotent. */
  readonly token: string;
}

export interface WriteResult {
  readonly rows: number;
  /** Rows that the destination refused while it took the others; not counted in `rows`. */
  readonly refused?: number;
  readonly locations: readonly string[];
}

export interface Connector<Options = unknown> {
  readonly name: string;
  readonly summary: string;
  readonly options: z.ZodType<Options>;
  readonly capabilities: {
    readonly read: boolean;
    readonly write: readonly WriteMode[];
    /** Its rows deliveries carry a `position`, and `read` continues after `context.resume`. */
    readonly resume?: true;
    /** `local`: `peek` asks nobody but this machine, so that a plan may do it. */
    readonly peek?: "local";
  };
  /** Deliveries in a stable order. */
  read?(options: Options, context: ReadContext): AsyncIterable<Delivery>;
  /** The delivery of a file that was kept (`FileDelivery.original`) again, without asking the source. Needed by every connector whose deliveries have `original`. */
  kept?(options: Options, file: KeptFile, context: ReadContext): FileDelivery;
  /** A token that changes when there may be something new; null when only a read can tell. Cheap: no contents are read. */
  state?(options: Options, context: ReadContext): Promise<string | null>;
  /** Column names and likely types before the first load, for `plan`. */
  peek?(options: Options, context: ReadContext): Promise<readonly StagedColumn[] | null>;
  write?(options: Options, context: WriteContext): Promise<WriteResult>;
  /** Connects with these settings and answers a sentence on what is there. Throws MillraceError when it cannot. */
  test?(options: Partial<Options>, context: ReadContext): Promise<string>;
  /** What could be loaded from there, for `millrace add` and `tables:`. */
  discover?(options: Partial<Options>, context: ReadContext): Promise<readonly Discovered[]>;
}

/** Keeps the type of the options while checking the shape. */
export function defineConnector<Options>(connector: Connector<Options>): Connector<Options> {
  return connector;
}
