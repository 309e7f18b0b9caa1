// The general scanner of records: quote-aware, byte by byte, for every dialect. Detection runs it on samples, the audit wherever the fast lane stops.
// It knows nothing of files and of DuckDB, which is what makes its counts an independent witness.
import { CR, LF, type Dialect } from "./dialect.ts";

export const FLAG = {
  /** A quote where none may stand, or text behind a closing quote. */
  strayQuote: 1,
  unterminated: 2,
  /** A carriage return inside a cell of a file whose lines do not end so. */
  strayCr: 4,
  /** The record ends otherwise than most. */
  otherLineEnd: 8,
  nul: 16,
  /** More than FIELDS_MAX cells. */
  overflow: 32,
} as const;

/** More cells than this in one record are no table. */
export const FIELDS_MAX = 16_384;
const FIELDS_FIRST = 128;

/** Reads one record at a time; after each the public fields describe it. */
export class RecordScanner {
  fieldCount = 0;
  flags = 0;
  /** Line ends inside quoted cells. */
  lineBreaks = 0;
  start = 0;
  /** Offset behind the last cell, before the line end. */
  end = 0;
  next = 0;
  /** Room for FIELDS_FIRST cells, and for more once a record has them. */
  fieldStart = new Int32Array(FIELDS_FIRST);
  fieldEnd = new Int32Array(FIELDS_FIRST);
  /** Escaping characters inside the cell: its text is shorter by so many bytes. */
  escapes = new Int32Array(FIELDS_FIRST);
  quoted = new Uint8Array(FIELDS_FIRST);
  private readonly dialect: Dialect;
  private readonly delimiter: Buffer;
  private readonly quote: number;
  private readonly escape: number;
  private readonly special = new Uint8Array(256);
  private readonly recordBytesMax: number;

  constructor(dialect: Dialect, recordBytesMax: number) {
    this.dialect = dialect;
    this.delimiter = Buffer.from(dialect.delimiter);
    this.quote = dialect.quote === "" ? -1 : dialect.quote.charCodeAt(0);
    this.escape = dialect.escape === "" ? this.quote : dialect.escape.charCodeAt(0);
    this.recordBytesMax = recordBytesMax;
    for (const byte of [0, LF, CR, this.delimiter[0] ?? LF]) this.special[byte] = 1;
    if (this.quote >= 0) this.special[this.quote] = 1;
  }

  /** Reads the record at `from`; false when `buffer[from, end)` holds only its beginning and more bytes follow. */
  read(buffer: Uint8Array, from: number, end: number, isLast: boolean): boolean {
    this.start = from;
    this.fieldCount = 0;
    this.flags = 0;
    this.lineBreaks = 0;
    let at = from;
    for (;;) {
      let cellFrom = at;
      let cellTo = -1;
      let isQuoted = 0;
      this.escaped = 0;
      if (at < end && buffer[at] === this.quote) {
        cellTo = this.closingQuote(buffer, at, end, isLast);
        if (cellTo === INCOMPLETE) return false;
        isQuoted = 1;
        cellFrom = at + 1;
        at = (this.flags & FLAG.unterminated) === 0 ? cellTo + 1 : cellTo;
        if ((this.flags & FLAG.unterminated) === 0 && at < end && this.special[buffer[at] ?? 0] === 0) this.flags |= FLAG.strayQuote;
      }
      if ((this.flags & FLAG.unterminated) !== 0) {
        this.close(cellFrom, cellTo, isQuoted);
        this.end = cellTo;
        this.next = cellTo;
        return true;
      }
      const stop = this.endOfCell(buffer, at, end, isLast, isQuoted === 1);
      if (stop === INCOMPLETE) return false;
      this.close(cellFrom, isQuoted === 1 ? cellTo : stop, isQuoted);
      if (this.next >= 0) {
        this.end = stop;
        return true;
      }
      at = stop + this.delimiter.length;
    }
  }

  /** The text of cell `index` of the current record. */
  cell(buffer: Buffer, index: number): string {
    const text = buffer.toString("utf8", this.fieldStart[index], this.fieldEnd[index]);
    if ((this.escapes[index] ?? 0) === 0) return text;
    return unescape(text, this.dialect);
  }

  cells(buffer: Buffer): string[] {
    return Array.from({ length: this.fieldCount }, (_, index) => this.cell(buffer, index));
  }

  private escaped = 0;

