// What carries out one kind of task is given, and what it answers. The parts stand in src/tasks/, one file per kind.
//   K1. Effects outside the warehouse happen at least once: after a crash between effect and report the task is done again, with the same
//       idempotency key. What `transact` does happens exactly once: it commits with the attempt's token.
//   K2. A task that waits answers `wait` and holds nothing; it is asked again when the time has come or when it was signaled.
import type { Attempt } from "../model/attempt.ts";
import type { HttpClient } from "../model/define.ts";
import type { PartitionContext } from "../model/definitions/partition.ts";
import type { JsonValue } from "../model/json.ts";
import type { TaskAction } from "../model/task.ts";
import type { Wait } from "../model/wait.ts";
import type { ProcessLimits } from "../platform/process-usage.ts";
import type { FilledCommand } from "../platform/templates.ts";
import type { Transaction } from "../sql/session.ts";
import type { Warehouse } from "../sql/warehouse.ts";

/** A request as a task writes it, every placeholder filled in. */
export interface HttpRequest {
  readonly url: string;
  readonly connection?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly expect?: number | readonly number[] | string;
  readonly output?: string;
  readonly maxSize?: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** JSON as it is, other text as text, null for nothing. */
  readonly body: unknown;
  readonly bytes: number;
  readonly shown: string;
}

/** How the run of a sub-job stands. */
export interface SubRun {
  readonly run: string;
  readonly status: string;
  readonly isFinished: boolean;
  /** Outputs of its tasks, by their names. */
  readonly outputs: Readonly<Record<string, JsonValue>>;
  readonly error: string | null;
}

export interface SubmitRequest {
  readonly job: string;
  readonly params: Readonly<Record<string, string>>;
  /** The same key is the same run. */
  readonly key: string;
  readonly parent: { readonly run: string; readonly node: string };
}

/** Starts runs of other jobs, and looks at them. */
export interface JobPort {
  /** The run of this request; started when it is the first with this key. */
  submit(request: SubmitRequest): Promise<SubRun>;
  /** When to look again, when nobody tells of its end. */
  readonly pollMs: number;
}

/** Fills placeholders in, each for the place where it stands. */
export interface Filler {
  text(text: string): string;
  value(value: unknown): unknown;
  command(command: string): FilledCommand;
  sql(sql: string): string;
}

export interface TaskSurroundings {
  readonly attempt: Attempt;
  /** The partition that is worked on; undefined for a task without partitions. */
  readonly partition?: PartitionContext;
  readonly projectDir: string;
  readonly tempDir: string;
  /** Values with their types, as JSON. */
  readonly params: Readonly<Record<string, JsonValue>>;
  /** Of tasks that were carried out before it. */
  readonly outputs: Readonly<Record<string, JsonValue>>;
  readonly item: JsonValue | undefined;
  /** What a command may take. */
  readonly limits?: ProcessLimits;
  /** The same for every try of this node (and of this round, for a loop). */
  readonly idempotencyKey: string;
  readonly fill: Filler;
  readonly warehouse: () => Promise<Warehouse>;
  readonly http: HttpClient;
  /** @throws MR35xx */
  readonly request: (request: HttpRequest) => Promise<HttpAnswer>;
  /** Does an expression hold, and what did it look at? @throws MR6206 */
  readonly holds: (expression: string) => Promise<{ readonly holds: boolean; readonly seen: string }>;
  /** Values for `$param.x` and its like in SQL. */
  readonly bindings: Readonly<Record<string, unknown>>;
  /** Calls the function of a TypeScript task, wherever it is to run. */
  readonly call: (context: object) => Promise<unknown>;
  readonly jobs: JobPort | undefined;
}

export type TaskAnswer = { readonly output: JsonValue } | { readonly wait: Wait };

export interface TaskKind<Action extends TaskAction = TaskAction> {
  readonly name: Action["kind"];
  readonly summary: string;
  /** Acts outside the warehouse, or looks whether it goes on waiting. */
  readonly act?: (action: Action, surroundings: TaskSurroundings) => Promise<TaskAnswer>;
  /** Acts in the warehouse, in the transaction that records it. May be called again when that had to be. */
  readonly transact?: (action: Action, surroundings: TaskSurroundings, tx: Transaction) => Promise<JsonValue>;
}
