// A compiled project as the values that changes are told from, and the places of its columns and settings.
import { createHash } from "node:crypto";
import type { PlaceAnswer } from "../../model/change-answers.ts";
import type { NodeId, ProjectNode } from "../../model/graph.ts";
import { HIDDEN } from "../../plan/changes/settings.ts";
import type { AssetSnapshot, Places, ProjectSnapshot, ReaderSnapshot } from "../../plan/changes/snapshot.ts";
import { secretSpans } from "../../platform/secret-names.ts";
import { columnPlaces, type TextPlace } from "../../sql/compile/column-places.ts";
import type { CompiledQuery } from "../../sql/compile/types.ts";
import { hashOf } from "../../sql/syntax/tree.ts";
import type { Session } from "../../sql/session.ts";
import type { Project } from "../../project/reader.ts";
import { checkUnit, type Definitions, exportQueryId } from "./definitions.ts";

export function snapshotOf(project: Project, definitions: Definitions): ProjectSnapshot {
  const { graph } = definitions;
  const assets = new Map<NodeId, AssetSnapshot>();
  for (const id of graph.order) {
    const node = graph.nodes.get(id)!;
    if (node.kind !== "task") assets.set(id, assetSnapshot(node, definitions));
  }
  return { assets, readers: readersOf(project, definitions) };
}

function assetSnapshot(node: Exclude<ProjectNode, { kind: "task" }>, definitions: Definitions): AssetSnapshot {
  const { compilation, graph, schemas } = definitions;
  const query = compilation.models.get(node.id) ?? compilation.queries.get(exportQueryId(node.id));
  return {
    id: node.id,
    kind: node.kind,
    file: node.file,
    code: node.codeHash,
    definition: query?.syntaxHash ?? ("spec" in node && node.kind !== "extract" ? "" : node.codeHash),
    columns: query?.columns ?? schemas.get(node.id)?.columns ?? null,
    fingerprint: query?.fingerprint ?? null,
    lineage: query?.lineage ?? null,
    needs: (graph.reads.get(node.id) ?? []).filter((need) => !need.startsWith("task:")),
    settings: settingsOf(node, definitions),
    source: sourceText(node),
  };
}

function sourceText(node: ProjectNode): AssetSnapshot["source"] {
  if (node.kind !== "model" || node.described !== undefined) return null;
  return { text: masked(node.sql), line: node.text.slice(0, node.sqlOffset).split("\n").length };
}

/** Definitions are kept: literal secrets are not part of them, and all places stay. */
function masked(text: string): string {
  const lines = text.split("\n");
  return lines
    .map((line, index) =>
      secretSpans(lines, index).reduce((left, { start, end }) => left.slice(0, start) + "*".repeat(end - start) + left.slice(end), line),
    )
    .join("\n");
}

/** Options of connectors that are fit to be shown; of all others only a hash is kept: they may hold secrets. */
const SHOWN = new Set(["path", "format", "sheet", "delimiter", "skipLines", "table", "tables", "rows", "quote", "encoding", "select"]);

function settingsOf(node: ProjectNode, { checks }: Definitions): Readonly<Record<string, string>> | null {
  if (!("spec" in node)) return null;
  const settings: Record<string, string> = {};
  const { checks: entries = [], ...spec } = node.spec as Readonly<Record<string, unknown>> & { readonly checks?: readonly unknown[] };
  flatten(spec, [], settings);
  const names = checks.get(node.id) ?? [];
  for (const [index, entry] of entries.entries()) settings[`checks.${names[index]?.name ?? index}`] = JSON.stringify(entry);
  return settings;
}

function flatten(value: unknown, path: readonly string[], into: Record<string, string>): void {
  if (value === undefined) return;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    for (const [key, inner] of Object.entries(value)) flatten(inner, [...path, key], into);
    return;
  }
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const isOption = (path[0] === "from" || path[0] === "to") && path.length > 1;
  const isHidden = (isOption && !SHOWN.has(path[2] ?? "")) || secretSpans([`${path.at(-1)}: ${text}`], 0).length > 0;
  into[path.join(".")] = isHidden ? `${HIDDEN}${hashOf(text)}` : text;
}

