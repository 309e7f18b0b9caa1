// Has the world moved since a plan was made? What it rested on then, against what there is now.
import type { PlanFile, PlanRests } from "../../model/plan-file.ts";

export interface Moved {
  readonly kind: "definition" | "version" | "source" | "parameters" | "node";
  /** null: the plan as a whole. */
  readonly asset: string | null;
  readonly text: string;
}

export interface RestsNow {
  readonly rests: PlanRests;
  readonly nodes: readonly { readonly id: string; readonly action: "build" | "reuse" }[];
}

/** Empty: the plan can be carried out as it stands. */
export function movedSince({ rests: then, nodes }: Pick<PlanFile, "rests" | "nodes">, now: RestsNow): readonly Moved[] {
  const moved: Moved[] = [];
  if (then.params !== now.rests.params) moved.push({ kind: "parameters", asset: null, text: "the parameters have other values" });
  for (const [asset, hash] of entries(then.definitions)) {
    const is = now.rests.definitions[asset];
    if (is !== hash)
      moved.push({
        kind: "definition",
        asset,
        text: is === undefined ? `${asset} is gone from the project` : `the definition of ${asset} changed`,
      });
  }
  for (const [asset, version] of entries(then.versions)) {
    const is = now.rests.versions[asset] ?? null;
    if (is !== version) moved.push({ kind: "version", asset, text: versionText(asset, version, is) });
  }
  for (const [asset, state] of entries(then.sources))
    if ((now.rests.sources[asset] ?? null) !== state) moved.push({ kind: "source", asset, text: `the source ${asset} is not as it was` });
  // What the nodes would do now follows from what moved; alone it is time that passed.
  if (moved.length > 0) return moved;
  const actions = new Map(now.nodes.map(({ id, action }) => [id, action]));
  for (const { id, action } of nodes) {
    const is = actions.get(id);
    if (is === action) continue;
    moved.push({
      kind: "node",
      asset: id,
      text: is === undefined ? `${id} is not part of it any more` : `${id} would be ${is === "build" ? "built" : "reused"} now`,
    });
  }
  return moved;
}

function versionText(asset: string, then: string | null, now: string | null): string {
  if (then === null) return `${asset} was built meanwhile (version ${now})`;
  return now === null ? `${asset} is not there any more (it was version ${then})` : `${asset} is version ${now}, was ${then}`;
}

function entries<Value>(record: Readonly<Record<string, Value>>): readonly (readonly [string, Value])[] {
  return Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
