// Types of columns that nothing in the project tells, from the values that stand in a test.
import { isDay } from "../../model/parameter-types.ts";
import { ident } from "../../sql/text.ts";
import { isMapping } from "./values.ts";

const TIMESTAMP = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?$/;
const TIMESTAMP_ZONED = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)$/;

/** DuckDB's type for a list of values; VARCHAR where they are of different kinds. */
export function inferType(values: readonly unknown[]): string {
  const filled = values.filter((value) => value !== null && value !== undefined);
  if (filled.length === 0) return "VARCHAR";
  if (filled.every((value) => typeof value === "boolean")) return "BOOLEAN";
  if (filled.every((value) => typeof value === "number")) return filled.every((value) => Number.isInteger(value)) ? "BIGINT" : "DOUBLE";
  if (filled.every((value) => Array.isArray(value))) return `${inferType(filled.flat())}[]`;
  if (filled.every(isMapping)) {
    const fields = [...new Set(filled.flatMap((value) => Object.keys(value)))];
    if (fields.length === 0) return "JSON";
    return `STRUCT(${fields.map((field) => `${ident(field)} ${inferType(filled.map((value) => value[field]))}`).join(", ")})`;
  }
  if (!filled.every((value) => typeof value === "string")) return filled.some((value) => typeof value === "object") ? "JSON" : "VARCHAR";
  const texts = filled as readonly string[];
  if (texts.every((text) => /^\d{4}-\d\d-\d\d$/.test(text) && isDay(text))) return "DATE";
  if (texts.every((text) => TIMESTAMP.test(text) && isDay(text))) return "TIMESTAMP";
  if (texts.every((text) => TIMESTAMP_ZONED.test(text) && isDay(text))) return "TIMESTAMP WITH TIME ZONE";
  return "VARCHAR";
}
