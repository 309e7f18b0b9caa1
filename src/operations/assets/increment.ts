// `describe` of an incremental model: in which mode it is kept, what its last build did and why, which intervals it holds.
import type { IncrementAnswer } from "../../model/answers.ts";
import { readIncrement } from "../../sql/ledger/intervals.ts";
import type { LiveVersion } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";

/** Nothing for what is not incremental. */
export async function incrementAnswer(
  session: Session,
  version: LiveVersion | undefined,
): Promise<{ readonly incremental?: IncrementAnswer }> {
  const found = version === undefined ? undefined : await readIncrement(session, version.asset, version.version);
  if (found === undefined) return {};
  const moment = (ms: number): string => new Date(ms).toISOString().replace(".000Z", "Z");
  return {
    incremental: {
      mode: found.mode,
      reason: found.reason,
      intervals: found.ranges.map(({ startMs, endMs }) => ({ from: moment(startMs), to: moment(endMs) })),
    },
  };
}
