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
  readonly sizeBytes: number;
  /** Modification time in ms; with name and size the cheap identity. */
  readonly modifiedMs: number;
  readonly format: string;
  /** Throws MillraceError when the file cannot be read. */
  stage(request: Omit<StageRequest, "path" | "name" | "options" | "tempDir">): Promise<StagedFile>;
  /** SHA-256 of the bytes. */
  hash(): Promise<string>;
}

export type Delivery = RowsDelivery | FileDelivery;

export interface ReadContext {
  /** A connection for readers that need DuckDB (peek); the loader gives its own to `stage`. */
  readonly connection: DuckDBConnection;
  readonly projectDir: string;
  readonly tempDir: string;
  /** Last committed cursor value of the asset, minus lookback; undefined on the first load or full refresh. */
  readonly since: Json | undefined;
  /** The partition that is asked for; undefined when everything is. */
  readonly partition?: PartitionContext;
  readonly signal: AbortSignal;
  /** Settings of the named connection of millrace.yaml, already resolved. */
  readonly connections: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  log(level: "info" | "warn", message: string): void;
}

export interface WriteContext extends ReadContext {
  /** The rows to write, as a SELECT that runs on `connection`. */
  readonly query: string;
  readonly mode: "replace" | "append" | "merge";
  readonly key: readonly string[];
  /** The same for every try of one export: lets a destination be idempotent. */
  readonly token: string;
}

export interface WriteResult {
  readonly rows: number;
  readonly locations: readonly string[];
}

export interface Connector<Options = unknown> {
  readonly name: string;
  readonly summary: string;
  readonly options: z.ZodType<Options>;
  readonly capabilities: {
    readonly read: boolean;
    readonly write: readonly ("replace" | "append" | "merge")[];
    /** `local`: `peek` asks nobody but this machine, so that a plan may do it. */
    readonly peek?: "local";
  };
  /** Deliveries in a stable order. */
  read?(options: Options, context: ReadContext): AsyncIterable<Delivery>;
  /** A token that changes when there may be something new; null when only a read can tell. Cheap: no contents are read. */
  state?(options: Options, context: ReadContext): Promise<string | null>;
  /** Column names and likely types before the first load, for `plan`. */
  peek?(options: Options, context: ReadContext): Promise<readonly StagedColumn[] | null>;
  write?(options: Options, context: WriteContext): Promise<WriteResult>;
}

/** Keeps the type of the options while checking the shape. */
export function defineConnector<Options>(connector: Connector<Options>): Connector<Options> {
  return connector;
}
