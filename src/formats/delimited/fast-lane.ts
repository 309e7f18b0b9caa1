// The fast lane of the audit: sound records of one line, with exactly the right number of cells and nothing odd in them. That is nearly all of a file.
//   L1. It takes a record whole or not at all: whatever is not plain is left to the general scanner, at the record's first byte.
//   L2. It counts the same things as the general road does, and in the same place (Accounts).
// Why it looks like this: a byte costs 1 ns and a cell 5 ns, and there are a hundred million of them. While a cell is scanned, the weights of its bytes are
// summed up (points, dashes, colons, anything else); the sum and the length say for nearly every cell of a typed column whether its form is the expected one.
import { isDate, isTime, FORM } from "../types/forms.ts";
import type { Accounts } from "./accounts.ts";
import { CR, LF, type Dialect } from "./dialect.ts";
import type { NullWords } from "./null-words.ts";

const ONE_POINT = 1;
const ONE_DASH = 1 << 7;
const ONE_COLON = 1 << 14;
const ONE_OTHER = 1 << 21;
const STOP = -1;
/** In place of a sum: the cell has the expected form. */
const KNOWN = -2;
const ZERO = 48;
const MINUS = 45;
const POINT = 46;
const SPACE = 32;
// Local names: an import is looked up anew at every use where modules are transformed (tests and scripts run from source).
const LINE_FEED = LF;
const CARRIAGE_RETURN = CR;
const INTEGER = FORM.integer;
const DECIMAL = FORM.decimal;
const BOOLEAN = FORM.boolean;
const DATE = FORM.date;
const TIMESTAMP = FORM.timestamp;
const TEXT = FORM.text;
const dateAt = isDate;
const timeAt = isTime;
/** Sums stay free of carries for cells up to this length. */
const SUMMED_BYTES_MAX = 64;
const BIGINT_DIGITS_SAFE = 18;

export interface FastLaneOptions {
  readonly dialect: Dialect;
  readonly width: number;
  readonly accounts: Accounts;
  /** First cell of the header: a record that begins like it may be the header again. */
  readonly headerStart: Uint8Array | null;
  /** First byte of a comment line, or -1. */
  readonly commentByte: number;
  readonly nulls: NullWords;
  /** Longer records are left to the general road, which refuses them. */
  readonly recordBytesMax: number;
}

export class FastLane {
  private readonly options: FastLaneOptions;
  private readonly weights = new Int32Array(256);
  private readonly quotedWeights = new Int32Array(256);
  private readonly starts: Int32Array;
  private readonly ends: Int32Array;
  private readonly lengths: Int32Array;
  private readonly sums: Int32Array;

  constructor(options: FastLaneOptions) {
    this.options = options;
    const { dialect, width } = options;
    this.starts = new Int32Array(width);
    this.ends = new Int32Array(width);
    this.lengths = new Int32Array(width);
    this.sums = new Int32Array(width);
    for (let byte = 0; byte < 256; byte++) {
      const weight =
        byte === POINT ? ONE_POINT : byte === MINUS ? ONE_DASH : byte === 58 ? ONE_COLON : byte >= 48 && byte <= 57 ? 0 : ONE_OTHER;
      this.weights[byte] = weight;
      this.quotedWeights[byte] = weight;
    }
    for (const byte of [0, LF, CR]) {
      this.weights[byte] = STOP;
      this.quotedWeights[byte] = STOP;
    }
    this.weights[Buffer.from(dialect.delimiter)[0] ?? 0] = STOP;
    for (const mark of [dialect.quote, dialect.escape])
      if (mark !== "") {
        this.quotedWeights[mark.charCodeAt(0)] = STOP;
        if (mark === dialect.quote) this.weights[mark.charCodeAt(0)] = STOP;
      }
  }

