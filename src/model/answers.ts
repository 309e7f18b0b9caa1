// What the command line, the API and the client answer: the JSON objects of the public contract (PROJECT §9). Every object that is printed gets `"v": 1`.
import type { VersionAnswer } from "./act-answers.ts";
import type { PartitionsAnswer } from "./backfill-answers.ts";
import type { PlanDetails } from "./change-answers.ts";
import type { ErrorRecord } from "./errors.ts";
import type { Unsure } from "./graph-answers.ts";
import type { JsonValue } from "./json.ts";
import type { NeedAbout } from "./need-answers.ts";
import type { RowCounts } from "./plan.ts";
import type { RunErrorAnswer } from "./run-answers.ts";

export type { JsonValue } from "./json.ts";

export type RunStatus = "running" | "succeeded" | "failed" | "partial" | "canceled" | "skipped";
export type NodeStatus = "pending" | "running" | "retrying" | "waiting" | "succeeded" | "failed" | "skipped" | "reused" | "canceled";

export type CheckAnswer = {
  readonly asset: string;
  readonly check: string;
  readonly status: "passed" | "warned" | "failed";
  readonly failing: number;
  readonly severity: "error" | "warn";
  readonly sample: readonly Readonly<Record<string, JsonValue>>[];
};

/** One finished node; `asset` or `task` names it. */
export interface NodeEventAnswer {
  readonly type: "node";
  readonly asset?: string;
  readonly task?: string;
  /** The partition, or FROM..TO of a batch. */
  readonly partition?: string;
  readonly status: NodeStatus;
  readonly reason?: string;
  readonly attempts: number;
  readonly seconds: number;
  readonly rows: RowCounts | null;
  readonly checks: readonly Omit<CheckAnswer, "asset">[];
  readonly output?: JsonValue;
  readonly error: ErrorRecord | null;
}

export interface RunStartedAnswer {
  readonly type: "run";
  readonly run: string;
  readonly resumed: boolean;
  readonly nodes: number;
}

export interface RunSummaryAnswer {
  readonly type: "summary";
  readonly run: string;
  /** `running` with `interrupted`: it was stopped and can go on. */
  readonly status: RunStatus;
  readonly interrupted?: true;
  readonly nodes: { readonly succeeded: number; readonly failed: number; readonly skipped: number; readonly reused: number };
  readonly rows: RowCounts;
  readonly seconds: number;
  /** Why the run as a whole failed: MR6002 when it took too long. */
  readonly error: ErrorRecord | null;
  /** Files that exports wrote. */
  readonly outputs: readonly string[];
}

export interface PlanAnswer extends PlanDetails {
  readonly nodes: readonly {
    readonly asset: string;
    readonly action: "build" | "reuse" | "remove";
    readonly reason: string;
    readonly change: "breaking" | "nonBreaking" | "indirect" | "none";
    readonly partitions: readonly string[];
  }[];
  /** Sources whose columns would change, or whose contract would refuse what they give now. */
  readonly schema?: readonly (Omit<NextSchema, "columns"> & {
    readonly asset: string;
    /** Errors of models, checks and exports that these columns make. */
    readonly breaks: readonly {
      readonly code: string;
      readonly message: string;
      readonly file: string | null;
      readonly line: number | null;
      readonly column: number | null;
    }[];
  })[];
}

/** What the next load would make of an asset's columns. */
export interface NextSchema {
  readonly changes: readonly { readonly column: string; readonly change: string; readonly detail: string; readonly policy: string }[];
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly ddl: readonly string[];
  readonly warnings: readonly string[];
  /** The contract forbids it: the load would end with this. */
  readonly fails: { readonly code: string; readonly message: string } | null;
}

export interface QueryAnswer {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly JsonValue[])[];
}

export interface ChecksAnswer {
  readonly checks: readonly CheckAnswer[];
  /** Assets with checks that were never built, so that there is nothing to check. */
  readonly passedOver: readonly string[];
}

export interface QuarantineItem {
  readonly id: string;
  readonly asset: string;
  readonly reason: string;
  readonly rule: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly raw: string | null;
  readonly at: string;
}

/** Records that were set aside for the same reason, by the form of the value that broke the rule: letters as `a`, digits as `9`. */
export interface QuarantineGroup {
  readonly asset: string;
  readonly rule: string;
  readonly pattern: string | null;
  readonly rows: number;
  readonly since: string;
  /** One of them. */
  readonly example: { readonly id: string; readonly reason: string };
}

