// What `approve` answers: a decision that was made, and what waits for one.
import type { JsonValue } from "./json.ts";
import type { FormField } from "./task.ts";

export interface ApprovalAnswer {
  readonly run: string;
  readonly task: string;
  readonly accepted: boolean;
  readonly by: string;
  readonly why: string;
  readonly fields: Readonly<Record<string, JsonValue>>;
}

export interface PendingApproval {
  readonly run: string;
  readonly task: string;
  readonly title: string;
  readonly description: string | null;
  /** The job of its run. */
  readonly job: string | null;
  /** Since when it waits. */
  readonly since: string | null;
  /** Who may decide; null: anyone. */
  readonly approvers: readonly string[] | null;
  readonly fields: Readonly<Record<string, FormField>>;
}

export interface ApprovalsAnswer {
  readonly approvals: readonly PendingApproval[];
}
