// What is known of all assets of a project, in one look: columns with types, lineage, descriptions with where they come from.
import type { CompiledCheck } from "../../load/check.ts";
import type { NodeId, ProjectNode } from "../../model/graph.ts";
import { type AssetDescriptions, inheritDescriptions, type WrittenDescriptions } from "../../plan/descriptions.ts";
import type { Graph } from "../../plan/graph.ts";
import type { LineageInput } from "../../plan/lineage-flow.ts";
import type { LiveVersion } from "../../sql/ledger/publish.ts";
import { readLive } from "../../sql/ledger/publish.ts";
import { defineProject, type Definitions } from "../plan/definitions.ts";
import type { Workspace } from "../workspace.ts";

export interface KnownColumn {
  readonly name: string;
  /** As DuckDB spells it. */
  readonly type: string;
}

export interface Known {
  readonly graph: Graph;
  readonly definitions: Definitions;
  readonly live: ReadonlyMap<NodeId, LiveVersion>;
  readonly lineage: LineageInput;
  /** As the project's files say now: what is loaded may be older. */
  readonly columns: ReadonlyMap<NodeId, readonly KnownColumn[]>;
  readonly descriptions: ReadonlyMap<NodeId, AssetDescriptions>;
  readonly checks: ReadonlyMap<NodeId, readonly CompiledCheck[]>;
}

/** @throws all errors of the project in one. */
export async function knownProject(workspace: Workspace): Promise<Known> {
  const warehouse = await workspace.warehouse();
  const live = await warehouse.session((session) => readLive(session));
  return knownOf(await defineProject(workspace, { live, lineage: "columns", params: {} }), live);
}

/** From definitions that were compiled with column lineage. */
export function knownOf(definitions: Definitions, live: ReadonlyMap<NodeId, LiveVersion>): Known {
  const { graph, compilation, schemas, checks } = definitions;
  const columns = new Map<NodeId, readonly KnownColumn[]>();
  for (const [id, node] of graph.nodes) {
    if (node.kind === "task") continue;
    const known = compilation.models.get(id)?.columns ?? schemas.get(id)?.columns ?? live.get(id)?.columns;
    if (known !== undefined && known.length > 0) columns.set(id, known);
  }
  // What is shared stands after what it selects only in the graph's order.
  for (const id of graph.order) {
    const selected = columns.has(id) ? undefined : selectedColumns(graph.nodes.get(id)!, columns);
    if (selected !== undefined) columns.set(id, selected);
  }
  const lineage: LineageInput = {
    graph,
    lineage: new Map([...compilation.models].map(([id, query]) => [id, query.lineage])),
    columns: new Map([...columns].map(([id, list]) => [id, list.map(({ name }) => name)])),
  };
  const descriptions = inheritDescriptions(lineage, (id) => writtenOf(graph.nodes.get(id)!));
  return { graph, definitions, live, lineage, columns, descriptions, checks };
}

/** An export of an asset has its columns. */
function selectedColumns(node: ProjectNode, columns: ReadonlyMap<NodeId, readonly KnownColumn[]>): readonly KnownColumn[] | undefined {
  if (node.kind !== "export" || node.spec.select === undefined) return undefined;
  return columns.get(node.spec.select) ?? columns.get(node.spec.select.toLowerCase());
}

function writtenOf(node: ProjectNode): WrittenDescriptions {
  const declared = "spec" in node && "columns" in node.spec ? (node.spec.columns ?? {}) : {};
  const columns = Object.entries(declared).flatMap(([name, column]) => {
    const text = typeof column === "string" ? column : (column as { readonly description?: string | undefined }).description;
    return text === undefined ? [] : [[name, text] as const];
  });
  return { asset: node.description, columns: Object.fromEntries(columns) };
}
