// The graph of assets as the page works with it: nodes by place and by name, what each reads and who reads it. Pure.
import type { AssetGraphAnswer, GraphNodeAnswer } from "../../../src/model/graph-answers.ts";

export interface GraphModel {
  readonly nodes: readonly GraphNodeAnswer[];
  readonly placeOf: ReadonlyMap<string, number>;
  readonly needs: readonly (readonly number[])[];
  readonly readers: readonly (readonly number[])[];
}

export function graphModel({ nodes }: AssetGraphAnswer): GraphModel {
  const readers: number[][] = nodes.map(() => []);
  for (const [place, { needs }] of nodes.entries()) for (const need of needs) readers[need]?.push(place);
  return { nodes, placeOf: new Map(nodes.map(({ asset }, place) => [asset, place])), needs: nodes.map(({ needs }) => needs), readers };
}

/** Everything within `hops` along `edges`, itself left out, with its distance. */
export function reach(from: number, edges: GraphModel["needs"], hops = Number.POSITIVE_INFINITY): ReadonlyMap<number, number> {
  const distance = new Map<number, number>([[from, 0]]);
  const queue = [from];
  for (let at = 0; at < queue.length; at++) {
    const place = queue[at]!;
    const here = distance.get(place)!;
    if (here >= hops) continue;
    for (const next of edges[place] ?? []) {
      if (distance.has(next)) continue;
      distance.set(next, here + 1);
      queue.push(next);
    }
  }
  distance.delete(from);
  return distance;
}

/** All that lies on a way between two nodes, in whichever direction there is one; empty: there is none. */
export function between({ needs, readers }: GraphModel, one: number, other: number): ReadonlySet<number> {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    const down = reach(from, readers);
    if (!down.has(to)) continue;
    const up = reach(to, needs);
    return new Set([from, to, ...[...down.keys()].filter((place) => up.has(place))]);
  }
  return new Set();
}

/** The chain of nodes that takes longest, by their last durations: what a faster run must make faster. */
export function longestChain({ nodes, needs }: GraphModel, shown: ReadonlySet<number>): readonly number[] {
  const seconds = new Map<number, number>();
  const before = new Map<number, number>();
  const total = (place: number): number => {
    const known = seconds.get(place);
    if (known !== undefined) return known;
    seconds.set(place, 0);
    let [most, from] = [0, -1];
    for (const need of needs[place]!) {
      if (!shown.has(need)) continue;
      const sum = total(need);
      if (sum > most || from < 0) [most, from] = [sum, need];
    }
    if (from >= 0) before.set(place, from);
    const own = most + (nodes[place]!.seconds ?? 0);
    seconds.set(place, own);
    return own;
  };
  let [last, most] = [-1, 0];
  for (const place of shown) if (total(place) > most) [last, most] = [place, total(place)];
  const chain: number[] = [];
  for (let place: number | undefined = last; place !== undefined && place >= 0; place = before.get(place)) chain.unshift(place);
  return chain;
}

/** From worst to best: what stands for a folded group. */
const WORST = ["failed", "running", "retrying", "warned", "stale", "missing", "skipped", "waiting", "current"];

export function worstStatus(statuses: Iterable<string>): string {
  let worst = WORST.length;
  let word = "current";
  for (const status of statuses) {
    const at = WORST.indexOf(status);
    const rank = at < 0 ? WORST.indexOf("skipped") : at;
    if (rank < worst) [worst, word] = [rank, status];
  }
  return word;
}
