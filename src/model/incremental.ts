// How an incremental model is kept: its mode, found from its front matter, and what in it makes no sense together. Pure; the definition is judged by it before
// anything runs, and the plan, the build and unit tests go by the same answer.
import type { IncrementalMode } from "./definitions/incremental-modes.ts";
import type { ModelSpec } from "./definitions/model.ts";

export type { IncrementalMode } from "./definitions/incremental-modes.ts";
export type IntervalUnit = "hour" | "day" | "week" | "month";
export type Deletes = "delete" | "close" | "ignore";

/** What `deletes: close` notes in a row whose key the query no longer gives. */
export const CLOSED_COLUMN = "deleted_at";

export interface Incremental {
  readonly mode: IncrementalMode;
  /** time: the column of the interval; partition: the columns whose values are replaced together. */
  readonly by: readonly string[];
  /** merge: what tells a row. */
  readonly key: readonly string[];
  readonly unit: IntervalUnit;
  /** As it is written: `3d`. */
  readonly lookback: string | undefined;
  readonly start: string | undefined;
  readonly cursor: string | undefined;
  readonly deletes: Deletes;
  /** Intervals that one statement makes; undefined: as many as the text allows. */
  readonly batch: number | undefined;
  /** New code is for new rows; those that are there stay. */
  readonly forwardOnly: boolean;
  /** Assets whose changes do nothing again. */
  readonly ignore: readonly string[];
}

type Spec = Pick<ModelSpec, "incremental" | "key">;

/** Undefined where neither a column of time nor a key tells how. */
export function incrementalOf({ incremental: own = {}, key }: Spec): Incremental | undefined {
  const by = own.by === undefined ? [] : [own.by].flat();
  const keys = key === undefined ? [] : [key].flat();
  if (own.mode === "maintain") return undefined; // its key stands in its plan (materializations/maintain)
  const mode = own.mode ?? (by.length > 0 ? "time" : keys.length > 0 ? "merge" : undefined);
  if (mode === undefined) return undefined;
  return {
    mode,
    by,
    key: keys,
    unit: own.unit ?? "day",
    lookback: own.lookback,
    start: own.start,
    cursor: own.cursor,
    deletes: own.deletes ?? "delete",
    batch: own.batch,
    forwardOnly: own.forwardOnly ?? false,
    ignore: own.ignore ?? [],
  };
}

/** Are rows kept that its query of today would not give again? Then it makes a difference from which rows it goes on. */
export function dependsOnPast({ mode, deletes, cursor, ignore, forwardOnly }: Incremental): boolean {
  return mode === "append" || deletes !== "delete" || cursor !== undefined || ignore.length > 0 || forwardOnly;
}

/** What of the settings changes the rows: the rest (batches, lookback, `forwardOnly`) may change without anything being built again. */
export function incrementalIdentity(spec: Spec): unknown {
  const known = incrementalOf(spec);
  if (known === undefined) return withoutHabits(spec.incremental);
  const { mode, by, unit, start, cursor, deletes } = known;
  return {
    mode,
    by,
    start,
    cursor,
    ...(mode === "time" ? { unit } : {}),
    ...(mode === "merge" || mode === "partition" ? { deletes } : {}),
  };
}

function withoutHabits(own: ModelSpec["incremental"]): unknown {
  if (own === undefined) return undefined;
  const { batch: _batch, forwardOnly: _forwardOnly, ignore: _ignore, lookback: _lookback, ...identity } = own;
  return identity;
}

export interface IncrementalProblem {
  readonly code: "MR4610" | "MR4611";
  readonly message: string;
  readonly hint: string;
  /** Key of the front matter; a parameter of the SQL with its `$`. */
  readonly at: readonly string[] | `$${string}`;
}

