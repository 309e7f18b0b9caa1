// Before a run: which environment variables and secrets the nodes that will run need and do not have, each with its place. At night is too late.
import type { MillraceError } from "../model/errors.ts";
import type { ProjectNode } from "../model/graph.ts";
import { missingPlaceholders, type PlaceholderValues } from "./placeholders.ts";
import type { Project } from "./reader.ts";

/** MR1050, MR1051 and MR1053 of the options of `nodes` and of the connections that they name; parameters are not looked at. */
export function unresolvedPlaceholders(
  project: Pick<Project, "config" | "locate">,
  nodes: readonly ProjectNode[],
  values: Pick<PlaceholderValues, "env" | "secrets">,
): readonly MillraceError[] {
  const errors: MillraceError[] = [];
  const connections = new Set<string>();
  for (const node of nodes) {
    if (node.kind !== "source" && node.kind !== "export") continue;
    const at = [node.kind === "source" ? "from" : "to", node.connector];
    const locate = (path: readonly (string | number)[]) =>
      project.locate(node.id, [...at, ...path]) ?? { file: node.file, line: 1, column: 1 };
    errors.push(...missingPlaceholders(node.options, values, { locate }));
    const named = (node.options as { readonly connection?: unknown } | null)?.connection;
    if (typeof named === "string") connections.add(named);
  }
  for (const name of connections) {
    const locate = (path: readonly (string | number)[]) =>
      project.locate("project", ["connections", name, ...path]) ?? { file: "millrace.yaml", line: 1, column: 1 };
    errors.push(...missingPlaceholders(project.config.connections?.[name], values, { locate }));
  }
  return errors;
}
