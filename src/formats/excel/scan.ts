// The rows of a worksheet part, as fast as its letters can be looked at: no tree, no events, one look at each byte. What programs write by far most often
// (`<v>1</v></c>`, `<is><t>…</t></is></c>`) has roads of its own; every other cell is searched for what it holds, several times slower.
//   S1. A row is taken when its end has been read; a part that ends before its table does is an error.
import { serialText, NUMBER, type NumberKind } from "./dates.ts";
import { COLUMNS_MAX, type SheetFacts, type SheetRow } from "./sheets.ts";
import { richText, unescaped } from "./xml-text.ts";

/** One row, as XML. */
const ROW_CHARACTERS_MAX = 256 << 20;
/** Longer numbers are written with digits that a double does not have. */
const PLAIN_NUMBER_MAX = 15;

const [LESS, EQUALS, GREATER, SLASH, QUOTE, APOSTROPHE, AMPERSAND, UNDERSCORE] = [60, 61, 62, 47, 34, 39, 38, 95] as const;
const [LETTER_B, LETTER_C, LETTER_D, LETTER_E, LETTER_N, LETTER_R, LETTER_S, LETTER_T] = [98, 99, 100, 101, 110, 114, 115, 116] as const;
/** Types of cells that are no letter. */
const INLINE = 1;
const OTHER = 2;
const INLINE_NAME = Buffer.from("inlineStr");
const VALUE_START = Buffer.from("<v>");
const VALUE_END = Buffer.from("</v></c>");
const INLINE_START = Buffer.from("<is><t");
const INLINE_END = Buffer.from("</t></is></c>");

export interface CellContext {
  readonly strings: readonly string[];
  /** Per style: what a number stands for. */
  readonly kinds: readonly NumberKind[];
  readonly is1904: boolean;
}

export async function scanRows(
  pieces: AsyncIterable<Buffer>,
  context: CellContext,
  onRow: (row: SheetRow) => "goOn" | "stop",
): Promise<SheetFacts> {
  const scanner = new RowScanner(context, onRow);
  let rest: Buffer = Buffer.alloc(0);
  let isBegun = false;
  for await (const piece of pieces) {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    if (!isBegun) {
      if (!scanner.begin(rest.toString("latin1"))) continue;
      isBegun = true;
    }
    const end = rest.lastIndexOf(scanner.rowEnd, undefined, "latin1");
    if (end === -1) {
      if (rest.length > ROW_CHARACTERS_MAX) throw new Error("a row is too large");
      continue;
    }
    const whole = end + scanner.rowEnd.length;
    if (scanner.scan(rest.subarray(0, whole)) === "stop") return scanner.facts();
    rest = rest.subarray(whole);
  }
  if (!isBegun) throw new Error("a sheet is no worksheet");
  if (scanner.scan(rest) === "goOn" && (scanner.isOpen || !rest.includes(`</${scanner.prefix}worksheet`, 0, "latin1")))
    throw new Error("a sheet ends within its rows");
  return scanner.facts();
}

class RowScanner {
  prefix = "";
  isOpen = false;
  rowEnd = "</row>";
  private cellEnd = "</c>";
  private valueStart = "<v";
  private readonly context: CellContext;
  private readonly onRow: (row: SheetRow) => "goOn" | "stop";
  private readonly row: SheetRow = { line: 0, cells: [], isText: new Uint8Array(COLUMNS_MAX), errors: [] };
  /** Cells of this row so far; behind them those of an earlier row may stand. */
  private used = 0;
  private column = 0;
  private lastLine = 0;
  private uncached = 0;

  constructor(context: CellContext, onRow: (row: SheetRow) => "goOn" | "stop") {
    this.context = context;
    this.onRow = onRow;
  }

  facts(): SheetFacts {
    return { lastLine: this.lastLine, uncached: this.uncached };
  }

  /** Finds the prefix of the names; false when the beginning has not been read far enough. */
  begin(text: string): boolean {
    const match = /<([\w.-]+:)?worksheet[\s>]/.exec(text);
    if (match === null) return false;
    this.prefix = match[1] ?? "";
    this.rowEnd = `</${this.prefix}row>`;
    this.cellEnd = `</${this.prefix}c>`;
    this.valueStart = `<${this.prefix}v`;
    return true;
  }

  /** Takes the rows in these bytes, whose last one is whole. */
  scan(bytes: Uint8Array): "goOn" | "stop" {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
    const end = bytes.length;
    const skip = 1 + this.prefix.length;
    let at = nextOf(LESS, bytes, 0, end);
    while (at < end) {
      const name = at + skip;
      const first = bytes[name];
      if (first === LETTER_C && isEnd(bytes[name + 1])) at = this.cell(bytes, text, name + 1);
      else if (first === LETTER_R && text.startsWith("row", name) && isEnd(bytes[name + 3])) at = this.beginRow(text, name + 3);
      else if (text.startsWith(this.rowEnd, at)) {
        if (this.endRow() === "stop") return "stop";
        at += this.rowEnd.length;
      } else if (text.startsWith("<!--", at)) at = text.indexOf("-->", at) + 3;
      else at = text.indexOf(">", at) + 1;
      if (at <= 0) return "goOn";
      at = nextOf(LESS, bytes, at, end);
    }
    return "goOn";
  }

