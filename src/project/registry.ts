// sources/registry.csv: one source per row. The header holds the keys, dotted where they are nested; `;` separates the items of a list.
//   R1. What a cell becomes follows from the key's schema: text stays text, also `00501` and `true`.
//   R2. An empty cell is a key that is not there.
import type * as z from "zod";
import { MillraceError, type SourceLocation } from "../model/errors.ts";
import { type Document, type Path, placesIn } from "./document.ts";
import { kindsAt } from "./schema-walk.ts";

interface Cell {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly isQuoted: boolean;
}

export interface RegistryRequest {
  readonly file: string;
  readonly text: string;
  readonly schema: z.ZodType;
  readonly connectors: Readonly<Record<string, z.ZodType>> | undefined;
}

/** One document per row; rows that cannot be understood are errors. */
export function readRegistry(request: RegistryRequest): {
  readonly documents: readonly Document[];
  readonly errors: readonly MillraceError[];
} {
  const { file, text } = request;
  const place = placesIn(file, text);
  const errors: MillraceError[] = [];
  const fail = (message: string, cell: Pick<Cell, "start" | "end">, hint?: string): void => {
    errors.push(
      new MillraceError({ code: "MR1045", message, location: place(cell.start, cell.end), ...(hint === undefined ? {} : { hint }) }),
    );
  };
  const { records, unclosed } = parseCsv(text);
  if (unclosed !== undefined) fail("a quote is opened here and not closed", { start: unclosed, end: unclosed + 1 });
  const [header, ...rows] = records.filter((record) => record.some((cell) => cell.text.trim() !== ""));
  if (header === undefined || errors.length > 0) return { documents: [], errors };
  const keys = header.map((cell) => cell.text.trim());
  for (const [index, key] of keys.entries()) {
    if (key.split(".").includes("__proto__")) fail(`the header ${JSON.stringify(key)} cannot be a key`, header[index]!);
    else if (key === "" && rows.some((row) => (row[index]?.text ?? "").trim() !== ""))
      fail(`column ${index + 1} has no header`, header[index]!);
    else if (key !== "" && keys.indexOf(key) < index) fail(`the header ${JSON.stringify(key)} stands twice`, header[index]!);
  }
  if (!keys.includes("name")) fail("the header has no column name", header[0]!, "each row names its source");
  if (errors.length > 0) return { documents: [], errors };
  const documents: Document[] = [];
  for (const row of rows) {
    const extra = row[keys.length];
    if (extra !== undefined) fail(`this row has ${row.length} cells, the header ${keys.length}`, extra, "a cell with a comma wants quotes");
    else if (row.length < keys.length)
      fail(
        `this row has ${row.length} ${row.length === 1 ? "cell" : "cells"}, the header ${keys.length}`,
        row.at(-1)!,
        "a comma is missing; a cell may be empty",
      );
    else documents.push(rowDocument(request, keys, header, row, place));
  }
  return { documents, errors };
}

function rowDocument(
  request: RegistryRequest,
  keys: readonly string[],
  header: readonly Cell[],
  row: readonly Cell[],
  place: (start: number, end?: number) => SourceLocation,
): Document {
  const value: Record<string, unknown> = {};
  for (const [index, key] of keys.entries()) {
    const cell = row[index];
    if (key === "" || cell === undefined || (cell.text.trim() === "" && !cell.isQuoted)) continue;
    const path = key.split(".");
    const text = cell.isQuoted ? cell.text : cell.text.trim();
    if (path[0] === "checks" && path.length === 2) {
      const checks = (value["checks"] ??= []) as unknown[];
      checks.push({ [path[1]!]: text.split(";").map((item) => item.trim()) });
    } else put(value, path, cellValue(text, path, request));
  }
  return {
    file: request.file,
    text: request.text,
    value,
    locate(path, what = "value") {
      const index = cellIndex(keys, path);
      const cell = index < 0 ? row[0]! : what === "key" ? header[index]! : (row[index] ?? header[index]!);
      return place(cell.start, Math.max(cell.end, cell.start + 1));
    },
  };
}

/** R1. */
function cellValue(text: string, path: Path, request: RegistryRequest): unknown {
  const connector = path[0] === "from" && typeof path[1] === "string" ? request.connectors?.[path[1]] : undefined;
  const kinds = connector === undefined ? kindsAt(request.schema, path) : kindsAt(connector, path.slice(2));
  const list = text.split(";").map((item) => item.trim());
  if (kinds.has("list") && (list.length > 1 || !kinds.has("text"))) return list.filter((item) => item !== "");
  if (kinds.has("number") && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (kinds.has("boolean") && (text === "true" || text === "false")) return text === "true";
  if (kinds.has("anything") && !kinds.has("text") && list.length > 1) return list;
  return text;
}

function put(value: Record<string, unknown>, path: readonly string[], cell: unknown): void {
  const [first, ...rest] = path as [string, ...string[]];
  if (rest.length === 0) value[first] = cell;
  else {
    const inner = Object.hasOwn(value, first) && typeof value[first] === "object" ? value[first] : (value[first] = {});
    put(inner as Record<string, unknown>, rest, cell);
  }
}

/** The column of a path, or the first one below it. */
function cellIndex(keys: readonly string[], path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const wanted = path.slice(0, length).join(".");
    const exact = keys.indexOf(wanted);
    if (exact >= 0) return exact;
    const below = keys.findIndex((key) => key.startsWith(`${wanted}.`));
    if (below >= 0) return below;
  }
  return keys.indexOf("name");
}

export function parseCsv(text: string): { readonly records: readonly (readonly Cell[])[]; readonly unclosed: number | undefined } {
  const records: Cell[][] = [];
  let record: Cell[] = [];
  let at = 0;
  while (at <= text.length) {
    const start = at;
    let cell: Cell;
    if (text[at] === '"') {
      let content = "";
      at++;
      for (;;) {
        const quote = text.indexOf('"', at);
        if (quote < 0) return { records, unclosed: start };
        content += text.slice(at, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        content += '"';
        at++;
      }
      const rest = /[^,\r\n]*/y;
      rest.lastIndex = at;
      content += rest.exec(text)![0].trimEnd();
      at = rest.lastIndex;
      cell = { text: content, start, end: at, isQuoted: true };
    } else {
      const plain = /[^,\r\n]*/y;
      plain.lastIndex = at;
      const content = plain.exec(text)![0];
      at = plain.lastIndex;
      cell = { text: content, start, end: at, isQuoted: false };
    }
    record.push(cell);
    if (text[at] === ",") {
      at++;
      continue;
    }
    records.push(record);
    record = [];
    if (at >= text.length) break;
    at += text.startsWith("\r\n", at) ? 2 : 1;
  }
  return { records, unclosed: undefined };
}
