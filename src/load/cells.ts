// One cell of a stage on its way into its column, as SQL over the stage table `t`: read, mapped, parsed, filled.
import type { ColumnSpec } from "../model/definitions/source.ts";
import { parseExpression } from "../formats/types/parse.ts";
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
  if (source.kind === "missing") return { value: `null::${target.type}`, broken: null, text: "null", notes: [] };
  const cell = source.column.shaped ?? `t.${ident(source.column.name)}`;
  const text = source.column.type === "VARCHAR" ? cell : `(${cell})::varchar`;
  switch (source.kind) {
    case "same":
      return { value: cell, broken: null, text, notes: [] };
    case "cast":
      return { value: target.type === "JSON" ? `to_json(${cell})` : `${cell}::${target.type}`, broken: null, text, notes: [] };
    case "narrow": {
      // DuckDB has no cast from milliseconds to seconds.
      const from = source.column.type === "TIMESTAMP_MS" ? `(${cell})::timestamp` : cell;
      const value = `case when try_cast(${from} as ${target.type})::${source.column.type} = ${cell} then try_cast(${from} as ${target.type}) end`;
      return { value, broken: `(${cell} is not null and (${value}) is null)`, text, notes: [] };
    }
    case "parse": {
      const written = source.column.type === "JSON" ? `(${cell} ->> '$')` : text;
      const mapped = mappedSql(target.spec?.map, written);
      const parsed = parseExpression({ parse: target.spec?.parse, type: target.type, nulls: target.spec?.nulls }, mapped);
      const broken = parsed.bad === "false" ? null : parsed.bad;
      const notes = notesOf({
        column: target.name,
        type: target.type,
        spec: target.spec,
        text: written,
        mapped,
        value: parsed.value,
        broken,
      });
      return { value: parsed.value, broken, text, notes };
    }
    default:
      return source satisfies never;
  }
}

/** `map:` as SQL: a written value that stands in it is read as what stands for it. */
function mappedSql(map: ColumnSpec["map"], written: string): string {
  const entries = Object.entries(map ?? {});
  if (entries.length === 0) return written;
  const cases = entries.map(([from, to]) => `when ${literal(from.trim())} then ${to === null ? "null" : literal(String(to))}`);
  return `(case trim(${written}, ${literal(" \t\r\n\u00a0")}) ${cases.join(" ")} else ${written} end)`;
}
