// A plan with its names replaced by numbers: what a node needs, what needs it. Made once per run, never changed.
import type { NodeId } from "../model/graph.ts";
import type { PlanNode, RunPlan } from "../model/plan.ts";
import { assert } from "./assert.ts";

export interface Graph {
  readonly nodes: readonly PlanNode[];
  readonly indexes: ReadonlyMap<NodeId, number>;
  /** By index: the indexes of the nodes that it needs, each once. */
  readonly needs: readonly (readonly number[])[];
  /** By index: the indexes of the nodes that need it. */
  readonly dependents: readonly (readonly number[])[];
}

/** Asserts what every plan keeps: unique names, needs that stand earlier in the list (hence no cycle), room for an attempt. */
export function graphOf(plan: RunPlan): Graph {
  assert(plan.concurrency >= 1, "a plan that lets at least one attempt run");
  const indexes = new Map<NodeId, number>();
  const needs: (readonly number[])[] = [];
  const dependents: number[][] = [];
  for (const [index, node] of plan.nodes.entries()) {
    assert(!indexes.has(node.id), `${node.id} stands once in the plan`);
    const before = [...new Set(node.needs)].map((need) => {
      const at = indexes.get(need);
      assert(at !== undefined, `${need} stands before ${node.id}, which needs it`);
      return at;
    });
    for (const at of before) dependents[at]!.push(index);
    needs.push(before);
    dependents.push([]);
    indexes.set(node.id, index);
  }
  return { nodes: plan.nodes, indexes, needs, dependents };
}
