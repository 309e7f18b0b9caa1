// The written form of a cell, byte by byte, and what all cells of a column have in common. This is the whole of type inference:
// a type is taken only when every cell of the file has a form that keeps its meaning in that type.
//   T1. `007`, `+5`, `1_000`, `0x1F`, `1e3`, `5.` and words for nothing have no form: they make their column text.
//   T2. A moment that could be read in two ways (01/02/2023) has a form, but a type only when other cells settle the order.
//   T3. The forms say nothing of a sample: whoever asks for a type must have shown every cell of the column.
const ZERO = 48;
const NINE = 57;
const MINUS = 45;
const POINT = 46;
const COLON = 58;
const SLASH = 47;
const SPACE = 32;
const PLUS = 43;
const LETTER_T = 84;
const LETTER_Z = 90;

/** Forms as bits: a column's mask is the union of the forms of its cells. */
export const FORM = {
  integer: 1,
  decimal: 2,
  scientific: 4,
  date: 8,
  timestamp: 16,
  instant: 32,
  time: 64,
  boolean: 128,
  /** 1/2/2023, 31.12.2023, 12-31-2023: day and month in an order that one cell may not tell. */
  civilDate: 256,
  text: 512,
} as const;

/** Longest cell that can have another form than text. */
const CELL_BYTES_MAX = 64;
const BIGINT_MAX = "9223372036854775807";
const HUGEINT_DIGITS_MAX = 38;

/** What the cells of each column have shown so far; arrays are indexed by column. */
export class ColumnForms {
  readonly mask: Int32Array;
  /** Digits before the point, without sign. */
  readonly integerDigits: Int32Array;
  readonly scaleMin: Int32Array;
  readonly scaleMax: Int32Array;
  /** Digits in all of a number with a point: more than 15 do not survive a DOUBLE. */
  readonly digits: Int32Array;
  readonly beyondBigint: Uint8Array;
  /** A cell whose value, written again, is not the text that stood there: blanks around it, `.5`, `TRUE`, `T` in a timestamp. */
  readonly inexact: Uint8Array;
  /** A first number above 12 (day first) and a second one above 12 (month first). */
  readonly dayFirst: Uint8Array;
  readonly monthFirst: Uint8Array;
  /** The character between the numbers of a civil date; 255 when cells differ. */
  readonly separator: Uint8Array;
  readonly width: number;

  constructor(width: number) {
    this.width = width;
    this.mask = new Int32Array(width);
    this.integerDigits = new Int32Array(width);
    this.scaleMin = new Int32Array(width).fill(1 << 20);
    this.scaleMax = new Int32Array(width);
    this.digits = new Int32Array(width);
    this.beyondBigint = new Uint8Array(width);
    this.inexact = new Uint8Array(width);
    this.dayFirst = new Uint8Array(width);
    this.monthFirst = new Uint8Array(width);
    this.separator = new Uint8Array(width);
  }

  /** Says that a column is text, so that its cells need not be looked at. */
  giveUp(column: number): void {
    this.mask[column] = FORM.text;
  }

  /** Takes note of one cell that is not empty: `bytes[from, to)`. */
  see(column: number, bytes: Uint8Array, from: number, to: number): void {
    let start = from;
    let end = to;
    while (start < end && bytes[start] === SPACE) start++;
    while (end > start && bytes[end - 1] === SPACE) end--;
    // Only blanks: a value of text, nothing in a typed column; text is the careful answer.
    const form = start === end || end - start > CELL_BYTES_MAX ? FORM.text : this.formOf(column, bytes, start, end);
    this.mask[column] = (this.mask[column] ?? 0) | form;
    if (end - start !== to - from) this.inexact[column] = 1;
  }

  private formOf(column: number, bytes: Uint8Array, from: number, to: number): number {
    const first = bytes[from] ?? 0;
    const startsWithDigit = isDigit(first);
    if (!startsWithDigit && first !== MINUS && first !== POINT) return this.booleanForm(column, bytes, from, to);
    const number = this.numberForm(column, bytes, from, to);
    if (number !== FORM.text || !startsWithDigit) return number;
    return this.momentForm(column, bytes, from, to);
  }

