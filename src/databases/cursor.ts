// A cursor's value as text for a condition of SQL.
import type { Json } from "../load/connector.ts";

/** The value as it is written; ISO times with a space, in UTC without its Z. */
export function cursorText(value: Json): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^\d{4}-\d\d-\d\dT\d\d:/.test(text) ? text.replace("T", " ").replace(/Z$/, "") : text;
}

/** A number as it is, all else in quotes that are doubled within. */
export function cursorLiteral(value: Json, type: string): string {
  const text = cursorText(value);
  return typeof value === "number" || (/INT|DECIMAL/.test(type) && /^-?\d+(\.\d+)?$/.test(text)) ? text : `'${text.replaceAll("'", "''")}'`;
}
