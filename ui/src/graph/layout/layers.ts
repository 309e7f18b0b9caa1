// Which layer each node stands in: after everything it reads, and no farther from those who read it than needed.
//   L1. An edge leads to the right, but for edges that close a circle (folded groups may read each other): those are turned around.
import type { LayoutEdge } from "./types.ts";

export interface Layered {
  readonly layer: Int32Array;
  readonly layers: number;
  /** Edges with `from` left of `to`; turned ones included. */
  readonly forward: readonly LayoutEdge[];
}

export function layersOf(count: number, edges: readonly LayoutEdge[]): Layered {
  const forward = withoutCircles(count, edges);
  const needs = new Int32Array(count);
  const out = neighbours(count, forward, "out");
  for (const { to } of forward) needs[to]!++;
  const layer = new Int32Array(count);
  const order: number[] = [];
  for (let node = 0; node < count; node++) if (needs[node] === 0) order.push(node);
  for (let at = 0; at < order.length; at++) {
    const node = order[at]!;
    for (const next of out[node]!) {
      layer[next] = Math.max(layer[next]!, layer[node]! + 1);
      if (--needs[next]! === 0) order.push(next);
    }
  }
  // What reads nothing stands beside its first reader, not at the far left.
  for (const node of order.toReversed()) {
    const readers = out[node]!;
    if (readers.length === 0) continue;
    let nearest = Number.POSITIVE_INFINITY;
    for (const reader of readers) nearest = Math.min(nearest, layer[reader]!);
    if (layer[node] === 0) layer[node] = nearest - 1;
  }
  const layers = count === 0 ? 0 : layer.reduce((most, each) => Math.max(most, each), 0) + 1;
  return { layer, layers, forward };
}

export function neighbours(count: number, edges: readonly LayoutEdge[], side: "in" | "out"): readonly (readonly number[])[] {
  const lists: number[][] = Array.from({ length: count }, () => []);
  for (const { from, to } of edges) lists[side === "out" ? from : to]!.push(side === "out" ? to : from);
  return lists;
}

/** Edges that lead back to where the search came from are turned around. */
function withoutCircles(count: number, edges: readonly LayoutEdge[]): readonly LayoutEdge[] {
  const out: number[][] = Array.from({ length: count }, () => []);
  for (const [place, { from, to }] of edges.entries()) if (from !== to) out[from]!.push(place);
  const state = new Uint8Array(count);
  const turned = new Set<number>();
  for (let root = 0; root < count; root++) {
    if (state[root] !== 0) continue;
    const stack: { readonly node: number; at: number }[] = [{ node: root, at: 0 }];
    state[root] = 1;
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const place = out[top.node]![top.at++];
      if (place === undefined) {
        state[top.node] = 2;
        stack.pop();
        continue;
      }
      const next = edges[place]!.to;
      if (state[next] === 1) turned.add(place);
      else if (state[next] === 0) {
        state[next] = 1;
        stack.push({ node: next, at: 0 });
      }
    }
  }
  return edges.flatMap((edge, place) => {
    if (edge.from === edge.to) return [];
    return turned.has(place) ? [{ from: edge.to, to: edge.from }] : [edge];
  });
}
