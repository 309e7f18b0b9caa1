// What a catalogue says of a project: from the definitions, the ledger and the last runs, as values. Nothing of the data's rows is in it.
import type { CompiledCheck } from "../../load/check.ts";
import type { NodeId, ProjectNode } from "../../model/graph.ts";
import type { LineageKind } from "../../model/lineage.ts";
import { LineageFlow } from "../../plan/lineage-flow.ts";
import type { Project } from "../../project/reader.ts";
import type { AssetRow } from "../../views/assets.ts";
import { checkResults, type CheckSummary } from "../assets/assets.ts";
import type { CatalogueColumns, CatalogueIndex, CheckCounts, IndexAsset, PageAsset, PageCheck, PageColumn, PageSource } from "./data.ts";
import type { Known } from "./known.ts";

export interface ContentInput {
  readonly project: Project;
  readonly known: Known;
  readonly statuses: ReadonlyMap<NodeId, string>;
  /** How each asset went last. */
  readonly rows: ReadonlyMap<NodeId, AssetRow>;
  /** Per asset the records that wait in quarantine. */
  readonly aside: ReadonlyMap<NodeId, number>;
  /** Original names of columns, per asset. */
  readonly origins: ReadonlyMap<NodeId, ReadonlyMap<string, string>>;
  readonly builtAt: string;
  readonly environment: string;
  /** Takes secrets out of a text. */
  redact(this: void, text: string): string;
}

export interface Content {
  readonly index: CatalogueIndex;
  readonly columns: CatalogueColumns;
  readonly assets: readonly PageAsset[];
}

export function contentOf(input: ContentInput): Content {
  const { known, project, builtAt, environment } = input;
  const ids = known.graph.order.filter((id) => known.graph.nodes.get(id)!.kind !== "task").toSorted();
  const places = new Map(ids.map((id, place) => [id, place]));
  const flow = new LineageFlow(known.lineage);
  const assets = ids.map((id) => pageAsset(input, flow, places, known.graph.nodes.get(id)!));
  return {
    index: { project: project.name, builtAt, environment, assets: ids.map((id, place) => indexAsset(input, places, id, assets[place]!)) },
    columns: assets.map(({ columns }) => columns.map(({ name, description }) => [name, description ?? ""] as const)),
    assets,
  };
}

function indexAsset({ known, statuses }: ContentInput, places: ReadonlyMap<NodeId, number>, id: NodeId, page: PageAsset): IndexAsset {
  const [node, version] = [known.graph.nodes.get(id)!, known.live.get(id)];
  return {
    id,
    kind: node.kind,
    materialize: node.kind === "model" ? node.spec.materialize : null,
    status: statuses.get(id) ?? "missing",
    description: known.descriptions.get(id)?.asset?.text ?? null,
    owner: node.owner ?? null,
    tags: node.tags,
    columns: page.columns.length,
    rows: version?.rows ?? null,
    updatedAt: version?.at ?? null,
    checks: countChecks(page.checks),
    reads: (known.graph.needs.get(id) ?? []).flatMap((need) => places.get(need) ?? []),
  };
}

function countChecks(checks: readonly PageCheck[]): CheckCounts {
  const count = (status: string | null): number => checks.filter((check) => check.status === status).length;
  return { passed: count("passed"), warned: count("warned"), failed: count("failed"), unknown: count(null) };
}

function pageAsset(input: ContentInput, flow: LineageFlow, places: ReadonlyMap<NodeId, number>, node: ProjectNode): PageAsset {
  const { known, project, rows, aside, origins, redact } = input;
  const { id } = node;
  const version = known.live.get(id);
  const described = known.descriptions.get(id);
  const keys = new Set(keysOf(node).map((key) => key.toLowerCase()));
  const personal = node.kind === "source" || node.kind === "extract" ? (node.spec.pii ?? {}) : {};
  const sourceOf = (source: { readonly asset: string; readonly path: string; readonly kind: LineageKind }): PageSource => {
    const place = places.get(source.asset);
    const common = { column: source.path, kind: source.kind };
    return place === undefined ? { asset: -1, outside: source.asset, ...common } : { asset: place, ...common };
  };
  const columns = (known.columns.get(id) ?? []).map(({ name, type }): PageColumn => {
    const description = described?.columns.get(name.toLowerCase());
    const origin = origins.get(id)?.get(name) ?? null;
    return {
      name,
      type,
      description: description?.text ?? null,
      descriptionFrom: description?.from ?? null,
      origin: origin === name ? null : origin,
      isKey: keys.has(name.toLowerCase()),
      personal: Object.hasOwn(personal, name) ? String(personal[name]) : null,
      sources: flow.sourcesOf({ asset: id, path: name }).map(sourceOf),
      users: flow.readersOf({ asset: id, path: name }).map(sourceOf),
    };
  });
  const last = rows.get(id);
  const took = last?.tookMs.at(-1);
  return {
    id,
    file: node.file,
    descriptionFrom: described?.asset?.from ?? null,
    components: node.components ?? [],
    connector: "connector" in node ? node.connector : null,
    columns,
    influences: (flow.lineageOf(id)?.influences ?? []).map(sourceOf),
    decides: [...new Set(columns.flatMap(({ name }) => flow.decidedBy({ asset: id, path: name })))].flatMap(
      (each) => places.get(each) ?? [],
    ),
    checks: (known.checks.get(id) ?? []).map((check) => pageCheck(check, checkResults(version))),
    tests: project.tests.filter(({ spec }) => spec.model === id).map(({ name, file }) => ({ name, file })),
    code: codeOf(node, redact),
    lastRun:
      last === undefined
        ? null
        : {
            run: last.run,
            status: last.status,
            at: last.at,
            seconds: took === undefined ? null : took / 1_000,
            error: last.error === null ? null : redact(last.error.message),
          },
    version: version?.version ?? null,
    quarantined: aside.get(id) ?? 0,
  };
}

function pageCheck({ name, severity, onFail, columns }: CompiledCheck, results: readonly CheckSummary[]): PageCheck {
  const result = results.find(({ check }) => check === name);
  return { name, severity, onFail, columns, status: result?.status ?? null, failing: result?.failing ?? null };
}

function keysOf(node: ProjectNode): readonly string[] {
  switch (node.kind) {
    case "source":
    case "extract":
      return [node.spec.primaryKey ?? []].flat();
    case "model":
    case "export":
      return [node.spec.key ?? []].flat();
    case "transform":
      return node.key;
    case "task":
      return [];
    default:
      return node satisfies never;
  }
}

/** The query that makes it; definitions of sources may say how places are reached, so they stay where they are. */
function codeOf(node: ProjectNode, redact: (text: string) => string): string | null {
  if (node.kind === "model") return redact(node.sql.trim());
  return node.kind === "export" && node.spec.sql !== undefined ? redact(node.spec.sql.trim()) : null;
}