/** What a decision over records in quarantine does, or with `dryRun` would do. */
export interface QuarantineDecisionAnswer {
  readonly type: "quarantine";
  readonly act: "fix" | "accept" | "discard" | "replay";
  readonly asset: string;
  readonly dryRun: boolean;
  /** Records that are meant. */
  readonly records: number;
  /** Rows that come to stand in the asset. */
  readonly loaded: number;
  /** Records that a later row of the same key makes superfluous. */
  readonly superseded: number;
  /** Records that a check sets aside again. */
  readonly asideAgain: number;
  /** Records that still break the contract and stay; the first of them. */
  readonly stillBroken: {
    readonly rows: number;
    readonly first: readonly { readonly id: string; readonly rule: string; readonly reason: string }[];
  };
  /** Cells that are corrected; the first of them. */
  readonly changes: readonly {
    readonly id: string;
    readonly column: string;
    readonly before: string | null;
    readonly after: string | null;
  }[];
  readonly by: string;
  readonly why: string | null;
  readonly version: string | null;
}

export interface QuarantineTrendAnswer {
  readonly days: readonly { readonly day: string; readonly asset: string; readonly rule: string; readonly rows: number }[];
}

export interface QuarantineAnswer {
  readonly items: readonly QuarantineItem[];
  readonly groups: readonly QuarantineGroup[];
  /** All items that match, also those beyond the limit of the list. */
  readonly total: number;
  /** Where the list goes on; null at its end. */
  readonly next: string | null;
}

export interface AssetAnswer {
  readonly asset: string;
  readonly kind: string;
  readonly status: string;
  readonly rows: number | null;
  readonly updatedAt: string | null;
  readonly description: string | null;
  /** Where it is defined, from the project's folder. */
  readonly file: string;
  /** Components that its definition was put together from, where it was. */
  readonly components?: readonly string[];
}

/** A task of a job; those that defineTask made stand among the assets. */
export interface TaskAnswer {
  readonly task: string;
  readonly job: string;
  readonly kind: string;
  readonly after: readonly string[];
  readonly before: readonly string[];
  readonly when: string;
  readonly isMapped: boolean;
  readonly isRepeated: boolean;
  readonly group: string | null;
  readonly description: string | null;
}

export interface AssetsAnswer {
  readonly assets: readonly AssetAnswer[];
  /** The jobs' own tasks; left out when a selection was asked for. */
  readonly tasks?: readonly TaskAnswer[];
}

export interface ColumnAnswer {
  readonly name: string;
  readonly type: string;
  readonly from: string | null;
  readonly description: string | null;
  /** `asset.column` that it was written at, where that is another: it is passed on unchanged. */
  readonly descriptionFrom: string | null;
}

/** How the version that readers see was made, and what it holds. */
export interface IncrementAnswer {
  readonly mode: string;
  /** What the last build that changed or looked at it did, and why. */
  readonly reason: string;
  /** Ranges of intervals, the end excluded; none for models that are not kept by time. */
  readonly intervals: readonly { readonly from: string; readonly to: string }[];
}

export interface DescribeAnswer {
  readonly asset: AssetAnswer & {
    /** The asset that the description was written at, where that is another. */
    readonly descriptionFrom: string | null;
    readonly file: string;
    readonly components: readonly string[];
    readonly owner: string | null;
    readonly tags: readonly string[];
    readonly materialize: string | null;
    /** Of an incremental model that was built. */
    readonly incremental?: IncrementAnswer;
    readonly columns: readonly ColumnAnswer[];
    readonly checks: readonly {
      readonly check: string;
      readonly severity: string;
      readonly onFail: string;
      readonly status: string | null;
      readonly failing: number | null;
    }[];
    readonly upstream: readonly string[];
    readonly downstream: readonly string[];
    /** Jobs whose runs build it. */
    readonly jobs: readonly string[];
    readonly lastRun: string | null;
    readonly version: string | null;
    readonly quarantined: number;
    /** Of an asset that has partitions. */
    readonly partitions?: PartitionsAnswer;
  };
}

