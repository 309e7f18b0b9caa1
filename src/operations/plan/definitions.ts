// Everything that can be known of a project before anything runs: its graph, its compiled SQL, its checks, what its sources look like. All errors in one go.
import type { CompiledCheck } from "../../load/check.ts";
import { isSameCode, textOfCode } from "../../model/code-hash.ts";
import type { ParamSpec } from "../../model/definitions/job.ts";
import { combineErrors, type MillraceError, type SourceLocation } from "../../model/errors.ts";
import type { ModelNode, NodeId, ProjectNode, SourceNode } from "../../model/graph.ts";
import { buildGraph, type Graph } from "../../plan/graph.ts";
import { openCompileCache } from "../../sql/compile/cache.ts";
import { rebuildReasons, withCodeHashes } from "../../sql/compile/hash.ts";
import type { Compilation, CompiledQuery, KnownSchema } from "../../sql/compile/types.ts";
import type { SourceSpec } from "../../model/definitions/source.ts";
import { normalType } from "../../formats/types/parse.ts";
import { nextSchema } from "../../load/next-schema.ts";
import { compile, readsByNames } from "../../sql/compile/compile.ts";
import type { SqlUnit } from "../../sql/compile/errors.ts";
import { macrosOf } from "../../sql/functions/macros.ts";
import { PARAM_TYPES } from "../../sql/parameters.ts";
import type { LiveVersion } from "../../sql/ledger/publish.ts";
import type { Project, ProjectJob } from "../../project/reader.ts";
import { jobErrors, jobGraph, parameterTypes } from "../jobs/tasks.ts";
import { peekSource } from "../attempts/sources.ts";
import type { Workspace } from "../workspace.ts";
import { withAddedColumns } from "./added-columns.ts";
import { declaredTypeErrors } from "./declared-types.ts";
import { enginesErrors, isOnServer, namesIn, readForeignModels, readsUnseen, withForeign } from "./engines.ts";
import { guessedSchemas, withForeignColumns, withoutGuessed } from "./foreign-columns.ts";
import { namedColumnErrors } from "./named-columns.ts";

export interface Definitions {
  readonly graph: Graph;
  readonly compilation: Compilation;
  /** Some model asks for business days. */
  readonly usesCalendars: boolean;
  /** Compiles the same SQL against other columns of the sources. */
  compileWith(this: void, schemas: ReadonlyMap<NodeId, KnownSchema>): Promise<Compilation>;
  /** The code hash of a model whose SQL was compiled to this. */
  codeOf(this: void, id: NodeId, query: CompiledQuery): string;
  /** Checks of every asset, those in files of their own included. */
  readonly checks: ReadonlyMap<NodeId, readonly CompiledCheck[]>;
  /** What the checks of an asset read besides it. */
  readonly checkReads: ReadonlyMap<NodeId, readonly NodeId[]>;
  readonly schemas: ReadonlyMap<NodeId, KnownSchema>;
  /** Models whose text is another than when they were built, though it means the same. */
  readonly rewritten: ReadonlySet<NodeId>;
  /** Code hashes of models as they are written now; their nodes have that of the live version where it is of the same code. */
  readonly codes: ReadonlyMap<NodeId, string>;
  /** Models that use functions whose value changes by itself, exports whose files are gone; with the reason why they are built. */
  readonly alwaysBuild: ReadonlyMap<NodeId, string>;
  /** Types of the parameters that SQL and tasks are given. */
  readonly paramTypes: Readonly<Record<string, ParamSpec["type"]>>;
  /** The job's own tasks, which are in the graph. */
  readonly jobTasks: readonly NodeId[];
}

export interface DefineOptions {
  readonly live: ReadonlyMap<NodeId, LiveVersion>;
  readonly lineage: "columns" | "tables";
  readonly params: Readonly<Record<string, string>>;
  /** The job whose tasks are to be in the graph. */
  readonly job?: ProjectJob | undefined;
  /** Columns of assets that are neither live nor to be seen: those that another state of the project has. */
  readonly otherwise?: ReadonlyMap<NodeId, KnownSchema>;
  /** New code of incremental models is for new rows. */
  readonly forwardOnly?: boolean;
  /** Folder of the compiler's cache, which is only read; default: the project's own. */
  readonly cacheOf?: string;
}

