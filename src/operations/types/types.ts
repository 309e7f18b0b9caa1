// `types`: writes TypeScript types of the rows of all assets into a file of the project, or says whether the file is current.
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { TypesAnswer } from "../../model/catalogue-answers.ts";
import type { NodeId, ProjectNode } from "../../model/graph.ts";
import { replaceFile } from "../../platform/files.ts";
import { type Known, knownProject } from "../catalogue/known.ts";
import type { Workspace } from "../workspace.ts";
import { type TypedAsset, typesText } from "./text.ts";

export const TYPES_FILE = "millrace.types.ts";

export interface TypesRequest {
  /** Relative to the project; null: nothing is written. */
  readonly out?: string | null;
  /** Writes nothing. */
  readonly check: boolean;
}

export async function writeTypes(workspace: Workspace, { out = TYPES_FILE, check }: TypesRequest): Promise<TypesAnswer> {
  const [{ name }, known] = [await workspace.project(), await knownProject(workspace)];
  const assets = typedAssets(known);
  const { text, parts } = typesText(name, assets);
  const file = out === null ? null : resolve(workspace.dir, out);
  const before = file !== null && existsSync(file) ? readFileSync(file, "utf8") : null;
  const changed = before !== text;
  if (file !== null && changed && !check) await replaceFile(file, (beside) => writeFile(beside, text));
  const unknown = assets.filter(({ columns }) => columns.length === 0).map(({ asset }) => asset);
  return { file, assets: assets.length, unknown, changed, differs: changed ? differing(before ?? "", parts) : [], text };
}

function typedAssets(known: Known): readonly TypedAsset[] {
  return [...known.graph.nodes.values()]
    .filter(({ kind }) => kind !== "task" && kind !== "export")
    .map((node) => {
      const described = known.descriptions.get(node.id);
      const required = requiredColumns(known, node);
      return {
        asset: node.id,
        description: described?.asset?.text ?? null,
        columns: (known.columns.get(node.id) ?? []).map(({ name, type }) => {
          const description = described?.columns.get(name.toLowerCase());
          return {
            name,
            type,
            required: required.has(name.toLowerCase()),
            description: description?.text ?? null,
            from: description?.from ?? null,
          };
        }),
      };
    });
}

/** Columns without nulls: declared so, or kept so by a check that stops or sets aside. */
function requiredColumns({ checks }: Known, node: ProjectNode): ReadonlySet<string> {
  const declared = node.kind === "source" || node.kind === "extract" ? Object.entries(node.spec.columns ?? {}) : [];
  const checked = (checks.get(node.id) ?? []).filter(
    ({ kind, severity, onFail, where, tolerate }) =>
      kind === "notNull" && severity === "error" && onFail !== "warn" && where === null && "rows" in tolerate && tolerate.rows === 0,
  );
  const names = [
    ...declared.filter(([, column]) => column.required === true).map(([name]) => name),
    ...checked.flatMap(({ columns }) => columns),
  ];
  return new Set(names.map((name) => name.toLowerCase()));
}

/** Assets of which the file says something else, or that it should not know. */
function differing(before: string, parts: ReadonlyMap<NodeId, string>): readonly string[] {
  const changed = [...parts].filter(([, text]) => !before.includes(text)).map(([asset]) => asset);
  const listed = [...before.matchAll(/^ {2}readonly ("(?:[^"\\]|\\.)*"): \w+;$/gm)].map((match) => JSON.parse(match[1]!) as string);
  return [...new Set([...changed, ...listed.filter((asset) => !parts.has(asset))])].toSorted();
}
