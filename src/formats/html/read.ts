// One table of an HTML page: parsed as browsers do, chosen by number, selector or caption, its rows counted twice (by tag, and by what was written).
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { MillraceError } from "../../model/errors.ts";
import { asUtf8, encodingOf } from "../delimited/source.ts";
import { byteString, CellFile } from "../tabular/cells.ts";
import { findHeader } from "../tabular/header.ts";
import type { ReadJob } from "../tabular/job.ts";
import { Rejects } from "../tabular/rejects.ts";
import type { CellColumn, TabularFile } from "../tabular/stage.ts";
import { gridOf, rowsOf, TooManyCells, type GridRow } from "./grid.ts";
import { htmlOptions } from "./options.ts";
import { attributeOf, childrenOf, elementsOf, isElement, selectorOf, visibleText, type Element } from "./tree.ts";

/** A page is held in memory whole. */
const PAGE_BYTES_MAX = 256 << 20;
const SAMPLE_ROWS_MAX = 300;
const TABLES_NAMED_MAX = 8;

/** Throws MR3254, MR3255, MR3256 and what decoding throws. */
export async function readHtml(job: ReadJob): Promise<TabularFile> {
  const options = htmlOptions.parse(job.options);
  const { size } = await stat(job.path);
  if (size > PAGE_BYTES_MAX) throw tooLarge(job.name, `${size} bytes`);
  const encoding = await encodingOf(job.path, job.name, options.encoding ?? (await metaCharset(job.path)));
  const source = await asUtf8(job.path, job.name, encoding, job.temp);
  const { parse } = await import("parse5");
  const page = parse((await readFile(source.path, "utf8")).replace(/^\ufeff/, ""), { sourceCodeLocationInfo: true });
  const tables = elementsOf(page).filter((element) => element.tagName === "table");
  const { table, why } = chooseTable(tables, options, job.name);
  let grid: readonly GridRow[];
  try {
    grid = gridOf(table);
  } catch (error) {
    throw error instanceof TooManyCells ? tooLarge(job.name, "a table with that many cells") : error;
  }
  const filled = grid.filter((row) => row.cells.some((cell) => cell !== ""));
  const width = Math.max(0, ...filled.map((row) => row.cells.length));
  const { preamble, headerRows, columns } = headerOf(filled, width, options.header);
  const cells = new CellFile(join(job.temp, "cells"), width, options.nulls ?? []);
  const rejects = new Rejects(join(job.temp, "rejected.ndjson"));
  for (const row of filled.slice(preamble + headerRows)) {
    const raw = row.cells.join(" | ");
    const about = { kind: "quarantined", line: row.line, lines: 1, raw } as const;
    if (raw.includes("\0")) rejects.add({ ...about, rule: "nulCharacter", reason: "the row holds a NUL character" });
    else if (!cells.row(row.cells.map(byteString), row.line)) rejects.add({ ...about, rule: "noValues", reason: "no column has a value" });
  }
  const account = cells.close();
  const doubts = tables.length > 1 ? [`${why}; the page has ${tables.length} tables: ${describeAll(tables)}`] : [];
  if (account.rows === 0) doubts.push("The table has no rows.");
  return {
    columns,
    cells: account,
    rejects: rejects.close(),
    lines: { total: rowsOf(table).length, header: headerRows, preamble, blank: grid.length - filled.length },
    typing: "text",
    understood: {
      format: "html",
      encoding: { name: encoding.name, why: encoding.why, confidence: encoding.confidence },
      header: { rows: headerRows, line: filled[preamble]?.line ?? 1 },
      confidence: tables.length > 1 && options.table === undefined && options.caption === undefined ? 0.5 : 1,
      doubts,
      warnings: [],
    },
  };
}

/** The charset that the page names in its head. */
async function metaCharset(path: string): Promise<string | undefined> {
  const head = (await readFile(path)).subarray(0, 4096);
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff) || (head[0] === 0xef && head[1] === 0xbb))
    return undefined;
  const charset = /<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)/i.exec(head.toString("latin1"))?.[1];
  if (charset === undefined) return undefined;
  try {
    // The standard takes latin-1 for windows-1252, and UTF-16 in a page that could be read so far for UTF-8.
    const name = new TextDecoder(charset).encoding;
    return name.startsWith("utf-16") ? "utf-8" : name;
  } catch {
    return undefined;
  }
}

