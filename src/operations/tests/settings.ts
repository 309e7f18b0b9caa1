// What a test says besides its rows, held against the model: what has no effect on it, or no meaning, is told at its place.
import { MillraceError, type SourceLocation } from "../../model/errors.ts";
import type { ModelNode, TransformNode } from "../../model/graph.ts";
import { isOfType } from "../../model/parameter-types.ts";
import { didYouMean } from "../../model/suggest.ts";
import { parametersOf } from "../../sql/syntax/copy.ts";
import type { RowSet } from "./rows.ts";
import type { ProjectTest } from "../../project/reader.ts";
import type { TestWorld } from "./world.ts";

interface Judged {
  readonly test: ProjectTest;
  readonly node: ModelNode | TransformNode;
  locate(this: void, path: readonly (string | number)[], what?: "key" | "value"): SourceLocation;
}

/** Materializations whose result depends on what they hold. */
const HISTORIC: ReadonlySet<string> = new Set(["incremental", "snapshot"]);

/** MR8908 */
export function settingErrors(world: TestWorld, { test, node, locate }: Judged): readonly MillraceError[] {
  const { existing, expect, partition, cte } = test.spec;
  const errors = paramErrors(world, { test, locate });
  if (existing !== undefined && !(node.kind === "model" && HISTORIC.has(node.spec.materialize)))
    errors.push(misfit(`${node.id} is made anew whenever it is built: rows that were there do not matter`, locate(["existing"], "key")));
  if (partition !== undefined && node.partitioning === undefined)
    errors.push(misfit(`${node.id} has no partitions`, locate(["partition"], "key")));
  if (cte !== undefined && node.kind !== "model")
    errors.push(misfit(`${node.id} is TypeScript: it has no \`with\``, locate(["cte"], "key")));
  if (expect !== undefined && "types" in expect)
    errors.push(misfit("expected rows have the types of what the model makes", locate(["expect", "types"], "key")));
  return errors;
}

/** A parameter that no job declares and no model uses, or whose value is none of its type. */
function paramErrors({ project, paramTypes }: TestWorld, { test, locate }: Omit<Judged, "node">): MillraceError[] {
  const given = Object.entries(test.spec.params ?? {});
  if (given.length === 0) return [];
  const used = project.nodes.flatMap((node) => (node.kind === "model" ? parametersOf(node.sql) : []));
  const known = [...new Set([...Object.keys(paramTypes), ...used.flatMap((name) => /^param\.(.*)$/.exec(name)?.[1] ?? [])])];
  return given.flatMap(([name, value]) => {
    if (!known.includes(name))
      return [misfit(`no model has a parameter ${JSON.stringify(name)}, and no job`, locate(["params", name], "key"), name, known)];
    const type = paramTypes[name];
    if (type === undefined || isOfType(String(value), type)) return [];
    return [misfit(`${name}: ${JSON.stringify(value)} is no ${type}`, locate(["params", name]))];
  });
}

/** Rows of a history say since when they are valid. */
export function historyErrors(node: ModelNode | TransformNode, rows: RowSet): readonly MillraceError[] {
  if (node.kind !== "model" || node.spec.materialize !== "snapshot" || rows.kind !== "values") return [];
  const column = rows.columns.find((name) => name.toLowerCase() === "valid_from");
  return rows.rows.flatMap((row, index) => {
    const isTold = column !== undefined && row[column] !== null && row[column] !== undefined;
    return isTold ? [] : [misfit("nothing says since when this row is valid", rows.place(index), undefined, ["valid_from: 2026-01-31"])];
  });
}

/** MR8908 with what may be meant. */
export function misfit(message: string, location: SourceLocation, name?: string, known: readonly string[] = []): MillraceError {
  const meant =
    name === undefined ? known[0] : (didYouMean(name, known) ?? (known.length === 0 ? undefined : `there are ${known.join(", ")}`));
  return new MillraceError({ code: "MR8908", message, ...(meant === undefined ? {} : { hint: meant }), location });
}