export type RunAnswer = {
  readonly run: string;
  readonly job: string | null;
  readonly status: RunStatus;
  readonly trigger: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly seconds: number | null;
  readonly nodes: RunSummaryAnswer["nodes"] & { readonly total: number };
  /** Of the nodes that it carried out itself. */
  readonly rows: RowCounts;
  /** What failed in it first; null where nothing has. */
  readonly error: RunErrorAnswer | null;
};

export interface RunsAnswer {
  readonly runs: readonly RunAnswer[];
  readonly next: string | null; // the `cursor` of those behind these
}

/** What is known of a run besides what lists tell. */
export interface RunDetails {
  /** The earlier run that it took over from, or asked for again. */
  readonly fromRun: string | null;
  readonly parent: { readonly run: string; readonly node: string } | null;
  readonly params: Readonly<Record<string, string>>;
  readonly paused: { readonly by: string; readonly why: string } | null;
  readonly canceled: { readonly by: string; readonly why: string; readonly cause: "request" | "timeout" } | null;
  /** What the trigger or the person said that asked for it. */
  readonly asked: {
    readonly trigger: string | null;
    readonly by: string | null;
    readonly why: string;
    readonly scheduledFor: string | null;
  } | null;
}

export interface RunShowAnswer {
  readonly run: RunAnswer & RunDetails;
  readonly nodes: readonly {
    readonly asset?: string;
    readonly task?: string;
    readonly partition?: string;
    readonly status: NodeStatus;
    readonly attempts: readonly {
      readonly attempt: number;
      readonly startedAt: string;
      readonly finishedAt: string | null;
      readonly status: string;
      readonly error: ErrorRecord | null;
    }[];
    readonly rows: RowCounts | null;
    readonly checks: readonly Omit<CheckAnswer, "asset">[];
    /** What a task answered. */
    readonly output?: JsonValue;
    readonly waitsFor?: { readonly kind: string; readonly why: string; readonly until: string | null; readonly run?: string };
    /** Why it was skipped or canceled. */
    readonly why?: string;
    /** Why the plan built or reused it. */
    readonly reason: string;
    readonly needs: readonly string[];
    readonly item?: JsonValue;
    /** When a failed attempt is followed by another. */
    readonly retryAt?: string;
    /** The run that it was taken over from. */
    readonly takenFrom?: string;
    readonly error: ErrorRecord | null;
  }[];
}

export interface StatusAnswer {
  /** Absent: all is as a plan tells it. */
  readonly partial?: Unsure;
  readonly engine: { readonly pid: number; readonly url: string; readonly startedAt: string } | null;
  /** Where several may work on one state: those that are entered there. One that died is there until another has noticed. */
  readonly engines?: readonly {
    readonly id: string;
    readonly host: string;
    readonly pid: number;
    readonly url: string | null;
    readonly holdsWarehouse: boolean;
    readonly startedAt: string;
  }[];
  readonly assets: {
    readonly total: number;
    readonly current: number;
    readonly stale: number;
    readonly failed: number;
    readonly missing: number;
  };
  readonly runs: readonly RunAnswer[];
  /** Of each asset that has partitions. */
  readonly partitions?: readonly (PartitionsAnswer & { readonly asset: string })[];
  /** What a person should look at, worst first, with the command that helps. */
  readonly needs: readonly { readonly what: string; readonly why: string; readonly command: string; readonly about: NeedAbout }[];
}

export interface HistoryAnswer {
  readonly events: readonly {
    readonly at: string;
    readonly kind: string;
    readonly run: string | null;
    readonly by: string | null;
    readonly why: string | null;
    readonly rows: number | null;
    readonly detail: JsonValue;
  }[];
  /** Newest first; those that are kept can be gone back to. */
  readonly versions: readonly VersionAnswer[];
  /** Cursor of the events behind these; null where they are the last. */
  readonly next: string | null;
}

export interface LogLineAnswer {
  readonly at: string;
  readonly level: string;
  readonly run: string;
  readonly node: string;
  readonly attempt: number;
  readonly message: string;
}

export interface ConvertedFileAnswer {
  readonly file: string;
  readonly output: string | null;
  readonly rows: number;
  readonly columns: number;
  readonly quarantined: number;
  readonly dialect: JsonValue;
  readonly warnings: readonly string[];
  readonly error: ErrorRecord | null;
}

export interface DoctorAnswer {
  readonly checks: readonly {
    readonly name: string;
    readonly status: "ok" | "warn" | "failed";
    readonly detail: string;
    readonly fix: string | null;
  }[];
}
