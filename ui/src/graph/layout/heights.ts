// Heights of nodes: each as near as it can be to the middle of its neighbours, in the order of its layer and without overlap (isotonic regression).
import type { Web } from "./lanes.ts";
import type { Rows } from "./order.ts";
import { LANE_HEIGHT, NODE_GAP } from "./types.ts";

const SWEEPS = 6;
/** How much a node that stood somewhere before holds on to it. */
const HOLD = 1_000;
/** Nodes stand in line, edges that pass go around them. */
const NODE_WEIGHT = 4;
const LANE_WEIGHT = 1;

export interface HeightsInput {
  readonly web: Web;
  readonly rows: Rows;
  /** Of real nodes. */
  readonly sizes: Float64Array;
  /** Where known nodes stood (their middle); NaN for new ones. */
  readonly wish?: Float64Array;
}

/** Middles of nodes and lanes. */
export function heightsOf({ web, rows, sizes, wish }: HeightsInput): Float64Array {
  const { left, right, real } = web;
  const size = (node: number): number => (node < real ? sizes[node]! + NODE_GAP : LANE_HEIGHT);
  const height = new Float64Array(web.layer.length);
  for (const row of rows) {
    let at = 0;
    for (const node of row) {
      height[node] = at + size(node) / 2;
      at += size(node);
    }
    for (const node of row) height[node]! -= at / 2;
  }
  if (wish !== undefined) for (const [node, at] of wish.entries()) if (!Number.isNaN(at)) height[node] = at;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const order = sweep % 2 === 0 ? rows : rows.toReversed();
    const last = sweep >= SWEEPS - 2;
    for (const row of order) {
      const wanted = row.map((node) => {
        const known = wish?.[node];
        if (known !== undefined && !Number.isNaN(known)) return { at: known, weight: HOLD };
        const near = sweep % 2 === 0 ? left[node]! : right[node]!;
        const around = last || near.length === 0 ? [...left[node]!, ...right[node]!] : near;
        if (around.length === 0) return { at: height[node]!, weight: 0.1 };
        return { at: medianHeight(around, height), weight: node < real ? NODE_WEIGHT : LANE_WEIGHT };
      });
      placeRow(row, wanted, { size, height });
    }
  }
  return height;
}

function medianHeight(around: readonly number[], height: Float64Array): number {
  const sorted = around.map((node) => height[node]!).toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

interface Block {
  /** Weighted mean of what its members want, each less what stands above it in the block. */
  at: number;
  weight: number;
  count: number;
}

/** Pools neighbours that want to overlap into blocks that stand at the mean of their wishes. */
function placeRow(
  row: readonly number[],
  wanted: readonly { readonly at: number; readonly weight: number }[],
  { size, height }: { readonly size: (node: number) => number; readonly height: Float64Array },
): void {
  const offsets = new Float64Array(row.length);
  let offset = 0;
  for (const [place, node] of row.entries()) {
    offset += size(node) / 2;
    offsets[place] = offset;
    offset += size(node) / 2;
  }
  const blocks: Block[] = [];
  for (const [place, { at, weight }] of wanted.entries()) {
    let block: Block = { at: at - offsets[place]!, weight, count: 1 };
    for (let above = blocks.at(-1); above !== undefined && above.at > block.at; above = blocks.at(-1)) {
      const sum = above.weight + block.weight;
      block = { at: (above.at * above.weight + block.at * block.weight) / sum, weight: sum, count: above.count + block.count };
      blocks.pop();
    }
    blocks.push(block);
  }
  let place = 0;
  for (const { at, count } of blocks) for (let each = 0; each < count; each++, place++) height[row[place]!] = at + offsets[place]!;
}
