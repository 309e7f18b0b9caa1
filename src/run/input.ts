// What may happen to a run. Every input carries `now` (run time, see clock.ts) and `owner`: the engine in whose name new attempts may start, or null
// when none may (an engine that is stopping, a command that only asks for a cancel).
import type { ErrorRecord } from "../model/errors.ts";
import type { CheckFact, NodeFacts } from "../model/events.ts";
import type { NodeId } from "../model/graph.ts";
import type { RunPlan } from "../model/plan.ts";

export type Outcome =
  | { readonly kind: "succeeded"; readonly facts: NodeFacts; readonly reused: boolean }
  | { readonly kind: "failed"; readonly error: ErrorRecord; readonly checks?: readonly CheckFact[] }
  /** Its worker died. */
  | { readonly kind: "lost"; readonly error: ErrorRecord }
  /** The engine that carries it out is stopping. */
  | { readonly kind: "interrupted" };

interface InputCommon {
  readonly now: number;
  readonly owner: string | null;
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
}

export interface ReportInput extends InputCommon {
  readonly type: "report";
  readonly node: NodeId;
  readonly attempt: number;
  readonly outcome: Outcome;
}

export type RunInput =
  | StartInput
  | ReportInput
  /** Time has passed. */
  | (InputCommon & { readonly type: "tick" })
  /** The attempts of every engine but `owner` are dead: the store has one owner, and that is this one. */
  | (InputCommon & { readonly type: "adopt" })
  /** These attempts are alive. */
  | (InputCommon & { readonly type: "heartbeat"; readonly attempts: readonly { readonly node: NodeId; readonly attempt: number }[] })
  | (InputCommon & { readonly type: "cancel"; readonly by: string; readonly why: string });