function headerOf(
  rows: readonly GridRow[],
  width: number,
  pinned: boolean | number | undefined,
): { readonly preamble: number; readonly headerRows: number; readonly columns: readonly CellColumn[] } {
  if (width === 0) return { preamble: 0, headerRows: 0, columns: [] };
  const declared = rows.findIndex((row) => !row.isHeader);
  const marked = declared === -1 ? 0 : declared;
  const pins = pinned === undefined ? undefined : pinned === true ? 1 : pinned === false ? 0 : pinned;
  const sample = rows.slice(0, SAMPLE_ROWS_MAX).map((row, index) => (index < marked ? withoutHanging(row, rows[index - 1]) : row.cells));
  const headerRows = pins ?? (marked > 0 && marked <= 10 ? marked : undefined);
  return findHeader(sample, width, { headerRows, startsAtOnce: headerRows !== undefined });
}

/** A header cell that reaches over two rows is one name, not twice the same. */
function withoutHanging(row: GridRow, above: GridRow | undefined): readonly string[] {
  return row.cells.map((cell, column) => (above?.cells[column] === cell ? "" : cell));
}

function chooseTable(
  tables: readonly Element[],
  { table, caption }: { readonly table?: number | string | undefined; readonly caption?: string | undefined },
  name: string,
): { readonly table: Element; readonly why: string } {
  const refuse = (message: string): MillraceError =>
    new MillraceError({
      code: "MR3254",
      message: `${name}: ${message}`,
      ...(tables.length === 0 ? {} : { hint: `there are ${tables.length}: ${describeAll(tables)}` }),
    });
  if (tables.length === 0) throw refuse("the page has no table");
  let left = tables;
  if (caption !== undefined) {
    left = left.filter((element) => titleOf(element).toLowerCase().includes(caption.toLowerCase()));
    if (left.length === 0) throw refuse(`no table has ${JSON.stringify(caption)} in its caption`);
  }
  if (typeof table === "number") {
    const found = left[table - 1];
    if (found === undefined) throw refuse(`there is no table ${table}`);
    return { table: found, why: `table ${table} was taken` };
  }
  if (typeof table === "string") {
    const matches = selectorOf(table);
    if (matches === null)
      throw new MillraceError({
        code: "MR3255",
        message: `${name}: the selector ${JSON.stringify(table)} is not understood`,
        hint: "tags, #id, .class, [attribute=value], and blanks between them: div.report table#prices",
      });
    const direct = left.filter(matches);
    const inside = left.filter((element) => direct.length === 0 && hasAbove(element, matches));
    const [found, ...more] = direct.length > 0 ? direct : inside;
    if (found === undefined) throw refuse(`no table matches ${JSON.stringify(table)}`);
    if (more.length > 0) return { table: found, why: `the first of ${more.length + 1} tables that match ${table} was taken` };
    return { table: found, why: `the table that matches ${table} was taken` };
  }
  const cellsOf = (element: Element): number => rowsOf(element).reduce((sum, row) => sum + row.childNodes.length, 0);
  const [first] = left.map((element) => ({ element, cells: cellsOf(element) })).toSorted((a, b) => b.cells - a.cells);
  if (first === undefined) throw refuse("the page has no table");
  return {
    table: first.element,
    why: caption === undefined ? "the table with most cells was taken" : "the table of that caption was taken",
  };
}

function hasAbove(element: Element, matches: (element: Element) => boolean): boolean {
  for (let above = element.parentNode; above !== null && isElement(above); above = above.parentNode) if (matches(above)) return true;
  return false;
}

/** The caption of a table, or the last heading before it. */
function titleOf(table: Element): string {
  const caption = table.childNodes.find((node): node is Element => isElement(node) && node.tagName === "caption");
  if (caption !== undefined) return visibleText(caption);
  const siblings = table.parentNode === null ? [] : childrenOf(table.parentNode);
  const before = siblings.slice(0, siblings.indexOf(table)).filter(isElement);
  const heading = before.findLast((element) => /^h[1-6]$/.test(element.tagName));
  return heading === undefined ? "" : visibleText(heading);
}

function describeAll(tables: readonly Element[]): string {
  const named = tables.slice(0, TABLES_NAMED_MAX).map((table, index) => {
    const id = attributeOf(table, "id");
    const title = titleOf(table).slice(0, 40);
    return `${index + 1}${id === undefined ? "" : ` #${id}`}${title === "" ? "" : ` ${JSON.stringify(title)}`} (${rowsOf(table).length} rows)`;
  });
  return `${named.join(", ")}${tables.length > TABLES_NAMED_MAX ? ", …" : ""}`;
}

function tooLarge(name: string, what: string): MillraceError {
  return new MillraceError({ code: "MR3256", message: `${name} is too large for a page: ${what}` });
}