  /** Takes plain records from `from` on; returns where the first other one starts. `buffer` has room for a sentinel behind `end`; `line` counts from 0. */
  run(buffer: Uint8Array, from: number, end: number, line: number): number {
    const { dialect, width, accounts, headerStart, commentByte, nulls, recordBytesMax } = this.options;
    if (dialect.newline === "\r") return from;
    const hasNulls = !nulls.isEmpty;
    const { weights, quotedWeights, starts, ends, lengths, sums } = this;
    const { filled, bytes, order, forms } = accounts;
    const { mask } = forms;
    const delimiter = Buffer.from(dialect.delimiter);
    const delimiterBytes = delimiter.length;
    const delimiter0 = delimiter[0] ?? 0;
    const quote = dialect.quote === "" ? -1 : dialect.quote.charCodeAt(0);
    const doubles = dialect.escape === dialect.quote;
    const isCrLf = dialect.newline === "\r\n";
    const last = width - 1;
    const headerLength = headerStart === null ? -1 : headerStart.length;
    const headerByte = headerStart === null ? -1 : (headerStart[0] ?? -1);
    const firstRow = accounts.rows;
    let rows = firstRow;
    buffer[end] = LINE_FEED;
    buffer[end + 1] = LINE_FEED;
    let start = from;
    records: while (start < end) {
      let i = start;
      if (buffer[i] === commentByte) break;
      let total = 0;
      for (let column = 0; column < width; column++) {
        let sum = 0;
        let weight = 0;
        if (buffer[i] === quote) {
          const first = ++i;
          let escapes = 0;
          for (;;) {
            while ((weight = quotedWeights[buffer[i] as number] as number) >= 0) {
              sum = (sum + weight) | 0;
              i++;
            }
            if (buffer[i] !== quote) break records;
            if (!doubles || buffer[i + 1] !== quote) break;
            escapes++;
            sum = (sum + ONE_OTHER) | 0;
            i += 2;
          }
          starts[column] = first;
          ends[column] = i;
          lengths[column] = i - first - escapes;
          i++;
          if (weights[buffer[i] as number] !== STOP) break records;
        } else {
          const first = i;
          // Where a date or a timestamp is expected and stands, its bytes need not be weighed one by one.
          const expected = mask[column] as number;
          if (expected === DATE) {
            if (weights[buffer[i + 10] as number] === STOP && dateAt(buffer, i)) {
              i += 10;
              sum = KNOWN;
            }
          } else if (expected === TIMESTAMP) {
            const isMoment =
              weights[buffer[i + 19] as number] === STOP && buffer[i + 10] === SPACE && dateAt(buffer, i) && timeAt(buffer, i + 11);
            if (isMoment) {
              i += 19;
              sum = KNOWN;
            }
          }
          while ((weight = weights[buffer[i] as number] as number) >= 0) {
            sum = (sum + weight) | 0;
            i++;
          }
          starts[column] = first;
          ends[column] = i;
          lengths[column] = i - first;
        }
        sums[column] = sum;
        total += lengths[column] as number;
        if (column < last) {
          if (buffer[i] !== delimiter0) break records;
          for (let k = 1; k < delimiterBytes; k++) if (buffer[i + k] !== delimiter[k]) break records;
          i += delimiterBytes;
        }
      }
      if (isCrLf && buffer[i] === CARRIAGE_RETURN) i++;
      else if (isCrLf) break;
      if (buffer[i] !== LINE_FEED || i >= end || total === 0 || i - start > recordBytesMax) break;
      if (lengths[0] === headerLength && buffer[starts[0] as number] === headerByte) break;
      rows++;
      for (let column = 0; column < width; column++) {
        const length = lengths[column] as number;
        if (length === 0) continue;
        if (hasNulls && nulls.has(buffer, starts[column] as number, ends[column] as number)) continue;
        (filled[column] as number)++;
        (bytes[column] as number) += length;
        order[column] = ((order[column] as number) + Math.imul(rows, length)) | 0;
        const form = mask[column] as number;
        if (form >= TEXT) continue;
        const sum = sums[column] as number;
        if (sum === KNOWN && length <= 19) continue;
        const at = starts[column] as number;
        if (length <= SUMMED_BYTES_MAX) {
          // The cheap answers; whatever they do not cover is looked at byte by byte.
          if (form === INTEGER) {
            if (sum === 0 && length <= BIGINT_DIGITS_SAFE && (buffer[at] !== ZERO || length === 1)) {
              if (length > (forms.integerDigits[column] as number)) forms.integerDigits[column] = length;
              continue;
            }
          } else if (form === DECIMAL) {
            const scale = forms.scaleMax[column] as number;
            const negative = sum === ONE_POINT + ONE_DASH && buffer[at] === MINUS ? 1 : 0;
            const whole = length - scale - 1 - negative;
            if (
              (sum === ONE_POINT || negative === 1) &&
              buffer[(ends[column] as number) - scale - 1] === POINT &&
              whole <= (forms.integerDigits[column] as number) &&
              whole > 0 &&
              (buffer[at + negative] !== ZERO || (whole === 1 && negative === 0)) &&
              (buffer[at + negative] === ZERO ? scale : whole + scale) <= (forms.digits[column] as number)
            )
              continue;
          } else if (form === BOOLEAN) {
            if (length === 4 ? isTrue(buffer, at) : length === 5 && isFalse(buffer, at)) continue;
          }
        }
        forms.see(column, buffer, at, ends[column] as number);
      }
      start = i + 1;
    }
    const taken = rows - firstRow;
    if (taken > 0) {
      accounts.place(line);
      accounts.advance(taken - 1);
      accounts.rows = rows;
      accounts.loadedLines += taken;
    }
    return start;
  }
}

function isTrue(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 116 && bytes[at + 1] === 114 && bytes[at + 2] === 117 && bytes[at + 3] === 101;
}

function isFalse(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 102 && bytes[at + 1] === 97 && bytes[at + 2] === 108 && bytes[at + 3] === 115 && bytes[at + 4] === 101;
}
