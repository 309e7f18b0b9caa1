// Before a run: which environment variables and secrets the nodes that will run need and do not have, each with its place. At night is too late.
import type { MillraceError } from "../model/errors.ts";
import type { ProjectNode } from "../model/graph.ts";
import { plainName } from "./names.ts";
import { missingPlaceholders, type PlaceholderValues } from "./placeholders.ts";
import type { Project } from "./reader.ts";

/** MR1050, MR1051 and MR1053 of the options of `nodes` and of the connections that they name; parameters are not looked at. */
export function unresolvedPlaceholders(
  project: Pick<Project, "config" | "locate">,
  nodes: readonly ProjectNode[],
  values: Pick<PlaceholderValues, "env" | "secrets">,
  job?: string | null,
): readonly MillraceError[] {
  const errors: MillraceError[] = [];
  const connections = new Set<string>();
  for (const node of nodes) {
    if (node.kind === "task") {
      const [name, task] = [job == null ? node.id : `job:${plainName(job)}`, node.id.slice("task:".length)];
      const place = project.locate(name, job == null ? [] : ["tasks", task]) ?? { file: node.file, line: 1, column: 1 };
      errors.push(...missingPlaceholders(placeholdersOf(node.action), values, { locate: () => place }));
      const used = node.action.kind === "http" ? node.action.request["connection"] : undefined;
      if (typeof used === "string") connections.add(used);
    }
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

/** Variables and secrets in what a task does; its other placeholders have their values in the run. */
function placeholdersOf(value: unknown): readonly string[] {
  if (typeof value === "string") return [...value.matchAll(/(?<!\$)\$\{\s*(?:env|secret):[^}]*\}/g)].map(([text]) => text);
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(placeholdersOf);
}
