// Rows as text for the clipboard, and a query as the file of a model.
import type { JsonValue } from "../../../../src/model/json.ts";
import type { QueryRunAnswer } from "../../../../src/model/query-answers.ts";

type Rows = Pick<QueryRunAnswer, "columns" | "rows">;

export function textOf({ columns, rows }: Rows, format: "csv" | "json" | "md"): string {
  const names = columns.map(({ name }) => name);
  if (format === "csv") return [names, ...rows].map((row) => row.map(csvCell).join(",")).join("\n");
  if (format === "json") {
    const objects = rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]!])));
    return JSON.stringify(objects, null, 2);
  }
  const line = (cells: readonly JsonValue[]): string => `| ${cells.map(mdCell).join(" | ")} |`;
  return [line(names), `|${names.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

function csvCell(value: JsonValue): string {
  if (value === null) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function mdCell(value: JsonValue): string {
  const text = value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
  return text.replaceAll("|", String.raw`\|`).replaceAll(/\s*\r?\n\s*/g, " ");
}

/** A file below models/ and its text. */
export function modelFile(name: string, description: string, sql: string): { readonly file: string; readonly text: string } {
  const [schema = "", table = ""] = name.split(".");
  const query = sql.trim().replace(/;+$/, "").trimEnd();
  const said = description.trim();
  const front =
    said === "" ? "" : `/*---\ndescription: ${/[:#'"{}[\]&*?|<>=!%@`\n]|^[\s-]/.test(said) ? JSON.stringify(said) : said}\n---*/\n`;
  return { file: `models/${schema}/${table}.sql`, text: `${front}${query}\n` };
}
