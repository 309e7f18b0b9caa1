// The graph of a project: what every node needs and what needs it.
//   G1. `order` holds every node once, needs before what needs them, and is the same for the same project however its files were found.
//   G2. Needs of checks order the work where they can; they never make a circle.
import { MillraceError } from "../model/errors.ts";
import type { NodeId, ProjectNode } from "../model/graph.ts";
import { cycleMessage, orderByNeeds } from "../model/order.ts";
import { didYouMean } from "../model/suggest.ts";

export interface Graph {
  readonly nodes: ReadonlyMap<NodeId, ProjectNode>;
  readonly order: readonly NodeId[];
  readonly needs: ReadonlyMap<NodeId, readonly NodeId[]>;
  readonly dependents: ReadonlyMap<NodeId, readonly NodeId[]>;
  /** The needs without those of checks: what the rows are made from. */
  readonly reads: ReadonlyMap<NodeId, readonly NodeId[]>;
}

export interface GraphInput {
  readonly nodes: readonly ProjectNode[];
  /** Per node what its SQL reads, as the compiler found it. Needs that stand in definitions (transforms, exports, tasks) are known here. */
  readonly dependencies: ReadonlyMap<NodeId, readonly NodeId[]>;
  /** Per node what its checks read. */
  readonly checkNeeds?: ReadonlyMap<NodeId, readonly NodeId[]>;
}

export interface GraphResult {
  readonly graph: Graph;
  /** Names that are not there (MR2002) and circles (MR2004). Nodes in a circle stand at the end of `order`. */
  readonly errors: readonly MillraceError[];
}

export function buildGraph(input: GraphInput): GraphResult {
  const nodes = new Map(input.nodes.map((node) => [node.id, node]));
  const byName = new Map([...nodes.keys()].map((id) => [id.toLowerCase(), id]));
  const errors: MillraceError[] = [];
  const needs = new Map<NodeId, NodeId[]>();
  for (const node of nodes.values()) {
    const own = new Set<NodeId>();
    for (const name of [...definedNeeds(node), ...(input.dependencies.get(node.id) ?? [])]) {
      const id = byName.get(name.toLowerCase()) ?? byName.get(`task:${name}`.toLowerCase());
      if (id === undefined) errors.push(unknownNeed(node, name, nodes.keys()));
      else if (id !== node.id) own.add(id);
    }
    needs.set(node.id, [...own].toSorted());
  }
  const reads = new Map([...needs].map(([id, own]) => [id, [...own]]));
  for (const node of nodes.values()) {
    if (node.kind !== "task") continue;
    for (const name of node.before ?? []) {
      const later = byName.get(name.toLowerCase());
      // What is not there was told when the project was read.
      if (later !== undefined && later !== node.id && !needs.get(later)!.includes(node.id)) needs.get(later)!.push(node.id);
    }
  }
  addCheckNeeds(needs, input.checkNeeds ?? new Map());
  const { order, cycles } = orderByNeeds(nodes.keys(), (id) => needs.get(id)!);
  for (const cycle of cycles) errors.push(circle(cycle, nodes));
  const placed = new Set(order);
  const all = [...order, ...[...nodes.keys()].filter((id) => !placed.has(id)).toSorted()];
  return { graph: { nodes, order: all, needs, dependents: reversed(needs), reads }, errors };
}

/** What a definition names itself. */
function definedNeeds(node: ProjectNode): readonly NodeId[] {
  switch (node.kind) {
    case "source":
      return node.needs ?? [];
    case "extract":
    case "model":
      return [];
    case "transform":
      return node.needs;
    case "export":
      return node.spec.select === undefined ? [] : [node.spec.select];
    case "task":
      return node.after;
    default:
      return node satisfies never;
  }
}

/** Adds each need of a check unless the needed asset already waits for this one. */
function addCheckNeeds(needs: Map<NodeId, NodeId[]>, checkNeeds: ReadonlyMap<NodeId, readonly NodeId[]>): void {
  for (const [id, wanted] of [...checkNeeds].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const own = needs.get(id);
    if (own === undefined) continue;
    for (const need of wanted.toSorted())
      if (needs.has(need) && need !== id && !own.includes(need) && !reach(need, needs, Number.POSITIVE_INFINITY).has(id)) own.push(need);
    own.sort();
  }
}

/** Every node within `hops` of `from` along `edges`, itself left out, with its distance. */
export function reach(from: NodeId, edges: ReadonlyMap<NodeId, readonly NodeId[]>, hops: number): ReadonlyMap<NodeId, number> {
  const distance = new Map<NodeId, number>([[from, 0]]);
  const queue = [from];
  for (let at = 0; at < queue.length; at++) {
    const id = queue[at]!;
    const here = distance.get(id)!;
    if (here >= hops) continue;
    for (const next of edges.get(id) ?? []) {
      if (distance.has(next)) continue;
      distance.set(next, here + 1);
      queue.push(next);
    }
  }
  distance.delete(from);
  return distance;
}

function reversed(needs: ReadonlyMap<NodeId, readonly NodeId[]>): ReadonlyMap<NodeId, readonly NodeId[]> {
  const dependents = new Map<NodeId, NodeId[]>([...needs.keys()].map((id) => [id, []]));
  for (const [id, own] of needs) for (const need of own) dependents.get(need)!.push(id);
  for (const list of dependents.values()) list.sort();
  return dependents;
}

function unknownNeed(node: ProjectNode, name: string, known: Iterable<NodeId>): MillraceError {
  return new MillraceError({
    code: "MR2002",
    message: `${node.id} needs ${name}, which is no asset or task of this project`,
    hint: didYouMean(name, known) ?? "`millrace ls` lists what there is",
    location: { file: node.file, line: 1, column: 1 },
  });
}

function circle(cycle: readonly NodeId[], nodes: ReadonlyMap<NodeId, ProjectNode>): MillraceError {
  return new MillraceError({
    code: "MR2004",
    message: cycleMessage(cycle),
    hint: "move what they share into an asset of its own that both read",
    location: { file: nodes.get(cycle[0]!)!.file, line: 1, column: 1 },
  });
}
