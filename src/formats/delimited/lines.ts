// Physical lines: where they end, how many there are, and what one of them says when its quotes are not well formed.
import { CR, LF, type Dialect } from "./dialect.ts";

/** End of the physical line that starts at `from`: where its contents end, and where the next line starts. */
export function physicalLine(buffer: Uint8Array, from: number, end: number, crEnds: boolean): readonly [contents: number, next: number] {
  for (let i = from; i < end; i++) {
    if (buffer[i] === LF) return [i > from && buffer[i - 1] === CR ? i - 1 : i, i + 1];
    if (crEnds && buffer[i] === CR && buffer[i + 1] !== LF) return [i, i + 1];
  }
  return [end, end];
}

/** Line ends inside `buffer[from, end)`, counted without looking at quotes: the accounts must add up to this number. */
export function countLineEnds(buffer: Buffer, from: number, end: number, crEnds: boolean): number {
  let lines = 0;
  if (!crEnds) {
    for (let i = buffer.indexOf(LF, from); i >= 0 && i < end; i = buffer.indexOf(LF, i + 1)) lines++;
    return lines;
  }
  for (let i = from; i < end; i++) if (buffer[i] === LF || (buffer[i] === CR && (i + 1 >= end || buffer[i + 1] !== LF))) lines++;
  return lines;
}

export interface LenientSplit {
  readonly cells: string[];
  /** Opening quotes that never close: they are text. */
  readonly unclosed: number;
  readonly openings: number;
  /** The first cell whose opening quote never closes; -1 when all do. */
  readonly unclosedAt: number;
  /** Do literal quotes stand in two cells so that they may have been a pair around a delimiter? Then the cells are one reading of several. */
  readonly mayPair: boolean;
}

/** Splits one physical line whose quotes are not well formed: a quote closes only before a delimiter or the end; `literalQuote` is an opening one to take as text. */
export function splitLenient(line: string, dialect: Dialect, literalQuote = -1): LenientSplit {
  const { delimiter, quote, escape } = dialect;
  const cells: string[] = [];
  let unclosed = 0;
  let openings = 0;
  let unclosedAt = -1;
  let hasOpening = false;
  let mayPair = false;
  let at = 0;
  for (;;) {
    const from = skipBlanks(line, at, delimiter);
    let isDone = false;
    if (quote !== "" && line[from] === quote && openings++ !== literalQuote) {
      const close = closingQuote(line, from, dialect);
      if (close < 0) {
        unclosed++;
        if (unclosedAt < 0) unclosedAt = cells.length;
      } else {
        cells.push(line.slice(from + 1, close).replaceAll(escape + quote, quote));
        at = skipBlanks(line, close + 1, delimiter);
        isDone = true;
      }
    }
    if (!isDone) {
      const end = line.indexOf(delimiter, at);
      const cell = line.slice(at, end < 0 ? line.length : end);
      cells.push(cell);
      at = end < 0 ? line.length : end;
      const literal = quote === "" ? -1 : cell.indexOf(quote);
      if (literal >= 0) {
        mayPair ||= hasOpening;
        hasOpening ||= literal < cell.length - 1;
      }
    }
    if (at >= line.length) return { cells, unclosed, openings, unclosedAt, mayPair };
    at += delimiter.length;
  }
}

function closingQuote(line: string, from: number, { delimiter, quote, escape }: Dialect): number {
  for (let j = from + 1; j < line.length; j++) {
    if (line[j] === escape && escape !== quote && (line[j + 1] === quote || line[j + 1] === escape)) {
      j++;
      continue;
    }
    if (line[j] !== quote) continue;
    const isDoubled = escape === quote && line[j + 1] === quote;
    if (isDoubled && !(line.startsWith(delimiter, j + 2) && hasOddQuotes(line, from, j + 2, quote))) {
      j++;
      continue;
    }
    const after = skipBlanks(line, j + 1, delimiter);
    if (after >= line.length || line.startsWith(delimiter, after)) return j;
  }
  return -1;
}

function skipBlanks(line: string, from: number, delimiter: string): number {
  let at = from;
  if (!delimiter.startsWith(" ")) while (line[at] === " ") at++;
  return at;
}

function hasOddQuotes(line: string, from: number, to: number, quote: string): boolean {
  let count = 0;
  for (let i = from; i < to; i++) if (line[i] === quote) count++;
  return count % 2 === 1;
}

/** No line is read in more ways than this. */
const READINGS_MAX = 64;

/** All ways to read a line as `width` cells if at most one of its opening quotes is a stray one. */
export function readings(line: string, dialect: Dialect, width: number): string[][] {
  const found = new Map<string, string[]>();
  const first = splitLenient(line, dialect);
  for (let k = -1; k < Math.min(first.openings, READINGS_MAX); k++) {
    const { cells, mayPair } = k < 0 ? first : splitLenient(line, dialect, k);
    if (cells.length === width && !mayPair) found.set(JSON.stringify(cells), cells);
  }
  return [...found.values()];
}
