// Small plans and a driver for the tests of the core: inputs in, events out, the state kept.
import type { ErrorRecord } from "../model/errors.ts";
import type { RunEvent } from "../model/events.ts";
import type { PlanNode, RetryPolicy, RunPlan } from "../model/plan.ts";
import { step } from "./decide.ts";
import type { Outcome, RunInput, StartInput } from "./input.ts";
import { newRun, type RunState } from "./state.ts";

export const RETRY: RetryPolicy = { attempts: 3, delayMs: 100, factor: 2, maxDelayMs: 1_000, jitter: false };

/** `"c: a b"` is a node c that needs a and b. */
export function planOf(words: readonly string[], changes: Partial<RunPlan> = {}, nodeChanges: Partial<PlanNode> = {}): RunPlan {
  const nodes = words.map((text): PlanNode => {
    const [id, needs] = text.split(":") as [string, string | undefined];
    return {
      id,
      kind: "model",
      needs: needs === undefined ? [] : needs.trim().split(" "),
      action: "build",
      reason: "new",
      change: "none",
      retry: RETRY,
      timeoutMs: null,
      ...nodeChanges,
    };
  });
  return { job: null, nodes, concurrency: 10, timeoutMs: null, params: {}, ...changes };
}

export const OK: Outcome = { kind: "succeeded", facts: {}, reused: false };

export function failedWith(change: Partial<ErrorRecord> = {}): Outcome {
  return { kind: "failed", error: { code: "MR9001", message: "broken", retryable: true, ...change } };
}

type Happening = RunInput extends infer Input ? (Input extends RunInput ? Omit<Input, "now" | "owner"> : never) : never;

/** A run that is driven by hand; `at` is the time of the next input. */
export function drive(plan: RunPlan, start: Partial<StartInput> = {}) {
  let state: RunState = newRun;
  const log: RunEvent[] = [];
  const driver = {
    at: 0,
    owner: "e1" as string | null,
    log,
    state: () => state,
    give(happening: Happening): readonly RunEvent[] {
      const { events, state: next } = step(state, { now: driver.at, owner: driver.owner, ...happening });
      state = next;
      log.push(...events);
      return events;
    },
    report: (node: string, attempt: number, outcome: Outcome) => driver.give({ type: "report", node, attempt, outcome }),
    tick: (at: number) => {
      driver.at = at;
      return driver.give({ type: "tick" });
    },
  };
  driver.give({ type: "start", run: "r_1", trigger: "manual", plan, seed: 7, leaseMs: null, takeOver: null, ...start });
  return driver;
}

/** Events as short words: `started a#1`, `skipped c because b`. */
export function words(events: readonly RunEvent[]): readonly string[] {
  return events.map((event) => {
    switch (event.type) {
      case "run_started":
        return "run started";
      case "attempt_started":
        return `started ${event.node}#${event.attempt}`;
      case "lease_extended":
        return `lease ${event.node}#${event.attempt}`;
      case "attempt_failed":
        return `${event.reason} ${event.node}#${event.attempt}${event.retryAt === null ? "" : ` again at ${event.retryAt}`}`;
      case "node_succeeded":
        return `succeeded ${event.node}#${event.attempt}`;
      case "node_reused":
        return `reused ${event.node}`;
      case "node_skipped":
        return `skipped ${event.node} because ${event.because ?? event.why}`;
      case "node_canceled":
        return `canceled ${event.node}`;
      case "cancel_requested":
        return `cancel by ${event.by}`;
      case "node_waiting":
        return `waits ${event.node}#${event.attempt} for ${event.wait.kind}`;
      case "node_signaled":
        return `signaled ${event.node} by ${event.signal.by}`;
      case "node_mapped":
        return `mapped ${event.node} to ${event.items.length}`;
      case "node_failed":
        return `failed ${event.node} ${event.error.code}`;
      case "run_paused":
        return `paused by ${event.by}`;
      case "run_resumed":
        return `resumed by ${event.by}`;
      case "concurrency_changed":
        return `concurrency ${event.concurrency}`;
      case "compensation_started":
        return `compensates ${event.nodes.join(" ")}`;
      case "run_finished":
        return `finished ${event.status}`;
      default:
        return event satisfies never;
    }
  });
}
