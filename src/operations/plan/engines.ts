// Models that run on a server, as far as that is known without asking it: what they read, and what of it does not lie there.
import { MillraceError } from "../../model/errors.ts";
import type { EngineUse } from "../../model/definitions/engine.ts";
import type { ModelNode, NodeId, ProjectNode } from "../../model/graph.ts";
import type { Graph } from "../../plan/graph.ts";
import type { Project } from "../../project/reader.ts";
import { AssetNames } from "../../sql/compile-names.ts";
import type { CompiledQuery, KnownSchema } from "../../sql/compile-types.ts";
import { locate, type SqlUnit } from "../../sql/errors.ts";
import { type ForeignText, foreignQuery, placeOfAsset, readForeign } from "../../sql/foreign.ts";

export interface ForeignModel {
  readonly node: ModelNode & { readonly engine: EngineUse };
  readonly text: ForeignText;
  readonly query: CompiledQuery;
}

const TABLES_NAMED = 2;

export function readForeignModels(
  project: Project,
  { schemas }: { readonly schemas: ReadonlyMap<NodeId, KnownSchema> },
): ReadonlyMap<NodeId, ForeignModel> {
  const models = project.nodes.filter((node): node is ForeignModel["node"] => node.kind === "model" && node.engine !== undefined);
  if (models.length === 0) return new Map();
  const names = new AssetNames(project.names.filter((name) => name.includes(".") && !name.includes(":")));
  return new Map(
    models.map((node) => {
      const text = readForeign(node.sql, names);
      const columns = schemas.get(node.id)?.columns ?? null;
      return [node.id, { node, text, query: foreignQuery(unitOf(node), text, { engine: node.engine.name, columns }) }];
    }),
  );
}

/** MR4662 for what does not lie on the server of its reader, MR2012 for what reads itself. */
export function enginesErrors(project: Project, foreign: ReadonlyMap<NodeId, ForeignModel>): readonly MillraceError[] {
  if (foreign.size === 0) return [];
  const nodes = new Map(project.nodes.map((node) => [node.id, node]));
  return [...foreign.values()].flatMap(({ node, text }) => {
    const named = [...new Set(text.named.map(({ asset }) => asset))];
    return named.flatMap((asset) => {
      const location = locate(unitOf(node), placeOfAsset(unitOf(node), text, asset));
      if (asset === node.id)
        return [new MillraceError({ code: "MR2012", message: `${node.id}: the query reads ${asset}, the asset it makes`, location })];
      const need = nodes.get(asset);
      const use = need === undefined ? undefined : engineOf(need);
      if (need === undefined || (use?.name === node.engine.name && use.connection === node.engine.connection)) return [];
      const where = use === undefined ? "in the warehouse" : `on ${use.name} (${use.connection})`;
      return [
        new MillraceError({
          code: "MR4662",
          message: `${node.id} runs on ${node.engine.name} (${node.engine.connection}); ${asset}, which it reads, stands ${where}`,
          hint: `build ${asset} with the same engine, or export it to a table there and declare that as a source with engine:, or leave engine: out here`,
          location,
        }),
      ];
    });
  });
}

/** Models that read tables which are no assets: nobody sees when those change. */
export function readsUnseen(foreign: ReadonlyMap<NodeId, ForeignModel>): ReadonlyMap<NodeId, string> {
  return new Map(
    [...foreign].flatMap(([id, { text, node }]) => {
      const named = text.others.slice(0, TABLES_NAMED).join(", ");
      // A view reads them whenever it is read.
      return text.others.length === 0 || node.spec.materialize === "view" ? [] : [[id, `it reads ${named} of the server, which is no asset`]];
    }),
  );
}

/** What reads an asset of a server in the warehouse, so that its rows are copied there. */
export function readersHere(graph: Graph, id: NodeId): readonly NodeId[] {
  const readers: NodeId[] = [];
  for (const node of graph.nodes.values()) {
    if (node.kind === "task" || engineOf(node) !== undefined) continue;
    if ((graph.reads.get(node.id) ?? []).includes(id) || (graph.needs.get(node.id) ?? []).includes(id)) readers.push(node.id);
  }
  return readers;
}

export function engineOf(node: ProjectNode): EngineUse | undefined {
  return node.kind === "model" || node.kind === "source" ? node.engine : undefined;
}

function unitOf({ id, file, sql, sqlOffset, text, described }: ModelNode): SqlUnit {
  return { id, file, sql, sqlOffset, text, ...(described === undefined ? {} : { described }) };
}
