// Two sides of an asset, compared and named.
import type { DiffAnswer, DiffSide } from "../../model/diff-answers.ts";
import { MillraceError, messageOf } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import type { Session } from "../../sql/session.ts";
import { compareRelations, type Relation } from "./compare.ts";

export interface Compared extends Relation {
  readonly side: Omit<DiffSide, "rows">;
  /** The same for both: the same version. */
  readonly identity?: string;
  readonly note?: string;
}

interface Comparing {
  readonly asset: NodeId;
  readonly before: Compared;
  readonly after: Compared;
  readonly key: readonly string[] | null;
  readonly samples: number;
}

/** @throws MR8812 */
export async function compared(session: Session, { asset, before, after, key, samples }: Comparing): Promise<DiffAnswer> {
  try {
    const { counts, ...comparison } = await compareRelations(session, { before, after, key, samples });
    const by = before.identity !== undefined && before.identity === after.identity ? "version" : comparison.by;
    const notes = [...comparison.notes, ...[before, after].flatMap(({ note }) => note ?? [])];
    return {
      asset,
      before: { ...before.side, rows: counts.before },
      after: { ...after.side, rows: counts.after },
      ...comparison,
      by,
      notes,
    };
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    throw new MillraceError({ code: "MR8812", message: `${asset} cannot be compared: ${messageOf(error).split("\n")[0]}`, cause: error });
  }
}