/** @throws all errors of the project in one. */
export async function defineProject(workspace: Workspace, options: DefineOptions): Promise<Definitions> {
  const { live, lineage, params, job, otherwise, cacheOf } = options;
  const project = await workspace.projectWithErrors();
  const errors: MillraceError[] = [...project.errors];
  const checks = compileChecks(workspace, project, errors);
  const known = new Map([...(otherwise ?? []), ...(await schemasOf(workspace, project, live))]);
  const paramTypes = parameterTypes(project, job);
  const cache = openCompileCache(`${cacheOf ?? workspace.dir}/.millrace/cache/compile.json`);
  const models = withAddedColumns(modelsHere(project), live);
  const compileWith: Definitions["compileWith"] = (columns) => compile({ ...units, schemas: columns });
  const units = {
    models,
    queries: queriesOf(project),
    assets: readableNames(project),
    lineage,
    projectDir: workspace.dir,
    paramTypes: Object.fromEntries(Object.entries(paramTypes).map(([name, type]) => [name, PARAM_TYPES[type]])),
    cache,
    macros: macrosOf(project),
  } as const;
  const foreign = await withForeignColumns(readForeignModels(project, { schemas: known }), { ...units, schemas: known, live });
  const schemas = guessedSchemas(foreign, known);
  const own = await compileWith(schemas);
  const compilation = foreign.size === 0 ? own : { ...own, models: withForeign(own.models, foreign) };
  // A file without a query is told once.
  const empty = new Set(project.errors.filter(({ code }) => code === "MR1017").map(({ location }) => location?.file));
  errors.push(...compilation.errors.filter(({ code, location }) => code !== "MR2007" || !empty.has(location?.file)));
  errors.push(...enginesErrors(project, foreign, checks));
  errors.push(...namedColumnErrors(project, { ...compilation, models: withoutGuessed(compilation.models, foreign) }, checks));
  errors.push(...(await declaredTypeErrors(await workspace.commonWarehouse(), project, own)));
  const usesCalendars = [...compilation.models.values()].some((query) => query.calendars);
  const calendars = usesCalendars ? (await import("../attempts/calendars.ts")).calendarsHash(project) : undefined;
  const defined = options.forwardOnly === true ? project.nodes.map(forwardOnly) : project.nodes;
  const { nodes, rewritten, codes } = asLive(withCodeHashes(defined, compilation.models, { params, calendars }), live);
  const reads = new Map<string, readonly NodeId[]>(
    [...compilation.models, ...compilation.queries].map(([id, each]) => [id, each.dependencies]),
  );
  const { dependencies, checkNeeds } = readsOfNodes({ ...project, nodes }, { reads, checks });
  // A definition with an error is no node; what needs it would be told to need nothing.
  if (project.errors.length > 0) throw combineErrors("MR1001", errors);
  const { graph: whole, errors: graphErrors } = buildGraph({ nodes, dependencies, checkNeeds });
  const told = new Set(errors.map((error) => error.message));
  errors.push(...graphErrors.filter((error) => !told.has(error.message)));
  errors.push(...jobErrors(project, whole));
  if (errors.length > 0) throw combineErrors("MR1001", errors);
  if (cacheOf === undefined) cache.save();
  const { graph, own: jobTasks } = job === undefined ? { graph: whole, own: [] } : jobGraph(project, whole, job);
  return {
    graph,
    compilation,
    usesCalendars,
    compileWith,
    codeOf: (id, query) =>
      withCodeHashes(
        defined.filter((node) => node.id === id),
        new Map([[id, query]]),
        { params, calendars },
      )[0]?.codeHash ?? "",
    checks,
    checkReads: checkNeeds,
    schemas,
    rewritten,
    codes,
    alwaysBuild: new Map([...rebuildReasons(compilation.models.values()), ...readsUnseen(foreign)]),
    paramTypes,
    jobTasks,
  };
}

