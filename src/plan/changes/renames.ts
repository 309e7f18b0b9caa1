// Assets that got another name: one was removed, one was added, and they are the same in everything else. One that could be several is none.
import { textOfCode } from "../../model/code-hash.ts";
import type { NodeId } from "../../model/graph.ts";
import type { AssetSnapshot, ProjectSnapshot } from "./snapshot.ts";

/** New name → name before. */
export function renamedAssets(before: ProjectSnapshot, after: ProjectSnapshot): ReadonlyMap<NodeId, NodeId> {
  const removed = [...before.assets.values()].filter(({ id }) => !after.assets.has(id));
  const added = [...after.assets.values()].filter(({ id }) => !before.assets.has(id));
  const [old, now] = [grouped(removed), grouped(added)];
  const renamed = new Map<NodeId, NodeId>();
  for (const [identity, assets] of now) {
    const were = old.get(identity);
    if (assets.length === 1 && were?.length === 1) renamed.set(assets[0]!.id, were[0]!.id);
  }
  return renamed;
}

function grouped(assets: readonly AssetSnapshot[]): ReadonlyMap<string, readonly AssetSnapshot[]> {
  const groups = new Map<string, AssetSnapshot[]>();
  for (const asset of assets) {
    const identity = identityOf(asset);
    if (identity === null) continue;
    const group = groups.get(identity);
    if (group === undefined) groups.set(identity, [asset]);
    else group.push(asset);
  }
  return groups;
}

function identityOf({ kind, code }: AssetSnapshot): string | null {
  return code === "" || kind === "task" || kind === "export" ? null : `${kind}\0${textOfCode(code)}`;
}