  private beginRow(text: string, from: number): number {
    if (this.isOpen) throw new Error(`row ${this.row.line} does not end`);
    const close = text.indexOf(">", from);
    this.isOpen = text.charCodeAt(close - 1) !== 47;
    const given = attribute(text, from, close, 114);
    this.row.line = given === "" ? this.lastLine + 1 : Number(given);
    if (!Number.isInteger(this.row.line) || this.row.line < 1) throw new Error(`a row has the number ${given}`);
    this.lastLine = Math.max(this.lastLine, this.row.line);
    this.used = 0;
    if (this.row.errors.length > 0) this.row.errors.length = 0;
    this.column = 0;
    return close + 1;
  }

  private endRow(): "goOn" | "stop" {
    this.isOpen = false;
    const { cells } = this.row;
    let length = this.used;
    while (length > 0 && cells[length - 1] === "") length--;
    if (cells.length !== length) cells.length = length;
    if (length === 0) return "goOn";
    return this.onRow(this.row);
  }

  /** `from` is behind the name of the element; returns where it ends. */
  private cell(bytes: Uint8Array, text: string, from: number): number {
    const end = bytes.length;
    let type = 0;
    let style = 0;
    let at = from;
    // <c r="AB12" s="3" t="s">: the names of attributes are one letter each; others are passed over.
    while (at < end && bytes[at] !== GREATER) {
      const code = bytes[at] ?? 0;
      if (code <= 32 || code === SLASH) {
        at++;
        continue;
      }
      let equals = at + 1;
      while (equals < end && bytes[equals] !== EQUALS && bytes[equals] !== GREATER) equals++;
      if (bytes[equals] !== EQUALS) {
        at = equals;
        break;
      }
      const value = equals + 2;
      const valueEnd = nextOf(bytes[equals + 1] === APOSTROPHE ? APOSTROPHE : QUOTE, bytes, value, end);
      if (equals === at + 1) {
        if (code === LETTER_R) this.column = columnOf(bytes, value, valueEnd);
        else if (code === LETTER_S) style = wholeNumber(bytes, value, valueEnd);
        else if (code === LETTER_T) type = typeOf(bytes, value, valueEnd);
      }
      at = valueEnd + 1;
    }
    if (at >= end) return end;
    const column = this.column++;
    if (column >= COLUMNS_MAX) throw new Error(`row ${this.row.line} has more than ${COLUMNS_MAX} columns`);
    const inner = at + 1;
    if (bytes[at - 1] === SLASH) return inner;
    const done =
      this.prefix !== ""
        ? 0
        : type === INLINE
          ? this.inlineText(bytes, text, inner, column)
          : this.plain(bytes, text, inner, column, type, style);
    if (done > 0) return done;
    const cellEnd = text.indexOf(this.cellEnd, at);
    if (cellEnd === -1) throw new Error(`a cell of row ${this.row.line} does not end`);
    if (type === INLINE) this.put(column, richText(text.slice(inner, cellEnd)), 1);
    else {
      const value = this.valueOf(text, inner, cellEnd);
      if (value !== null) this.typed(column, value, type, style);
    }
    return cellEnd + this.cellEnd.length;
  }

  /** `<v>…</v></c>` and nothing else: returns where it ends, 0 for any other cell. */
  private plain(bytes: Uint8Array, text: string, from: number, column: number, type: number, style: number): number {
    if (!isAt(VALUE_START, bytes, from)) return 0;
    const start = from + VALUE_START.length;
    let at = start;
    if (type === LETTER_S) {
      let index = 0;
      for (let digit = bytes[at] ?? 0; digit >= 48 && digit <= 57; digit = bytes[++at] ?? 0) index = index * 10 + digit - 48;
      if (at === start || !isAt(VALUE_END, bytes, at)) return 0;
      this.shared(column, index);
    } else {
      let isPlain = true;
      for (let code = bytes[at] ?? LESS; code !== LESS; code = bytes[++at] ?? LESS)
        if ((code < 48 || code > 57) && code !== 46 && !(code === 45 && at === start)) isPlain = false;
      if (at === start || !isAt(VALUE_END, bytes, at)) return 0;
      const value = text.slice(start, at);
      const isNumber = type === 0 || type === LETTER_N;
      if (isNumber && isPlain && at - start <= PLAIN_NUMBER_MAX && (this.context.kinds[style] ?? NUMBER) === NUMBER)
        this.put(column, value, 0);
      else this.typed(column, value, type, style);
    }
    return at + VALUE_END.length;
  }

