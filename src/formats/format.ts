// What every reader of a file format promises: a stage table, and an account of every record and line that was in the file.
//   F1. lines = header + preamble + blank + lines of the records (text formats).
//   F2. records read = rows in the stage table + records in the rejected table. Nothing is in neither, nothing in both.
//   F3. The table is returned only when a count that knows nothing of DuckDB's reader agrees.
import type { DuckDBConnection } from "@duckdb/node-api";
import type * as z from "zod";

/** How values of a column may be taken from a file: as text, by whole-file inference, or as a DuckDB type that every cell was seen to have the form of. */
export type ColumnReading = "text" | "infer";

export interface StageRequest {
  readonly connection: DuckDBConnection;
  /** Path on this machine of the bytes (a local file, or a temporary copy of a remote one). */
  readonly path: string;
  /** Name of the file as the user knows it: what stands in `_file`, messages and `_millrace.files`. */
  readonly name: string;
  /** Qualified and quoted name of the table to create; the reader creates it and leaves its columns named by their labels made unique. */
  readonly into: string;
  /** Qualified and quoted name of the table for rejected records; created only when there are any. */
  readonly rejectedInto: string;
  /** Per column label (trimmed header); columns not named here are read by `otherwise`. */
  readonly columns: ReadonlyMap<string, ColumnReading>;
  readonly otherwise: ColumnReading;
  /** `note`: an unambiguous repair is done and recorded; `quarantine`: the record goes to quarantine. */
  readonly repair: "note" | "quarantine";
  readonly options: Readonly<Record<string, unknown>>;
  readonly tempDir: string;
  readonly signal?: AbortSignal;
  /** The rows may be left in `deferred` instead of a table; those of a small file, by a reader that can. */
  readonly mayDefer?: true;
}

/** Proven rows of a small file that stand in no table yet: one statement for many files costs little more than one for each. */
export interface DeferredRows {
  /** Begins a table of several files with `first`, whose rows these are. */
  begin(first: StagedFile): SharedTable;
}

export interface SharedTable {
  /** As they are with all files taken. */
  readonly columns: readonly StagedColumn[];
  /** Adds the rows of a file; false, and nothing happens, when there is no room or they do not fit. `unify` gives the type for all values of two, or null. */
  take(file: StagedFile, unify: (a: string, b: string) => string | null): boolean;
  /** Creates the table; returns what could not be proven of it, or null. Then its files have to be staged one by one. */
  load(request: SharedTableRequest): Promise<string | null>;
}

export interface SharedTableRequest {
  readonly connection: DuckDBConnection;
  readonly into: string;
  /** Of the first file, for messages. */
  readonly name: string;
  /** A file to write to meanwhile. */
  readonly path: string;
}

export interface StagedColumn {
  /** Column of the stage table. */
  readonly name: string;
  /** The header as it stood in the file, untrimmed; the same as `name` where the format has no header. */
  readonly label: string;
  /** DuckDB type of the stage column. */
  readonly type: string;
  /** Can a value be cast back to VARCHAR without change of what was written? (true for text, integers, ISO dates …) */
  readonly exactText: boolean;
  readonly why: string;
}

/** Rows [firstRow, …) of the stage table, in rowid order, stand at physical lines `line`, `line + 1`, … (from 1) until the next entry. */
export interface LineOrigin {
  readonly firstRow: number;
  readonly line: number;
}

/** One record that was not taken as it stood. The rejected table has exactly these columns; `repaired` records are also in the stage table. */
export interface RejectedColumns {
  readonly kind: "quarantined" | "repaired";
  /** Physical line from 1, header included; null where the format has no lines. */
  readonly line: number | null;
  readonly lines: number;
  readonly rule: string;
  readonly reason: string;
  readonly raw: string;
}

export interface StagedFile {
  readonly rows: number;
  readonly columns: readonly StagedColumn[];
  readonly origins: readonly LineOrigin[];
  readonly hasRejected: boolean;
  readonly records: { readonly read: number; readonly quarantined: number; readonly repaired: number };
  readonly lines: { readonly total: number; readonly header: number; readonly preamble: number; readonly blank: number } | null;
  readonly sizeBytes: number;
  /** SHA-256 of the bytes, hex. */
  readonly hash: string;
  /** What was understood and why; printed by `millrace inspect`. */
  readonly understood: FileUnderstanding;
  /** The rows, which then stand in no table. */
  readonly deferred?: DeferredRows;
}

export interface FileUnderstanding {
  readonly format: string;
  readonly compression: "none" | "gzip" | "zstd" | "bzip2" | "xz";
  readonly encoding?: { readonly name: string; readonly why: string; readonly confidence: number };
  readonly dialect?: { readonly delimiter: string; readonly quote: string; readonly escape: string; readonly newline: string };
  readonly header?: { readonly rows: number; readonly line: number };
  readonly preamble?: readonly string[];
  readonly confidence: number;
  readonly alternatives?: readonly Readonly<Record<string, string | number>>[];
  /** Sentences a person should read. */
  readonly doubts: readonly string[];
  readonly warnings: readonly string[];
  /** How DuckDB got the rows: from the original, a patched copy, a rewritten copy, … */
  readonly road: string;
  /** The schema that the file brings with it, as it stands there (Avro). */
  readonly schema?: string;
}

/** A reader of one format. One file each, one line in `src/formats/index.ts`. */
export interface Format {
  readonly name: string;
  readonly summary: string;
  /** File name endings without compression, with the dot. */
  readonly extensions: readonly string[];
  readonly options: z.ZodType;
  stage(request: StageRequest): Promise<StagedFile>;
  /** Column names and likely types from the beginning of the file, fast; a hypothesis, for `plan` before the first load. */
  peek?(request: Pick<StageRequest, "connection" | "path" | "name" | "options" | "tempDir">): Promise<readonly StagedColumn[]>;
}
