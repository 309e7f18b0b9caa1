// The port between one engine's driver and what all databases have in common. Rows come as arrays of plain values in the order of the columns.
import type { Json } from "../load/connector.ts";

/** How a cell travels into DuckDB; everything that is not exact as one of the others is text and cast there, all at once. */
export type Wire = "text" | "bigint" | "double" | "boolean" | "blob";
export type Cell = string | number | bigint | boolean | Uint8Array | null;
export type Batch = readonly (readonly (Cell | undefined)[])[];

export interface WireColumn {
  readonly name: string;
  readonly wire: Wire;
  /** DuckDB type of the column. */
  readonly type: string;
  /** SQL that makes the value of the wire cell; default: a cast. */
  readonly cast?: (cell: string) => string;
  /** The type in the server's words. */
  readonly serverType: string;
}

export interface Result {
  readonly columns: readonly WireColumn[];
  /** Taken once; stopping early ends the query. */
  readonly batches: AsyncIterable<Batch>;
}

/** One connection. */
export interface Reader {
  query(sql: string): Promise<Result>;
  close(): Promise<void>;
}

export interface FoundTable {
  /** As it is written in `table:`. */
  readonly name: string;
  /** Its parts, from the outermost. */
  readonly path: readonly string[];
  readonly columns: readonly { readonly name: string; readonly type: string; readonly nullable: boolean }[];
  readonly primaryKey: readonly string[];
  /** An estimate. */
  readonly rows?: number;
}

/** A database that was connected to. */
export interface Database extends Reader {
  /** What stands in messages: the server's kind and version. */
  readonly version: string;
  quote(name: string): string;
  /** A cursor's value as it stands in a condition. */
  literal(value: Json, column: WireColumn): string;
  /** Tables and views, those named or all that are the user's. */
  tables(name?: string): Promise<readonly FoundTable[]>;
  /** Readers that see the table as it is at one and the same moment; fewer than asked for where the server cannot. */
  together?(table: FoundTable, count: number): Promise<readonly Reader[]>;
  /** What is selected of a table, where `*` would lose something. */
  selectList?(table: FoundTable): string;
  /** What the catalogue knows of a table's columns and a result does not. */
  refine?(table: FoundTable, columns: readonly WireColumn[]): readonly WireColumn[];
  /** Column of whole numbers that cuts the table into ranges. */
  rangeKey?(table: FoundTable): string | undefined;
}