/** Models with the code hash of their live version where that is of the same code: so that two spellings of it are nowhere taken for a change. */
function asLive(
  nodes: readonly ProjectNode[],
  live: ReadonlyMap<NodeId, LiveVersion>,
): { readonly nodes: readonly ProjectNode[] } & Pick<Definitions, "rewritten" | "codes"> {
  const rewritten = new Set<NodeId>();
  const codes = new Map<NodeId, string>();
  const same = nodes.map((node) => {
    const known = live.get(node.id)?.codeHash;
    if (node.kind !== "model") return node;
    codes.set(node.id, node.codeHash);
    if (known === undefined || !isSameCode(known, node.codeHash)) return node;
    if (textOfCode(known) !== textOfCode(node.codeHash)) rewritten.add(node.id);
    return { ...node, codeHash: known };
  });
  return { nodes: same, rewritten, codes };
}

/** An incremental model whose new code is for new rows. */
function forwardOnly(node: ProjectNode): ProjectNode {
  if (node.kind !== "model" || node.spec.materialize !== "incremental") return node;
  return { ...node, spec: { ...node.spec, incremental: { ...node.spec.incremental, forwardOnly: true } } };
}

/** What feeds what by names alone: no query is bound, and the warehouse is not looked at. What is wrong with it is told by who defines the project. */
export async function graphByNames(workspace: Workspace): Promise<Graph> {
  const project = await workspace.project();
  const units = {
    models: modelsHere(project),
    queries: queriesOf(project),
    assets: readableNames(project),
    schemas: new Map(),
    cache: openCompileCache(`${workspace.dir}/.millrace/cache/compile.json`),
    macros: macrosOf(project),
    projectDir: workspace.dir,
  };
  const elsewhere = project.nodes.filter((node) => node.kind === "model").filter((node) => node.engine !== undefined);
  const reads = new Map([...(await readsByNames(units)), ...elsewhere.map(({ id, sql }) => [id, namesIn(project, sql)] as const)]);
  return buildGraph({ nodes: project.nodes, ...readsOfNodes(project, { reads, checks: compileChecks(workspace, project, []) }) }).graph;
}

/** Those that DuckDB builds. */
function modelsHere({ nodes }: Pick<Project, "nodes">): readonly ModelNode[] {
  return nodes.filter((node) => node.kind === "model").filter((node) => node.engine === undefined);
}

function queriesOf(project: Project): readonly SqlUnit[] {
  return [
    ...project.checkFiles.filter(({ on }) => !isOnServer(project, on)).map(checkUnit),
    ...project.nodes.flatMap((node) => exportUnit(project, node)),
  ];
}

interface KnownReads {
  /** Of each query, by its id. */
  readonly reads: ReadonlyMap<string, readonly NodeId[]>;
  readonly checks: ReadonlyMap<NodeId, readonly CompiledCheck[]>;
}

/** What nodes read by their queries, and what their checks read besides. */
function readsOfNodes(
  project: Project,
  { reads, checks }: KnownReads,
): { readonly dependencies: ReadonlyMap<NodeId, readonly NodeId[]>; readonly checkNeeds: ReadonlyMap<NodeId, readonly NodeId[]> } {
  const dependencies = new Map<NodeId, readonly NodeId[]>();
  for (const { id, kind } of project.nodes) {
    const own = reads.get(kind === "export" ? exportQueryId(id) : id);
    if (own !== undefined) dependencies.set(id, own);
  }
  const checkNeeds = new Map([...checks].map(([id, list]) => [id, list.flatMap((check) => check.needs)]));
  for (const file of project.checkFiles) {
    const own = isOnServer(project, file.on) ? namesIn(project, file.sql) : (reads.get(checkUnit(file).id) ?? []);
    checkNeeds.set(file.on, [...(checkNeeds.get(file.on) ?? []), ...own]);
  }
  return { dependencies, checkNeeds };
}

