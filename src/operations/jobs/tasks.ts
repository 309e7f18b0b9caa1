// The tasks of the project's jobs put into its graph: what their SQL reads, which jobs they start. Every job is looked at, so that a mistake in one is
// told before it is due.
import { MillraceError, type SourceLocation } from "../../model/errors.ts";
import type { ParamSpec } from "../../model/definitions/job.ts";
import type { NodeId } from "../../model/graph.ts";
import { orderByNeeds } from "../../model/order.ts";
import { didYouMean } from "../../model/suggest.ts";
import type { JobTask } from "../../model/task.ts";
import { isQuery } from "../../platform/expression.ts";
import type { Graph } from "../../plan/graph.ts";
import { type JobGraph, withJobTasks } from "../../plan/job.ts";
import type { Project, ProjectJob } from "../../project/reader.ts";
import { plainName } from "../../project/names.ts";
import { scanSql } from "../../sql/syntax/scan.ts";

/** The graph of one job, with what is wrong in it. */
export function jobGraph(project: Project, graph: Graph, job: ProjectJob): JobGraph {
  return withJobTasks({
    graph,
    job: job.name,
    tasks: job.tasks,
    reads: new Map(job.tasks.map((task) => [task.name, readsOf(task, graph)])),
    compensates: job.spec.onFailure === "compensate",
    locate: (path) => locateIn(project, job, path),
  });
}

/** What is wrong with the tasks of any job. */
export function jobErrors(project: Project, graph: Graph): readonly MillraceError[] {
  const graphs = project.jobs.filter((job) => job.tasks.length > 0).flatMap((job) => jobGraph(project, graph, job).errors);
  return [...graphs, ...subJobErrors(project)];
}

/** Types of parameters by their names: those of the job, and those that all jobs agree on. */
export function parameterTypes(project: Project, job: ProjectJob | undefined): Readonly<Record<string, ParamSpec["type"]>> {
  const types = new Map<string, ParamSpec["type"]>();
  for (const { spec } of project.jobs)
    for (const [name, { type }] of Object.entries(spec.params ?? {})) types.set(name, (types.get(name) ?? type) === type ? type : "string");
  for (const [name, { type }] of Object.entries(job?.spec.params ?? {})) types.set(name, type);
  return Object.fromEntries(types);
}

function locateIn(project: Project, job: ProjectJob, path: readonly (string | number)[]): SourceLocation {
  return project.locate(`job:${plainName(job.name)}`, path) ?? { file: job.file, line: 1, column: 1 };
}

/** Assets whose names stand in the SQL of a task, wherever: what only looks like one costs no more than an order. */
function readsOf(task: JobTask, graph: Graph): readonly NodeId[] {
  const texts = [task.action.kind === "sql" ? task.action.query : undefined, task.settings.map?.over];
  if (task.action.kind === "wait" && task.action.condition !== undefined && isQuery(task.action.condition))
    texts.push(task.action.condition);
  const names = new Set(texts.flatMap((text) => (typeof text === "string" && !text.startsWith("${") ? namesIn(text) : [])));
  return [...names].filter((name) => graph.nodes.has(name));
}

function namesIn(sql: string): readonly string[] {
  const tokens = scanSql(sql.replaceAll(/\$\{[^}]*\}/g, "null"));
  const word = (at: number): string | undefined => {
    const token = tokens[at];
    if (token?.kind === "word") return token.text;
    return token?.kind === "quoted" ? token.text.slice(1, -1).replaceAll('""', '"') : undefined;
  };
  return tokens.flatMap((_, at) => {
    const [schema, name] = [word(at), word(at + 2)];
    if (schema === undefined) return [];
    return name !== undefined && tokens[at + 1]?.text === "." ? [plainName(`${schema}.${name}`)] : [plainName(`main.${schema}`)];
  });
}

/** Sub-jobs that are not there, and jobs that start each other in a circle. */
function subJobErrors(project: Project): readonly MillraceError[] {
  const errors: MillraceError[] = [];
  const names = new Map(project.jobs.map((job) => [job.name, job]));
  const starts = new Map<string, string[]>();
  for (const job of project.jobs) {
    for (const { name, action } of job.tasks) {
      if (action.kind !== "job" || action.job.includes("${")) continue;
      const at = locateIn(project, job, ["tasks", name, "job"]);
      const target = names.get(action.job);
      if (target === undefined) {
        const hint = didYouMean(action.job, names.keys());
        errors.push(
          new MillraceError({
            code: "MR1044",
            message: `there is no job ${JSON.stringify(action.job)} in the project`,
            location: at,
            ...(hint === undefined ? {} : { hint }),
          }),
        );
        continue;
      }
      starts.set(job.name, [...(starts.get(job.name) ?? []), target.name]);
      const declared = Object.keys(target.spec.params ?? {});
      for (const param of Object.keys(action.params).filter((each) => !declared.includes(each))) {
        const hint = didYouMean(param, declared);
        const place = locateIn(project, job, ["tasks", name, "job", "params", param]);
        errors.push(
          new MillraceError({
            code: "MR1023",
            message: `the job ${target.name} has no parameter ${JSON.stringify(param)}`,
            location: place,
            ...(hint === undefined ? {} : { hint }),
          }),
        );
      }
    }
  }
  for (const cycle of orderByNeeds(names.keys(), (name) => starts.get(name) ?? []).cycles) {
    const job = names.get(cycle[0]!)!;
    errors.push(
      new MillraceError({
        code: "MR1049",
        message: `jobs start each other in a circle: ${cycle.join(" → ")}`,
        location: locateIn(project, job, ["tasks"]),
        hint: "a job that starts itself never ends; a loop inside of a job is `repeat:`",
      }),
    );
  }
  return errors;
}
