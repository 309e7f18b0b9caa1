// Random plans for the simulator: chains, fans, diamonds and dust; every policy and condition that a plan can carry. Half of them are plain, so that
// what concerns every run is not drowned by what concerns few.
import type { FailureClass, PlanNode, RunPlan, When } from "../model/plan.ts";
import type { Random } from "./random.ts";

const POOLS = ["p", "q"];
const CLASSES: readonly FailureClass[] = ["retryable", "rateLimited", "timeout", "lost", "terminal"];

export function randomPlan(random: Random): RunPlan {
  const size = random.chance(0.02) ? 0 : random.chance(0.05) ? 20 + random.whole(30) : 1 + random.whole(9);
  const density = random.pick([0.05, 0.2, 0.4, 0.9]);
  const reuses = random.chance(0.3);
  const rich = random.chance(0.5);
  const nodes: PlanNode[] = [];
  for (let index = 0; index < size; index++) {
    const needs = nodes.filter((_, earlier) => random.chance(density / (1 + (index - earlier) * 0.2)));
    const reuse = reuses && needs.every((need) => need.action === "reuse") && random.chance(0.4);
    nodes.push({
      id: `n.${index}`,
      kind: "model",
      needs: needs.map((need) => need.id),
      action: reuse ? "reuse" : "build",
      reason: "",
      change: "none",
      retry: {
        attempts: 1 + random.whole(4),
        delayMs: 5 + random.whole(40),
        factor: random.pick([1, 2, 3]),
        maxDelayMs: random.pick([50, 100, 1_000]),
        jitter: random.chance(0.5),
        ...(rich && random.chance(0.2) ? { on: CLASSES.filter(() => random.chance(0.6)) } : {}),
      },
      timeoutMs: random.chance(0.3) ? 25 + random.whole(60) : null,
      ...(rich && !reuse ? richness(random, needs.length > 0) : {}),
    });
  }
  const undone = rich && random.chance(0.4) ? nodes.filter((node) => node.action === "build" && random.chance(0.6)) : [];
  return {
    job: null,
    nodes: [...nodes, ...undone.map((node) => undoOf(node))],
    concurrency: random.pick([1, 2, 3, 8]),
    timeoutMs: random.chance(0.2) ? 50 + random.whole(random.pick([700, 4_000])) : null,
    params: {},
    ...(rich ? { limits: { p: 1 + random.whole(2), q: 2 } } : {}),
    ...(undone.length > 0 && random.chance(0.8) ? { onFailure: "compensate" as const } : {}),
  };
}

function richness(random: Random, hasNeeds: boolean): Partial<PlanNode> {
  const when = random.pick<When>(["noneFailed", "failed", "always"]);
  return {
    ...(hasNeeds && random.chance(0.35) ? { when } : {}),
    ...(random.chance(0.3) ? { pools: Object.fromEntries(POOLS.filter(() => random.chance(0.6)).map((pool) => [pool, 1])) } : {}),
    ...(random.chance(0.2) ? { priority: random.whole(3) - 1 } : {}),
    ...(random.chance(0.1) ? { queueTimeoutMs: 20 + random.whole(200) } : {}),
    ...(random.chance(0.15) ? { mapped: true as const } : {}),
    ...(random.chance(0.1) ? { fallback: { output: "instead" } } : {}),
  };
}

function undoOf({ id, kind, action, reason, change, retry, timeoutMs }: PlanNode): PlanNode {
  return { id: `undo.${id}`, kind, needs: [], action, reason, change, retry, timeoutMs, compensates: id };
}
