// What staging yields: tables with the account of what was read, and where each of their rows came from.
import type { ColumnReading, FileUnderstanding, StagedColumn, StagedFile } from "../formats/format.ts";
import { snakeName } from "../model/names.ts";
import type { Session } from "../sql/session.ts";
import type { CommittedColumn } from "./columns.ts";
import type { Json } from "./connector.ts";
import type { Keeper } from "./raw/keep.ts";
import type { LoadRequest } from "./request.ts";

/** One file, or one page of rows: a row of `_millrace.files`. */
export interface StagedItem {
  readonly name: string;
  readonly sizeBytes: number | null;
  readonly modifiedMs: number | null;
  readonly hash: string | null;
  /** What its source knows it by besides the contents. */
  readonly identity?: string | undefined;
  readonly status: "loaded" | "replaced" | "unchanged" | "ignored";
  /** Records read: rows in the stage table + records the reader rejected. */
  readonly read: number;
  readonly lines: StagedFile["lines"];
  readonly understood: FileUnderstanding | null;
}

export interface Stage {
  readonly physical: string;
  /** Qualified and quoted. */
  readonly table: string;
  readonly columns: readonly StagedColumn[];
  readonly rows: number;
  /** Table of records the reader could not take; null when there are none. */
  readonly rejected: string | null;
  readonly items: readonly StagedItem[];
  readonly kind: "file" | "rows";
  /** Its connector gives each row once, whatever the cursor says. */
  readonly exact?: boolean;
  /** Types are the source's own, whatever values there are. */
  readonly isTyped?: boolean;
  readonly understood: FileUnderstanding | null;
  /** Stages the file again with these labels as text; null for rows. */
  readonly again: ((labels: ReadonlySet<string>) => Promise<Stage>) | null;
}

export interface Staged {
  readonly stages: readonly Stage[];
  /** Files that were not read because they were taken before. */
  readonly skipped: readonly StagedItem[];
  /** Names of files whose earlier rows are replaced. */
  readonly replacedFiles: readonly string[];
  readonly contentHash: string;
  readonly position: Json | undefined;
}

/** What staging yields while its temporary files stand. */
export interface Held {
  /** What was staged, under the columns that are committed by now: another load may have published since these were staged. */
  readonly fit: (committed: StagingContext["committed"]) => Promise<Staged>;
  /** Nothing is staged again after this. */
  readonly release: () => void;
}

export interface StagingContext {
  readonly session: Session;
  readonly request: LoadRequest;
  readonly load: string;
  /** Path → hash of the contents taken last (append, merge); empty when every load reads everything. */
  readonly taken: ReadonlyMap<string, string>;
  /** Path → hash of the files of the last `replace`, made by the same definition; empty otherwise. */
  readonly lastFiles: ReadonlyMap<string, string>;
  /** Path → what its source knew the file by when its contents had this hash. */
  readonly identities: ReadonlyMap<string, { readonly identity: string; readonly hash: string }>;
  readonly readings: ColumnReadings;
  readonly committed: readonly CommittedColumn[] | null;
  /** Keeps what is received. */
  readonly keeper?: Keeper | undefined;
}

/** How each header is to be read, found by the name it will get. Readers ask by label. */
export class ColumnReadings extends Map<string, ColumnReading> {
  private readonly byName: ReadonlyMap<string, ColumnReading>;
  constructor(byLabel: ReadonlyMap<string, ColumnReading>, byName: ReadonlyMap<string, ColumnReading>) {
    super(byLabel);
    this.byName = byName;
  }
  override get(label: string): ColumnReading | undefined {
    return super.get(label.trim()) ?? this.byName.get(snakeName(label));
  }
  override has(label: string): boolean {
    return this.get(label) !== undefined;
  }
}

/** Rows [firstRow, …) of a stage table come from `file`, lines `line`, `line + 1`, …; `line` is null where the format has none. */
export interface Origin {
  readonly file: string;
  readonly firstRow: number;
  readonly line: number | null;
}

/** Writes where the rows of a stage table come from. */
export async function writeOrigins(session: Session, physical: string, load: string, origins: Iterable<Origin>): Promise<void> {
  const appender = await session.connection.createAppender("origins", "_millrace");
  for (const origin of origins) {
    appender.appendVarchar(physical);
    appender.appendVarchar(load);
    appender.appendVarchar(origin.file);
    appender.appendBigInt(BigInt(origin.firstRow));
    if (origin.line === null) appender.appendNull();
    else appender.appendBigInt(BigInt(origin.line));
    appender.endRow();
  }
  appender.closeSync();
}
