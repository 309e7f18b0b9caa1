// One cell of a stage on its way into its column, as SQL over the stage table `t`: read, mapped, parsed, filled.
//   What takes time is computed once: as columns (`reading`) of a copy of the stage table, over which everything else is said.
import type { ColumnSpec } from "../model/definitions/source.ts";
import { badCell, numberText, parseStep, trimmedText } from "../formats/types/parse.ts";
import { ident, literal } from "../sql/text.ts";
import { notesOf, type Note } from "./changes.ts";
import type { TargetColumn } from "./columns.ts";
import { maskedSql } from "./pii.ts";

interface Cell {
  /** SQL of the column's type. */
  readonly value: string;
  /** True where it is broken, never NULL; null: cannot be. */
  readonly broken: string | null;
  /** The text that stood there. */
  readonly text: string;
  readonly notes: readonly Note[];
  /** Columns that `t` must have besides its own, by the others' names; each step may use those before it. */
  readonly reading: readonly Reading[];
}

export interface Reading {
  readonly name: string;
  readonly sql: string;
}

/** A column of one stage, as it is loaded: hidden where `pii:` says so. */
export function cellOf(target: TargetColumn, index: number): Cell {
  const cell = filledCell(target, index);
  if (target.mask === null) return cell;
  const note = { column: target.name, rule: `pii(${target.mask})`, holds: `((${cell.value}) is not null)`, before: "null", after: "null" };
  return { ...cell, value: maskedSql(target.mask, cell.value), notes: [...cell.notes, note] };
}

/** With its default where it has no value. A broken value is not a missing one. */
function filledCell(target: TargetColumn, index: number): Cell {
  const cell = readCell(target, index);
  if (target.defaultSql === null) return cell;
  const holds = `((${cell.value}) is null${cell.broken === null ? "" : ` and not ${cell.broken}`})`;
  const isTold = cell.notes.some(({ rule }) => rule === "default");
  const filled = `coalesce(${cell.value}, ${target.defaultSql})`;
  return {
    ...cell,
    value: cell.broken === null ? filled : `case when not ${cell.broken} then ${filled} end`,
    // What was read from text tells it by itself.
    notes: isTold
      ? cell.notes
      : [...cell.notes, { column: target.name, rule: "default", holds, before: cell.text, after: target.defaultSql }],
  };
}

function readCell(target: TargetColumn, index: number): Cell {
  const source = target.sources[index] ?? { kind: "missing" };
  if (source.kind === "missing") return { value: `null::${target.type}`, broken: null, text: "null", notes: [], reading: [] };
  const cell = source.column.shaped ?? `t.${ident(source.column.name)}`;
  const text = source.column.type === "VARCHAR" ? cell : `(${cell})::varchar`;
  switch (source.kind) {
    case "same":
      return { value: cell, broken: null, text, notes: [], reading: [] };
    case "cast":
      return { value: target.type === "JSON" ? `to_json(${cell})` : `${cell}::${target.type}`, broken: null, text, notes: [], reading: [] };
    case "narrow": {
      // DuckDB has no cast from milliseconds to seconds.
      const from = source.column.type === "TIMESTAMP_MS" ? `(${cell})::timestamp` : cell;
      const value = `case when try_cast(${from} as ${target.type})::${source.column.type} = ${cell} then try_cast(${from} as ${target.type}) end`;
      return { value, broken: `(${cell} is not null and (${value}) is null)`, text, notes: [], reading: [] };
    }
    case "parse":
      return parsedCell(target, source.column.type === "JSON" ? `(${cell} ->> '$')` : text, text);
    default:
      return source satisfies never;
  }
}

function parsedCell({ name, type, spec }: TargetColumn, written: string, text: string): Cell {
  const request = { parse: spec?.parse, type, nulls: spec?.nulls };
  const isText = type === "VARCHAR" && spec?.parse === undefined;
  if (isText && spec?.map === undefined && (spec?.nulls ?? []).length === 0 && spec?.default === undefined)
    return { value: written, broken: null, text, notes: [], reading: [] };
  const reading: Reading[] = [];
  const step = (what: string, sql: string): string => {
    const column = ident(`_millrace_${what}_${name}`);
    reading.push({ name: column, sql });
    return `t.${column}`;
  };
  const mapped = spec?.map === undefined ? written : step("mapped", mappedSql(spec.map, written));
  const trimmed = step("trimmed", trimmedText(mapped));
  const number = numberText(spec?.parse, trimmed);
  const parsed = parseStep(request, { cell: mapped, text: trimmed, number: number === null ? trimmed : step("number", number) });
  const value = step("value", parsed.value);
  const broken = isText ? null : step("broken", badCell(parsed.isNull, value));
  return { value, broken, text, notes: notesOf({ column: name, type, spec, text: written, trimmed, value, broken }), reading };
}

/** `map:` as SQL: a written value that stands in it is read as what stands for it. */
function mappedSql(map: ColumnSpec["map"], written: string): string {
  const entries = Object.entries(map ?? {});
  if (entries.length === 0) return written;
  const cases = entries.map(([from, to]) => `when ${literal(from.trim())} then ${to === null ? "null" : literal(String(to))}`);
  return `(case trim(${written}, ${literal(" \t\r\n\u00a0")}) ${cases.join(" ")} else ${written} end)`;
}
