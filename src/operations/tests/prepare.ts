// What a test needs, before anything runs: the model, what it reads, where each input comes from; everything that is wrong with it in one go.
import type { CompiledCheck } from "../../load/check.ts";
import { MillraceError, type SourceLocation } from "../../model/errors.ts";
import type { ModelNode, NodeId, TransformNode } from "../../model/graph.ts";
import { didYouMean, nearest } from "../../model/suggest.ts";
import { testId } from "../../project/tests.ts";
import type { ProjectTest } from "../../project/reader.ts";
import { cteQuery } from "./cte.ts";
import { type RowSet, rowSet } from "./rows.ts";
import { historyErrors, misfit, settingErrors } from "./settings.ts";
import type { TestWorld } from "./world.ts";

export interface PreparedTest {
  readonly test: ProjectTest;
  readonly node: ModelNode | TransformNode;
  /** Rows of assets, as the test gives them. */
  readonly given: ReadonlyMap<NodeId, RowSet>;
  /** Assets that are read, not given, and made of what is given: built first, in this order. */
  readonly between: readonly (ModelNode | TransformNode)[];
  /** Assets that are read and not given: they are empty. */
  readonly empty: readonly NodeId[];
  readonly existing: RowSet | undefined;
  readonly expect: RowSet | undefined;
  readonly cte: ReadonlyMap<string, RowSet>;
  /** Those that run: rows that a check sets aside are not in the result; the others only when the test asks for them. */
  readonly checks: readonly CompiledCheck[];
  locate(this: void, path: readonly (string | number)[], what?: "key" | "value"): SourceLocation;
}

/** @throws all errors of the test, and those of what its model is made of, in a list. */
export function prepareTest(world: TestWorld, test: ProjectTest): PreparedTest | readonly MillraceError[] {
  const { project, graph } = world;
  const { spec } = test;
  const locate = (path: readonly (string | number)[], what?: "key" | "value"): SourceLocation =>
    project.locate(testId(test.name), path, what) ?? { file: test.file, line: 1, column: 1 };
  const broken = world.errorsOf(spec.model);
  if (broken.length > 0) return broken;
  const node = graph.nodes.get(spec.model);
  const own = project.errors.filter(({ location }) => location?.file === test.file);
  if (own.length > 0) return own;
  if (node?.kind !== "model" && node?.kind !== "transform") {
    const models = [...graph.nodes.values()].filter((each) => each.kind === "model").map(({ id }) => id);
    const message =
      node === undefined ? `there is no model ${spec.model}` : `${spec.model} is ${article(node.kind)}, and tests are of models`;
    const [near] = nearest(spec.model, models, 1);
    const hint = near === undefined ? {} : { hint: `did you mean ${JSON.stringify(near)}?` };
    return [new MillraceError({ code: "MR8906", message, ...hint, location: locate(["model"]) })];
  }
  const errors: MillraceError[] = [];
  const read = <Value>(work: () => Value): Value | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      errors.push(error);
      return undefined;
    }
  };
  const rowsAt = (path: readonly string[], rows: Parameters<typeof rowSet>[0] | undefined): RowSet | undefined =>
    rows === undefined
      ? undefined
      : read(() => rowSet(rows, { projectDir: project.dir, locate: (inner, what) => locate([...path, ...inner], what) }));
  const given = new Map<NodeId, RowSet>();
  for (const [asset, rows] of Object.entries(spec.given ?? {})) {
    const found = rowsAt(["given", asset], rows);
    if (found !== undefined) given.set(asset, found);
  }
  const cte = new Map<string, RowSet>();
  for (const [name, rows] of Object.entries(spec.cte ?? {})) {
    const found = rowsAt(["cte", name], rows);
    if (found !== undefined) cte.set(name, found);
    if (node.kind === "model") read(() => cteQuery(node, name, locate(["cte", name], "key")));
  }
  const all = world.checks.get(node.id) ?? [];
  const checks = spec.checks === undefined && spec.expectError === undefined ? all.filter(({ onFail }) => onFail === "quarantine") : all;
  const names = all.map(({ name }) => name);
  for (const [index, name] of (spec.checks?.failing ?? []).entries())
    if (!names.includes(name))
      errors.push(misfit(`${node.id} has no check ${JSON.stringify(name)}`, locate(["checks", "failing", index]), name, names));
  errors.push(...settingErrors(world, { test, node, locate }));
  const needs = new Set([...(graph.reads.get(node.id) ?? []), ...checks.flatMap((check) => check.needs)]);
  needs.delete(node.id);
  const inputs = inputsOf(world, needs, given);
  for (const asset of given.keys()) {
    if (inputs.used.has(asset)) continue;
    if (test.shared.includes(asset)) {
      given.delete(asset); // another test of the file reads it
      continue;
    }
    if (asset === node.id)
      errors.push(misfit(`${asset} is the model itself`, locate(["given", asset], "key"), undefined, ["existing: for rows that it holds"]));
    else {
      const message = `${node.id} does not read ${asset}`;
      const hint = didYouMean(asset, needs) ?? (needs.size === 0 ? "it reads nothing" : `it reads ${[...needs].join(", ")}`);
      errors.push(new MillraceError({ code: "MR8905", message, hint, location: locate(["given", asset], "key") }));
    }
  }
  const existing = rowsAt(["existing"], spec.existing);
  const expect = rowsAt(["expect"], spec.expect);
  if (existing !== undefined) errors.push(...historyErrors(node, existing));
  if (errors.length > 0) return errors;
  return { test, node, given, between: inputs.between, empty: inputs.empty, existing, expect, cte, checks, locate };
}

interface Inputs {
  readonly between: readonly (ModelNode | TransformNode)[];
  readonly empty: readonly NodeId[];
  readonly used: ReadonlySet<NodeId>;
}

/** What is read and not given is built where something given is upstream of it, else empty. */
function inputsOf({ graph }: TestWorld, needs: ReadonlySet<NodeId>, given: ReadonlyMap<NodeId, RowSet>): Inputs {
  const built = new Map<NodeId, ModelNode | TransformNode>();
  const empty = new Set<NodeId>();
  const used = new Set<NodeId>();
  const rests = new Map<NodeId, boolean>();
  const restsOnGiven = (id: NodeId): boolean => {
    if (given.has(id)) return true;
    let known = rests.get(id);
    if (known === undefined) {
      rests.set(id, false);
      rests.set(id, (known = (graph.reads.get(id) ?? []).some(restsOnGiven)));
    }
    return known;
  };
  const visit = (id: NodeId): void => {
    if (used.has(id)) return;
    used.add(id);
    if (given.has(id)) return;
    const node = graph.nodes.get(id);
    if ((node?.kind === "model" || node?.kind === "transform") && restsOnGiven(id)) {
      for (const need of graph.reads.get(id) ?? []) visit(need);
      built.set(id, node);
    } else if (node?.kind !== "task") empty.add(id);
  };
  for (const id of needs) visit(id);
  return { between: [...built.values()], empty: [...empty], used };
}

function article(kind: string): string {
  return kind === "extract" ? "a source" : kind === "export" ? "an export" : kind === "task" ? "a task" : `a ${kind}`;
}
