// What may happen to a run. Every input carries `now` (run time, see clock.ts) and `owner`: the engine in whose name new attempts may start, or null
// when none may (an engine that is stopping, a command that only asks for a cancel).
import type { JsonValue } from "../model/json.ts";
import type { ErrorRecord } from "../model/errors.ts";
import type { CheckFact, NodeFacts } from "../model/events.ts";
import type { NodeId } from "../model/graph.ts";
import type { RunPlan } from "../model/plan.ts";
import type { Signal, Wait } from "../model/wait.ts";
import type { Admission } from "./admission/port.ts";

export type Outcome =
  | { readonly kind: "succeeded"; readonly facts: NodeFacts; readonly reused: boolean }
  | { readonly kind: "failed"; readonly error: ErrorRecord; readonly checks?: readonly CheckFact[] }
  /** It gave no sign of life for too long, or another limit of its own was over. */
  | { readonly kind: "timeout"; readonly error: ErrorRecord }
  /** Its worker died. */
  | { readonly kind: "lost"; readonly error: ErrorRecord }
  /** The engine that carries it out is stopping. */
  | { readonly kind: "interrupted" }
  /** Its condition does not hold. */
  | { readonly kind: "skipped"; readonly why: string }
  /** It is not done and lets its place go. */
  | { readonly kind: "waiting"; readonly wait: Wait }
  /** A mapped node knows its items. */
  | { readonly kind: "mapped"; readonly items: readonly JsonValue[] };

interface InputCommon {
  readonly now: number;
  readonly owner: string | null;
  /** Absent: no limits but the plan's own. */
  readonly admission?: Admission;
}

export interface StartInput extends InputCommon {
  readonly type: "start";
  readonly run: string;
  readonly trigger: string;
  readonly plan: RunPlan;
  readonly seed: number;
  readonly leaseMs: number | null;
  /** Nodes that succeeded in an earlier run, with their facts. */
  readonly takeOver: { readonly from: string; readonly nodes: ReadonlyMap<NodeId, NodeFacts> } | null;
  readonly parent?: { readonly run: string; readonly node: NodeId };
}

export interface ReportInput extends InputCommon {
  readonly type: "report";
  readonly node: NodeId;
  readonly attempt: number;
  readonly outcome: Outcome;
}

export interface CancelInput extends InputCommon {
  readonly type: "cancel";
  readonly by: string;
  readonly why: string;
  /** That node alone; what stands on it is skipped. Default: the run. */
  readonly node?: NodeId;
}

export type RunInput =
  | StartInput
  | ReportInput
  | CancelInput
  /** Time has passed, or there are places. */
  | (InputCommon & { readonly type: "tick" })
  /** The attempts of these engines are dead; default: of every engine but `owner`, which is the only one that this store has. */
  | (InputCommon & { readonly type: "adopt"; readonly dead?: readonly string[] })
  /** These attempts are alive. */
  | (InputCommon & { readonly type: "heartbeat"; readonly attempts: readonly { readonly node: NodeId; readonly attempt: number }[] })
  /** Someone decides an approval, or wakes a waiting node. */
  | (InputCommon & { readonly type: "signal"; readonly node: NodeId; readonly signal: Signal })
  | (InputCommon & { readonly type: "pause"; readonly by: string; readonly why: string })
  | (InputCommon & { readonly type: "resume"; readonly by: string })
  | (InputCommon & { readonly type: "setConcurrency"; readonly concurrency: number; readonly by: string });
