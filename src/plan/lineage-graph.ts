// The part of a project's lineage around an asset or a column, as a graph for trees and pictures.
//   G1. Every edge between two columns of the part is told once, with the strongest way in which it takes part.
//   G2. What decides about the rows of an asset stands apart: it belongs to all of its columns.
import type { LineageColumn, LineageEdge, LineageGraphAnswer } from "../model/lineage-answers.ts";
import type { LineageKind } from "../model/lineage.ts";
import { reach } from "./graph.ts";
import { isInside, LineageFlow, type LineageInput, type Place, placeName, type Step } from "./lineage-flow.ts";
import type { LineageRequest } from "./lineage.ts";

const STRENGTH: Readonly<Record<LineageKind, number>> = { condition: 0, identity: 1, transform: 2, aggregate: 3 };

/** @throws MR2020 when there is no such asset or column. */
export function lineageGraph(input: LineageInput, { target, up, down }: LineageRequest): LineageGraphAnswer {
  const flow = new LineageFlow(input);
  const { asset, path } = flow.find(target);
  const { graph } = input;
  const starts = (path === null ? flow.columnsOf(asset) : [path]).map((column): Place => ({ asset, path: column }));
  const picture = new Picture();
  for (const place of starts) picture.add(place);
  walk(starts, up, (place) => {
    const steps = flow.sourcesOf(place);
    for (const step of steps) picture.connect(step, place, step.kind);
    for (const influence of flow.lineageOf(place.asset)?.influences ?? []) picture.influence(influence, place.asset);
    return steps.filter(({ kind }) => kind !== "condition");
  });
  walk(starts, down, (place) => {
    const steps = flow.readersOf(place);
    for (const step of steps) picture.connect(place, step, step.kind);
    for (const decided of flow.decidedBy(place)) picture.influence(place, decided);
    return steps.filter(({ kind }) => kind !== "condition");
  });
  const above = reach(asset, graph.needs, up);
  const below = reach(asset, graph.dependents, down);
  const hops = new Map<string, number>([[asset, 0], ...[...above].map(([id, hop]) => [id, -hop] as const), ...below]);
  // Of a column only what its values meet is shown; of an asset all that it meets.
  const shown = [...hops].filter(([id]) => path === null || id === asset || picture.columns.has(id));
  const ids = new Set(shown.map(([id]) => id));
  return {
    asset,
    column: path,
    assets: shown
      .map(([id, hop]) => ({
        asset: id,
        kind: graph.nodes.get(id)!.kind,
        columns: inOrder([...(picture.columns.get(id) ?? [])], flow.columnsOf(id)),
        hops: hop,
        ...flow.readAs(id),
      }))
      .toSorted((a, b) => a.hops - b.hops || (a.asset < b.asset ? -1 : 1)),
    reads: [...ids]
      .toSorted()
      .flatMap((to) => (graph.needs.get(to) ?? []).filter((from) => ids.has(from)).map((from) => ({ from, to })))
      .filter(({ from, to }) => (hops.get(from)! < 0 && hops.get(to)! <= 0) || (hops.get(from)! >= 0 && hops.get(to)! > 0)),
    edges: picture.edges(),
    influences: picture.influences(),
  };
}

/** In the order of the asset's own columns; fields of a struct follow by name. */
function inOrder(columns: readonly string[], own: readonly string[]): readonly string[] {
  const placeOf = (column: string): number => {
    const at = own.findIndex((each) => isInside(column, each));
    return at === -1 ? own.length : at;
  };
  return columns.toSorted((a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1));
}

/** Goes `hops` far from `starts`, each place once. */
function walk(starts: readonly Place[], hops: number, next: (place: Place) => readonly Step[]): void {
  const seen = new Set(starts.map(placeName));
  let edge: readonly Place[] = starts;
  for (let hop = 1; hop <= hops && edge.length > 0; hop++) {
    const ahead: Place[] = [];
    for (const step of edge.flatMap(next)) {
      if (seen.has(placeName(step))) continue;
      seen.add(placeName(step));
      ahead.push(step);
    }
    edge = ahead;
  }
}

class Picture {
  readonly columns = new Map<string, Set<string>>();
  readonly #edges = new Map<string, LineageEdge>();
  readonly #influences = new Map<string, { readonly from: LineageColumn; readonly to: string }>();

  add({ asset, path }: Place): LineageColumn {
    const columns = this.columns.get(asset) ?? new Set<string>();
    this.columns.set(asset, columns);
    if (path !== "") columns.add(path);
    return { asset, column: path };
  }

  /** G1. */
  connect(from: Place, to: Place, kind: LineageKind): void {
    const key = JSON.stringify([from.asset, from.path, to.asset, to.path]);
    const known = this.#edges.get(key);
    if (known !== undefined && STRENGTH[known.kind] >= STRENGTH[kind]) return;
    this.#edges.set(key, { from: this.add(from), to: this.add(to), kind });
  }

  /** G2. */
  influence(from: Place, to: string): void {
    this.#influences.set(JSON.stringify([from.asset, from.path, to]), { from: this.add(from), to });
  }

  edges(): readonly LineageEdge[] {
    return [...this.#edges].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, edge]) => edge);
  }

  influences(): readonly { readonly from: LineageColumn; readonly to: string }[] {
    return [...this.#influences].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
  }
}
