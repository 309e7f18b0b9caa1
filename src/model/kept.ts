// What the front matter of a model says about how its rows are kept, held together: what is missing, what makes no sense beside something else. Pure.
import type { ModelSpec } from "./definitions/model.ts";

export interface KeepingProblem {
  /** MR1022: something is missing; MR1023: two things do not go together. */
  readonly code: "MR1022" | "MR1023";
  readonly message: string;
  readonly hint: string | undefined;
  /** Key of the front matter. */
  readonly at: readonly string[];
}

type Spec = Pick<ModelSpec, "materialize" | "snapshot" | "layout" | "external">;

/** Problems of `snapshot:`, `layout:` and `external:`. */
export function keepingProblems({ materialize, snapshot, layout, external }: Spec): readonly KeepingProblem[] {
  const problems: KeepingProblem[] = [];
  const tell = (code: KeepingProblem["code"], at: readonly string[], message: string, hint?: string): void => {
    problems.push({ code, at, message, hint });
  };
  const foreign = (key: string, ways: readonly string[]): void => {
    if (!ways.includes(materialize))
      tell("MR1023", [key], `${key}: has no effect with materialize: ${materialize}`, `it is for materialize: ${ways.join(", ")}`);
  };
  if (snapshot !== undefined) {
    foreign("snapshot", ["snapshot"]);
    if (snapshot.by === "timestamp" && snapshot.updatedAt === undefined)
      tell("MR1022", ["snapshot", "by"], "a snapshot by timestamp needs updatedAt", "the column that says since when a row is as it is");
    if (snapshot.by === "timestamp" && snapshot.columns !== undefined)
      tell("MR1023", ["snapshot", "columns"], "a snapshot by timestamp does not look at columns", "leave one of both out");
    if (snapshot.by === "columns" && snapshot.updatedAt !== undefined)
      tell("MR1023", ["snapshot", "updatedAt"], "updatedAt is for a snapshot by timestamp", "snapshot: { by: timestamp, updatedAt: … }");
  }
  if (layout !== undefined) {
    foreign("layout", ["table", "incremental"]);
    if (layout.sort === undefined && layout.partition === undefined) tell("MR1022", ["layout"], "layout says neither sort nor partition");
  }
  if (external !== undefined) foreign("external", ["external"]);
  if (materialize === "external" && external === undefined)
    tell("MR1022", ["materialize"], "an external model says where its files are", "external: { path: out/sales, format: parquet }");
  return problems;
}

/** Columns by which stored rows are ordered: those whose equal values are to lie together first. */
export function layoutColumns(layout: ModelSpec["layout"]): readonly string[] {
  return [...new Set([...[layout?.partition ?? []].flat(), ...[layout?.sort ?? []].flat()])];
}
