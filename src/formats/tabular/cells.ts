// Rows of cells as a file that leaves DuckDB nothing to interpret, with the account that its table must equal: rows, values, bytes and their order.
//   C1. Cells are byte strings: each character is one byte of the UTF-8 text (`byteString`). That makes lengths bytes, and writing a copy.
//   C2. An empty cell is no value. A row without any value is blank: it is not written, and `row` says so.
import { closeSync, openSync } from "node:fs";
import type { AuditSums } from "../delimited/accounts.ts";
import { writeFully } from "../delimited/patch.ts";
import { Origins } from "../json/scan.ts";
import type { LineOrigin } from "../format.ts";
import { ColumnForms, FORM } from "../types/forms.ts";

const BUFFER_BYTES = 1 << 20;
/** Up to this length a loop of ours is faster than a call of the buffer's. */
const SHORT_CELL = 48;
const [COMMA, QUOTE, NEWLINE, RETURN] = [44, 34, 10, 13] as const;
const NEEDS_QUOTES = /[",\n\r]/;
const TEXT = FORM.text;

/** What a thread hands back of a file of cells. */
export interface CellAccount extends AuditSums {
  readonly path: string;
  readonly forms: ColumnForms;
  /** Columns in which a cell was seen that its file does not call text. */
  readonly typed: Uint8Array;
  readonly origins: readonly LineOrigin[];
}

/** The text with one character per byte of its UTF-8 form. */
export function byteString(text: string): string {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) return Buffer.from(text, "utf8").toString("latin1");
  return text;
}

/** The other way. */
export function textOf(bytes: string): string {
  for (let at = 0; at < bytes.length; at++) if (bytes.charCodeAt(at) > 127) return Buffer.from(bytes, "latin1").toString("utf8");
  return bytes;
}

export class CellFile {
  rows = 0;
  private readonly file: number;
  private readonly path: string;
  private readonly forms: ColumnForms;
  private readonly filled: Float64Array;
  private readonly bytes: Float64Array;
  private readonly order: Int32Array;
  private readonly typed: Uint8Array;
  private readonly origins = new Origins();
  private readonly nulls: ReadonlySet<string>;
  private buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  private at = 0;
  private readonly width: number;

  constructor(path: string, width: number, nulls: readonly string[] = []) {
    this.path = path;
    this.width = width;
    this.file = openSync(path, "w");
    this.forms = new ColumnForms(width);
    this.filled = new Float64Array(width);
    this.bytes = new Float64Array(width);
    this.order = new Int32Array(width);
    this.typed = new Uint8Array(width);
    this.nulls = new Set(nulls.map((word) => byteString(word.trim())).filter((word) => word !== ""));
  }

  /** `line` is where the row stands, from 1. `textCells[i] === 1`: the file says that the cell is text. Returns false for a blank row. */
  row(cells: readonly string[], line: number, textCells?: Uint8Array): boolean {
    const { width, nulls } = this;
    let isBlank = true;
    for (let column = 0; column < width; column++) {
      const cell = cells[column];
      if (cell === undefined || cell === "" || (nulls.size > 0 && nulls.has(cell.trim()))) continue;
      isBlank = false;
      break;
    }
    if (isBlank) return false;
    const ordinal = this.rows + 1;
    const { forms, filled, bytes, order, typed } = this;
    for (let column = 0; column < width; column++) {
      const cell = column < cells.length ? cells[column] : undefined;
      const { length } = cell ?? "";
      this.reserve(2 * length + 3);
      if (column > 0) this.buffer[this.at++] = COMMA;
      if (cell === undefined || length === 0 || (nulls.size > 0 && nulls.has(cell.trim()))) continue;
      const from = this.at;
      if (this.put(cell)) {
        if (((forms.mask[column] ?? 0) & TEXT) === 0) forms.see(column, this.buffer, from, from + length);
      } else forms.giveUp(column);
      if (textCells?.[column] !== 1) typed[column] = 1;
      filled[column] = (filled[column] ?? 0) + 1;
      bytes[column] = (bytes[column] ?? 0) + length;
      // The sum is told by its remainder of 2^32: that of each product will do.
      order[column] = ((order[column] ?? 0) + Math.imul(ordinal, length)) | 0;
    }
    this.reserve(1);
    this.buffer[this.at++] = NEWLINE;
    this.rows++;
    this.origins.add(line);
    return true;
  }

  close(): CellAccount {
    this.flush();
    closeSync(this.file);
    const { path, rows, filled, bytes, order, forms, typed } = this;
    return { path, rows, filled, bytes, order, forms, typed, origins: this.origins.list() };
  }

  /** Makes room for so many bytes. */
  private reserve(length: number): void {
    if (length <= this.buffer.length - this.at) return;
    this.flush();
    if (length > this.buffer.length) this.buffer = Buffer.allocUnsafe(length);
  }

  /** Writes the cell, for which there is room; false when it stands between quotes. */
  private put(cell: string): boolean {
    const { length } = cell;
    const { buffer, at } = this;
    if (length <= SHORT_CELL) {
      let isBare = true;
      for (let i = 0; i < length; i++) {
        const code = cell.charCodeAt(i);
        if (code === QUOTE || code === COMMA || code === NEWLINE || code === RETURN) {
          isBare = false;
          break;
        }
        buffer[at + i] = code;
      }
      if (isBare) {
        this.at = at + length;
        return true;
      }
    } else if (!NEEDS_QUOTES.test(cell)) {
      this.at = at + buffer.write(cell, at, length, "latin1");
      return true;
    }
    const quoted = `"${cell.includes('"') ? cell.replaceAll('"', '""') : cell}"`;
    this.at = at + buffer.write(quoted, at, quoted.length, "latin1");
    return false;
  }

  private flush(): void {
    writeFully(this.file, this.buffer.subarray(0, this.at));
    this.at = 0;
  }
}
