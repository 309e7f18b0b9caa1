// What the engines of the chaos carry out: the plan of the tick at a nominal time, what each of its nodes does, and how it must end.
import type { PlanNode, RunPlan } from "../../src/model/plan.ts";

export const TICK_MS = 500;
export const JOB = "beat";
export const WAIT_MS = 300;
export const ITEMS = 4;
/** Longest work of an attempt. */
export const WORK_MAX_MS = 500;

type Kind = "chain" | "map" | "wait" | "undo";
const KINDS: readonly Kind[] = ["chain", "map", "wait", "undo"];

export function kindOf(nominal: number): Kind {
  return KINDS[Math.floor(nominal / TICK_MS) % KINDS.length]!;
}

function node(id: string, needs: readonly string[], more: Partial<PlanNode> = {}): PlanNode {
  return {
    id,
    kind: "task",
    needs,
    action: "build",
    reason: "tick",
    change: "none",
    timeoutMs: 60_000,
    retry: { attempts: 1_000, delayMs: 50, factor: 1, maxDelayMs: 50, jitter: true },
    ...more,
  };
}

const NODES: Readonly<Record<Kind, readonly PlanNode[]>> = {
  chain: [node("task:a", []), node("task:flaky", ["task:a"]), node("task:c", ["task:flaky"])],
  map: [node("task:list", [], { mapped: true }), node("task:join", ["task:list"])],
  wait: [node("task:a", []), node("task:wait", ["task:a"]), node("task:b", ["task:wait"])],
  undo: [
    node("task:a", []),
    node("task:b", ["task:a"]),
    node("task:bad", ["task:b"]),
    node("undo:a", [], { compensates: "task:a" }),
    node("undo:b", [], { compensates: "task:b" }),
  ],
};

export function planOf(nominal: number): RunPlan {
  const kind = kindOf(nominal);
  const undo = kind === "undo" ? ({ onFailure: "compensate" } as const) : {};
  return { job: JOB, nodes: NODES[kind], concurrency: 3, timeoutMs: null, params: {}, ...undo };
}

/** The effects that a run must have had, each once, and its status. */
export function expected(nominal: number): { readonly status: string; readonly effects: readonly string[] } {
  const kind = kindOf(nominal);
  if (kind === "undo") return { status: "failed", effects: ["task:a", "task:b", "undo:a", "undo:b"] };
  if (kind === "map")
    return { status: "succeeded", effects: [...Array.from({ length: ITEMS }, (_, n) => `task:list[${n}]`), "task:join"].toSorted() };
  return { status: "succeeded", effects: NODES[kind].map(({ id }) => id).toSorted() };
}
