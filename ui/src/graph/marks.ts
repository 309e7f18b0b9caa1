// How assets differ from another state of the project, as the graph, its tree and its table mark them: sign, colour and word. Pure.
import type { AssetChangeAnswer, ChangesAnswer } from "../../../src/model/change-answers.ts";
import type { StatusKind } from "../kit/status.tsx";
import type { GraphModel } from "./model.ts";
import type { Scene } from "./scene.ts";

export type ChangeKind = AssetChangeAnswer["change"];

export interface Mark {
  readonly change: ChangeKind;
  readonly word: string;
}

/** From what matters most to what matters least. */
export const CHANGES = [
  "breaking",
  "removed",
  "added",
  "renamed",
  "nonBreaking",
  "indirect",
  "metadata",
] as const satisfies readonly ChangeKind[];

export const changeLooks: Readonly<Record<ChangeKind, { readonly sign: string; readonly word: string; readonly kind: StatusKind }>> = {
  breaking: { sign: "!", word: "breaking", kind: "fail" },
  removed: { sign: "−", word: "removed", kind: "fail" },
  added: { sign: "+", word: "added", kind: "ok" },
  renamed: { sign: "=", word: "renamed", kind: "run" },
  nonBreaking: { sign: "~", word: "changed", kind: "warn" },
  indirect: { sign: "›", word: "changed indirectly", kind: "late" },
  metadata: { sign: "·", word: "described otherwise", kind: "idle" },
};

/** By place in the model; what was removed is in no model. */
export function marksOf(model: GraphModel, { assets }: Pick<ChangesAnswer, "assets">): ReadonlyMap<number, Mark> {
  return new Map(
    assets.flatMap(({ asset, change }) => {
      const place = model.placeOf.get(asset);
      return place === undefined ? [] : [[place, { change, word: changeLooks[change].word }] as const];
    }),
  );
}

/** By place in the picture: a folded group takes the mark of what matters most in it, with how many. */
export function itemMarks(scene: Scene, marks: ReadonlyMap<number, Mark>): ReadonlyMap<number, Mark> {
  const found = new Map<number, Mark>();
  for (const [item, each] of scene.items.entries()) {
    const own = (each.kind === "asset" ? [each.place] : each.members).flatMap((place) => marks.get(place) ?? []);
    const change = CHANGES.find((kind) => own.some((mark) => mark.change === kind));
    if (change === undefined) continue;
    found.set(item, { change, word: each.kind === "asset" ? changeLooks[change].word : `${own.length} changed` });
  }
  return found;
}

/** `2 changed, 1 removed: raw.old`. */
export function changesWords({ assets }: Pick<ChangesAnswer, "assets">): string {
  if (assets.length === 0) return "nothing differs";
  return CHANGES.flatMap((change) => {
    const own = assets.filter((each) => each.change === change);
    if (own.length === 0) return [];
    const names = change === "removed" ? `: ${own.map(({ asset }) => asset).join(", ")}` : "";
    return [`${own.length} ${changeLooks[change].word}${names}`];
  }).join(", ");
}
