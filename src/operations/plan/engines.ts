// Models that run on a server, as far as that is known without asking it: what they read, and what of it does not lie there.
import type { CompiledCheck } from "../../load/check.ts";
import { MillraceError } from "../../model/errors.ts";
import type { EngineUse } from "../../model/definitions/engine.ts";
import type { ModelNode, NodeId, ProjectNode } from "../../model/graph.ts";
import type { Graph } from "../../plan/graph.ts";
import type { Project } from "../../project/reader.ts";
import { AssetNames } from "../../sql/compile/names.ts";
import type { CompiledQuery, KnownSchema } from "../../sql/compile/types.ts";
import { locate, type SqlUnit } from "../../sql/compile/errors.ts";
import { type ForeignText, foreignQuery, placeOfAsset, readForeign } from "../../sql/syntax/foreign.ts";

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
  const names = namesOf(project);
  return new Map(
    models.map((node) => {
      const text = readForeign(node.sql, names);
      const columns = schemas.get(node.id)?.columns ?? null;
      return [node.id, { node, text, query: foreignQuery(unitOf(node), text, { engine: node.engine.name, columns }) }];
    }),
  );
}

export function withForeign(
  models: ReadonlyMap<NodeId, CompiledQuery>,
  foreign: ReadonlyMap<NodeId, ForeignModel>,
): ReadonlyMap<NodeId, CompiledQuery> {
  return new Map([...models, ...[...foreign].map(([id, { query }]) => [id, query] as const)]);
}

/** MR4662 for what does not lie on the server of its reader, MR2012 for what reads itself, MR4665 for checks that the engine does not know. */
export function enginesErrors(
  project: Project,
  foreign: ReadonlyMap<NodeId, ForeignModel>,
  checks: ReadonlyMap<NodeId, readonly CompiledCheck[]>,
): readonly MillraceError[] {
  const nodes = new Map(project.nodes.map((node) => [node.id, node]));
  const ofChecks = project.nodes.flatMap((node) => checkErrors(project, node, { nodes, checks: checks.get(node.id) ?? [] }));
  const ofModels = [...foreign.values()].flatMap(({ node, text }) => {
    const named = [...new Set(text.named.map(({ asset }) => asset))];
    return named.flatMap((asset) => {
      const location = locate(unitOf(node), placeOfAsset(unitOf(node), text, asset));
      if (asset === node.id)
        return [new MillraceError({ code: "MR2012", message: `${node.id}: the query reads ${asset}, the asset it makes`, location })];
      const where = elsewhere(nodes.get(asset), node.engine);
      if (where === null || isCopiedFor(nodes.get(asset), node)) return [];
      return [
        new MillraceError({
          code: "MR4662",
          message: `${node.id} runs on ${node.engine.name} (${node.engine.connection}); ${asset}, which it reads, stands ${where}`,
          hint:
            where === HERE
              ? `materialize: table, so that the rows of ${asset} can be copied there when it is built; or leave engine: out here`
              : `build ${asset} with the same engine, or export it to a table there and declare that as a source with engine:, or leave engine: out here`,
          location,
        }),
      ];
    });
  });
  return [...ofChecks, ...ofModels];
}

const HERE = "in the warehouse";

/** Is it of the warehouse, so that its rows are copied when the model is built? A view reads whenever it is read. */
function isCopiedFor(need: ProjectNode | undefined, { spec }: ModelNode): boolean {
  return need !== undefined && engineOf(need) === undefined && spec.materialize !== "view";
}

/** Assets of the warehouse that a node of a server reads. */
export function readsHere(graph: Graph, id: NodeId): readonly NodeId[] {
  const reader = graph.nodes.get(id);
  if (reader?.kind !== "model" || reader.engine === undefined) return [];
  return (graph.reads.get(id) ?? []).filter((need) => {
    const node = graph.nodes.get(need);
    return node !== undefined && node.kind !== "task" && node.kind !== "export" && engineOf(node) === undefined;
  });
}

/** Where an asset stands that is not on this server; null where it is there, or is no asset. */
function elsewhere(need: ProjectNode | undefined, use: EngineUse): string | null {
  const other = need === undefined ? undefined : engineOf(need);
  if (need === undefined || (other?.name === use.name && other.connection === use.connection)) return null;
  return other === undefined ? HERE : `on ${other.name} (${other.connection})`;
}

interface Checked {
  readonly nodes: ReadonlyMap<NodeId, ProjectNode>;
  readonly checks: readonly CompiledCheck[];
}

function checkErrors(project: Project, node: ProjectNode, { nodes, checks }: Checked): readonly MillraceError[] {
  const use = engineOf(node);
  if (use === undefined) return [];
  return checks.flatMap((check) => {
    const location = check.location === null ? {} : { location: check.location };
    if (check.test.kind === "aggregate")
      return [new MillraceError({ code: "MR4665", message: `${node.id}: ${check.name} is not carried out by ${use.name}`, ...location })];
    const reads = [...check.needs, ...(check.test.kind === "query" ? namesIn(project, check.test.sql) : [])];
    const away = reads.find((need) => elsewhere(nodes.get(need), use) !== null);
    if (away === undefined) return [];
    return [
      new MillraceError({
        code: "MR4662",
        message: `${node.id} stands on ${use.name} (${use.connection}); its check ${check.name} reads ${away}, which does not`,
        hint: "check it in the warehouse, in a model that reads both",
        ...location,
      }),
    ];
  });
}

/** Assets that a text names. */
export function namesIn(project: Project, sql: string): readonly NodeId[] {
  return [...new Set(readForeign(sql, namesOf(project)).named.map(({ asset }) => asset))];
}

export function isOnServer({ nodes }: Pick<Project, "nodes">, id: NodeId): boolean {
  const node = nodes.find((each) => each.id === id);
  return node !== undefined && engineOf(node) !== undefined;
}

function namesOf({ names }: Pick<Project, "names">): AssetNames {
  return new AssetNames(names.filter((name) => name.includes(".") && !name.includes(":")));
}

/** Models that read tables which are no assets: nobody sees when those change. */
export function readsUnseen(foreign: ReadonlyMap<NodeId, ForeignModel>): ReadonlyMap<NodeId, string> {
  return new Map(
    [...foreign].flatMap(([id, { text, node }]) => {
      const named = text.others.slice(0, TABLES_NAMED).join(", ");
      // A view reads them whenever it is read.
      return text.others.length === 0 || node.spec.materialize === "view"
        ? []
        : [[id, `it reads ${named} of the server, which is no asset`]];
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

export function unitOf({ id, file, sql, sqlOffset, text, described }: ModelNode): SqlUnit {
  return { id, file, sql, sqlOffset, text, ...(described === undefined ? {} : { described }) };
}