  private close(from: number, to: number, isQuoted: number): void {
    if (this.fieldCount >= FIELDS_MAX) {
      // The last cell takes the rest: such a record has a wrong width anyway.
      this.fieldEnd[FIELDS_MAX - 1] = to;
      this.flags |= FLAG.overflow;
      return;
    }
    if (this.fieldCount === this.fieldStart.length) this.grow();
    this.fieldStart[this.fieldCount] = from;
    this.fieldEnd[this.fieldCount] = to;
    this.escapes[this.fieldCount] = this.escaped;
    this.quoted[this.fieldCount] = isQuoted;
    this.fieldCount++;
  }

  private grow(): void {
    const length = Math.min(FIELDS_MAX, this.fieldStart.length * 4);
    const larger = <List extends Int32Array | Uint8Array>(list: List, into: List): List => {
      into.set(list);
      return into;
    };
    this.fieldStart = larger(this.fieldStart, new Int32Array(length));
    this.fieldEnd = larger(this.fieldEnd, new Int32Array(length));
    this.escapes = larger(this.escapes, new Int32Array(length));
    this.quoted = larger(this.quoted, new Uint8Array(length));
  }

  /** Offset of the closing quote; with `unterminated` set, where the search was given up. */
  private closingQuote(buffer: Uint8Array, at: number, end: number, isLast: boolean): number {
    const { quote, escape } = this;
    const { crEnds } = this.dialect;
    let i = at + 1;
    for (;;) {
      if (i >= end) {
        if (!isLast && end - this.start <= this.recordBytesMax) return INCOMPLETE;
        this.flags |= FLAG.unterminated;
        return end;
      }
      const byte = buffer[i];
      if (byte === escape && escape !== quote) {
        if (i + 1 < end && (buffer[i + 1] === quote || buffer[i + 1] === escape)) {
          this.escaped++;
          i += 2;
        } else i++;
        continue;
      }
      if (byte === quote) {
        if (i + 1 >= end && !isLast) return INCOMPLETE;
        if (escape !== quote || i + 1 >= end || buffer[i + 1] !== quote) return i;
        this.escaped++;
        i += 2;
        continue;
      }
      if (byte === 0) this.flags |= FLAG.nul;
      if (byte === LF || (byte === CR && crEnds && buffer[i + 1] !== LF)) {
        this.lineBreaks++;
        if (i - this.start > this.recordBytesMax) {
          this.flags |= FLAG.unterminated;
          return i;
        }
      }
      i++;
    }
  }

  /** Offset of the delimiter or line end behind the cell; `next` is set when it is a line end, and -1 when not. */
  private endOfCell(buffer: Uint8Array, from: number, end: number, isLast: boolean, isQuoted: boolean): number {
    const { special, delimiter } = this;
    const { newline, crEnds } = this.dialect;
    this.next = -1;
    let i = from;
    for (;;) {
      while (i < end && special[buffer[i] ?? 0] === 0) i++;
      if (i >= end) {
        if (!isLast) return INCOMPLETE;
        this.next = end;
        return end;
      }
      const byte = buffer[i];
      if (byte === LF) {
        if (newline !== "\n") this.flags |= FLAG.otherLineEnd;
        this.next = i + 1;
        return i;
      }
      if (byte === CR) {
        if (i + 1 >= end && !isLast) return INCOMPLETE;
        if (i + 1 < end && buffer[i + 1] === LF) {
          if (newline !== "\r\n") this.flags |= FLAG.otherLineEnd;
          this.next = i + 2;
          return i;
        }
        if (crEnds) {
          if (newline !== "\r") this.flags |= FLAG.otherLineEnd;
          this.next = i + 1;
          return i;
        }
        this.flags |= FLAG.strayCr;
      } else if (byte === delimiter[0]) {
        let k = 1;
        while (k < delimiter.length && i + k < end && buffer[i + k] === delimiter[k]) k++;
        if (k === delimiter.length) return i;
        if (i + k >= end && !isLast) return INCOMPLETE;
        if (isQuoted) this.flags |= FLAG.strayQuote;
      } else if (byte === 0) this.flags |= FLAG.nul;
      else this.flags |= FLAG.strayQuote;
      i++;
    }
  }
}

const INCOMPLETE = -2;

/** The text of a quoted cell without its escaping characters. */
function unescape(text: string, { quote, escape }: Dialect): string {
  if (escape === quote) return text.replaceAll(quote + quote, quote);
  return text.replace(/\\([^])/g, (whole, next: string) => (next === quote || next === escape ? next : whole));
}
