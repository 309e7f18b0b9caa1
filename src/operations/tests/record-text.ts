// A recorded test as YAML that a person would write: one row per line, quotes only where they are needed.
import type { JsonValue } from "../../model/answers.ts";

export interface RecordedRows {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly JsonValue[])[];
}

export interface RecordedTest {
  readonly model: string;
  readonly description: string;
  readonly settings: readonly (readonly [string, string])[];
  readonly given: ReadonlyMap<string, RecordedRows>;
  readonly expect: RecordedRows;
}

const LINE_CHARACTERS_MAX = 160;
const NUMERIC = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\))$/;
/** Plain text in YAML: nothing that could be read as anything else. */
const PLAIN = /^[\p{L}_][\p{L}\p{N}_ .@/-]*$/u;
const TAKEN = /^(true|false|null|yes|no|on|off|y|n|nan|inf)$/i;

export function testText({ model, description, settings, given, expect }: RecordedTest): string {
  const lines = [
    `description: ${textOf(description)}`,
    `model: ${model}`,
    ...settings.map(([key, value]) => `${key}: ${value}`),
    ...(given.size === 0 ? [] : ["given:"]),
    ...[...given].flatMap(([asset, rows]) => (rows.rows.length === 0 ? [`  ${asset}: []`] : [`  ${asset}:`, ...rowLines(rows, "    ")])),
    ...(expect.rows.length === 0 ? ["expect: []"] : ["expect:", ...rowLines(expect, "  ")]),
  ];
  return `${lines.join("\n")}\n`;
}

function rowLines({ columns, rows }: RecordedRows, indent: string): readonly string[] {
  return rows.map((row) => {
    const cells = columns.map(({ name, type }, index) => `${keyOf(name)}: ${cellOf(row[index]!, type)}`);
    const flow = `${indent}- { ${cells.join(", ")} }`;
    return flow.length <= LINE_CHARACTERS_MAX
      ? flow
      : cells.map((cell, index) => `${indent}${index === 0 ? "- " : "  "}${cell}`).join("\n");
  });
}

function keyOf(name: string): string {
  return PLAIN.test(name) && !TAKEN.test(name) ? name : JSON.stringify(name);
}

function cellOf(value: JsonValue, type: string): string {
  if (typeof value === "string" && NUMERIC.test(type))
    return String(Number(value)) === value.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "") ? value : JSON.stringify(value);
  return valueOf(value);
}

function valueOf(value: JsonValue): string {
  if (value === null) return "null";
  if (typeof value === "string") return textOf(value);
  if (Array.isArray(value)) return `[${value.map((item) => valueOf(item as JsonValue)).join(", ")}]`;
  if (typeof value === "object") {
    const entries = Object.entries(value).map(([key, each]) => `${keyOf(key)}: ${valueOf(each)}`);
    return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
  }
  return String(value);
}

function textOf(text: string): string {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text);
  return isDay || (PLAIN.test(text) && !TAKEN.test(text) && text === text.trim()) ? text : JSON.stringify(text);
}
