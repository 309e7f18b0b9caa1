// What `millrace deploy` answers, and what `env list` says of deployed commits.
import type { RunSummaryAnswer } from "./answers.ts";

export interface CommitAnswer {
  readonly commit: string;
  /** As it was asked for, or the branch. */
  readonly ref: string;
  readonly author: string;
  readonly committedAt: string;
}

export interface DeployedAnswer extends CommitAnswer {
  readonly at: string;
  readonly by: string;
  /** False: other code has been run in the environment since, or it was promoted to or rolled back. */
  readonly isCurrent: boolean;
}

export interface DeployAnswer extends CommitAnswer {
  readonly environment: string;
  /** Null for what is no branch. */
  readonly branch: string | null;
  /** `current`: it stood there already. `failed`: the run says why; what failed shows what it showed before. */
  readonly status: "deployed" | "current" | "failed";
  /** What was built; null where there was nothing to build. */
  readonly run: RunSummaryAnswer | null;
  /** Sentences: what is not part of it. */
  readonly notes: readonly string[];
}
