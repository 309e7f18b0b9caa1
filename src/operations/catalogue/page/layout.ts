// A layered layout of a graph without circles, left to right: every edge goes to a later layer, long edges have a place of their own in between,
// and few edges cross. Pure, and the same for the same input.
export interface LayoutNode {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}

export interface LayoutEdge {
  readonly from: string;
  readonly to: string;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Upper left corners. */
  readonly nodes: ReadonlyMap<string, Point>;
  /** Per edge, in the order given, the points that it passes between its ends. */
  readonly routes: readonly (readonly Point[])[];
}

const LAYER_GAP = 64;
const NODE_GAP = 14;
const BEND_HEIGHT = 12;
const SWEEPS = 8;

/** A node, or the place of a long edge in a layer. */
interface Item {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly layer: number;
  readonly before: Item[];
  readonly after: Item[];
  y: number;
}

export function layOut(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): Layout {
  const layers = layersOf(nodes, edges);
  const rows: Item[][] = [];
  const items = new Map<string, Item>();
  const add = (item: Item): Item => {
    (rows[item.layer] ??= []).push(item);
    return item;
  };
  for (const node of nodes) items.set(node.id, add({ ...node, layer: layers.get(node.id)!, before: [], after: [], y: 0 }));
  const bends = edges.map((edge, index) => {
    const [from, to] = [items.get(edge.from)!, items.get(edge.to)!];
    const path: Item[] = [from];
    for (let layer = from.layer + 1; layer < to.layer; layer++)
      path.push(add({ id: `${index}/${layer}`, width: 0, height: BEND_HEIGHT, layer, before: [], after: [], y: 0 }));
    path.push(to);
    for (let at = 1; at < path.length; at++) {
      path[at - 1]!.after.push(path[at]!);
      path[at]!.before.push(path[at - 1]!);
    }
    return path.slice(1, -1);
  });
  order(rows);
  settle(rows);
  const lefts = leftsOf(rows);
  const centre = (item: Item): Point => ({ x: lefts[item.layer]! + widest(rows[item.layer]!) / 2, y: item.y + item.height / 2 });
  return {
    width: rows.length === 0 ? 0 : lefts.at(-1)! + widest(rows.at(-1)!),
    height: rows.flat().reduce((low, item) => Math.max(low, item.y + item.height), 0),
    nodes: new Map(nodes.map(({ id }) => [id, { x: lefts[items.get(id)!.layer]!, y: items.get(id)!.y }])),
    routes: bends.map((path) => path.map(centre)),
  };
}

/** As far right as what it comes from asks for; what comes from nothing stands close to what it goes to. */
function layersOf(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): ReadonlyMap<string, number> {
  const [before, after] = [new Map<string, string[]>(), new Map<string, string[]>()];
  for (const { from, to } of edges) {
    before.set(to, [...(before.get(to) ?? []), from]);
    after.set(from, [...(after.get(from) ?? []), to]);
  }
  const layers = new Map<string, number>();
  const layerOf = (id: string, above: ReadonlySet<string>): number => {
    const known = layers.get(id);
    if (known !== undefined) return known;
    const next = new Set([...above, id]);
    const layer = (before.get(id) ?? []).reduce((far, each) => (next.has(each) ? far : Math.max(far, layerOf(each, next) + 1)), 0);
    layers.set(id, layer);
    return layer;
  };
  for (const { id } of nodes) layerOf(id, new Set());
  for (const { id } of nodes) {
    const goals = (after.get(id) ?? []).map((each) => layers.get(each)!);
    if ((before.get(id) ?? []).length === 0 && goals.length > 0) layers.set(id, Math.max(0, Math.min(...goals) - 1));
  }
  return layers;
}

/** Sorts each layer by the middle of its neighbours, to and fro, and keeps the order with the fewest crossings. */
function order(rows: Item[][]): void {
  let best = rows.map((row) => [...row]);
  let fewest = crossings(best);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    const isForward = sweep % 2 === 0;
    const steps = [...rows.keys()];
    for (const layer of isForward ? steps : steps.toReversed()) {
      const neighbours = rows[layer + (isForward ? -1 : 1)];
      if (neighbours === undefined) continue;
      const places = new Map(neighbours.map((item, place) => [item, place]));
      const middles = new Map(
        rows[layer]!.map((item, place) => {
          const near = (isForward ? item.before : item.after).map((each) => places.get(each)!);
          return [item, near.length === 0 ? place : near.reduce((sum, each) => sum + each, 0) / near.length] as const;
        }),
      );
      rows[layer] = rows[layer]!.toSorted((a, b) => middles.get(a)! - middles.get(b)!);
    }
    const now = crossings(rows);
    if (now >= fewest) continue;
    fewest = now;
    best = rows.map((row) => [...row]);
  }
  for (const [layer, row] of best.entries()) rows[layer] = row;
}

/** Pairs of edges that cross. */
export function crossings(rows: readonly (readonly Pick<Item, "after">[])[]): number {
  let count = 0;
  for (const [layer, row] of rows.entries()) {
    const places = new Map((rows[layer + 1] ?? []).map((item, place) => [item, place]));
    const ends = row.flatMap((item) => item.after.map((each) => places.get(each)!).toSorted((a, b) => a - b));
    for (const [index, end] of ends.entries()) for (let other = 0; other < index; other++) if (ends[other]! > end) count++;
  }
  return count;
}

/** Moves each item towards the middle of its neighbours, without changing the order of a layer. */
function settle(rows: readonly (readonly Item[])[]): void {
  for (const row of rows) stack(row, () => 0);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isForward = sweep % 2 === 0;
    for (const row of isForward ? rows : rows.toReversed())
      stack(row, (item) => {
        const near = isForward ? item.before : item.after;
        if (near.length === 0) return item.y;
        return near.reduce((sum, each) => sum + each.y + each.height / 2, 0) / near.length - item.height / 2;
      });
  }
  const top = Math.min(...rows.flat().map(({ y }) => y));
  for (const item of rows.flat()) item.y -= top;
}

/** Items one below the other, each as near to its wish as the others allow: groups that push each other share their shift. */
function stack(row: readonly Item[], wish: (item: Item) => number): void {
  interface Group {
    readonly items: Item[];
    top: number;
    wishes: number;
    height: number;
  }
  const groups: Group[] = [];
  for (const item of row) {
    let group: Group = { items: [item], top: wish(item), wishes: wish(item), height: item.height };
    for (let above = groups.at(-1); above !== undefined && above.top + above.height + NODE_GAP > group.top; above = groups.at(-1)) {
      groups.pop();
      const offset = above.height + NODE_GAP;
      const wishes = above.wishes + group.wishes - offset * group.items.length;
      const items = [...above.items, ...group.items];
      group = { items, wishes, top: wishes / items.length, height: offset + group.height };
    }
    groups.push(group);
  }
  for (const { items, top } of groups) {
    let y = top;
    for (const item of items) {
      item.y = y;
      y += item.height + NODE_GAP;
    }
  }
}

function leftsOf(rows: readonly (readonly Item[])[]): readonly number[] {
  let x = 0;
  return rows.map((row) => {
    const left = x;
    x += widest(row) + LAYER_GAP;
    return left;
  });
}

function widest(row: readonly Item[]): number {
  return row.reduce((width, item) => Math.max(width, item.width), 0);
}
