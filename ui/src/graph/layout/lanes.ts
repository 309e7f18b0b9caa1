// Long edges as chains of lanes, one in each layer they pass. Edges that leave one node share its lanes, so that a node with many far readers has one trunk.
import type { Layered } from "./layers.ts";

export interface Web {
  /** Nodes first, then lanes. */
  readonly layer: Int32Array;
  readonly layers: number;
  readonly real: number;
  /** Between neighbouring layers alone; without doubles. */
  readonly links: readonly { readonly from: number; readonly to: number }[];
  /** Per forward edge the lanes it goes through, left to right. */
  readonly chains: readonly (readonly number[])[];
  readonly left: readonly (readonly number[])[];
  readonly right: readonly (readonly number[])[];
}

export function weave({ layer, layers, forward }: Layered): Web {
  const real = layer.length;
  const lanes: number[] = [];
  const trunk = new Map<number, number[]>();
  const links = new Map<number, { readonly from: number; readonly to: number }>();
  // More than any count of points, so that a pair is one number.
  const base = 1 << 26;
  const link = (from: number, to: number): void => {
    const key = from * base + to;
    if (!links.has(key)) links.set(key, { from, to });
  };
  const chains = forward.map(({ from, to }) => {
    const own = trunk.get(from) ?? [];
    trunk.set(from, own);
    const length = layer[to]! - layer[from]! - 1;
    while (own.length < length) {
      const lane = real + lanes.length;
      lanes.push(layer[from]! + own.length + 1);
      link(own.at(-1) ?? from, lane);
      own.push(lane);
    }
    const chain = own.slice(0, Math.max(0, length));
    link(chain.at(-1) ?? from, to);
    return chain;
  });
  const all = new Int32Array(real + lanes.length);
  all.set(layer);
  all.set(lanes, real);
  const left: number[][] = Array.from({ length: all.length }, () => []);
  const right: number[][] = Array.from({ length: all.length }, () => []);
  for (const { from, to } of links.values()) {
    right[from]!.push(to);
    left[to]!.push(from);
  }
  return { layer: all, layers, real, links: [...links.values()], chains, left, right };
}
