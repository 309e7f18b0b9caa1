// Random plans for the simulator: chains, fans, diamonds and dust; every policy that a plan can carry.
import type { PlanNode, RunPlan } from "../model/plan.ts";
import type { Random } from "./random.ts";

export function randomPlan(random: Random): RunPlan {
  const size = random.chance(0.02) ? 0 : random.chance(0.05) ? 20 + random.whole(30) : 1 + random.whole(9);
  const density = random.pick([0.05, 0.2, 0.4, 0.9]);
  const reuses = random.chance(0.3);
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
      },
      timeoutMs: random.chance(0.3) ? 25 + random.whole(60) : null,
    });
  }
  return {
    job: null,
    nodes,
    concurrency: random.pick([1, 2, 3, 8]),
    timeoutMs: random.chance(0.1) ? 50 + random.whole(700) : null,
    params: {},
  };
}
