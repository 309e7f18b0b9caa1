// The rows of a worksheet part, as fast as its letters can be looked at: no tree, no events, one search after another in strings of bytes.
//   S1. A row is taken when its end has been read; a part that ends before its table does is an error.
import { serialText, NUMBER, type NumberKind } from "./dates.ts";
import { COLUMNS_MAX, type SheetFacts, type SheetRow } from "./sheets.ts";
import { richText, unescaped } from "./xml-text.ts";

/** One row, as XML. */
const ROW_CHARACTERS_MAX = 256 << 20;
/** Longer numbers are written with digits that a double does not have. */
const PLAIN_NUMBER_MAX = 15;

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
  let rest = "";
  let isBegun = false;
  for await (const piece of pieces) {
    rest += piece.toString("latin1");
    if (!isBegun) {
      if (!scanner.begin(rest)) continue;
      isBegun = true;
    }
    const end = rest.lastIndexOf(scanner.rowEnd);
    if (end === -1) {
      if (rest.length > ROW_CHARACTERS_MAX) throw new Error("a row is too large");
      continue;
    }
    const whole = end + scanner.rowEnd.length;
    if (scanner.scan(rest, whole) === "stop") return scanner.facts();
    rest = rest.slice(whole);
  }
  if (!isBegun) throw new Error("a sheet is no worksheet");
  if (scanner.scan(rest, rest.length) === "goOn" && (scanner.isOpen || !rest.includes(`</${scanner.prefix}worksheet`)))
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

  /** Takes the rows in `text[0, end)`. */
  scan(text: string, end: number): "goOn" | "stop" {
    const skip = 1 + this.prefix.length;
    for (let at = text.indexOf("<"); at !== -1 && at < end;) {
      const name = at + skip;
      const first = text.charCodeAt(name);
      if (first === 99 && isEnd(text.charCodeAt(name + 1))) at = this.cell(text, name + 1, end);
      else if (first === 114 && text.startsWith("row", name) && isEnd(text.charCodeAt(name + 3))) at = this.beginRow(text, name + 3);
      else if (text.startsWith(this.rowEnd, at)) {
        if (this.endRow() === "stop") return "stop";
        at += this.rowEnd.length;
      } else if (text.startsWith("<!--", at)) at = text.indexOf("-->", at) + 3;
      else at = text.indexOf(">", at) + 1;
      if (at <= 0) return "goOn";
      at = text.indexOf("<", at);
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
    this.row.cells.length = 0;
    this.row.errors.length = 0;
    this.column = 0;
    return close + 1;
  }

  private endRow(): "goOn" | "stop" {
    this.isOpen = false;
    const { cells } = this.row;
    let { length } = cells;
    while (length > 0 && cells[length - 1] === "") length--;
    cells.length = length;
    if (length === 0) return "goOn";
    return this.onRow(this.row);
  }

  private cell(text: string, from: number, end: number): number {
    const close = text.indexOf(">", from);
    if (close === -1) return end;
    let type = "";
    let style = 0;
    // <c r="AB12" s="3" t="s">: the names of attributes are one letter each; others are passed over.
    for (let at = from; at < close;) {
      const code = text.charCodeAt(at);
      if (code <= 32 || code === 47) {
        at++;
        continue;
      }
      const equals = text.indexOf("=", at);
      if (equals === -1 || equals > close) break;
      const quote = text[equals + 1] === "'" ? "'" : '"';
      const valueEnd = text.indexOf(quote, equals + 2);
      if (equals === at + 1) {
        if (code === 114) this.column = columnOf(text, equals + 2, valueEnd);
        else if (code === 115) style = Number(text.slice(equals + 2, valueEnd));
        else if (code === 116) type = text.slice(equals + 2, valueEnd);
      }
      at = valueEnd + 1;
    }
    const column = this.column++;
    if (column >= COLUMNS_MAX) throw new Error(`row ${this.row.line} has more than ${COLUMNS_MAX} columns`);
    if (text.charCodeAt(close - 1) === 47) return close + 1;
    const cellEnd = text.indexOf(this.cellEnd, close);
    if (cellEnd === -1) throw new Error(`a cell of row ${this.row.line} does not end`);
    if (type === "inlineStr") this.put(column, richText(text.slice(close + 1, cellEnd)), 1);
    else {
      const value = this.valueOf(text, close + 1, cellEnd);
      if (value !== null) this.typed(column, value, type, style);
    }
    return cellEnd + this.cellEnd.length;
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

  private typed(column: number, value: string, type: string, style: number): void {
    switch (type) {
      case "":
      case "n":
        this.put(column, this.number(value, style), 0);
        return;
      case "s": {
        const text = this.context.strings[Number(value)];
        if (text === undefined) throw new Error(`row ${this.row.line} names the text ${value}, which is not there`);
        this.put(column, text, 1);
        return;
      }
      case "b":
        this.put(column, value === "1" || value === "true" ? "true" : "false", 0);
        return;
      case "e":
        this.put(column, unescaped(value), 0);
        this.row.errors.push(column);
        return;
      case "d":
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
    while (cells.length < column) cells.push("");
    cells[column] = cell;
    this.row.isText[column] = isText;
  }
}

/** Blank, `>` or `/`. */
function isEnd(code: number): boolean {
  return code === 32 || code === 62 || code === 47 || code === 10 || code === 13 || code === 9;
}

function isPlain(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if ((code < 48 || code > 57) && code !== 46 && !(code === 45 && at === 0)) return false;
  }
  return true;
}

/** `AB12` → 27. */
function columnOf(text: string, from: number, to: number): number {
  let column = 0;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
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