function compileChecks(workspace: Workspace, project: Project, errors: MillraceError[]): Map<NodeId, readonly CompiledCheck[]> {
  const { parts } = workspace;
  const checks = new Map<NodeId, readonly CompiledCheck[]>();
  for (const node of project.nodes) {
    if (!("checks" in node) || node.checks.length === 0) continue;
    const place = (path: readonly (string | number)[]): SourceLocation | undefined => project.locate(node.id, ["checks", ...path]);
    const compiled = parts.compileChecks(node.checks, { asset: node.id, file: node.file, place }, project.own.checks);
    checks.set(node.id, compiled.checks); // its errors were told when the project was read
  }
  for (const file of project.checkFiles) {
    const compiled = parts.compileCheckFile(file, project.own.checks);
    errors.push(...compiled.errors);
    checks.set(file.on, [...(checks.get(file.on) ?? []), ...compiled.checks]);
  }
  return checks;
}

/** Certain where an asset was loaded, guessed from the beginning of its files where it was not. */
async function schemasOf(
  workspace: Workspace,
  project: Project,
  live: ReadonlyMap<NodeId, LiveVersion>,
): Promise<ReadonlyMap<NodeId, KnownSchema>> {
  const schemas = new Map<NodeId, KnownSchema>();
  for (const node of project.nodes) {
    if ((node.kind === "model" && node.engine === undefined) || node.kind === "export" || node.kind === "task") continue;
    const version = live.get(node.id);
    if (version !== undefined && version.columns.length > 0) {
      const isRedefined = version.codeHash !== node.codeHash;
      if (isRedefined && node.kind === "model") continue; // the server tells when it is built
      const columns = isRedefined && node.kind === "source" && node.engine === undefined ? await redefined(workspace, node) : undefined;
      schemas.set(node.id, { columns: columns ?? version.columns, certain: !isRedefined });
    } else if (node.kind === "source" && node.engine === undefined) {
      const columns = await peekSource(workspace, project, node);
      if (columns !== null) schemas.set(node.id, { columns, certain: false });
      else declare(schemas, node.id, node.spec.columns);
    } else if (node.kind === "extract") declare(schemas, node.id, node.spec.columns);
    else if (node.kind === "transform") declare(schemas, node.id, node.columns);
  }
  return schemas;
}

/** What a definition says of columns that nobody has seen yet. */
function declare(schemas: Map<NodeId, KnownSchema>, id: NodeId, declared: SourceSpec["columns"]): void {
  const columns = Object.entries(declared ?? {}).flatMap(([name, { type }]) =>
    type === undefined ? [] : [{ name, type: normalType(type) }],
  );
  if (columns.length > 0) schemas.set(id, { columns, certain: false, isOpen: true });
}

/** The columns that a changed definition gives to what was loaded; undefined where only loading tells. */
async function redefined(workspace: Workspace, { id, spec }: SourceNode): Promise<KnownSchema["columns"] | undefined> {
  const warehouse = await workspace.warehouse();
  try {
    const next = await warehouse.session((session) => nextSchema(session, { asset: id, spec, delivered: null, isRedefined: true }));
    return next === undefined || next.fails !== null || next.columns.length === 0 ? undefined : next.columns;
  } catch {
    return undefined; // a type that is none: the run tells it with its place
  }
}

/** What SQL may read by name: also what is defined with an error, so that one mistake is told once. */
function readableNames(project: Project): readonly NodeId[] {
  const others = new Set(project.nodes.filter((node) => node.kind === "export" || node.kind === "task").map((node) => node.id));
  return project.names.filter((name) => !name.includes(":") && name !== "project" && !others.has(name));
}

export function checkUnit(file: Project["checkFiles"][number]): SqlUnit {
  return { id: `check:${file.name}`, file: file.file, sql: file.sql, sqlOffset: file.sqlOffset, text: file.text };
}

export function exportQueryId(id: NodeId): string {
  return `export:${id}`;
}

/** Places are those of its words in the YAML. */
function exportUnit(project: Project, node: ProjectNode): readonly SqlUnit[] {
  if (node.kind !== "export" || node.spec.sql === undefined) return [];
  const { sql } = node.spec;
  const described = project.locate(node.id)?.text;
  return [{ id: exportQueryId(node.id), file: node.file, sql, sqlOffset: 0, text: sql, ...(described === undefined ? {} : { described }) }];
}
