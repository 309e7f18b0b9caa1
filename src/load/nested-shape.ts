// What `nested:` makes of lists and objects: the type of each column of a stage and the SQL over it that gives it that type. It is applied at
// conversion, so that another choice is made of the same staged data.
//   N1. Nothing is lost but by `drop`: what is no list is a list of one, what is no object stands in the field `value`.
//   N2. A list that becomes a table stays in its column as a list of structs; the table is a view on it (project/nested-tables.ts).
import type { NestedChoice } from "../model/definitions/source.ts";
import { columnName } from "../model/names.ts";
import { shapeOf, structType } from "../schemas/nested.ts";
import { ident } from "../sql/text.ts";
import type { StagedColumn } from "./columns.ts";

export interface Shaped {
  readonly columns: readonly StagedColumn[];
  readonly dropped: readonly string[];
  /** Paths that were found. */
  readonly used: ReadonlySet<string>;
  /** Lists at the top that are tables: SQL of the list. */
  readonly tables: readonly { readonly column: string; readonly list: string }[];
}

interface Part {
  readonly type: string;
  readonly sql: string;
}

type Nested = Readonly<Record<string, NestedChoice>>;

export function shapeColumns(
  columns: readonly StagedColumn[],
  nested: Nested,
  { style, nameOf }: { readonly style: "snake" | "keep"; readonly nameOf: (label: string) => string | undefined },
): Shaped {
  const shaping = new Shaping(nested);
  const kept: StagedColumn[] = [];
  const tables: { column: string; list: string }[] = [];
  for (const [index, column] of columns.entries()) {
    const name = nameOf(column.label) ?? columnName(column.label, index + 1, style);
    if (!shaping.concerns(name)) {
      kept.push(column);
      continue;
    }
    const part = shaping.shape(name, { type: column.type, sql: column.shaped ?? `t.${ident(column.name)}` }, 0);
    if (part === null) continue;
    kept.push(part.type === column.type ? column : { ...column, type: part.type, shaped: part.sql });
    if (nested[name] === "table") tables.push({ column: name, list: part.sql });
  }
  return { columns: kept, dropped: [...shaping.dropped], used: shaping.used, tables };
}

class Shaping {
  readonly used = new Set<string>();
  readonly dropped = new Set<string>();
  private readonly nested: Nested;
  constructor(nested: Nested) {
    this.nested = nested;
  }

  concerns(path: string): boolean {
    return Object.keys(this.nested).some((each) => each === path || each.startsWith(`${path}.`));
  }

  /** null: dropped. */
  shape(path: string, part: Part, depth: number): Part | null {
    if (!this.concerns(path)) return part;
    const choice = this.nested[path];
    if (choice !== undefined) this.used.add(path);
    switch (choice) {
      case "drop":
        this.dropped.add(path);
        return null;
      case "json":
        return part.type === "JSON" ? part : { type: "JSON", sql: `to_json(${part.sql})` };
      case "table":
        return this.table(path, part, depth);
      case "struct":
      case undefined:
        return this.below(path, part, depth);
      default:
        return choice satisfies never;
    }
  }

  /** Fields of a struct, elements of a list. */
  private below(path: string, part: Part, depth: number): Part | null {
    const shape = shapeOf(part.type);
    if (shape.kind === "list") {
      const item = `x${depth}`;
      const inner = this.below(path, { type: shape.of, sql: item }, depth + 1);
      if (inner === null || inner.type === shape.of) return inner === null ? null : part;
      return { type: `${inner.type}[]`, sql: `list_transform(${part.sql}, lambda ${item}: ${inner.sql})` };
    }
    if (shape.kind !== "struct") return part;
    const fields = shape.fields.flatMap(({ name, type }) => {
      const inner = this.shape(`${path}.${name}`, { type, sql: `struct_extract(${part.sql}, '${name.replaceAll("'", "''")}')` }, depth);
      return inner === null ? [] : [{ name, ...inner }];
    });
    if (fields.length === 0) return null;
    const type = structType(fields);
    if (type === structType(shape.fields)) return part;
    const packed = fields.map((field) => `${ident(field.name)} := ${field.sql}`).join(", ");
    return { type, sql: `case when ${part.sql} is not null then struct_pack(${packed}) end` };
  }

  /** N1: a list of structs, whatever it was. */
  private table(path: string, part: Part, depth: number): Part | null {
    const item = `x${depth}`;
    const shape = shapeOf(part.type);
    if (shape.kind === "json") {
      const each = `list_transform(cast(${part.sql} as json[]), lambda ${item}: struct_pack("value" := ${item}))`;
      const sql = `case json_type(${part.sql}) when 'ARRAY' then ${each} when 'NULL' then null else case when ${part.sql} is not null then [struct_pack("value" := ${part.sql})] end end`;
      return { type: 'STRUCT("value" JSON)[]', sql };
    }
    if (shape.kind !== "list")
      return this.table(path, { type: `${part.type}[]`, sql: `case when ${part.sql} is not null then [${part.sql}] end` }, depth);
    const inner = this.below(path, { type: shape.of, sql: item }, depth + 1);
    if (inner === null) return null;
    const isStruct = shapeOf(inner.type).kind === "struct";
    if (isStruct && inner.type === shape.of) return part;
    const value = isStruct
      ? inner
      : { type: structType([{ name: "value", type: inner.type }]), sql: `struct_pack("value" := ${inner.sql})` };
    return { type: `${value.type}[]`, sql: `list_transform(${part.sql}, lambda ${item}: ${value.sql})` };
  }
}