  /** `<is><t>…</t></is></c>`, the same way. */
  private inlineText(bytes: Uint8Array, text: string, from: number, column: number): number {
    if (!isAt(INLINE_START, bytes, from)) return 0;
    let start = from + INLINE_START.length;
    if (bytes[start] !== GREATER && !isEnd(bytes[start])) return 0;
    start = nextOf(GREATER, bytes, start, bytes.length) + 1;
    if (bytes[start - 2] === SLASH) return 0;
    let isPlain = true;
    let at = start;
    for (let code = bytes[at] ?? LESS; code !== LESS; code = bytes[++at] ?? LESS)
      if (code === AMPERSAND || code === UNDERSCORE) isPlain = false;
    if (!isAt(INLINE_END, bytes, at)) return 0;
    const inner = text.slice(start, at);
    this.put(column, isPlain ? inner : unescaped(inner), 1);
    return at + INLINE_END.length;
  }

  /** What stands in `v`; null when there is none. */
  private valueOf(text: string, from: number, end: number): string | null {
    let at = text.indexOf(this.valueStart, from);
    if (at === -1 || at >= end) {
      // A formula that was saved without its value.
      if (end > from && text.startsWith(`<${this.prefix}f`, from)) this.uncached++;
      return null;
    }
    at = text.indexOf(">", at);
    if (text.charCodeAt(at - 1) === 47) return null;
    const stop = text.indexOf("</", at);
    return at + 1 === stop ? null : text.slice(at + 1, stop);
  }

  private shared(column: number, index: number): void {
    const text = this.context.strings[index];
    if (text === undefined) throw new Error(`row ${this.row.line} names the text ${index}, which is not there`);
    this.put(column, text, 1);
  }

  private typed(column: number, value: string, type: number, style: number): void {
    switch (type) {
      case 0:
      case LETTER_N:
        this.put(column, this.number(value, style), 0);
        return;
      case LETTER_S:
        this.shared(column, Number(value));
        return;
      case LETTER_B:
        this.put(column, value === "1" || value === "true" ? "true" : "false", 0);
        return;
      case LETTER_E:
        this.put(column, unescaped(value), 0);
        this.row.errors.push(column);
        return;
      case LETTER_D:
        this.put(
          column,
          value
            .replace("T", " ")
            .replace(/Z$/, "")
            .replace(/ 00:00:00(\.0+)?$/, ""),
          0,
        );
        return;
      default:
        this.put(column, unescaped(value), 1);
    }
  }

  private number(value: string, style: number): string {
    const kind = this.context.kinds[style] ?? NUMBER;
    if (kind === NUMBER) {
      if (value.length <= PLAIN_NUMBER_MAX && isPlain(value)) return value;
      const number = Number(value);
      return Number.isNaN(number) ? value : String(number);
    }
    return serialText(Number(value), kind, this.context.is1904) ?? String(Number(value));
  }

  private put(column: number, cell: string, isText: 0 | 1): void {
    const { cells } = this.row;
    while (this.used < column) cells[this.used++] = "";
    cells[column] = cell;
    if (column === this.used) this.used++;
    this.row.isText[column] = isText;
  }
}

/** Place of the next such byte, `end` when there is none. */
function nextOf(byte: number, bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] !== byte) at++;
  return at;
}

function isAt(word: Uint8Array, bytes: Uint8Array, from: number): boolean {
  for (let at = 0; at < word.length; at++) if (bytes[from + at] !== word[at]) return false;
  return true;
}

/** Blank, `>` or `/`. */
function isEnd(code: number | undefined): boolean {
  return code === 32 || code === GREATER || code === SLASH || code === 10 || code === 13 || code === 9;
}

/** The letter of a cell's type; INLINE or OTHER when it has several. */
function typeOf(bytes: Uint8Array, from: number, to: number): number {
  if (to === from) return 0;
  if (to === from + 1) return bytes[from] ?? 0;
  return to - from === INLINE_NAME.length && isAt(INLINE_NAME, bytes, from) ? INLINE : OTHER;
}

/** -1 for what is no whole number. */
function wholeNumber(bytes: Uint8Array, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to; at++) {
    const digit = (bytes[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}

function isPlain(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if ((code < 48 || code > 57) && code !== 46 && !(code === 45 && at === 0)) return false;
  }
  return true;
}

/** `AB12` → 27. */
function columnOf(bytes: Uint8Array, from: number, to: number): number {
  let column = 0;
  for (let at = from; at < to; at++) {
    const code = bytes[at] ?? 0;
    if (code >= 65 && code <= 90) column = column * 26 + code - 64;
    else if (code >= 97 && code <= 122) column = column * 26 + code - 96;
    else break;
  }
  return column - 1;
}

/** The value of an attribute with a name of one letter. */
function attribute(text: string, from: number, to: number, letter: number): string {
  for (let at = from; at < to; at++) {
    if (text.charCodeAt(at) !== letter || text.charCodeAt(at + 1) !== 61 || text.charCodeAt(at - 1) > 32) continue;
    return text.slice(at + 3, text.indexOf(text[at + 2] ?? '"', at + 3));
  }
  return "";
}
