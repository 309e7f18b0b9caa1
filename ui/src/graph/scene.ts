// What is drawn of a graph: assets, and folded groups that stand for all of theirs; edges between them, once each. Pure.
import type { GraphNodeAnswer } from "../../../src/model/graph-answers.ts";
import { type GraphModel, worstStatus } from "./model.ts";

export type SceneItem =
  | { readonly kind: "asset"; readonly key: string; readonly place: number; readonly node: GraphNodeAnswer }
  | {
      readonly kind: "group";
      readonly key: string;
      readonly group: string;
      readonly members: readonly number[];
      readonly status: string;
      readonly counts: ReadonlyMap<string, number>;
      readonly quarantined: number;
    };

export interface Scene {
  readonly items: readonly SceneItem[];
  /** Places of items; `from` is read by `to`. */
  readonly edges: readonly { readonly from: number; readonly to: number }[];
  /** Where each asset of the model is drawn: its own item, or its group's; -1: not shown. */
  readonly itemOf: Int32Array;
}

export interface SceneInput {
  readonly model: GraphModel;
  /** Places of the assets that are shown. */
  readonly shown: ReadonlySet<number>;
  readonly isFolded: (group: string) => boolean;
}

export const ASSET_WIDTH = 208;
export const ASSET_HEIGHT = 46;
export const GROUP_WIDTH = 224;
export const GROUP_HEIGHT = 74;

export function sceneOf({ model, shown, isFolded }: SceneInput): Scene {
  const itemOf = new Int32Array(model.nodes.length).fill(-1);
  const items: SceneItem[] = [];
  const members = new Map<string, number[]>();
  for (const place of shown) {
    const node = model.nodes[place]!;
    if (isFolded(node.group)) {
      const list = members.get(node.group);
      if (list === undefined) members.set(node.group, [place]);
      else list.push(place);
    } else {
      itemOf[place] = items.length;
      items.push({ kind: "asset", key: node.asset, place, node });
    }
  }
  for (const [group, list] of [...members].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    for (const place of list) itemOf[place] = items.length;
    items.push(groupItem(model, group, list));
  }
  const edges = new Map<number, { readonly from: number; readonly to: number }>();
  for (const place of shown) {
    const to = itemOf[place]!;
    for (const need of model.needs[place]!) {
      const from = itemOf[need]!;
      if (from >= 0 && from !== to) edges.set(from * items.length + to, { from, to });
    }
  }
  return { items, edges: [...edges.values()], itemOf };
}

function groupItem({ nodes }: GraphModel, group: string, members: readonly number[]): SceneItem {
  const counts = new Map<string, number>();
  let quarantined = 0;
  for (const place of members) {
    const { status, quarantined: aside } = nodes[place]!;
    counts.set(status, (counts.get(status) ?? 0) + 1);
    quarantined += aside ?? 0;
  }
  return { kind: "group", key: `group:${group}`, group, members, status: worstStatus(counts.keys()), counts, quarantined };
}

export function statusOf(item: SceneItem): string {
  return item.kind === "asset" ? item.node.status : item.status;
}

export function nameOf(item: SceneItem): string {
  return item.kind === "asset" ? item.node.asset : item.group === "" ? "without a schema" : item.group;
}

/** `sales` of `clean.sales`, so that what is alike in all names takes no room. */
export function shortName(asset: string): string {
  return asset.slice(asset.indexOf(".") + 1);
}
