// The body of a batch: the rows themselves, or a template that they are put into.
import { fillTree } from "../resources/fill.ts";
import type { WriteRow } from "./batches.ts";

export interface BodyRequest {
  readonly rows: readonly WriteRow[];
  readonly format: "json" | "ndjson" | "csv";
  /** `{rows}` and `{row}` stand for them; undefined: the rows are the body. */
  readonly template: unknown;
  /** One row for each request: it is the body itself, not a list of one. */
  readonly single: boolean;
}

export interface WrittenBody {
  readonly body: unknown;
  readonly type: string;
}

export function bodyOf({ rows, format, template, single }: BodyRequest): WrittenBody {
  switch (format) {
    case "ndjson":
      return { body: rows.map((row) => `${JSON.stringify(row)}\n`).join(""), type: "application/x-ndjson" };
    case "csv":
      return { body: csvOf(rows), type: "text/csv; charset=utf-8" };
    case "json": {
      const body = template === undefined ? (single ? rows[0] : rows) : filled(template, rows);
      return { body, type: "application/json" };
    }
    default:
      return format satisfies never;
  }
}

function filled(template: unknown, rows: readonly WriteRow[]): unknown {
  if (template === "{rows}") return rows;
  if (template === "{row}") return rows[0];
  if (Array.isArray(template)) return template.map((inner) => filled(inner, rows));
  if (typeof template !== "object" || template === null) return fillTree(template, { row: rows[0] });
  return Object.fromEntries(Object.entries(template).map(([key, inner]) => [key, filled(inner, rows)]));
}

function csvOf(rows: readonly WriteRow[]): string {
  const names = Object.keys(rows[0] ?? {});
  const cell = (value: unknown): string => {
    if (value === null || value === undefined) return "";
    const text = typeof value === "string" ? value : JSON.stringify(value);
    // An empty text is not the same as nothing.
    return text === "" || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [names.map(cell), ...rows.map((row) => names.map((name) => cell(row[name])))].map((cells) => `${cells.join(",")}\r\n`).join("");
}
