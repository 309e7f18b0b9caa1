// `nested:` over the stages of a load, and what it did as rows of `_millrace.changes`.
import type { SourceSpec } from "../model/definitions/source.ts";
import { columnName } from "../model/names.ts";
import { structType } from "../schemas/nested.ts";
import type { Session } from "../sql/session.ts";
import { ident, literal } from "../sql/text.ts";
import type { ColumnPlan, StagedColumn } from "./columns.ts";
import { shapeColumns, type Shaped } from "./nested-shape.ts";
import type { Stage } from "./staged.ts";

export interface ShapedStages {
  /** Per stage what the plan of the columns sees. */
  readonly columns: readonly (readonly StagedColumn[])[];
  readonly shapes: readonly Shaped[];
  readonly warnings: readonly string[];
}

export async function shapeStages(
  session: Session,
  stages: readonly Stage[],
  spec: Pick<SourceSpec, "nested" | "columns" | "names" | "pii">,
): Promise<ShapedStages> {
  const hidden = Object.entries(spec.pii ?? {}).flatMap(([name, choice]) => (choice === "drop" ? [[name, choice] as const] : []));
  const nested: NonNullable<SourceSpec["nested"]> = { ...spec.nested, ...Object.fromEntries(hidden) };
  if (Object.keys(nested).length === 0) return { columns: stages.map((stage) => stage.columns), shapes: [], warnings: [] };
  const own = new Map(Object.entries(spec.columns ?? {}).flatMap(([name, { from }]) => (from === undefined ? [] : [[from.trim(), name]])));
  const style = spec.names ?? "snake";
  const shapes: Shaped[] = [];
  for (const stage of stages) {
    const columns: StagedColumn[] = [];
    for (const [index, column] of stage.columns.entries()) {
      const name = own.get(column.label.trim()) ?? columnName(column.label, index + 1, style);
      const choice = nested[name] ?? (Object.keys(nested).some((path) => path.startsWith(`${name}.`)) ? "struct" : undefined);
      const isWanted = column.type === "JSON" && (choice === "struct" || choice === "table");
      columns.push(isWanted ? await structured(session, stage, column) : column);
    }
    shapes.push(shapeColumns(columns, nested, { style, nameOf: (label) => own.get(label.trim()) }));
  }
  const hasRows = stages.some((stage) => stage.rows > 0);
  const unused = Object.keys(nested).filter((path) => !shapes.some(({ used }) => used.has(path)));
  return {
    columns: shapes.map((shape) => shape.columns),
    shapes,
    warnings: hasRows ? unused.map((path) => `nested: ${path} is not in the delivery`) : [],
  };
}

/** What was dropped, and how many rows the tables of lists got. */
export async function nestedNotes(session: Session, stages: readonly Stage[], shapes: readonly Shaped[]): Promise<ColumnPlan["notes"]> {
  const notes: ColumnPlan["notes"][number][] = [];
  for (const [index, { dropped, tables }] of shapes.entries()) {
    const stage = stages[index]!;
    for (const column of dropped) notes.push({ column, rule: "nested(drop)", values: stage.rows, detail: "not loaded" });
    for (const { column, list } of tables) {
      const row = await session.row<{ n: number }>(`select coalesce(sum(len(${list})), 0)::bigint as n from ${stage.table} t`);
      notes.push({ column, rule: "nested(table)", values: row?.n ?? 0, detail: "elements, rows of the table of this list" });
    }
  }
  return notes;
}

/** A whole number so long that 64 bits may not hold it. */
const LONG_NUMBER = "[0-9]{19,}";

/** Rows of pages come as JSON: the struct that all of them have, where they have one. */
async function structured(session: Session, stage: Stage, column: StagedColumn): Promise<StagedColumn> {
  const cell = ident(column.name);
  const row = await session.row<{ structure: string | null; long: boolean }>(
    `select json_group_structure(${cell}) as structure, coalesce(bool_or(regexp_matches(${cell}::varchar, '${LONG_NUMBER}')), false) as long
     from ${stage.table} where ${cell} is not null`,
  );
  if (row?.structure == null || row.long) return column;
  const structure = withoutUnknown(JSON.parse(row.structure) as Structure);
  const type = typeOfStructure(structure);
  return type === "JSON" ? column : { ...column, type, shaped: `json_transform(t.${cell}, ${literal(JSON.stringify(structure))})` };
}

/** As DuckDB tells it: the name of a type, a list of one, or fields. */
type Structure = string | readonly Structure[] | { readonly [field: string]: Structure };

function isList(structure: Structure): structure is readonly Structure[] {
  return Array.isArray(structure);
}

function withoutUnknown(structure: Structure): Structure {
  if (typeof structure === "string") return structure === "NULL" ? "JSON" : structure === "UBIGINT" ? "BIGINT" : structure;
  if (isList(structure)) return structure.map(withoutUnknown);
  return Object.fromEntries(Object.entries(structure).map(([name, inner]) => [name, withoutUnknown(inner)]));
}

function typeOfStructure(structure: Structure): string {
  if (typeof structure === "string") return structure;
  if (isList(structure)) return `${typeOfStructure(structure[0] ?? "JSON")}[]`;
  return structType(Object.entries(structure).map(([name, inner]) => ({ name, type: typeOfStructure(inner) })));
}