/** What cannot be together. `parameters`: those that its SQL uses. */
export function incrementalProblems(spec: Spec, parameters: readonly string[]): readonly IncrementalProblem[] {
  if (spec.incremental?.mode === "maintain") return maintainProblems(spec.incremental, parameters);
  const known = incrementalOf(spec);
  if (known === undefined) {
    const hint = "incremental: { by: sale_date } by time, key: [id] by key, incremental: { mode: append } to add rows only";
    return [
      {
        code: "MR4610",
        message: "an incremental model says how: by a column of time, by a key, or mode: append",
        hint,
        at: ["materialize"],
      },
    ];
  }
  const problems: IncrementalProblem[] = [];
  const refuse = (isWrong: boolean, at: string, message: string, hint: string): void => {
    if (isWrong) problems.push({ code: "MR4610", message, hint, at: ["incremental", at] });
  };
  const { mode, by, key, cursor } = known;
  const own = spec.incremental ?? {};
  refuse(mode === "time" && by.length !== 1, "mode", "mode: time needs one column of time", "incremental: { by: sale_date }");
  refuse(
    mode === "partition" && by.length === 0,
    "mode",
    "mode: partition needs the columns that tell a row's partition",
    "incremental: { mode: partition, by: region }",
  );
  refuse(mode === "merge" && key.length === 0, "mode", "mode: merge needs a key", "key: [id]");
  refuse(
    (mode === "merge" || mode === "append") && by.length > 0,
    "by",
    `mode: ${mode} has no \`by\``,
    mode === "merge" ? "the key tells which rows are replaced" : "cursor: COLUMN says how far it came",
  );
  refuse(
    (mode === "time" || mode === "partition") && cursor !== undefined,
    "cursor",
    `mode: ${mode} has no cursor`,
    "leave it out: `by` tells what is done",
  );
  refuse(
    (mode === "time" || mode === "append") && own.deletes !== undefined,
    "deletes",
    `deletes: has no effect with mode: ${mode}`,
    mode === "time"
      ? "an interval is done again as a whole, so rows that vanished go by themselves"
      : "append only adds rows; key: [id] with mode: merge can delete",
  );
  refuse(mode === "partition" && own.deletes === "close", "deletes", "rows of a partition cannot be closed", "deletes: delete or ignore");
  refuse(mode !== "time" && own.unit !== undefined, "unit", `unit: has no effect with mode: ${mode}`, "only mode: time has intervals");
  refuse(mode !== "time" && own.batch !== undefined, "batch", `batch: has no effect with mode: ${mode}`, "only mode: time has intervals");
  refuse(
    mode !== "time" && cursor === undefined && own.lookback !== undefined,
    "lookback",
    "lookback: needs intervals or a cursor to look back from",
    "cursor: updated_at",
  );
  refuse(
    mode !== "time" && cursor === undefined && own.start !== undefined,
    "start",
    "start: needs intervals or a cursor",
    "cursor: updated_at",
  );
  if (own.start !== undefined && Number.isNaN(startMs(own.start)))
    problems.push({
      code: "MR4610",
      message: `start: ${own.start} is no time`,
      hint: "write 2026-01-31 or 2026-01-31T06:00:00Z",
      at: ["incremental", "start"],
    });
  for (const name of parameters) {
    const isBound = name === "start" || name === "end";
    if (isBound && mode !== "time" && cursor === undefined)
      problems.push({
        code: "MR4611",
        message: `$${name} has no value: no cursor says how far the model came`,
        hint: "incremental: { cursor: updated_at }",
        at: `$${name}`,
      });
    if (name === "partition")
      problems.push({
        code: "MR4611",
        message: "an incremental model has no $partition",
        hint: "materialize: table with partition:, or $start and $end",
        at: "$partition",
      });
  }
  return problems;
}

/** The moment that `start:` names, in UTC; NaN for what is none. */
export function startMs(text: string): number {
  if (!/^\d{4}-\d\d(-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?$/.test(text)) return Number.NaN;
  const hasZone = /(Z|[+-]\d\d:?\d\d)$/.test(text) && text.length > 16;
  return Date.parse(text.length <= 10 || hasZone ? text.replace(" ", "T") : `${text.replace(" ", "T")}Z`);
}

/** Aggregates kept by what changed take their key from the query: nothing else is to be said. */
function maintainProblems(own: NonNullable<Spec["incremental"]>, parameters: readonly string[]): readonly IncrementalProblem[] {
  const foreign = Object.entries(own).filter(([name, value]) => name !== "mode" && value !== undefined);
  const hint = "leave it out: what the query groups by tells which rows are computed again";
  return [
    ...foreign.map(([name]) => ({ code: "MR4610" as const, message: `mode: maintain has no ${name}`, hint, at: ["incremental", name] })),
    ...parameters
      .filter((name) => ["start", "end", "partition"].includes(name))
      .map((name) => ({
        code: "MR4611" as const,
        message: `$${name} has no value with mode: maintain`,
        hint: "mode: time has intervals",
        at: `$${name}` as const,
      })),
  ];
}
