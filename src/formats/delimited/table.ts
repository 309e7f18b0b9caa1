// Where the table starts in the samples: preamble, header rows, names of the columns, and what each column holds.
import type { Dialect } from "./dialect.ts";
import { HEADER_ROWS_MAX, headerOf, looksNamed } from "./header.ts";
import { readings } from "./lines.ts";
import { profileOf, type ColumnProfile } from "./profile.ts";
import type { SampleRecord } from "./sample-records.ts";

interface ColumnName {
  /** Trimmed and unique without regard to case. */
  readonly name: string;
  /** As it stood in the file. */
  readonly label: string;
}

export interface Table {
  readonly width: number;
  readonly columns: readonly ColumnName[];
  readonly profile: readonly ColumnProfile[];
  readonly headerRows: number;
  readonly headerConfidence: number;
  /** Physical line of the header, or of the first row without one; from 0. */
  readonly headerLine: number;
  /** Physical line of the first row, and its offset in the first block. */
  readonly bodyLine: number;
  readonly bodyStart: number;
  /** Do rows leave out trailing cells as a habit? */
  readonly shortRowsUsual: boolean;
}

export interface TablePins {
  /** Rows of the header, when the user says so. */
  readonly headerRows: number | undefined;
  /** Does the user say where the table starts? */
  readonly startsAtOnce: boolean;
}

/** Finds the table in records read under `dialect`, whose body has `bodyWidth` cells. Broken records get their likeliest cells. */
export function findTable(records: readonly SampleRecord[], bodyWidth: number, dialect: Dialect, pins: TablePins): Table {
  for (const record of records)
    if (record.raw !== null && record.cells.length !== bodyWidth)
      record.cells = readings(record.raw, dialect, bodyWidth)[0] ?? record.cells;
  const head = records.filter((record) => record.block === 0);
  const start =
    pins.startsAtOnce || pins.headerRows !== undefined ? firstPinned(head, bodyWidth, pins) : firstOfTable(records, head, bodyWidth);
  let first = start;
  let width = bodyWidth;
  let isUneven = false;
  // A header may be wider than the body (trailing cells left out) or one short (an unnamed column).
  const above = pins.headerRows === 0 ? -1 : pins.startsAtOnce ? 0 : headerAbove(head, first, width);
  const wider = head[above];
  if (wider !== undefined && wider.cells.length !== width && isHeaderOfOtherWidth(wider, width)) {
    first = above;
    width = settleHeaderWidth(wider, width, dialect);
    isUneven = true;
  }
  const rest = bodyRecords(records, head, first, bodyWidth);
  const profile = profileOf(
    rest.map((record) => record.cells),
    width,
  );
  const header = headerOf(head, first, profile, { width, rest, isUneven, pinned: pins.headerRows });
  const headerRecords = head.slice(first, first + header.rows);
  const last = headerRecords.at(-1);
  const begin = head[first];
  return {
    width,
    profile,
    columns: nameColumns(headerRecords, width),
    headerRows: header.rows,
    headerConfidence: header.confidence,
    headerLine: headerRecords[0]?.line ?? begin?.line ?? 0,
    bodyLine: last === undefined ? (begin?.line ?? 0) : last.line + last.lines,
    bodyStart: last?.next ?? begin?.start ?? 0,
    shortRowsUsual: width > bodyWidth || areShortRowsUsual(records, bodyWidth),
  };
}

const filledCells = (record: SampleRecord): number => record.cells.filter((cell) => cell.trim() !== "").length;

function firstPinned(head: readonly SampleRecord[], width: number, pins: TablePins): number {
  if (pins.startsAtOnce) return 0;
  const found = head.findIndex((record) => record.cells.length === width);
  return Math.max(found, 0);
}

/** The first record of the right width that is not a nearly empty line of text padded with delimiters. */
function firstOfTable(records: readonly SampleRecord[], head: readonly SampleRecord[], width: number): number {
  const body = records.filter((record) => record.cells.length === width);
  const counts = (body.length === 0 ? records : body).map(filledCells).toSorted((a, b) => a - b);
  const typical = counts[counts.length >> 1] ?? 0;
  const isSparse = (record: SampleRecord): boolean =>
    width > 3 && filledCells(record) <= Math.max(2, width * 0.2) && filledCells(record) < typical * 0.5;
  const found = head.findIndex((record, index) => index >= head.length - 1 || (record.cells.length === width && !isSparse(record)));
  return head[found]?.cells.length === width ? found : 0;
}