function readersOf(project: Project, { checks, compilation, graph }: Definitions): readonly ReaderSnapshot[] {
  const readers: ReaderSnapshot[] = [];
  for (const node of graph.nodes.values())
    if (node.kind === "export" && node.spec.select !== undefined) {
      const asset = graph.reads.get(node.id)?.find((need) => need.toLowerCase() === node.spec.select!.toLowerCase());
      if (asset !== undefined) readers.push({ kind: "export", name: node.id, file: node.file, reads: { [asset]: "all" } });
    }
  const files = new Map(project.checkFiles.map((file) => [file.name, file]));
  for (const [asset, own] of checks)
    for (const check of own) {
      const file = files.get(check.name);
      const query = file === undefined ? undefined : compilation.queries.get(checkUnit(file).id);
      const node = graph.nodes.get(asset);
      const reads = query === undefined ? { [asset]: columnsIn(check.columns, check.where) } : readsOf(query);
      readers.push({ kind: "check", name: `${check.name} of ${asset}`, file: file?.file ?? node?.file ?? "", reads });
    }
  for (const { name, file, spec } of project.tests) {
    const {
      model,
      given = {},
      expect,
    } = spec as { readonly model: string; readonly given?: Record<string, unknown>; readonly expect?: unknown };
    const reads = Object.fromEntries([...Object.entries(given), [model, expect] as const].map(([asset, rows]) => [asset, keysOf(rows)]));
    readers.push({ kind: "test", name, file, reads });
  }
  return readers;
}

function readsOf(query: CompiledQuery): ReaderSnapshot["reads"] {
  return query.fingerprint?.reads ?? Object.fromEntries(query.dependencies.map((id) => [id, "all" as const]));
}

function columnsIn(columns: readonly string[], where: string | null): readonly string[] {
  return where === null ? columns : [...columns, ...(where.match(/[A-Za-z_]\w*/g) ?? [])];
}

/** Columns that the rows of a unit test name. */
function keysOf(rows: unknown): readonly string[] {
  const list = Array.isArray(rows) ? rows : ((rows as { readonly rows?: unknown } | undefined)?.rows ?? []);
  if (!Array.isArray(list)) return [];
  return [...new Set(list.flatMap((row: unknown) => (typeof row === "object" && row !== null ? Object.keys(row) : [])))];
}

export interface PlacesRequest {
  readonly project: Project;
  readonly snapshot: ProjectSnapshot;
  /** Only of these the columns are looked up: it costs a parse each. */
  readonly assets: ReadonlySet<NodeId>;
}

export async function placesOf(session: Session, { project, snapshot, assets }: PlacesRequest): Promise<Places> {
  const sources = [...assets].flatMap((id) => {
    const source = snapshot.assets.get(id)?.source ?? null;
    return source === null ? [] : [{ id, source }];
  });
  const found = await columnPlaces(
    session.connection,
    sources.map(({ source }) => source.text),
  );
  const columns = new Map(sources.map(({ id, source }, index) => [id, { source, places: found[index]! }]));
  return (asset, kind, name) => {
    const own = columns.get(asset);
    if (kind === "setting" || own === undefined) return yamlPlace(project, snapshot, { asset, kind, name });
    const place = own.places.get(name.toLowerCase()) ?? own.places.get("*");
    const file = snapshot.assets.get(asset)!.file;
    return place === undefined ? { file, line: own.source.line, column: 1 } : placeIn(own.source, file, place);
  };
}

interface YamlPlace {
  readonly asset: NodeId;
  readonly kind: "column" | "setting";
  readonly name: string;
}

function yamlPlace(project: Project, { assets }: ProjectSnapshot, { asset, kind, name }: YamlPlace): PlaceAnswer | null {
  const node = assets.get(asset);
  if (node === undefined) return null;
  const path = kind === "column" ? ["columns", name] : name.startsWith("checks.") ? ["checks"] : name.split(".");
  const found = project.locate(asset, path) ?? project.locate(asset, path.slice(0, 1));
  if (found === undefined) return { file: node.file, line: 1, column: 1 };
  const { file, line, column, length } = found;
  const text = found.text?.split("\n")[line - 1];
  return { file, line, column, ...(text === undefined ? {} : { text }), ...(length === undefined ? {} : { length }) };
}

function placeIn(
  { text, line: first }: { readonly text: string; readonly line: number },
  file: string,
  { offset, length }: TextPlace,
): PlaceAnswer {
  const before = text.slice(0, offset).split("\n");
  const line = text.split("\n")[before.length - 1] ?? "";
  return { file, line: first + before.length - 1, column: before.at(-1)!.length + 1, text: line, length };
}

/** Digest of a value in its canonical form. */
export function digest(value: unknown): string {
  return createHash("sha256").update(canonical(value)).digest("hex").slice(0, 32);
}

/** JSON with sorted keys. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}
