// Once a day, and soon after the start: old runs are folded into statistics and removed, as `retention:` says. What fails is told and tried the next day.
import type { Clock } from "../../engine/clock.ts";
import { pruneRuns } from "../retention.ts";
import type { Workspace } from "../workspace.ts";
import type { Holder } from "./holder.ts";

export interface DailyOptions {
  readonly workspace: () => Workspace;
  readonly clock: Clock;
  readonly holder: Pick<Holder, "holds">;
  readonly onProblem: (error: unknown) => void;
}

/** Not at once: whoever starts wants to work first. */
const FIRST_AFTER_MS = 60_000;
const EVERY_MS = 24 * 3_600_000;

export function tidyDaily({ workspace, clock, holder, onProblem }: DailyOptions): { close(): void } {
  let cancel: () => void;
  const tidy = (): void => {
    pruneRuns(workspace(), { dryRun: false, now: clock.now(), warehouse: holder.holds() ? "open" : "leave" }).catch(onProblem);
    cancel = clock.after(EVERY_MS, tidy);
  };
  cancel = clock.after(FIRST_AFTER_MS, tidy);
  return { close: () => cancel() };
}
