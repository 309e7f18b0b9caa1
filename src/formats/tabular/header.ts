// Where the table begins among rows of cells, and what its columns are called: the rules are those of delimited files, a row here is whole already.
import { PLAIN } from "../delimited/dialect.ts";
import type { SampleRecord } from "../delimited/sample-records.ts";
import { findTable } from "../delimited/table.ts";
import type { CellColumn } from "./stage.ts";

export interface HeaderPins {
  /** Rows of the header, when the user says so. */
  readonly headerRows: number | undefined;
  /** Does the user say where the table starts? */
  readonly startsAtOnce: boolean;
}

export interface FoundHeader {
  /** Rows before the header. */
  readonly preamble: number;
  readonly headerRows: number;
  readonly columns: readonly CellColumn[];
  readonly confidence: number;
}

/** A title or a note above the table fills fewer cells than this share of what rows usually fill. */
const SPARSE_SHARE_MAX = 0.5;
/** Rows that may stand above a header. */
const PREAMBLE_ROWS_MAX = 50;

/** `rows` are the first rows that are not blank; `width` the cells of the widest. */
export function findHeader(rows: readonly (readonly string[])[], width: number, pins: HeaderPins): FoundHeader {
  const preamble = pins.startsAtOnce ? 0 : preambleOf(rows, width);
  const records = rows.slice(preamble).map((cells, index): SampleRecord => {
    const padded = Array.from({ length: width }, (_, column) => cells[column] ?? "");
    return { cells: padded, quoted: [], raw: null, block: 0, start: index, next: index + 1, line: index, lines: 1 };
  });
  const found = findTable(records, width, PLAIN, { headerRows: pins.headerRows, startsAtOnce: true });
  return { preamble, headerRows: found.headerRows, columns: found.columns, confidence: found.headerConfidence };
}

function preambleOf(rows: readonly (readonly string[])[], width: number): number {
  if (width < 2) return 0;
  const filled = rows.map((row) => row.filter((cell) => cell.trim() !== "").length);
  const counts = filled.toSorted((a, b) => a - b);
  const typical = counts[counts.length >> 1] ?? 0;
  const first = filled.findIndex((count) => count > typical * SPARSE_SHARE_MAX && count >= Math.min(2, typical));
  return first > 0 && first <= PREAMBLE_ROWS_MAX ? first : 0;
}