  private booleanForm(column: number, bytes: Uint8Array, from: number, to: number): number {
    const length = to - from;
    if (length !== 4 && length !== 5) return FORM.text;
    let text = "";
    for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i] ?? 0);
    if (text === "true" || text === "false") return FORM.boolean;
    if (text !== "True" && text !== "False" && text !== "TRUE" && text !== "FALSE") return FORM.text;
    this.inexact[column] = 1;
    return FORM.boolean;
  }

  private numberForm(column: number, bytes: Uint8Array, from: number, to: number): number {
    let i = bytes[from] === MINUS ? from + 1 : from;
    const whole = i;
    while (i < to && isDigit(bytes[i])) i++;
    const wholeDigits = i - whole;
    if (wholeDigits > 1 && bytes[whole] === ZERO) return FORM.text;
    if (i === to) {
      if (wholeDigits === 0 || wholeDigits > HUGEINT_DIGITS_MAX) return FORM.text;
      if (wholeDigits >= 19 && isBeyondBigint(bytes, whole, to)) this.beyondBigint[column] = 1;
      if (whole > from && wholeDigits === 1 && bytes[whole] === ZERO) this.inexact[column] = 1; // -0
      this.raise(this.integerDigits, column, wholeDigits);
      return FORM.integer;
    }
    let scale = 0;
    if (bytes[i] === POINT) {
      const fraction = ++i;
      while (i < to && isDigit(bytes[i])) i++;
      scale = i - fraction;
      if (scale === 0) return FORM.text;
      if (wholeDigits === 0) this.inexact[column] = 1;
    }
    if (i === to) {
      this.raise(this.integerDigits, column, wholeDigits);
      this.raise(this.scaleMax, column, scale);
      if (scale < (this.scaleMin[column] ?? 0)) this.scaleMin[column] = scale;
      this.raise(this.digits, column, significantDigits(bytes, whole, to));
      if (whole > from && isZero(bytes, whole, to)) this.inexact[column] = 1; // -0.00
      return FORM.decimal;
    }
    // 1e3 may be a product's code; a point or a signed exponent makes it a number.
    const mark = bytes[i];
    if ((mark !== 101 && mark !== 69) || wholeDigits === 0) return FORM.text;
    const mantissaEnd = i++;
    const isSigned = bytes[i] === MINUS || bytes[i] === PLUS;
    if (isSigned) i++;
    const exponent = i;
    while (i < to && isDigit(bytes[i])) i++;
    if (i < to || i === exponent || i - exponent > 3 || (scale === 0 && !isSigned)) return FORM.text;
    let power = 0;
    for (let k = exponent; k < to; k++) power = power * 10 + (bytes[k] ?? 0) - ZERO;
    if (power > 290) return FORM.text;
    this.inexact[column] = 1;
    this.raise(this.digits, column, significantDigits(bytes, whole, mantissaEnd));
    return FORM.scientific;
  }

  private momentForm(column: number, bytes: Uint8Array, from: number, to: number): number {
    const length = to - from;
    if (bytes[from + 2] === COLON) {
      return length === 8 && isTime(bytes, from) ? FORM.time : FORM.text;
    }
    if (length >= 8 && length <= 10 && !(bytes[from + 4] === MINUS)) return this.civilForm(column, bytes, from, to);
    if (length < 10 || !isDate(bytes, from)) return FORM.text;
    if (length === 10) return FORM.date;
    const between = bytes[from + 10];
    if ((between !== SPACE && between !== LETTER_T) || length < 19 || !isTime(bytes, from + 11)) return FORM.text;
    if (between === LETTER_T) this.inexact[column] = 1;
    let i = from + 19;
    if (bytes[i] === POINT && i < to) {
      const fraction = ++i;
      while (i < to && isDigit(bytes[i])) i++;
      if (i === fraction || i - fraction > 6) return FORM.text;
      if (bytes[i - 1] === ZERO) this.inexact[column] = 1;
    }
    if (i === to) return FORM.timestamp;
    this.inexact[column] = 1;
    if (i === to - 1 && bytes[i] === LETTER_Z) return FORM.instant;
    return isOffset(bytes, i, to) ? FORM.instant : FORM.text;
  }

  private civilForm(column: number, bytes: Uint8Array, from: number, to: number): number {
    let i = from;
    let first = 0;
    let second = 0;
    while (i < to && isDigit(bytes[i]) && i - from < 2) first = first * 10 + (bytes[i++] ?? 0) - ZERO;
    const separator = bytes[i++] ?? 0;
    if (separator !== SLASH && separator !== POINT && separator !== MINUS) return FORM.text;
    const middle = i;
    while (i < to && isDigit(bytes[i]) && i - middle < 2) second = second * 10 + (bytes[i++] ?? 0) - ZERO;
    if (i === middle || bytes[i++] !== separator || to - i !== 4) return FORM.text;
    let year = 0;
    for (let k = i; k < to; k++) {
      if (!isDigit(bytes[k])) return FORM.text;
      year = year * 10 + (bytes[k] ?? 0) - ZERO;
    }
    const isDayFirst = isDay(year, second, first);
    const isMonthFirst = isDay(year, first, second);
    if (!isDayFirst && !isMonthFirst) return FORM.text;
    if (!isMonthFirst) this.dayFirst[column] = 1;
    if (!isDayFirst) this.monthFirst[column] = 1;
    const seen = this.separator[column];
    this.separator[column] = seen === 0 || seen === separator ? separator : 255;
    this.inexact[column] = 1;
    return FORM.civilDate;
  }

  private raise(counts: Int32Array, column: number, count: number): void {
    if (count > (counts[column] ?? 0)) counts[column] = count;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

function two(bytes: Uint8Array, at: number): number {
  const high = bytes[at];
  const low = bytes[at + 1];
  return isDigit(high) && isDigit(low) ? ((high ?? 0) - ZERO) * 10 + (low ?? 0) - ZERO : -1;
}

/** Is `YYYY-MM-DD` at `from` a day of the calendar? */
export function isDate(bytes: Uint8Array, from: number): boolean {
  if (bytes[from + 4] !== MINUS || bytes[from + 7] !== MINUS) return false;
  const century = two(bytes, from);
  const rest = two(bytes, from + 2);
  return century >= 0 && rest >= 0 && isDay(century * 100 + rest, two(bytes, from + 5), two(bytes, from + 8));
}

/** Is `HH:MM:SS` at `from` a time of day? */
export function isTime(bytes: Uint8Array, from: number): boolean {
  if (bytes[from + 2] !== COLON || bytes[from + 5] !== COLON) return false;
  const hours = two(bytes, from);
  const minutes = two(bytes, from + 3);
  const seconds = two(bytes, from + 6);
  return hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60 && seconds >= 0 && seconds < 60;
}

function isDay(year: number, month: number, day: number): boolean {
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31) return false;
  if (day <= 28) return true;
  if (month === 2) return day === 29 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= 30 || ![4, 6, 9, 11].includes(month);
}

/** +02, +02:00 or +0200 up to the end of the cell. */
function isOffset(bytes: Uint8Array, from: number, to: number): boolean {
  if (bytes[from] !== PLUS && bytes[from] !== MINUS) return false;
  const hours = two(bytes, from + 1);
  if (hours < 0 || hours > 15) return false;
  const length = to - from;
  if (length === 3) return true;
  const minutes = length === 6 && bytes[from + 3] === COLON ? two(bytes, from + 4) : -1;
  return minutes >= 0 && minutes < 60;
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== ZERO && bytes[i] !== POINT) return false;
  return true;
}

function significantDigits(bytes: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let i = from; i < to; i++) if (isDigit(bytes[i]) && (count > 0 || bytes[i] !== ZERO)) count++;
  return count;
}

function isBeyondBigint(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from > 19) return true;
  for (let i = 0; i < 19; i++) {
    const difference = (bytes[from + i] ?? 0) - BIGINT_MAX.charCodeAt(i);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
