// Where the table starts in the samples: preamble, header rows, names of the columns, and what each column holds.
import { familyOf, shapeOf, type Family } from "./cells.ts";
import type { Dialect } from "./dialect.ts";
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

const HEADER_ROWS_MAX = 4;
const RECURRENCE_ROWS_MAX = 1000;
/** Kinds that a name never looks like. */
const SURE: ReadonlySet<Family | null> = new Set<Family>(["number", "moment", "time", "boolean", "address"]);

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
  const above = pins.startsAtOnce ? head[first] : head[first - 1];
  if (above !== undefined && above.cells.length !== width && pins.headerRows !== 0 && isHeaderOfOtherWidth(above, width)) {
    if (!pins.startsAtOnce) first--;
    width = settleHeaderWidth(above, width, dialect);
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

function isHeaderOfOtherWidth(record: SampleRecord, width: number): boolean {
  const surplus = record.cells.length - width;
  return width > 1 && surplus <= Math.max(2, width * 0.5) && -surplus <= Math.max(1, width * 0.1) && looksNamed(record);
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

interface HeaderContext {
  readonly width: number;
  readonly rest: readonly SampleRecord[];
  readonly isUneven: boolean;
  readonly pinned: number | undefined;
}

/** Header rows are rows from the top that contradict the kind of the columns below them. */
function headerOf(
  head: readonly SampleRecord[],
  first: number,
  profile: readonly ColumnProfile[],
  { width, rest, isUneven, pinned }: HeaderContext,
): { readonly rows: number; readonly confidence: number } {
  if (pinned !== undefined) return { rows: Math.min(pinned, Math.max(0, head.length - first)), confidence: 1 };
  const strictColumns = profile.filter(({ kind }) => kind !== null && kind !== "text").length;
  let rows = 0;
  let evidence = 0;
  for (let k = 0; k < HEADER_ROWS_MAX; k++) {
    const record = head[first + k];
    // A damaged first row contradicts its columns too; a second header row is whole.
    if (record === undefined || (k > 0 && (record.cells.length !== width || record.raw !== null))) break;
    const verdict = headerVerdict(record, profile, width);
    if (verdict.against > verdict.inFavour || verdict.inFavour === 0 || (k > 0 && first + k + 1 >= head.length)) break;
    if (k > 0 && verdict.inFavour < 2 && verdict.inFavour < strictColumns * 0.5) break;
    rows = k + 1;
    evidence += verdict.inFavour;
  }
  if (isUneven) return { rows: rows === 0 ? 1 : rows, confidence: 0.5 };
  if (rows > 0) return { rows, confidence: Math.min(1, 0.8 + 0.1 * evidence) };
  const record = head[first];
  if (record === undefined) return { rows: 0, confidence: 0.9 };
  if (profile.some(({ kind }, column) => SURE.has(kind) && familyOf(shapeOf(record.cells[column] ?? "")) === kind))
    return { rows: 0, confidence: 0.9 };
  // Nothing but text: a header is a full row of different names that do not come back in their columns.
  const names = record.cells.map((cell) => cell.trim());
  // In a table of one column a name that comes back is a value; in a wider one it is the header again.
  const again = width === 1 && head.filter((other) => other !== record && other.cells[0] === record.cells[0]).length > 0;
  const recurs =
    again ||
    names.some(
      (name, column) =>
        name !== "" && rest.slice(0, RECURRENCE_ROWS_MAX).some((other) => other !== record && other.cells[column]?.trim() === name),
    );
  return { rows: looksNamed(record) && !recurs ? 1 : 0, confidence: 0.6 };
}

function headerVerdict(record: SampleRecord, profile: readonly ColumnProfile[], width: number): { inFavour: number; against: number } {
  const verdict = { inFavour: 0, against: 0 };
  // 2010, 2011, 2012 are names too.
  const numbers = record.cells
    .map((cell) => cell.trim())
    .filter((cell) => /^(1[89]|2[01])\d\d$/.test(cell))
    .map(Number);
  const areYears = numbers.length >= 3 && numbers.every((year, index) => index === 0 || year === (numbers[index - 1] ?? 0) + 1);
  for (let column = 0; column < width; column++) {
    const cell = (record.cells[column] ?? "").trim();
    const kind = profile[column]?.kind ?? null;
    if (kind === null || kind === "text" || cell === "") continue;
    const family = familyOf(shapeOf(cell));
    if (areYears && numbers.includes(Number(cell))) verdict.inFavour += 0.5;
    else if (family === kind && SURE.has(kind)) verdict.against++;
    else if (family === "text" || (family === "code" && kind !== "code")) verdict.inFavour++;
  }
  return verdict;
}

function looksNamed(record: SampleRecord): boolean {
  const names = record.cells.map((cell) => cell.trim());
  const given = names.filter((name) => name !== "");
  return (
    given.length >= Math.max(1, names.length * 0.6) &&
    new Set(given).size === given.length &&
    given.every((name) => name.length <= 100 && !/^[\d.,$%-]+$/.test(name))
  );
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
