// A plan with its names replaced by numbers: what a node needs, what needs it, in which lane it waits for a place. Items of mapped nodes are added at run
// time behind the plan's own nodes; everything else never changes.
import type { NodeId } from "../model/graph.ts";
import type { PlanNode, RunPlan } from "../model/plan.ts";
import { assert } from "./assert.ts";
import { breakerPool } from "./admission/port.ts";

/** Nodes that count against the same pools wait in the same lane. */
export interface LanePools {
  readonly key: string;
  /** Name and weight of each pool, the breaker of its connection included. */
  readonly pools: readonly (readonly [name: string, weight: number])[];
}

/** The items of one mapped node: nodes `first … first + count − 1`. */
export interface Items {
  readonly parent: number;
  readonly first: number;
  readonly count: number;
}

export interface Graph {
  /** The plan's own nodes; `nodeOf` knows items, too. */
  readonly nodes: readonly PlanNode[];
  readonly indexes: ReadonlyMap<NodeId, number>;
  /** By index: the indexes of the nodes that it needs, each once. */
  readonly needs: readonly (readonly number[])[];
  /** By index: the indexes of the nodes that need it. */
  readonly dependents: readonly (readonly number[])[];
  /** By index: its lane. */
  readonly laneOf: readonly number[];
  readonly lanes: readonly LanePools[];
  /** By index of a node: the node that undoes it. */
  readonly undoneBy: ReadonlyMap<number, number>;
  readonly dormant: readonly number[];
  /** In the order in which they were made. */
  readonly items: readonly Items[];
  /** All nodes, items included. */
  readonly size: number;
}

const NONE: readonly number[] = [];

/** Asserts what every plan keeps: unique names, needs that stand earlier in the list (hence no cycle), room for an attempt. */
export function graphOf(plan: RunPlan): Graph {
  assert(plan.concurrency >= 1, "a plan that lets at least one attempt run");
  const indexes = new Map<NodeId, number>();
  const needs: (readonly number[])[] = [];
  const dependents: number[][] = [];
  const lanes = new Map<string, { readonly index: number; readonly lane: LanePools }>();
  const laneOf: number[] = [];
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
    const lane = lanePoolsOf(node);
    const known = lanes.get(lane.key) ?? { index: lanes.size, lane };
    lanes.set(lane.key, known);
    laneOf.push(known.index);
  }
  const undoing = plan.nodes.flatMap((node, index) => (node.compensates === undefined ? [] : [{ index, target: node.compensates }]));
  const undoneBy = new Map(
    undoing.map(({ index, target }) => {
      const at = indexes.get(target);
      assert(at !== undefined && needs[index]!.length === 0, `${target}, which is undone, stands in the plan; its undo needs nothing else`);
      return [at, index];
    }),
  );
  return {
    nodes: plan.nodes,
    indexes,
    needs,
    dependents,
    laneOf,
    lanes: [...lanes.values()].map(({ lane }) => lane),
    undoneBy,
    dormant: undoing.map(({ index }) => index),
    items: [],
    size: plan.nodes.length,
  };
}

function lanePoolsOf({ pools, connection }: PlanNode): LanePools {
  if (pools === undefined && connection === undefined) return { key: "", pools: [] };
  const list = Object.entries(pools ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (connection !== undefined) list.push([breakerPool(connection), 1]);
  return { key: JSON.stringify(list), pools: list };
}

/** The graph with `count` more nodes, the items of `parent`. */
export function withItems(graph: Graph, parent: number, count: number): Graph {
  return { ...graph, items: [...graph.items, { parent, first: graph.size, count }], size: graph.size + count };
}

/** Of any node, an item included; items look like their mapped node. */
export function nodeOf(graph: Graph, index: number): PlanNode {
  const own = graph.nodes[index];
  if (own !== undefined) return own;
  const items = itemsAt(graph, index);
  const { mapped: _, compensates: __, ...parent } = graph.nodes[items.parent]!;
  return { ...parent, id: `${parent.id}[${index - items.first}]`, needs: [] };
}

export function indexOf(graph: Graph, id: NodeId): number | undefined {
  const own = graph.indexes.get(id);
  if (own !== undefined || !id.endsWith("]")) return own;
  const open = id.lastIndexOf("[");
  const parent = graph.indexes.get(id.slice(0, open));
  const items = graph.items.find((each) => each.parent === parent);
  const place = id.slice(open + 1, -1);
  if (items === undefined || !/^(0|[1-9]\d*)$/.test(place) || Number(place) >= items.count) return undefined;
  return items.first + Number(place);
}

/** The mapped node that an item belongs to; undefined for nodes of the plan. */
export function parentOf(graph: Graph, index: number): number | undefined {
  return index < graph.nodes.length ? undefined : itemsAt(graph, index).parent;
}

export function dependentsOf(graph: Graph, index: number): readonly number[] {
  return graph.dependents[index] ?? NONE;
}

export function needsOf(graph: Graph, index: number): readonly number[] {
  return graph.needs[index] ?? NONE;
}

export function laneOf(graph: Graph, index: number): number {
  return graph.laneOf[parentOf(graph, index) ?? index]!;
}

function itemsAt({ items }: Graph, index: number): Items {
  let low = 0;
  let high = items.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (items[middle]!.first <= index) low = middle;
    else high = middle - 1;
  }
  const found = items[low];
  assert(found !== undefined && index >= found.first && index < found.first + found.count, "a node of the run");
  return found;
}
