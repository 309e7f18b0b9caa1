// Which settings of a definition differ, and what that means: other rows, another way of building, or nothing that is done.
import type { SettingChangeAnswer } from "../../model/change-answers.ts";
import type { AssetSnapshot, Places } from "./snapshot.ts";

type Effect = SettingChangeAnswer["effect"];

/** By the first words of the key; the first that fits. What is in none of them may change rows. */
const EFFECTS: readonly (readonly [RegExp, Effect])[] = [
  [/^(description|owner|tags|docs|meta)(\.|$)/, "metadata"],
  [/^columns\.[^.]+(\.description)?$/, "metadata"],
  [/^(retry|timeout|pool|pools|priority|concurrency|queueTimeout|silence|fallback|isolation|expires)(\.|$)/, "metadata"],
  [/^incremental\.(batch|forwardOnly|ignore|lookback)(\.|$)/, "metadata"],
  [/^(materialize|key|checks|contract|layout|guards|raw|lineage|engine|needs)(\.|$)/, "build"],
];

export function effectOf(key: string): Effect {
  return EFFECTS.find(([pattern]) => pattern.test(key))?.[1] ?? "rows";
}

/** None where those of one side are not known. */
export function compareSettings(before: AssetSnapshot, after: AssetSnapshot, places: Places): readonly SettingChangeAnswer[] {
  const [was, is] = [before.settings, after.settings];
  if (was === null || is === null) return [];
  const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])].toSorted();
  return keys.flatMap((key) => {
    const [old, now] = [was[key], is[key]];
    if (old === now) return [];
    return [
      {
        key,
        change: old === undefined ? "added" : now === undefined ? "removed" : "changed",
        before: shown(old),
        after: shown(now),
        effect: effectOf(key),
        place: now === undefined ? null : places(after.id, "setting", key),
      },
    ];
  });
}

/** Values that are not for everybody's eyes stand as a hash behind `#`. */
export const HIDDEN = "#";

function shown(value: string | undefined): string | null {
  return value === undefined || value.startsWith(HIDDEN) ? null : value;
}
