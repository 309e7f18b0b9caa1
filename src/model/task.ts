// What a task does and how, as plain values: from `tasks:` of a job or from `defineTask`, placeholders unresolved.
import type { RetrySpec } from "./definitions/source.ts";
import type { Isolation } from "./definitions/isolation.ts";
import type { JsonValue } from "./json.ts";

export type FieldType = "string" | "integer" | "number" | "boolean" | "date" | "timestamp";

/** One field of the form that an approver fills in. */
export interface FormField {
  readonly type: FieldType;
  readonly title?: string;
  readonly description?: string;
  readonly enum?: readonly (string | number | boolean)[];
  readonly required?: boolean;
  readonly default?: string | number | boolean;
}

/** What is asked of whom; it stands in the event of the wait, so that the state store alone is enough to answer. */
export interface ApprovalForm {
  readonly title: string;
  readonly description?: string;
  readonly fields: Readonly<Record<string, FormField>>;
  /** Who may decide; absent: anyone. */
  readonly approvers?: readonly string[];
}

export interface ShellAction {
  readonly kind: "shell";
  readonly command: string;
  readonly env: Readonly<Record<string, string | number | boolean>>;
  /** Relative to the project. */
  readonly dir: string;
  readonly shell?: string;
}

export interface HttpAction {
  readonly kind: "http";
  /** Keys of `http:` as they were written. */
  readonly request: Readonly<Record<string, unknown>> & { readonly url: string };
}

export interface SqlAction {
  readonly kind: "sql";
  readonly query: string;
}

export interface TypescriptAction {
  readonly kind: "typescript";
  readonly module: string;
  readonly exportName: string;
  /** The function stands in `tasks` of an exported job under this name. */
  readonly task?: string;
}

export interface ApprovalAction {
  readonly kind: "approval";
  readonly form: ApprovalForm;
}

export interface WaitAction {
  readonly kind: "wait";
  readonly forMs?: number;
  readonly until?: string;
  readonly timezone?: string;
  readonly condition?: string;
  readonly everyMs?: number;
}

export interface JobAction {
  readonly kind: "job";
  readonly job: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export type TaskAction = ShellAction | HttpAction | SqlAction | TypescriptAction | ApprovalAction | WaitAction | JobAction;

/** A task of `defineTask`, looked up when the graph is there. */
export interface TaskReference {
  readonly kind: "task";
  readonly task: string;
}

/** How a task is carried out, beside what it does. */
export interface TaskSettings {
  readonly when?: "succeeded" | "noneFailed" | "failed" | "always";
  /** An expression that must hold when its needs are settled. */
  readonly condition?: string;
  readonly map?: { readonly over: string | readonly JsonValue[]; readonly as?: string; readonly max?: number };
  readonly repeat?: { readonly until: string; readonly max: number; readonly delayMs: number };
  readonly group?: string;
  readonly pools?: Readonly<Record<string, number>>;
  readonly priority?: number;
  readonly queueTimeoutMs?: number;
  readonly silenceMs?: number;
  readonly fallback?: { readonly output: JsonValue };
  /** The task that it undoes. */
  readonly compensates?: string;
}

/** One of a job's own tasks, before its names are looked up in the graph. */
export interface JobTask {
  readonly name: string;
  readonly action: TaskAction | TaskReference;
  readonly settings: TaskSettings;
  /** Names of assets, tasks and groups as they were written. */
  readonly after: readonly string[];
  readonly before: readonly string[];
  /** What undoes it. */
  readonly undo?: TaskAction | TaskReference;
  readonly file: string;
  readonly description: string | undefined;
  readonly tags: readonly string[];
  readonly owner: string | undefined;
  readonly timeout: string | undefined;
  readonly isolation: Isolation | undefined;
  readonly components?: readonly string[];
  readonly retry: RetrySpec | undefined;
  readonly reuse: boolean;
  readonly codeHash: string;
  /** Tasks and assets that its expressions and placeholders name: it comes after them. */
  readonly mentions: readonly string[];
}
