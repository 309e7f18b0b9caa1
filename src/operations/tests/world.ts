// The project as its tests see it: compiled as far as it is sound. What is broken stops the tests of what is made of it, and no others.
import type { DuckDBConnection } from "@duckdb/node-api";
import type { CompiledCheck } from "../../load/check.ts";
import type { ParamSpec } from "../../model/definitions/job.ts";
import type { MillraceError, SourceLocation } from "../../model/errors.ts";
import type { NodeId, ProjectNode } from "../../model/graph.ts";
import { buildGraph, type Graph } from "../../plan/graph.ts";
import type { Space } from "../../plan/partitions/space.ts";
import type { Project } from "../../project/reader.ts";
import { openCompileCache } from "../../sql/compile/cache.ts";
import { withCodeHashes } from "../../sql/compile/hash.ts";
import { compile } from "../../sql/compile/compile.ts";
import type { SqlUnit } from "../../sql/compile/errors.ts";
import type { Compilation, CompiledColumn } from "../../sql/compile/types.ts";
import { macrosOf } from "../../sql/functions/macros.ts";
import { PARAM_TYPES } from "../../sql/parameters.ts";
import { parameterTypes } from "../jobs/tasks.ts";
import { spacesOf } from "../partitions/facts.ts";
import { withAddedColumns } from "../plan/added-columns.ts";
import type { Workspace } from "../workspace.ts";
import { schemasForTests } from "./columns.ts";

export interface TestWorld {
  readonly workspace: Workspace;
  readonly project: Project;
  readonly graph: Graph;
  readonly compilation: Compilation;
  readonly checks: ReadonlyMap<NodeId, readonly CompiledCheck[]>;
  readonly paramTypes: Readonly<Record<string, ParamSpec["type"]>>;
  readonly spaces: ReadonlyMap<NodeId, Space>;
  /** Columns of an asset; undefined where nothing is known of them. */
  columnsOf(id: NodeId): readonly CompiledColumn[] | undefined;
  /** What is wrong with an asset or with what it is made of. */
  errorsOf(id: NodeId): readonly MillraceError[];
}

/** Reads and compiles; never throws for what is wrong with the project, only that there is none. */
export async function openWorld(
  workspace: Workspace,
  connection: DuckDBConnection,
  { lineage = "tables", queries = [] }: { readonly lineage?: "tables" | "columns"; readonly queries?: readonly SqlUnit[] } = {},
): Promise<TestWorld> {
  const project = await workspace.projectWithErrors();
  const errors: MillraceError[] = [...project.errors];
  const schemas = await schemasForTests(workspace, project, connection);
  const paramTypes = parameterTypes(project, undefined);
  const cache = openCompileCache(`${workspace.dir}/.millrace/cache/compile.json`);
  const models = project.nodes.filter((node) => node.kind === "model");
  const compilation = await compile({
    models: withAddedColumns(models, new Map()),
    queries,
    schemas,
    assets: readable(project),
    lineage,
    projectDir: workspace.dir,
    paramTypes: Object.fromEntries(Object.entries(paramTypes).map(([name, type]) => [name, PARAM_TYPES[type]])),
    cache,
    macros: macrosOf(project),
  });
  if (errors.length === 0 && compilation.errors.length === 0) cache.save();
  errors.push(...compilation.errors);
  const dependencies = new Map<NodeId, readonly NodeId[]>([...compilation.models].map(([id, query]) => [id, query.dependencies]));
  const checks = checksOf(workspace, project, errors);
  const nodes = withCodeHashes(project.nodes, compilation.models, {});
  const { graph } = buildGraph({ nodes, dependencies });
  return {
    workspace,
    project,
    graph,
    compilation,
    checks,
    paramTypes,
    spaces: await spacesOf(graph),
    columnsOf: (id) => compilation.models.get(id)?.columns ?? schemas.get(id)?.columns,
    errorsOf: (id) => errorsOf({ project, graph, errors }, id),
  };
}

function checksOf(workspace: Workspace, project: Project, errors: MillraceError[]): ReadonlyMap<NodeId, readonly CompiledCheck[]> {
  const checks = new Map<NodeId, readonly CompiledCheck[]>();
  for (const node of project.nodes) {
    if (!("checks" in node) || node.checks.length === 0) continue;
    const place = (path: readonly (string | number)[]): SourceLocation | undefined => project.locate(node.id, ["checks", ...path]);
    checks.set(node.id, workspace.parts.compileChecks(node.checks, { asset: node.id, file: node.file, place }, project.own.checks).checks);
  }
  for (const file of project.checkFiles) {
    const compiled = workspace.parts.compileCheckFile(file, project.own.checks);
    errors.push(...compiled.errors);
    checks.set(file.on, [...(checks.get(file.on) ?? []), ...compiled.checks]);
  }
  return checks;
}

/** What SQL may read by name, also where its definition has an error. */
function readable(project: Project): readonly NodeId[] {
  const others = new Set(project.nodes.filter((node) => node.kind === "export" || node.kind === "task").map((node) => node.id));
  return project.names.filter((name) => !name.includes(":") && name !== "project" && !others.has(name));
}

interface Found {
  readonly project: Project;
  readonly graph: Graph;
  readonly errors: readonly MillraceError[];
}

/** Errors in the files of an asset and of all that is upstream of it, and in files that belong to no asset alone. */
function errorsOf({ project, graph, errors }: Found, id: NodeId): readonly MillraceError[] {
  if (errors.length === 0) return [];
  const files = new Set<string>();
  const seen = new Set<NodeId>();
  const visit = (asset: NodeId): void => {
    if (seen.has(asset)) return;
    seen.add(asset);
    const file = graph.nodes.get(asset)?.file ?? project.locate(asset)?.file;
    if (file !== undefined) files.add(file);
    for (const need of graph.needs.get(asset) ?? []) visit(need);
    // A definition that is broken is no node: what it is called stands among the names.
    for (const need of unread(graph.nodes.get(asset), project)) visit(need);
  };
  visit(id);
  return errors.filter(({ location }) => location === undefined || files.has(location.file) || isShared(location.file));
}

/** Names of broken definitions that a model's text mentions. */
function unread(node: ProjectNode | undefined, project: Project): readonly NodeId[] {
  if (node?.kind !== "model" || project.errors.length === 0) return [];
  const there = new Set(project.nodes.map((each) => each.id));
  const text = node.sql.toLowerCase();
  return readable(project).filter((name) => !there.has(name) && text.includes(name));
}

const OWN_FOLDERS: ReadonlySet<string> = new Set(["sources", "models", "exports", "jobs", "checks", "tests", "pipelines", "components"]);

/** Settings and macros, which any asset may use. */
function isShared(file: string): boolean {
  return !OWN_FOLDERS.has(file.split("/")[0]!);
}
