// `nested:` over the stages of a load, and what it did as rows of `_millrace.changes`.
import type { SourceSpec } from "../model/definitions/source.ts";
import type { Session } from "../sql/session.ts";
import type { ColumnPlan, StagedColumn } from "./columns.ts";
import { shapeColumns, type Shaped } from "./nested-shape.ts";
import type { Stage } from "./staged.ts";

export interface ShapedStages {
  /** Per stage what the plan of the columns sees. */
  readonly columns: readonly (readonly StagedColumn[])[];
  readonly shapes: readonly Shaped[];
  readonly warnings: readonly string[];
}

export function shapeStages(stages: readonly Stage[], spec: Pick<SourceSpec, "nested" | "columns" | "names">): ShapedStages {
  const nested = spec.nested ?? {};
  if (Object.keys(nested).length === 0) return { columns: stages.map((stage) => stage.columns), shapes: [], warnings: [] };
  const own = new Map(Object.entries(spec.columns ?? {}).flatMap(([name, { from }]) => (from === undefined ? [] : [[from.trim(), name]])));
  const shapes = stages.map((stage) =>
    shapeColumns(stage.columns, nested, { style: spec.names ?? "snake", nameOf: (label) => own.get(label.trim()) }),
  );
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
