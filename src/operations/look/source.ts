// The text an asset is defined by, as it stands in the project's files, without secrets.
import { readFile, stat } from "node:fs/promises";
import type { AssetSourceAnswer } from "../../model/look-answers.ts";
import type { ProjectNode } from "../../model/graph.ts";
import { resolveInside } from "../../platform/paths.ts";
import { findAsset } from "../assets/assets.ts";
import type { Workspace } from "../workspace.ts";

/** A definition that is longer is no text for a page. */
const BYTES_MAX = 1_000_000;

/** @throws MR6102 when there is no such asset. */
export async function sourceOf(workspace: Workspace, name: string): Promise<AssetSourceAnswer> {
  const project = await workspace.projectWithErrors();
  const nodes = new Map(project.nodes.map((node) => [node.id, node]));
  const node = nodes.get(findAsset(nodes.keys(), name))!;
  const text = await textOf(workspace.codeDir, node.file);
  const sql = sqlOf(node);
  return {
    asset: node.id,
    file: node.file,
    language: languageOf(node.file),
    text: text === null ? null : workspace.redact(text),
    sql: sql === null ? null : workspace.redact(sql),
    tests: project.tests.filter(({ spec }) => spec.model === node.id).map(({ name: test, file }) => ({ test, file })),
    components: node.components ?? [],
  };
}

async function textOf(dir: string, file: string): Promise<string | null> {
  try {
    const path = await resolveInside(dir, file);
    return (await stat(path)).size > BYTES_MAX ? null : await readFile(path, "utf8");
  } catch {
    return null; // it was removed or moved since the project was read
  }
}

function sqlOf(node: ProjectNode): string | null {
  if (node.kind === "model") return node.sql.trim();
  return node.kind === "export" && node.spec.sql !== undefined ? node.spec.sql.trim() : null;
}

function languageOf(file: string): AssetSourceAnswer["language"] {
  if (file.endsWith(".sql")) return "sql";
  if (/\.ya?ml$/.test(file)) return "yaml";
  return /\.[cm]?[jt]sx?$/.test(file) ? "typescript" : "text";
}
