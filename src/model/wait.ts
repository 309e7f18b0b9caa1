// Waiting is a state of a node, not a held thread: what a node waits for, and what it may be told meanwhile.
import type { JsonValue } from "./json.ts";
import type { ApprovalForm } from "./task.ts";

/** Why a node lets its place go before it is done. `until`: run time in ms when it is tried again; null: only a signal goes on with it. */
export interface Wait {
  readonly kind: "time" | "approval" | "job" | "condition" | "repeat";
  readonly until: number | null;
  /** A sentence for people: what it waits for. */
  readonly why: string;
  /** The run that it waits for, where it is one. */
  readonly run?: string;
  /** What an approver fills in. */
  readonly form?: ApprovalForm;
}

/** What someone or something told a waiting node. */
export interface Signal {
  readonly by: string;
  readonly why: string;
  readonly accept: boolean;
  readonly fields: JsonValue;
}
