// What one audit found: the account of every line, and the sums that DuckDB's result must equal.
import { ColumnForms } from "../types/forms.ts";

export interface AuditSums {
  /** Rows that must be in the table. */
  readonly rows: number;
  /** Per column: cells that are not empty, and their bytes. */
  readonly filled: Float64Array;
  readonly bytes: Float64Array;
  /** Per column: the sum over rows of ordinal × bytes, modulo 2^32; differs when rows or cells stand in another order. */
  readonly order: Int32Array;
}

export class Accounts implements AuditSums {
  rows = 0;
  /** Line ends in the audited part, counted without looking at quotes. */
  physicalLines = 0;
  loadedLines = 0;
  blankLines = 0;
  commentLines = 0;
  quarantinedLines = 0;
  quarantinedRecords = 0;
  repairedRecords = 0;
  /** Records that were counted per rule, for the sentences of `inspect`. */
  readonly rules = new Map<string, number>();
  readonly filled: Float64Array;
  readonly bytes: Float64Array;
  readonly order: Int32Array;
  readonly forms: ColumnForms;
  /** Lines that are no UTF-8, and whether anything else than ASCII was valid. */
  invalidLines = 0;
  validMultibyte = 0;
  /** Must DuckDB read the copy, because the original has lines that it may not see? */
  isPatched = false;
  readonly comments: string[] = [];
  /** Breakpoints as pairs: ordinal of the row, physical line. */
  private origin = new Float64Array(64);
  private origins = 0;
  private expectedLine = -1;

  constructor(width: number) {
    this.filled = new Float64Array(width);
    this.bytes = new Float64Array(width);
    this.order = new Int32Array(width);
    this.forms = new ColumnForms(width);
  }

  /** Says that the next row to be loaded stands at `line` (from 0); a breakpoint is kept when that is not the line after the last row. */
  place(line: number): void {
    if (line !== this.expectedLine) {
      if (this.origins + 2 > this.origin.length) {
        const larger = new Float64Array(this.origin.length * 2);
        larger.set(this.origin);
        this.origin = larger;
      }
      this.origin[this.origins++] = this.rows;
      this.origin[this.origins++] = line + 1;
    }
    this.expectedLine = line + 1;
  }

  /** `count` rows were placed one line each, from the last `place`. */
  advance(count: number): void {
    this.expectedLine += count;
  }

  originPairs(): Float64Array {
    return this.origin.slice(0, this.origins);
  }
}

/** The same as plain values, to pass between threads. */
export interface AuditResult extends AuditSums {
  readonly physicalLines: number;
  readonly loadedLines: number;
  readonly blankLines: number;
  readonly commentLines: number;
  readonly quarantinedLines: number;
  readonly quarantinedRecords: number;
  readonly repairedRecords: number;
  readonly rules: ReadonlyMap<string, number>;
  readonly forms: ColumnForms;
  readonly invalidLines: number;
  readonly validMultibyte: number;
  readonly isPatched: boolean;
  readonly comments: readonly string[];
  readonly originPairs: Float64Array;
  /** SHA-256 of the whole file; "" when it was not asked for. */
  readonly hash: string;
}
