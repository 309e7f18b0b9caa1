// The plan as a tree: what was changed by hand with what follows from it below; then what is built for another reason.
import type { PlanAnswer } from "../../../../src/model/answers.ts";
import type { AssetChangeAnswer } from "../../../../src/model/change-answers.ts";

export interface PlanRow {
  readonly asset: string;
  readonly depth: number;
  /** Null: its definition is as it was. */
  readonly change: AssetChangeAnswer | null;
  readonly action: PlanAnswer["nodes"][number]["action"] | null;
  readonly reason: string;
  readonly partitions: number;
  readonly rows: number | null;
}

export interface PlanTree {
  readonly rows: readonly PlanRow[];
  /** Assets that stay as they are. */
  readonly unchanged: readonly string[];
}

export function planTree({ nodes, changes, cost }: PlanAnswer): PlanTree {
  const changed = new Map((changes?.assets ?? []).map((change) => [change.asset, change]));
  const planned = new Map(nodes.map((node) => [node.asset, node]));
  const costs = new Map((cost?.nodes ?? []).map((each) => [each.asset, each]));
  const row = (asset: string, depth: number): PlanRow => {
    const [change, node] = [changed.get(asset) ?? null, planned.get(asset)];
    return {
      asset,
      depth,
      change,
      action: node?.action ?? null,
      reason: change?.reasons[0]?.text ?? node?.reason ?? "",
      partitions: node?.partitions.length ?? 0,
      rows: costs.get(asset)?.rows ?? null,
    };
  };
  const rows: PlanRow[] = [];
  const told = new Set<string>();
  const below = new Map<string, string[]>();
  for (const change of changed.values()) {
    if (change.change !== "indirect") continue;
    const because = causeOf(change, changed);
    if (because !== null) below.set(because, [...(below.get(because) ?? []), change.asset]);
  }
  const tell = (asset: string, depth: number): void => {
    if (told.has(asset)) return;
    told.add(asset);
    rows.push(row(asset, depth));
    for (const child of below.get(asset) ?? []) tell(child, depth + 1);
  };
  for (const { asset, change } of changed.values()) if (change !== "indirect") tell(asset, 0);
  for (const asset of changed.keys()) tell(asset, 0);
  for (const { asset, action } of nodes) if (action !== "reuse") tell(asset, 0);
  return { rows, unchanged: nodes.filter(({ asset }) => !told.has(asset)).map(({ asset }) => asset) };
}

/** The asset because of whose columns it differs, else one that its reasons name. */
function causeOf(change: AssetChangeAnswer, changed: ReadonlyMap<string, AssetChangeAnswer>): string | null {
  const names = [...changed.keys()].filter((asset) => asset !== change.asset).toSorted((a, b) => b.length - a.length);
  const columns = change.columns.flatMap(({ because }) => because);
  for (const text of [...columns, ...change.reasons.map((reason) => reason.text)]) {
    const found = names.find(
      (asset) =>
        text === asset ||
        text.startsWith(`${asset}.`) ||
        text.split(/[\s,;:()]+/).some((word) => word === asset || word.startsWith(`${asset}.`)),
    );
    if (found !== undefined) return found;
  }
  return null;
}
