// Rows of JSON values as CSV, as `query` prints and exports them: nothing for null, quotes where they are needed and around an empty text.
import type { JsonValue } from "../model/json.ts";

/** RFC 4180 with a line feed; an empty text is quoted so that it differs from NULL. */
export function renderCsv(rows: readonly (readonly JsonValue[])[]): string {
  const cell = (value: JsonValue): string => {
    if (value === null) return "";
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => row.map(cell).join(",")).join("\n");
}
