// What `dev` is asked for, and what it tells.
import type { PlanAnswer, RunSummaryAnswer } from "../../model/answers.ts";
import type { MillraceError } from "../../model/errors.ts";
import type { RunProgress, ServeProgress } from "../../model/progress.ts";
import type { ProjectCheckAnswer } from "../../model/project-answers.ts";
import type { ServeRequest } from "../serve/request.ts";

export type DevAct = "run" | "plan";

export interface DevRequest extends ServeRequest {
  /** Runs what is stale at the start. */
  readonly run: boolean;
  /** Called once, with what a key does. */
  readonly onActs?: (act: (wanted: DevAct) => void) => void;
}

export type DevProgress =
  | ServeProgress
  /** The project's files were looked at. The errors are those of `check`, with the text of their files. */
  | { readonly type: "checked"; readonly check: ProjectCheckAnswer; readonly errors: readonly MillraceError[] }
  /** What a run that was asked for here tells. */
  | { readonly type: "run"; readonly progress: RunProgress }
  | { readonly type: "ran"; readonly summary: RunSummaryAnswer }
  | { readonly type: "planned"; readonly plan: PlanAnswer }
  | { readonly type: "refused"; readonly errors: readonly MillraceError[] }
  /** Waits for a file to be saved. */
  | { readonly type: "broken"; readonly errors: readonly MillraceError[] };
