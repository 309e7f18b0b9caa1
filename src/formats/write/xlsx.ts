// Rows of a query as a workbook, streamed: one chunk in memory, one sheet, types and dates as Excel has them.
//   X1. Nothing is rounded: a number of more than 15 digits, a moment finer than milliseconds or before March 1900 is written as text.
//   X2. Text is text: a cell that begins with = is no formula.
import type { DuckDBConnection, DuckDBType, DuckDBValue } from "@duckdb/node-api";
import { MillraceError } from "../../model/errors.ts";
import { ident } from "../../sql/text.ts";
import { jsonValue } from "./json-values.ts";
import type { Output } from "./output.ts";
import { columnsOf } from "./columns.ts";
import { ZipFile } from "./zip.ts";

const ROWS_MAX = 1_048_576;
const COLUMNS_MAX = 16_384;
const TEXT_CHARACTERS_MAX = 32_767;
const EXACT_DIGITS = 15;
const FLUSH_CHARACTERS = 1 << 18;
/** Microseconds from 1970 of 1900-03-01 (before it, Excel counts a day that never was) and of 10000-01-01. */
const MICROS_MIN = -2_203_891_200_000_000n;
const MICROS_END = 253_402_300_800_000_000n;
const DAY_MICROS = 86_400_000_000n;
const EPOCH_DAYS = 25_569;
/** Places in the styles below. */
const STYLE = { header: 1, date: 2, moment: 3, time: 4 } as const;

type Kind = "boolean" | "integer" | "decimal" | "floating" | "date" | "timestamp" | "time" | "text";

/** `from` is a table expression. Throws MR3267. */
export async function writeXlsx(connection: DuckDBConnection, from: string, path: string, output: Output): Promise<number> {
  const columns = (await columnsOf(connection, from)).map(({ name, type }) => ({ name, ...asCell(type, ident(name)) }));
  if (columns.length > COLUMNS_MAX) throw tooMuch(`${columns.length} columns`, `a sheet has ${COLUMNS_MAX.toLocaleString("en")}`);
  const zip = new ZipFile(path);
  try {
    await zip.part("[Content_Types].xml", [Buffer.from(CONTENT_TYPES)]);
    await zip.part("_rels/.rels", [Buffer.from(RELATIONS)]);
    await zip.part("xl/_rels/workbook.xml.rels", [Buffer.from(WORKBOOK_RELATIONS)]);
    await zip.part("xl/workbook.xml", [Buffer.from(workbookXml(output.sheet))]);
    await zip.part("xl/styles.xml", [Buffer.from(STYLES)]);
    const counted = { rows: 0 };
    const selected = columns.map(({ name, sql }) => `${sql} as ${ident(name)}`);
    await zip.part(
      "xl/worksheets/sheet1.xml",
      sheetPieces(connection, `select ${selected.join(", ")} from ${from}`, columns, output, counted),
    );
    zip.finish();
    return counted.rows;
  } finally {
    zip.close();
  }
}

interface Column {
  readonly name: string;
  readonly kind: Kind;
}

async function* sheetPieces(
  connection: DuckDBConnection,
  sql: string,
  columns: readonly Column[],
  output: Output,
  counted: { rows: number },
): AsyncGenerator<Buffer> {
  let xml = `${DECLARATION}<worksheet xmlns="${MAIN}">`;
  if (output.header)
    xml += `<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>`;
  xml += "<sheetData>";
  let line = 0;
  if (output.header) {
    line++;
    xml += `<row r="1">${columns.map(({ name }) => textCell(name, `s="${STYLE.header}" `, 1, name)).join("")}</row>`;
  }
  const result = await connection.stream(sql);
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    const values = columns.map((_, index) => chunk?.getColumnValues(index) ?? []);
    for (let row = 0; row < chunk.rowCount; row++) {
      if (++line > ROWS_MAX) throw tooMuch(`more than ${ROWS_MAX.toLocaleString("en")} rows, header included,`, "a sheet ends there");
      xml += `<row r="${line}">`;
      for (const [index, { kind, name }] of columns.entries()) {
        const value = values[index]?.[row];
        xml += value === null || value === undefined ? "<c/>" : cellXml(value, kind, line, name);
      }
      xml += "</row>";
      counted.rows++;
      if (xml.length > FLUSH_CHARACTERS) {
        yield Buffer.from(xml);
        xml = "";
      }
    }
  }
  yield Buffer.from(`${xml}</sheetData></worksheet>`);
}

