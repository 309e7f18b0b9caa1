// Where an external model writes, with the user's placeholders filled in.
import type { ModelNode } from "../../model/graph.ts";
import { resolvePlaceholders } from "../../project/placeholders.ts";
import type { Workspace } from "../workspace.ts";

/** The same model with the path as it is now. @throws MR105x for what is missing. */
export function withExternalPath(workspace: Workspace, node: ModelNode, params: Readonly<Record<string, string>>): ModelNode {
  const { external } = node.spec;
  if (external === undefined || !external.path.includes("${")) return node;
  const values = { env: process.env, secrets: workspace.secrets(), params };
  const { path } = resolvePlaceholders({ path: external.path }, values, { onSecret: (secret) => workspace.useSecret(secret) });
  return { ...node, spec: { ...node.spec, external: { ...external, path } } };
}

/** Undefined where only a run can tell. */
export function knownPath(workspace: Workspace, node: ModelNode): string | undefined {
  try {
    return withExternalPath(workspace, node, {}).spec.external?.path;
  } catch {
    return undefined; // a parameter, or what is missing: the run tells it
  }
}
