// Old workbooks (.xls, and whatever else the library knows): read whole, since their format allows nothing else, then given out row by row.
import { readFile, stat } from "node:fs/promises";
import { MillraceError } from "../../model/errors.ts";
import { byteString } from "../tabular/cells.ts";
import { kindOfFormat, NUMBER, serialText } from "./dates.ts";
import { damaged } from "./package.ts";
import { COLUMNS_MAX, type Sheet, type SheetRow, type Workbook } from "./sheets.ts";

/** 65,536 rows do not take more. */
const FILE_BYTES_MAX = 512 << 20;

interface Cell {
  readonly t: string;
  readonly v?: unknown;
  readonly w?: string;
  readonly z?: unknown;
  readonly f?: string;
}

/** Throws MR3264, MR3265. */
export async function openXls(path: string, name: string): Promise<Workbook> {
  const { size } = await stat(path);
  if (size > FILE_BYTES_MAX)
    throw new MillraceError({ code: "MR3264", message: `${name} is too large for an old workbook: ${size} bytes` });
  const bytes = await readFile(path);
  refuseDisguised(bytes, name);
  const { read } = await import("@e965/xlsx");
  try {
    const book = read(bytes, {
      type: "buffer",
      dense: true,
      cellNF: true,
      cellText: true,
      cellDates: false,
      cellHTML: false,
      cellFormula: true,
    });
    const is1904 = book.Workbook?.WBProps?.date1904 === true;
    const sheets = book.SheetNames.map((sheetName, index): Sheet => {
      const sheet = (book.Sheets[sheetName] ?? {}) as {
        "!data"?: readonly (readonly (Cell | undefined)[] | undefined)[];
        "!merges"?: readonly Range[];
      };
      return {
        name: sheetName,
        isHidden: (book.Workbook?.Sheets?.[index]?.Hidden ?? 0) > 0,
        rows: (onRow) => Promise.resolve(giveRows(sheet["!data"] ?? [], is1904, onRow)),
        merges: () =>
          Promise.resolve(
            (sheet["!merges"] ?? []).map(({ s, e }) => ({ firstRow: s.r + 1, lastRow: e.r + 1, firstColumn: s.c, lastColumn: e.c })),
          ),
      };
    });
    return { sheets, close: () => undefined };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (/password|encrypt/i.test(why))
      throw new MillraceError({ code: "MR3265", message: `${name} is locked with a password`, cause: error });
    throw damaged(error, name);
  }
}

interface Range {
  readonly s: { readonly r: number; readonly c: number };
  readonly e: { readonly r: number; readonly c: number };
}

/** The library takes nearly anything for a workbook; what is none is told apart here. */
function refuseDisguised(bytes: Buffer, name: string): void {
  const start = bytes
    .toString("latin1", 0, 512)
    .replace(/^\u00ef\u00bb\u00bf/, "")
    .trimStart()
    .toLowerCase();
  const isBinary = bytes.readUInt32BE(0) === 0xd0cf11e0 || (bytes[0] === 0x09 && [0, 2, 4, 8].includes(bytes[1] ?? 255));
  if (isBinary) return;
  const really = start.startsWith("<") ? (/<html|<table|<!doctype/.test(start) ? "HTML" : "XML") : "text";
  const format = really === "HTML" ? "html" : really === "XML" ? "xml" : "csv";
  throw new MillraceError({
    code: "MR3264",
    message: `${name} is no workbook: it holds ${really}`,
    hint: `read it with \`format: ${format}\``,
  });
}

function giveRows(
  data: readonly (readonly (Cell | undefined)[] | undefined)[],
  is1904: boolean,
  onRow: (row: SheetRow) => "goOn" | "stop",
): { readonly lastLine: number; readonly uncached: number } {
  const row: SheetRow = { line: 0, cells: [], isText: new Uint8Array(COLUMNS_MAX), errors: [] };
  for (const [index, cells] of data.entries()) {
    if (cells === undefined) continue;
    row.line = index + 1;
    row.cells.length = 0;
    row.errors.length = 0;
    let length = 0;
    for (let column = 0; column < cells.length; column++) {
      const text = cellText(cells[column], is1904);
      row.cells.push(byteString(text));
      row.isText[column] = cells[column]?.t === "s" ? 1 : 0;
      if (cells[column]?.t === "e") row.errors.push(column);
      if (text !== "") length = column + 1;
    }
    row.cells.length = length;
    if (length > 0 && onRow(row) === "stop") break;
  }
  return { lastLine: data.length, uncached: 0 };
}

function cellText(cell: Cell | undefined, is1904: boolean): string {
  if (cell === undefined) return "";
  switch (cell.t) {
    case "n": {
      const value = Number(cell.v);
      const kind = typeof cell.z === "string" ? kindOfFormat(cell.z) : NUMBER;
      return (kind === NUMBER ? null : serialText(value, kind, is1904)) ?? String(value);
    }
    case "b":
      return cell.v === true ? "true" : "false";
    case "e":
      return cell.w ?? "#ERROR";
    case "z":
      return "";
    default:
      return typeof cell.v === "string" ? cell.v : (cell.w ?? "");
  }
}