/** What Excel has no type for is text, as JSON says it. */
function asCell(type: DuckDBType, sql: string): { readonly kind: Kind; readonly sql: string } {
  const name = type.toString();
  if (name === "BOOLEAN") return { kind: "boolean", sql };
  if (/^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/.test(name)) return { kind: "integer", sql };
  if (name.startsWith("DECIMAL")) return { kind: "decimal", sql };
  if (name === "DOUBLE") return { kind: "floating", sql };
  // The shortest text of a FLOAT is what was meant; widened, it would show digits that nobody wrote.
  if (name === "FLOAT") return { kind: "floating", sql: `${sql}::varchar::double` };
  if (name === "DATE") return { kind: "date", sql };
  if (name === "TIME") return { kind: "time", sql };
  if (/^TIMESTAMP(_S|_MS)?$/.test(name)) return { kind: "timestamp", sql: `${sql}::timestamp` };
  if (name === "TIMESTAMP WITH TIME ZONE") return { kind: "timestamp", sql: `timezone('UTC', ${sql})` };
  if (name === "BLOB") return { kind: "text", sql: `base64(${sql})` };
  if (/[[(]/.test(name) && !name.startsWith("ENUM")) return { kind: "text", sql: `to_json(${jsonValue(type, sql) ?? sql})::varchar` };
  return { kind: "text", sql: `${sql}::varchar` };
}

function cellXml(value: DuckDBValue, kind: Kind, line: number, name: string): string {
  switch (kind) {
    case "boolean":
      return `<c t="b"><v>${value === true ? 1 : 0}</v></c>`;
    case "integer":
    case "decimal": {
      const text = String(value);
      const digits = text.replace(/^-?0*\.?0*/, "").replace(".", "").length;
      return digits <= EXACT_DIGITS ? `<c><v>${text}</v></c>` : textCell(text, "", line, name);
    }
    case "floating":
      return Number.isFinite(value) ? `<c><v>${String(value)}</v></c>` : textCell(String(value), "", line, name);
    case "date": {
      const { days } = value as { readonly days: number };
      return momentCell(BigInt(days) * DAY_MICROS, STYLE.date, value, line, name);
    }
    case "timestamp":
      return momentCell((value as { readonly micros: bigint }).micros, STYLE.moment, value, line, name);
    case "time": {
      const { micros } = value as { readonly micros: bigint };
      if (micros % 1000n !== 0n || micros >= DAY_MICROS) return textCell(String(value), "", line, name);
      return `<c s="${STYLE.time}"><v>${Number(micros) / Number(DAY_MICROS)}</v></c>`;
    }
    case "text":
      return textCell(String(value), "", line, name);
    default:
      return kind satisfies never;
  }
}

function momentCell(micros: bigint, style: number, value: DuckDBValue, line: number, name: string): string {
  if (micros < MICROS_MIN || micros >= MICROS_END || micros % 1000n !== 0n) return textCell(String(value), "", line, name);
  let days = micros / DAY_MICROS;
  let rest = micros % DAY_MICROS;
  if (rest < 0n) {
    rest += DAY_MICROS;
    days -= 1n;
  }
  return `<c s="${style}"><v>${Number(days) + EPOCH_DAYS + Number(rest) / Number(DAY_MICROS)}</v></c>`;
}

function textCell(text: string, style: string, line: number, name: string): string {
  if (text === "") return "<c/>";
  if (text.length > TEXT_CHARACTERS_MAX)
    throw tooMuch(
      `a text of ${text.length.toLocaleString("en")} characters (row ${line}, column ${name})`,
      `a cell holds ${TEXT_CHARACTERS_MAX.toLocaleString("en")}`,
    );
  return `<c ${style}t="inlineStr"><is><t xml:space="preserve">${escaped(text)}</t></is></c>`;
}

/** XML, with the escape of Excel for what XML cannot hold. */
function escaped(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  return text.replaceAll(/_x(?=[0-9a-fA-F]{4}_)|[&<>\u0000-\u0008\u000b-\u001f\ufffe\uffff]/g, (found) => {
    if (found === "&") return "&amp;";
    if (found === "<") return "&lt;";
    if (found === ">") return "&gt;";
    return found === "_x" ? "_x005F_x" : `_x${found.charCodeAt(0).toString(16).padStart(4, "0").toUpperCase()}_`;
  });
}

function tooMuch(what: string, limit: string): MillraceError {
  return new MillraceError({
    code: "MR3267",
    message: `a workbook cannot hold ${what}: ${limit}`,
    hint: "write Parquet or CSV, or choose fewer rows",
  });
}

const DECLARATION = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n`;
const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";
const TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml";
const CONTENT_TYPES = `${DECLARATION}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${TYPE}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${TYPE}.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="${TYPE}.styles+xml"/></Types>`;
const RELATIONS = `${DECLARATION}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>`;
const WORKBOOK_RELATIONS = `${DECLARATION}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${OFFICE}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${OFFICE}/styles" Target="styles.xml"/></Relationships>`;
const STYLES = `${DECLARATION}<styleSheet xmlns="${MAIN}"><numFmts count="3"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/><numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/><numFmt numFmtId="166" formatCode="hh:mm:ss"/></numFmts><fonts count="2"><font/><font><b/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="5"><xf/><xf fontId="1" applyFont="1"/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="165" applyNumberFormat="1"/><xf numFmtId="166" applyNumberFormat="1"/></cellXfs></styleSheet>`;

function workbookXml(sheet: string): string {
  const name = escaped(sheet).replaceAll('"', "&quot;");
  return `${DECLARATION}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets><sheet name="${name}" sheetId="1" r:id="rId1"/></sheets></workbook>`;
}
