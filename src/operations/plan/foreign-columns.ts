// Columns and their lineage of models that another engine runs, as far as DuckDB understands their text too. It is bound beside the compilation, and its
// errors are nobody's: what DuckDB does not know, the server may.
//   F1. It decides about no rebuild: the text is the identity of such a model (sql/compile/hash.ts).
//   F2. What the server has said of a version's columns counts, not what DuckDB would make of them; types that DuckDB alone knows are guessed.
//   F3. Names follow PostgreSQL: a column without a name of its own is called otherwise there, and only a built version tells how.
import type { NodeId } from "../../model/graph.ts";
import type { AssetLineage } from "../../model/lineage.ts";
import { compile } from "../../sql/compile/compile.ts";
import type { CompiledColumn, CompiledQuery, CompileInput, KnownSchema } from "../../sql/compile/types.ts";
import type { LiveVersion } from "../../sql/ledger/publish.ts";
import { type ForeignModel, unitOf } from "./engines.ts";

export interface ForeignReading extends Required<Pick<CompileInput, "assets" | "lineage" | "paramTypes" | "projectDir" | "cache">> {
  readonly schemas: ReadonlyMap<NodeId, KnownSchema>;
  readonly live: ReadonlyMap<NodeId, LiveVersion>;
}

type Foreign = ReadonlyMap<NodeId, ForeignModel>;

/** Ids of queries are not those of assets. */
const QUERY = "engine:";

/** The same models, with what DuckDB can tell of them. */
export async function withForeignColumns(
  foreign: Foreign,
  { live, schemas, assets, lineage, paramTypes, projectDir, cache }: ForeignReading,
): Promise<Foreign> {
  if (foreign.size === 0) return foreign;
  const all = [...foreign.values()];
  // What stands is read with the columns that it has; what does not is bound itself, behind what it reads.
  const { models, queries } = await compile({
    // And no macros: the server does not have them.
    assets,
    lineage,
    paramTypes,
    projectDir,
    cache,
    schemas: new Map<NodeId, KnownSchema>([...[...live].map(([id, { columns }]) => [id, { columns, certain: true }] as const), ...schemas]),
    models: all.filter(({ query }) => query.columns === null).map(({ node }) => ({ ...unitOf(node), spec: {} })),
    queries: all.filter(({ query }) => query.columns !== null).map(({ node }) => ({ ...unitOf(node), id: `${QUERY}${node.id}` })),
  });
  return new Map(
    all.map((model) => {
      const bound = models.get(model.node.id) ?? queries.get(`${QUERY}${model.node.id}`);
      const told = bound === undefined ? {} : toldBy(bound, model, live.get(model.node.id));
      return [model.node.id, { ...model, query: { ...model.query, ...told } }];
    }),
  );
}

/** Without models whose columns only DuckDB has told: what lies on the server may have others by now, so that they prove nothing. */
export function withoutGuessed(models: ReadonlyMap<NodeId, CompiledQuery>, foreign: Foreign): ReadonlyMap<NodeId, CompiledQuery> {
  return new Map([...models].filter(([id, { certain }]) => certain || !foreign.has(id)));
}

/** What downstream may go by before anything was built: there may be more columns, and of other types. */
export function guessedSchemas(foreign: Foreign, schemas: ReadonlyMap<NodeId, KnownSchema>): ReadonlyMap<NodeId, KnownSchema> {
  const guessed = [...foreign].flatMap(([id, { query }]) =>
    schemas.has(id) || query.columns === null ? [] : [[id, { columns: query.columns, certain: false, isOpen: true }] as const],
  );
  return new Map([...schemas, ...guessed]);
}

function toldBy(bound: CompiledQuery, { node, query }: ForeignModel, live: LiveVersion | undefined): Partial<CompiledQuery> {
  if (bound.columns === null) return {};
  const columns = query.columns ?? guessedColumns(bound.columns, node.sql, live);
  const names = columns === null ? null : sameNames(bound.columns, columns);
  const lineage = bound.lineage === null || names === null ? null : renamed(bound.lineage, names);
  return { columns, unbound: columns === null ? query.unbound : null, lineage };
}

/** F3: null where a name is the server's to give. */
function guessedColumns(columns: readonly CompiledColumn[], sql: string, live: LiveVersion | undefined): readonly CompiledColumn[] | null {
  if (!columns.every(({ name }) => hasOwnName(name))) return null;
  const before = new Map(live?.columns.map(({ name, type }) => [name, type]));
  return columns.map(({ name, type }) => {
    const folded = sql.includes(`"${name}"`) ? name : name.toLowerCase();
    return { name: folded, type: before.get(folded) ?? type };
  });
}

/** Did the user or a table give it? DuckDB names others by their text. */
function hasOwnName(name: string): boolean {
  return /^[\p{L}_][\p{L}\p{N}_$]*$/u.test(name) && !/^(null|true|false)$/i.test(name);
}

/** The server's name of each column that DuckDB named; null where they are not the same columns. */
function sameNames(bound: readonly CompiledColumn[], columns: readonly CompiledColumn[]): ReadonlyMap<string, string> | null {
  const isSame = (name: string, index: number): boolean => !hasOwnName(name) || name.toLowerCase() === columns[index]!.name.toLowerCase();
  if (bound.length !== columns.length || !bound.every(({ name }, index) => isSame(name, index))) return null;
  return new Map(bound.map(({ name }, index) => [name, columns[index]!.name]));
}

function renamed({ columns, influences }: AssetLineage, names: ReadonlyMap<string, string>): AssetLineage {
  return {
    columns: Object.fromEntries(Object.entries(columns).map(([name, from]) => [names.get(name) ?? name, from])),
    influences,
    readAs: "duckdb",
  };
}
