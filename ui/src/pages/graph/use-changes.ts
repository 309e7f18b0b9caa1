// What the lens of changes shows: how the project's files differ from what readers see, from an environment, or from a git ref.
import { useMemo } from "react";
import { type Read, useRead } from "../../data/read.ts";
import { changesWords, type Mark, marksOf } from "../../graph/marks.ts";
import type { GraphModel } from "../../graph/model.ts";
import type { Api } from "../../../../src/server/api.ts";

interface Compared {
  /** By place; null: nothing is compared, or not yet. */
  readonly marks: ReadonlyMap<number, Mark> | null;
  readonly note: string | null;
  readonly read: Read<Api["plan.show"]["answer"]>;
}

export function useChanges(model: GraphModel, wish: { readonly isOn: boolean; readonly against: string | undefined }): Compared {
  const { isOn, against } = wish;
  const read = useRead("plan.show", against === undefined ? {} : { against }, { enabled: isOn, fresh: true });
  const changes = read.data?.changes;
  return useMemo(() => {
    if (!isOn || changes === undefined) return { marks: null, note: null, read };
    const { against: found } = changes;
    const beside =
      against === undefined ? "what readers see" : found.kind === "git" ? `${found.ref} (${found.commit.slice(0, 8)})` : found.name;
    return { marks: marksOf(model, changes), note: `Beside ${beside}: ${changesWords(changes)}.`, read };
  }, [model, isOn, against, changes, read]);
}
