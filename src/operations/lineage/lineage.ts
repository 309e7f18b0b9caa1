// `lineage`: what is above and below an asset or a column, as PROJECT §9 says, as a graph, as what a change reaches, and as OpenLineage.
import type { ImpactAnswer, LineageAnswer, LineageGraphAnswer } from "../../model/lineage-answers.ts";
import type { TestRows } from "../../model/definitions/test.ts";
import type { NodeId } from "../../model/graph.ts";
import { lineageAnswer } from "../../plan/lineage.ts";
import { lineageGraph } from "../../plan/lineage-graph.ts";
import { impactAnswer, type ReachedCheck, type ReachedTest } from "../../plan/lineage-impact.ts";
import type { CompiledCheck } from "../../load/check.ts";
import type { ProjectTest } from "../../project/reader.ts";
import { knownProject } from "../catalogue/known.ts";
import type { Workspace } from "../workspace.ts";

export interface Hops {
  readonly up: number;
  readonly down: number;
}

export async function lineageOf(workspace: Workspace, target: string, hops: Hops): Promise<LineageAnswer> {
  const { lineage } = await knownProject(workspace);
  return lineageAnswer(lineage, { target, ...hops });
}

export async function lineageGraphOf(workspace: Workspace, target: string, hops: Hops): Promise<LineageGraphAnswer> {
  const { lineage } = await knownProject(workspace);
  return lineageGraph(lineage, { target, ...hops });
}

export async function impactOf(workspace: Workspace, target: string): Promise<ImpactAnswer> {
  const [{ tests }, { lineage, checks }] = [await workspace.project(), await knownProject(workspace)];
  const reached = new Map([...checks].map(([id, list]) => [id, list.map(reachedCheck)]));
  return impactAnswer({ ...lineage, checks: reached, tests: tests.map(reachedTest) }, target);
}

function reachedCheck({ name, severity, columns, needs, test }: CompiledCheck): ReachedCheck {
  const isExact = test.kind === "count" || (columns.length > 0 && test.kind !== "query");
  return { name, severity, columns, needs, isExact };
}

/** Columns that the test's own text has; those of files and queries are theirs. */
function writtenColumns(given: TestRows): readonly string[] {
  if (Array.isArray(given)) return given.flatMap((row) => Object.keys(row));
  const header = given.csv?.trim().split("\n", 1)[0] ?? "";
  const named = header === "" ? [] : header.split(",").map((name) => name.trim().replaceAll('"', ""));
  return [...named, ...(given.rows ?? []).flatMap((row) => Object.keys(row))];
}

function reachedTest({ name, file, spec }: ProjectTest): ReachedTest {
  const columns = new Map<NodeId, ReadonlySet<string>>();
  for (const [asset, rows] of [...Object.entries(spec.given ?? {}), [spec.model, spec.expect] as const])
    if (rows !== undefined) columns.set(asset, new Set([...(columns.get(asset) ?? []), ...writtenColumns(rows)]));
  return { name, file, model: spec.model, columns };
}
