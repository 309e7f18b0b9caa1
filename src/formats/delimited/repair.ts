// What a bad line may be read as. A repair never invents or drops a character other than a delimiter, a quote, or blank cells beyond the last column,
// and it needs exactly one reading that fits the kinds of the columns.
import { shapeOf } from "./cells.ts";
import type { Dialect } from "./dialect.ts";
import { physicalLine, readings, splitLenient } from "./lines.ts";
import { fits, hasEvidence, type ColumnProfile } from "./profile.ts";
import type { Rule } from "./rules.ts";

export interface RepairContext {
  readonly dialect: Dialect;
  readonly width: number;
  readonly profile: readonly ColumnProfile[];
  readonly shortRowsUsual: boolean;
}

export type Verdict = { readonly cells: string[]; readonly rule: Rule } | { readonly cells: null; readonly rule: Rule };

export interface LineState {
  readonly isBroken: boolean;
  /** Only a row that is right as it stands counts: the line lies beside a stray quote. */
  readonly exactOnly: boolean;
  /** The line that follows is no row: a quote that opens in the last cell may go on there. */
  readonly breaksOff: boolean;
}

const OTHER_DELIMITERS = [",", ";", "\t", "|"];
const SURPLUS_MAX = 8;
const refuse = (rule: Rule): Verdict => ({ cells: null, rule });

/** The only reading of one bad line that fits, or why there is none. */
export function settleLine(text: string, context: RepairContext, { isBroken, exactOnly, breaksOff }: LineState): Verdict {
  const { dialect, width, profile } = context;
  const { cells, mayPair, unclosedAt } = splitLenient(text, dialect);
  if (isBroken) {
    if (breaksOff && unclosedAt >= 0 && unclosedAt === cells.length - 1) return refuse("strayQuote");
    const direct = cells.length === width && !mayPair && fits(cells, profile, dialect.quote) ? [cells] : null;
    const [only, other] = direct ?? readings(text, dialect, width).filter((reading) => fits(reading, profile, dialect.quote));
    if (only !== undefined && other === undefined) return { cells: only, rule: "strayQuoteKept" };
  } else if (cells.length === width) return { cells, rule: "lineOnItsOwn" };
  for (const delimiter of OTHER_DELIMITERS) {
    if (width < 3 || delimiter === dialect.delimiter || !text.includes(delimiter)) continue;
    const other = splitLenient(text, { ...dialect, delimiter });
    if (other.cells.length === width && other.unclosed === 0 && fits(other.cells, profile))
      return { cells: other.cells, rule: "otherDelimiter" };
  }
  if (isBroken) return refuse("strayQuote");
  return exactOnly ? refuse("besideStrayQuote") : settleCells(cells, context);
}

/** Too few or too many cells: pad, trim or rejoin if the kinds of the columns leave one reading, else say why not. */
export function settleCells(cells: readonly string[], context: RepairContext): Verdict {
  const { width, profile } = context;
  if (cells.length < width) return settleShortRow(cells, context);
  const kept = cells.slice(0, width);
  // An extra cell in front of a blank last one shifts the rest and looks the same: the row must end with a value, or fit in no other way.
  if (cells.slice(width).every((cell) => cell.trim() === "") && fits(kept, profile) && !mayBeShifted(cells, context))
    return { cells: kept, rule: "emptyCellsDropped" };
  return rejoin(cells, context);
}

function settleShortRow(cells: readonly string[], { width, profile, shortRowsUsual }: RepairContext): Verdict {
  const missing = width - cells.length;
  const padded = [...cells, ...Array.from({ length: missing }, () => "")];
  const isLongEnough = cells.length >= Math.max(2, width / 2);
  if (isLongEnough && fits(padded, profile) && (shortRowsUsual || !mayBeMerged(cells, missing, profile)))
    return { cells: padded, rule: "shortRowPadded" };
  return refuse(cells.length === 1 ? "notARow" : "tooFewCells");
}

/** Prose puts a blank after a comma, a table does not. */
function rejoin(cells: readonly string[], { width, profile, dialect }: RepairContext): Verdict {
  const surplus = cells.length - width;
  const possible: string[][] = [];
  if (surplus <= SURPLUS_MAX)
    for (let at = 0; at < width; at++) {
      const pieces = cells.slice(at, at + surplus + 1);
      if (!pieces.slice(1).every((piece) => piece.startsWith(" ")) || pieces.some((piece) => piece.trim() === "")) continue;
      const joined = [...cells.slice(0, at), pieces.join(dialect.delimiter), ...cells.slice(at + surplus + 1)];
      if (fits(joined, profile)) possible.push(joined);
    }
  const [only, other] = possible;
  return only !== undefined && other === undefined ? { cells: only, rule: "delimiterRejoined" } : refuse("tooManyCells");
}