/** The highest record that may be the header in a run above `first`: what stands between them are rows of other lengths, and no preamble. */
function headerAbove(head: readonly SampleRecord[], first: number, width: number): number {
  let found = -1;
  for (let index = first - 1; index >= 0; index--) {
    const [record, below] = [head[index], head[index + 1]];
    if (record === undefined || below === undefined || !isNearWidth(record, width)) break;
    // Right above the body a blank line may stand; further up one ends what belongs together.
    if (index < first - 1 && record.line + record.lines !== below.line) break;
    // One cell above a table of two columns is a title, unless there is no other header.
    if (record.cells.length === 1 && found < 0 && looksNamed(head[first] ?? record)) break;
    if (looksNamed(record)) found = index;
  }
  return found;
}

function isNearWidth({ cells }: SampleRecord, width: number): boolean {
  const surplus = cells.length - width;
  return width > 1 && surplus <= Math.max(2, width * 0.5) && -surplus <= Math.max(1, width * 0.1);
}

function isHeaderOfOtherWidth(record: SampleRecord, width: number): boolean {
  return isNearWidth(record, width) && looksNamed(record);
}

/** Names that were cut apart at `, ` are joined, unnamed ones dropped; if neither gives the body's width, the header's counts. */
function settleHeaderWidth(record: SampleRecord, width: number, { delimiter }: Dialect): number {
  if (record.cells.length <= width) return width;
  const joined: string[] = [];
  for (const cell of record.cells) {
    if (cell.startsWith(" ") && cell.trim() !== "" && joined.length > 0) joined[joined.length - 1] += delimiter + cell;
    else joined.push(cell);
  }
  const given = record.cells.filter((cell) => cell.trim() !== "");
  if (joined.length === width) record.cells = joined;
  else if (given.length === width) record.cells = given;
  else return record.cells.length;
  return width;
}

function bodyRecords(records: readonly SampleRecord[], head: readonly SampleRecord[], first: number, width: number): SampleRecord[] {
  const firstText = JSON.stringify(head[first]?.cells);
  const behindHeaders = head[Math.min(first + HEADER_ROWS_MAX, head.length - 1)]?.start ?? 0;
  const sure = records.filter(
    (record) =>
      record.cells.length === width && JSON.stringify(record.cells) !== firstText && !(record.block === 0 && record.start < behindHeaders),
  );
  return sure.length >= 2 ? sure : records.filter((record) => record.cells.length === width && record !== head[first]);
}

/** Many short rows, scattered; a block of them is another table. */
function areShortRowsUsual(records: readonly SampleRecord[], width: number): boolean {
  const body = records.slice(
    Math.max(
      0,
      records.findIndex((record) => record.cells.length === width),
    ),
  );
  let short = 0;
  let runs = 0;
  for (const [index, record] of body.entries()) {
    const cells = record.cells.length;
    if (cells >= width || cells < width / 2 || cells === 1) continue;
    short++;
    if (index === 0 || (body[index - 1]?.cells.length ?? 0) >= width) runs++;
  }
  return short >= 3 && short >= body.length * 0.02 && runs >= short * 0.5;
}

/** Labels of several header rows are joined by a blank; unnamed columns are `column_N`; doubles get `_2`. */
function nameColumns(headerRecords: readonly { readonly cells: readonly string[] }[], width: number): ColumnName[] {
  const taken = new Set<string>();
  return Array.from({ length: width }, (_, column) => {
    const parts = headerRecords
      .map((record) => record.cells[column] ?? "")
      .filter((part, _index, all) => part.trim() !== "" || all.length === 1);
    const label = parts.join(" ").replaceAll("\0", "");
    const base = label.trim() === "" ? `column_${column + 1}` : label.trim();
    let name = base;
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${base}_${n}`;
    taken.add(name.toLowerCase());
    return { name, label: label === "" ? name : label };
  });
}
