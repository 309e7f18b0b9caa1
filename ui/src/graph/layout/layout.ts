// A layered picture of a graph: layers, lanes of long edges, an order with few crossings, heights. The same input gives the same picture; with what stood
// somewhere before given, it stays there and only what is new finds a place.
import { heightsOf } from "./heights.ts";
import { weave, type Web } from "./lanes.ts";
import { layersOf } from "./layers.ts";
import { orderRows } from "./order.ts";
import { LAYER_GAP, type Layout, type LayoutInput, NODE_GAP } from "./types.ts";

/** Part of the nodes that must be known for the picture to hold on to what it was. */
const KNOWN_PART_MIN = 0.5;
/** Breadth by height that a picture is given where its gaps may grow, and how far they may. */
const BREADTH = 1.4;
const LAYER_GAP_MAX = 900;

export function layOut({ nodes, edges, before }: LayoutInput): Layout {
  const layered = layersOf(nodes.length, edges);
  const alone = nodes.length > 1 ? loners(nodes.length, edges) : new Set<number>();
  const web = weave(layered);
  const known = before === undefined ? 0 : nodes.filter(({ id }) => before.has(id)).length;
  const wish = before !== undefined && known >= nodes.length * KNOWN_PART_MIN ? wishesOf({ nodes, edges, before }, web) : undefined;
  const ordered = orderRows(web, wish);
  const rows = ordered.rows.map((row) => row.filter((node) => !alone.has(node)));
  const sizes = Float64Array.from(nodes, ({ height }) => height);
  const middles = heightsOf({ web, rows, sizes, ...(wish === undefined ? {} : { wish }) });
  const lefts = layerLefts(nodes, web, heightOf(middles, rows));
  const x = new Float64Array(nodes.length);
  const y = new Float64Array(nodes.length);
  for (const place of nodes.keys()) {
    x[place] = lefts[web.layer[place]!]!.left;
    y[place] = middles[place]! - nodes[place]!.height / 2;
  }
  placeLoners(nodes, alone, { x, y });
  const shift = wish === undefined ? lowest(y) : 0;
  for (const place of nodes.keys()) y[place]! -= shift;
  const routes = layered.forward.map((edge, place) => {
    const chain = web.chains[place]!;
    const points = [x[edge.from]! + nodes[edge.from]!.width, y[edge.from]! + nodes[edge.from]!.height / 2];
    for (const lane of chain) {
      const { left, width } = lefts[web.layer[lane]!]!;
      points.push(left, middles[lane]! - shift, left + width, middles[lane]! - shift);
    }
    points.push(x[edge.to]!, y[edge.to]! + nodes[edge.to]!.height / 2);
    return Float64Array.from(points);
  });
  const right = nodes.reduce((most, { width }, place) => Math.max(most, x[place]! + width), 0);
  const bottom = nodes.reduce((most, { height }, place) => Math.max(most, y[place]! + height), 0);
  return {
    x,
    y,
    layer: web.layer.slice(0, nodes.length),
    routes: routesInOrder({ nodes, edges }, layered.forward, routes),
    width: right,
    height: bottom,
    crossings: ordered.crossings,
  };
}

/** An edge to itself has no way; the others have that of their forward edge, in the order they were given. */
function routesInOrder(
  { edges }: LayoutInput,
  forward: readonly { readonly from: number; readonly to: number }[],
  routes: readonly Float64Array[],
): readonly Float64Array[] {
  let at = 0;
  return edges.map(({ from, to }) => {
    if (from === to) return new Float64Array(0);
    const [route, way] = [routes[at]!, forward[at]!];
    at++;
    return way.from === from ? route : turned(route);
  });
}

function turned(route: Float64Array): Float64Array {
  const points: number[] = [];
  for (let at = route.length - 2; at >= 0; at -= 2) points.push(route[at]!, route[at + 1]!);
  return Float64Array.from(points);
}

/** Nodes without any edge: they stand in a block of their own below the rest. */
function loners(count: number, edges: LayoutInput["edges"]): Set<number> {
  const alone = new Set(Array.from({ length: count }, (_, place) => place));
  for (const { from, to } of edges) {
    if (from === to) continue;
    alone.delete(from);
    alone.delete(to);
  }
  return alone;
}

function placeLoners(nodes: LayoutInput["nodes"], alone: ReadonlySet<number>, { x, y }: Pick<Layout, "x" | "y">): void {
  if (alone.size === 0) return;
  const others = [...nodes.keys()].filter((place) => !alone.has(place));
  const bottom = others.reduce((most, place) => Math.max(most, y[place]! + nodes[place]!.height), Number.NEGATIVE_INFINITY);
  const right = others.reduce((most, place) => Math.max(most, x[place]! + nodes[place]!.width), 0);
  const [wide, high] = [Math.max(...[...alone].map((at) => nodes[at]!.width)), Math.max(...[...alone].map((at) => nodes[at]!.height))];
  const across = Math.max(1, Math.round(Math.max(right / (wide + NODE_GAP), Math.sqrt((alone.size * high * 1.6) / wide))));
  const top = others.length === 0 ? 0 : bottom + LAYER_GAP;
  for (const [index, place] of [...alone].entries()) {
    x[place] = (index % across) * (wide + NODE_GAP);
    y[place] = top + Math.floor(index / across) * (high + NODE_GAP);
  }
}

function lowest(values: Float64Array): number {
  return values.length === 0 ? 0 : values.reduce((least, each) => Math.min(least, each), Number.POSITIVE_INFINITY);
}

/** Of the rows that were placed, from the first middle to the last. */
function heightOf(middles: Float64Array, rows: readonly (readonly number[])[]): number {
  let [top, bottom] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const row of rows) {
    if (row.length === 0) continue;
    top = Math.min(top, middles[row[0]!]!);
    bottom = Math.max(bottom, middles[row.at(-1)!]!);
  }
  return Math.max(0, bottom - top);
}

/** High pictures get wide gaps: as broad as a screen, and edges that rise less. */
function layerLefts(
  nodes: LayoutInput["nodes"],
  { layer, layers }: Web,
  height: number,
): readonly { readonly left: number; readonly width: number }[] {
  const widths = new Float64Array(layers);
  for (const [place, { width }] of nodes.entries()) widths[layer[place]!] = Math.max(widths[layer[place]!]!, width);
  const taken = widths.reduce((sum, width) => sum + width, 0);
  const wanted = (height * BREADTH - taken) / Math.max(1, layers - 1);
  const gap = Math.min(LAYER_GAP_MAX, Math.max(LAYER_GAP, wanted));
  let left = 0;
  return [...widths].map((width) => {
    const here = { left, width };
    left += width + gap;
    return here;
  });
}

function wishesOf({ nodes, before }: LayoutInput, web: Web): Float64Array {
  const wish = new Float64Array(web.layer.length).fill(Number.NaN);
  for (const [place, { id, height }] of nodes.entries()) {
    const known = before!.get(id);
    if (known !== undefined) wish[place] = known.y + height / 2;
  }
  return wish;
}
