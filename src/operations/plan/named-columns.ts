// Columns that the front matter of a model names must be columns of its query: told at their place, before anything runs, where the compiler knows the columns.
import type { Compilation } from "../../sql/compile/types.ts";
import type { CompiledCheck } from "../../load/check.ts";
import { MillraceError, type SourceLocation } from "../../model/errors.ts";
import type { ModelNode, NodeId } from "../../model/graph.ts";
import { CLOSED_COLUMN, incrementalOf } from "../../model/incremental.ts";
import { didYouMean } from "../../model/suggest.ts";
import type { Project } from "../../project/reader.ts";

/** Of `columns` and `checks`, and of `key`, `incremental`, `snapshot`, `layout` and `external` for those ways of keeping rows that need them. */
export function namedColumnErrors(
  project: Pick<Project, "nodes" | "locate">,
  { models }: Compilation,
  checks: ReadonlyMap<NodeId, readonly CompiledCheck[]>,
): readonly MillraceError[] {
  const errors: MillraceError[] = [];
  for (const node of project.nodes) {
    const columns = node.kind === "model" ? models.get(node.id)?.columns : undefined;
    if (node.kind !== "model" || columns === undefined || columns === null || columns.length === 0) continue;
    const names = columns.map(({ name }) => name);
    const known = new Set([...names.map((name) => name.toLowerCase()), ...addedTo(node)]);
    const refuse = (where: string, name: string, location: SourceLocation | undefined): void => {
      if (known.has(name.toLowerCase())) return;
      const message = `${node.id}: ${where} names ${name}, which is no column of its query`;
      const hint = didYouMean(name, names) ?? `there are ${names.join(", ")}`;
      errors.push(new MillraceError({ code: "MR4640", message, hint, ...(location === undefined ? {} : { location }) }));
    };
    for (const [path, name] of namesIn(node)) refuse(path.join("."), name, project.locate(node.id, path));
    for (const check of checks.get(node.id) ?? [])
      for (const name of check.columns) refuse(`the check ${check.name}`, name, check.location ?? undefined);
  }
  return errors;
}

/** What `deletes: close` adds to the columns of the query. */
function addedTo({ spec: { materialize, incremental } }: ModelNode): readonly string[] {
  return materialize === "incremental" && incremental?.deletes === "close" ? [CLOSED_COLUMN] : [];
}

function namesIn({ spec }: ModelNode): readonly (readonly [path: readonly string[], name: string])[] {
  const { materialize, key, snapshot, layout, external } = spec;
  const incremental = materialize === "incremental" ? incrementalOf(spec) : undefined;
  const list = (path: readonly string[], given: string | readonly string[] | undefined) =>
    [given ?? []].flat().map((name) => [path, name] as const);
  return [
    ...Object.keys(spec.columns ?? {}).map((name) => [["columns", name], name] as const),
    ...(materialize === "snapshot" ? list(["key"], key) : []),
    ...list(["key"], incremental?.key),
    ...list(["incremental", "by"], incremental?.by),
    ...list(["incremental", "cursor"], incremental?.cursor),
    ...list(["snapshot", "updatedAt"], snapshot?.updatedAt),
    ...list(["snapshot", "columns"], snapshot?.columns === "all" ? undefined : snapshot?.columns),
    ...list(["layout", "partition"], layout?.partition),
    ...list(["layout", "sort"], layout?.sort),
    ...list(["external", "partitionBy"], external?.partitionBy),
  ];
}
