// The order of nodes and lanes in each layer, with few crossings: median sweeps to and fro, neighbours swapped where that helps, the best order kept.
import type { Web } from "./lanes.ts";

const SWEEPS_MAX = 10;
/** Sweeps without a better order before it is given up. */
const IN_VAIN_MAX = 3;
/** Links up to which neighbours are tried the other way round. */
const SWAP_LINKS_MAX = 12_000;
const SWAP_ROUNDS_MAX = 3;

export type Rows = readonly (readonly number[])[];

/** `wish`: heights that known nodes had; with it the order follows them and only what is new looks for a place. */
export function orderRows(web: Web, wish?: Float64Array): { readonly rows: Rows; readonly crossings: number } {
  let rows = wish === undefined ? firstRows(web) : rowsByWish(web, wish);
  let best = rows.map((row) => [...row]);
  let fewest = countCrossings(web, rows);
  if (wish !== undefined) return { rows: best, crossings: fewest };
  for (let sweep = 0, vain = 0; sweep < SWEEPS_MAX && vain < IN_VAIN_MAX && fewest > 0; sweep++) {
    rows = sweepRows(web, rows, sweep % 2 === 0 ? "right" : "left");
    if (web.links.length <= SWAP_LINKS_MAX && sweep >= 2) swapNeighbours(web, rows);
    const crossings = countCrossings(web, rows);
    if (crossings < fewest) {
      [best, fewest, vain] = [rows.map((row) => [...row]), crossings, 0];
    } else vain++;
  }
  return { rows: best, crossings: fewest };
}

/** Depth first from what reads nothing, so that what belongs together begins together. */
function firstRows({ layer, layers, left, right }: Web): number[][] {
  const rows: number[][] = Array.from({ length: layers }, () => []);
  const seen = new Uint8Array(layer.length);
  const roots = [...layer.keys()].filter((node) => left[node]!.length === 0).toSorted((a, b) => layer[a]! - layer[b]! || a - b);
  for (const root of roots) {
    const stack = [root];
    while (stack.length > 0) {
      const node = stack.pop()!;
      if (seen[node] === 1) continue;
      seen[node] = 1;
      rows[layer[node]!]!.push(node);
      const next = right[node]!;
      for (let at = next.length - 1; at >= 0; at--) if (seen[next[at]!] === 0) stack.push(next[at]!);
    }
  }
  return rows;
}

function rowsByWish(web: Web, wish: Float64Array): number[][] {
  const height = Float64Array.from(wish);
  // What is new stands in the middle of what it reads or of who reads it; left to right, then back.
  for (const side of [web.left, web.right, web.left])
    for (const node of web.layer.keys()) {
      if (!Number.isNaN(height[node])) continue;
      const around = side[node]!.map((each) => height[each]!).filter((each) => !Number.isNaN(each));
      if (around.length > 0) height[node] = middle(around);
    }
  const rows: number[][] = Array.from({ length: web.layers }, () => []);
  for (const node of web.layer.keys()) rows[web.layer[node]!]!.push(node);
  for (const row of rows)
    row.sort((a, b) => (Number.isNaN(height[a]!) ? 1e9 : height[a]!) - (Number.isNaN(height[b]!) ? 1e9 : height[b]!) || a - b);
  return rows;
}

function sweepRows({ layer, left, right }: Web, rows: readonly number[][], way: "left" | "right"): number[][] {
  const place = new Float64Array(layer.length);
  for (const row of rows) for (const [at, node] of row.entries()) place[node] = at;
  const next = rows.map((row) => row);
  const side = way === "right" ? left : right;
  const order = way === "right" ? [...rows.keys()].slice(1) : [...rows.keys()].toReversed().slice(1);
  const value = new Float64Array(layer.length);
  for (const at of order) {
    const row = next[at]!;
    for (const node of row) {
      const around = side[node]!;
      value[node] = around.length === 0 ? place[node]! : weighted(around, place);
    }
    const sorted = row.toSorted((a, b) => value[a]! - value[b]! || place[a]! - place[b]!);
    next[at] = sorted;
    for (const [position, node] of sorted.entries()) place[node] = position;
  }
  return next;
}

/** Between median and mean: the median is calm, the mean breaks ties. */
function weighted(around: readonly number[], place: Float64Array): number {
  if (around.length === 1) return place[around[0]!]!;
  const places = around.map((node) => place[node]!).toSorted((a, b) => a - b);
  const mean = places.reduce((sum, each) => sum + each, 0) / places.length;
  return 0.7 * middle(places) + 0.3 * mean;
}

function middle(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

function swapNeighbours({ layer, left, right }: Web, rows: readonly number[][]): void {
  const place = new Int32Array(layer.length);
  for (const row of rows) for (const [at, node] of row.entries()) place[node] = at;
  for (let round = 0, changed = true; round < SWAP_ROUNDS_MAX && changed; round++) {
    changed = false;
    for (const row of rows)
      for (let at = 0; at + 1 < row.length; at++) {
        const [a, b] = [row[at]!, row[at + 1]!];
        const now = pairCrossings(left[a]!, left[b]!, place) + pairCrossings(right[a]!, right[b]!, place);
        if (now === 0) continue;
        const other = pairCrossings(left[b]!, left[a]!, place) + pairCrossings(right[b]!, right[a]!, place);
        if (other >= now) continue;
        [row[at], row[at + 1], place[a], place[b], changed] = [b, a, at + 1, at, true];
      }
  }
}

/** Crossings of the links of two neighbours, the first above the second. */
function pairCrossings(above: readonly number[], below: readonly number[], place: Int32Array): number {
  let crossings = 0;
  for (const a of above) for (const b of below) if (place[a]! > place[b]!) crossings++;
  return crossings;
}

/** All crossings between neighbouring layers, in n log n. */
export function countCrossings({ layer, right }: Web, rows: Rows): number {
  const place = new Int32Array(layer.length);
  for (const row of rows) for (const [at, node] of row.entries()) place[node] = at;
  let crossings = 0;
  for (let at = 0; at + 1 < rows.length; at++) {
    const size = rows[at + 1]!.length + 1;
    const tree = new Int32Array(size + 1);
    let total = 0;
    for (const node of rows[at]!) {
      const ends = right[node]!.map((to) => place[to]! + 1);
      for (const end of ends) {
        let below = 0;
        for (let i = end; i > 0; i -= i & -i) below += tree[i]!;
        crossings += total - below;
      }
      for (const end of ends) {
        for (let i = end; i <= size; i += i & -i) tree[i]!++;
        total++;
      }
    }
  }
  return crossings;
}
