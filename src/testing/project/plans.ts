// What a run of each job would do, planned once: nothing is known to be unchanged, so everything that the job selects is carried out.
import { compile } from "../../sql/compile/compile.ts";
import { macrosOf } from "../../sql/functions/macros.ts";
import type { ParamSpec } from "../../model/definitions/job.ts";
import { combineErrors } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import type { RunPlan } from "../../model/plan.ts";
import { jobErrors, jobGraph, parameterTypes } from "../../operations/jobs/tasks.ts";
import { withAddedColumns } from "../../operations/plan/added-columns.ts";
import { parametersOf } from "../../operations/runs/parameters.ts";
import type { LiveInput } from "../../plan/decide.ts";
import { buildGraph, type Graph } from "../../plan/graph.ts";
import { planRun } from "../../plan/plan.ts";
import type { Project, ProjectJob } from "../../project/reader.ts";

export interface JobPlan {
  readonly graph: Graph;
  readonly paramTypes: Readonly<Record<string, ParamSpec["type"]>>;
  /** @throws MR8007 for parameters that are not right. */
  plan(params: Readonly<Record<string, string>>): RunPlan;
}

/** By the job's name. @throws what is wrong with the project's graph. */
export async function plansOf(project: Project): Promise<ReadonlyMap<string, JobPlan>> {
  const graph = await graphOf(project);
  return new Map(project.jobs.map((job) => [job.name, planOf(project, graph, job)]));
}

async function graphOf(project: Project): Promise<Graph> {
  const models = withAddedColumns(
    project.nodes.filter((node) => node.kind === "model"),
    new Map(),
  );
  const queries = project.nodes.flatMap((node) =>
    node.kind === "export" && node.spec.sql !== undefined
      ? [{ id: `export:${node.id}`, file: node.file, sql: node.spec.sql, sqlOffset: 0, text: node.spec.sql }]
      : [],
  );
  const dependencies = new Map<NodeId, readonly NodeId[]>();
  if (models.length + queries.length > 0) {
    const assets = project.nodes.flatMap(({ id, kind }) => (kind === "export" || kind === "task" ? [] : [id]));
    const types = Object.keys(parameterTypes(project, undefined)).map((name) => [name, "VARCHAR"] as const);
    const compilation = await compile({
      models,
      queries,
      assets,
      schemas: new Map(),
      lineage: "tables",
      projectDir: project.dir,
      paramTypes: Object.fromEntries(types),
      macros: macrosOf(project),
    });
    if (compilation.errors.length > 0) throw combineErrors("MR1001", compilation.errors);
    for (const [id, query] of compilation.models) dependencies.set(id, query.dependencies);
    for (const { id } of queries) dependencies.set(id.slice("export:".length), compilation.queries.get(id)?.dependencies ?? []);
  }
  const { graph, errors } = buildGraph({ nodes: project.nodes, dependencies });
  const found = [...errors, ...jobErrors(project, graph)];
  if (found.length > 0) throw combineErrors("MR1001", found);
  return graph;
}

function planOf(project: Project, assets: Graph, job: ProjectJob): JobPlan {
  const { graph, own } = jobGraph(project, assets, job);
  const { spec } = job;
  const live = new Map(assets.order.flatMap((id) => (graph.nodes.get(id)!.kind === "task" ? [] : [[id, builtBefore] as const])));
  const { plan: planned } = planRun({
    graph,
    selection: spec.select === undefined ? undefined : [spec.select].flat().join(" "),
    always: own,
    live,
    sources: new Map(),
    fullRefresh: true,
    job: { ...spec, name: job.name },
    defaults: project.config.defaults,
    concurrency: project.config.defaults?.concurrency,
  });
  return {
    graph,
    paramTypes: parameterTypes(project, job),
    plan(given) {
      const params = parametersOf(spec.params ?? {}, given);
      const key = spec.key?.replaceAll(/\$\{param:([\w.-]+)\}/g, (_, name: string) => params[name] ?? "");
      return { ...planned, params, ...(key === undefined ? {} : { key }) };
    },
  };
}

/** Readers had a version before the simulation began. */
const builtBefore: LiveInput = { version: "before", codeHash: "", inputs: {}, sourceState: null, run: null };