/** Could one cell too many, and not blank cells at the end, explain the row? Then leaving one of them out fits as well. */
function mayBeShifted(cells: readonly string[], { width, profile }: RepairContext): boolean {
  if (cells.length !== width + 1) return false;
  return cells.some((cell, at) => {
    if (at >= width || cell.trim() === "") return false;
    const without = cells.filter((_, index) => index !== at);
    return fits(without, profile);
  });
}

/** Could a lost delimiter explain the short row as well? Then padding would shift values into wrong columns. */
function mayBeMerged(cells: readonly string[], missing: number, profile: readonly ColumnProfile[]): boolean {
  return cells.some((cell, at) => {
    const expected = profile[at];
    const isStrict = expected?.kind !== null && expected?.kind !== "text" && expected?.kind !== "code";
    if (isStrict && cell.trim() !== "" && shapeFits(cell, expected)) return false; // a typed cell that fits is no merger
    return cells.slice(at + 1).every((other, index) => shapeFits(other, profile[at + 1 + missing + index]));
  });
}

function shapeFits(cell: string, expected: ColumnProfile | undefined): boolean {
  if (expected === undefined) return false;
  const shape = shapeOf(cell);
  if (expected.kind === null) return shape === "empty";
  return (
    expected.kind === "text" ||
    shape === "empty" ||
    (expected.shapes.includes(shape) && (expected.length === null || expected.length === cell.length))
  );
}

/** Lines of one record that are looked at for rows inside a quoted cell. */
const INNER_LINES_MAX = 200;

/** Did a stray quote join rows of the table into one record? True when its physical lines are rows by themselves.
 *  Text with line breaks hardly ever looks so: its first line breaks off inside a cell, its last one begins inside one. `cells` are those of the record. */
export function hidesRows(record: Buffer, cells: readonly string[], context: RepairContext, isBroken: boolean): boolean {
  const { dialect, width, profile } = context;
  if (width < 2) return false;
  const lines: string[][] = [];
  let opening = -1;
  for (let at = 0; at < record.length && lines.length < INNER_LINES_MAX;) {
    const [end, next] = physicalLine(record, at, record.length, dialect.crEnds);
    const split = splitLenient(record.toString("utf8", at, end), dialect);
    if (at === 0) opening = split.unclosedAt;
    lines.push(split.cells);
    at = next;
  }
  const isRow = (line: readonly string[] | undefined): boolean => line?.length === width;
  const isSure = (line: readonly string[] | undefined): boolean =>
    line !== undefined && isRow(line) && fits(line, profile) && hasEvidence(line, profile);
  const [first, second] = lines;
  if (first !== undefined && isRow(first) && swallowsCells(first, opening, context)) return true;
  if (isBroken) return (isRow(first) && isRow(second)) || lines.slice(1).some(isSure);
  // A line break in a column of numbers or dates: nothing a table would say.
  if (cells.some((cell, column) => /[\r\n]/.test(cell) && !isFreeText(profile[column]))) return true;
  // One line wholly inside the cell that is a row by the kinds of its columns; or both ends of the record are.
  if (lines.slice(1, -1).some(isSure) || (isSure(first) && (isSure(second) || isSure(lines.at(-1))))) return true;
  // Nothing but text: every line has the width of the table, and none reads like prose.
  return width >= 3 && lines.every((line) => isRow(line) && fits(line, profile) && !line.slice(1).some((cell) => cell.startsWith(" ")));
}

/** Is the first line a row whose quote opens before its last cell, with cells of the right kinds behind it? Then the quote is a stray one. */
function swallowsCells(line: readonly string[], opening: number, { dialect, width, profile }: RepairContext): boolean {
  if (opening < 0 || opening === width - 1 || !fits(line, profile, dialect.quote)) return false;
  return hasEvidence(
    line.map((cell, column) => (column > opening ? cell : "")),
    profile,
  );
}

function isFreeText(expected: ColumnProfile | undefined): boolean {
  return expected === undefined || expected.kind === null || expected.kind === "text";
}
