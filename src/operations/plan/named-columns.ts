// Columns that the front matter of a model names must be columns of its query: told at their place, before anything runs, where the compiler knows the columns.
import type { Compilation } from "../../sql/compile-types.ts";
import { MillraceError } from "../../model/errors.ts";
import type { ModelNode } from "../../model/graph.ts";
import { didYouMean } from "../../model/suggest.ts";
import type { Project } from "../../project/reader.ts";

/** Of `key`, `snapshot`, `layout` and `external`, for those ways of keeping rows that need them. */
export function namedColumnErrors(project: Pick<Project, "nodes" | "locate">, { models }: Compilation): readonly MillraceError[] {
  const errors: MillraceError[] = [];
  for (const node of project.nodes) {
    const columns = node.kind === "model" ? models.get(node.id)?.columns : undefined;
    if (node.kind !== "model" || columns === undefined || columns === null || columns.length === 0) continue;
    const names = columns.map(({ name }) => name);
    const known = new Set(names.map((name) => name.toLowerCase()));
    for (const [path, name] of namesIn(node)) {
      if (known.has(name.toLowerCase())) continue;
      const location = project.locate(node.id, path);
      errors.push(
        new MillraceError({
          code: "MR4640",
          message: `${node.id}: ${path.join(".")} names ${name}, which is no column of its query`,
          hint: didYouMean(name, names) ?? `there are ${names.join(", ")}`,
          ...(location === undefined ? {} : { location }),
        }),
      );
    }
  }
  return errors;
}

function namesIn({
  spec: { materialize, key, snapshot, layout, external },
}: ModelNode): readonly (readonly [path: readonly string[], name: string])[] {
  const list = (path: readonly string[], given: string | readonly string[] | undefined) =>
    [given ?? []].flat().map((name) => [path, name] as const);
  return [
    ...(materialize === "snapshot" ? list(["key"], key) : []),
    ...list(["snapshot", "updatedAt"], snapshot?.updatedAt),
    ...list(["snapshot", "columns"], snapshot?.columns === "all" ? undefined : snapshot?.columns),
    ...list(["layout", "partition"], layout?.partition),
    ...list(["layout", "sort"], layout?.sort),
    ...list(["external", "partitionBy"], external?.partitionBy),
  ];
}
