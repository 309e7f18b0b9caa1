// Planted bugs: one-line changes of the core, each of which the simulator must find.
import { type PlantedChange, plantedModules } from "./planted.ts";
import type { Core } from "./simulated-engine.ts";

const CORE = ["state", "decide", "evolve", "outstanding", "clock"].map((name) => `run/${name}.ts`);

/** Every bug is found within the first so many seeds. */
export const SEEDS_TO_FIND_A_BUG = 1_500;

const decide = (name: string, from: string, to: string): PlantedChange => ({ name, file: "run/decide.ts", from, to });
const follow = (name: string, from: string, to: string): PlantedChange => ({ name, file: "run/consequences.ts", from, to });
const evolve = (name: string, from: string, to: string): PlantedChange => ({ name, file: "run/evolve.ts", from, to });
const start = (name: string, from: string, to: string): PlantedChange => ({ name, file: "run/starts.ts", from, to });
const index = (name: string, from: string, to: string): PlantedChange => ({ name, file: "run/queues.ts", from, to });
const derive = (name: string, from: string, to: string): PlantedChange => ({ name, file: "run/outstanding.ts", from, to });
const retry = (name: string, from: string, to: string): PlantedChange => ({ name, file: "run/retry.ts", from, to });

export const plantedBugs: readonly PlantedChange[] = [
  decide("takes reports of outdated attempts", "|| running.attempt !== input.attempt) return;", ") return;"),
  decide("allows one try too many", "tries < retry.attempts", "tries <= retry.attempts"),
  decide("allows one try too few", "tries < retry.attempts", "tries < retry.attempts - 1"),
  decide("counts interruptions as tries", "const tries = running.attempt - running.uncounted;", "const tries = running.attempt;"),
  decide("tries again what cannot help", "const again = retries(retry, failure) && tries", "const again = tries"),
  decide("forgets to skip", "if (!again) followUp(draft, node);\n}\n\n/** An attempt ended through", "}\n\n/** An attempt ended through"),
  decide("times out too early", "now >= running.deadlineAt", "now + 10 >= running.deadlineAt"),
  decide("never times out", "if (running.deadlineAt !== null && now", "if (running.deadlineAt === null && now"),
  decide("never gives up a lease", "running.leaseUntil !== null && now >=", "running.leaseUntil === null && now >="),
  decide("gives up leases too early", "now >= running.leaseUntil", "now + 15 >= running.leaseUntil"),
  decide("lets a run go on after its time-out", "now >= state.timeoutAt &&", "now >= state.timeoutAt * 2 &&"),
  decide(
    "waits for ever for the end of a canceled attempt",
    "cancel !== null && now >= cancel.at + CANCEL_GRACE_MS",
    "cancel !== null && now < cancel.at",
  ),
  decide("adopts nothing", "running.owner !== input.owner)", "running.owner === input.owner)"),
  decide(
    "tries again in a canceled run",
    "if (cancel === null || isUndoing(draft.going(), node)) return false;",
    "if (cancel === null || nodeOf(graph, node).retry.attempts > 1) return false;",
  ),
  decide(
    "extends the lease of outdated attempts",
    'node?.kind !== "running" || node.attempt !== attempt ||',
    'node?.kind !== "running" ||',
  ),
  decide(
    "takes over what stands on something new",
    'every((need) => get(draft.going().nodes, need).kind === "reused")',
    "every((need) => need >= 0)",
  ),
  decide("takes nothing over", "if (facts !== undefined && settled)", "if (facts === undefined && settled)"),
  decide("carries out what is to be reused", 'if (node.action === "reuse") draft', 'if (node.action === "reuse" && index % 2 === 0) draft'),
  decide("loses the rows of what it takes over", "from: takeOver.from, ...facts", "from: takeOver.from"),
  follow("skips only direct dependents", "queue.push({ index: dependent, because: because ?? id });", ""),
  follow(
    "does not cancel what waits to be tried again",
    'node.kind === "running" || (node.kind === "dormant" && undone)) continue;',
    'node.kind === "running" || node.kind === "backoff" || (node.kind === "dormant" && undone)) continue;',
  ),
  follow("ends before all are settled", "settledCount(state) < state.graph.size)", "settledCount(state) < state.graph.size - 1)"),
  follow("calls every mixed end partial", "succeeded > 0 && someStandsApart(state)", "succeeded > 0"),
  follow("calls a time-out a cancel", 'state.cancel.cause === "timeout" ? "failed" : "canceled"', '"canceled"'),
  follow("names a wrong cause of a skip", 'const because = when === "failed" ? null : next.because;', "const because = null;"),
  follow("ends a mapped node before its last item", "node.unmet > 0) return false", "node.unmet > 1) return false"),
  follow(
    "never ends a mapped node whose items failed",
    'node.kind !== "mapped" || node.unmet > 0',
    'node.kind !== "mapped" || node.unmet > 0 || node.bad > 0',
  ),
  follow("calls a mapped node good whose items failed", "if (bad === 0) draft.emit", "if (bad < items) draft.emit"),
  follow("undoes oldest first", "state.undos.toReversed()", "state.undos"),
  follow("undoes without having been told to", "const undone = state.compensates &&", "const undone ="),
  follow("undoes nothing", "const order = undone ?", "const order = undone && state.undos.length > 1 ?"),
  start("does not wait before it tries again", "retry.retryAt <= now", "retry.retryAt > 0"),
  start("forgets what waits to be tried again", "retry.retryAt <= now", "retry.retryAt < 0"),
  start("numbers every attempt 1", "next.attempt + 1, owner", "1, owner"),
  start("starts in a paused run", "return paused || runningCount", "return runningCount"),
  start("overfills a pool", "(inUse[pool] ?? 0) + weight <= limit", "(inUse[pool] ?? 0) <= limit"),
  start(
    "starts nothing beside a full pool",
    "!isFree(state, index)) continue;",
    "false) continue;\n    if (!isFree(state, index)) return null;",
  ),
  evolve("runs more than may run", "const { concurrency } = plan;", "const concurrency = plan.concurrency + 1;"),
  evolve("starts a node before its last need", "const unmet = node.unmet - 1;", "const unmet = node.unmet > 2 ? node.unmet - 1 : 0;"),
  evolve(
    "does not hear of needs that were reused",
    "settleNeed(next, dependent, verdict);",
    'if (final.kind !== "reused") settleNeed(next, dependent, verdict);',
  ),
  evolve("forgets interruptions", "uncounted: node.uncounted + more", "uncounted: node.uncounted"),
  follow("undoes what a person canceled", 'const undone = cancel?.cause === "timeout" && compensates;', "const undone = compensates;"),
  derive("does not wake for a retry", "nextRetryAt(state, decidedAt) ??", "state.timeoutAt ??"),
  evolve("ignores extended leases", "{ ...node, leaseUntil: event.leaseUntil }", "{ ...node, leaseUntil: node.leaseUntil }"),
  evolve("puts failed nodes among the skipped", 'event.fallback === undefined ? "failed" : "succeeded"', '"succeeded"'),
  evolve(
    "takes a condition that does not hold for a failure",
    'node.kind === "skipped" && node.passed ?',
    'node.kind === "skipped" && !node.passed ?',
  ),
  evolve("runs what waits for a failure always", "return bad > 0;", "return true;"),
  evolve("does not run what runs always", 'case "always":\n      return true;', 'case "always":\n      return bad === 0;'),
  evolve("counts waits as tries", "uncounted: node.attempt, waits", "uncounted: node.uncounted, waits"),
  evolve("does not hear signals", 'node.wait !== "approval") {', 'node.wait === "approval") {'),
  evolve(
    "runs all undos at once",
    "const place = settled === -1 ? 0 : order.indexOf(settled) + 1;",
    "for (const each of order) if (settled === -1) makeReady(next, each);\n  const place = order.length;",
  ),
  evolve("runs the first undo only", "if (next.compensation !== null) startNextUndo(next, index);", ""),
  evolve("never resumes", "next.paused = false;", ""),
  index("loses the place of a running node", "  next.running = set(next.running, slot, moved);\n", ""),
  index("leaks places of pools", "(inUse[name] ?? 0) + sign * weight", "(inUse[name] ?? 0) + Math.max(0, sign) * weight"),
  derive("does not wake for a deadline", "wakeAt = Math.min(wakeAt, state.deadlines.item.at);", "wakeAt = Math.min(wakeAt);"),
  derive("does not wake for a time-out", "node.deadlineAt ?? wakeAt, node", "wakeAt, node"),
  derive("does not wake for the run's time-out", "wakeAt = Math.min(wakeAt, state.timeoutAt);", "wakeAt = Math.min(wakeAt);"),
  derive("does not wake for a canceled attempt", "Math.min(wakeAt, state.cancel.at + CANCEL_GRACE_MS)", "Math.min(wakeAt)"),
  derive("does not name attempts that should run", "effects.push({ type: goesOn ?", "if (slot > 0) effects.push({ type: goesOn ?"),
  decide("pauses twice", "if (!state.paused) draft.emit", "draft.emit"),
  decide("takes a rejection for an approval", "if (accept) {", 'if (accept || why === "") {'),
  decide("cancels a node and forgets its items", "item < last; item++) all.push(item)", "item < last; item++) all.push(index)"),
  decide("lets a node wait in a canceled run", 'case "waiting":\n      if (cancelInstead(draft, node)) return;', 'case "waiting":'),
  decide("fails waits too early", "draft.now < deadlines.item.at", "draft.now + 10 < deadlines.item.at"),
  decide(
    "does not skip what stands on a failed wait",
    "error });\n    followUp(draft, index);\n  }\n}\n\nfunction runningOf",
    "error });\n  }\n}\n\nfunction runningOf",
  ),
  decide("forgets the fallback", "...(fallback === undefined ? {} : { fallback })", ""),
  retry("heeds no classes of failures", "(policy.on ?? RETRIED).includes", "RETRIED.includes"),
  retry("waits a step too long", "policy.factor ** (moment.tries - 1)", "policy.factor ** moment.tries"),
  retry("waits without a limit", "Math.min(policy.maxDelayMs, policy", "Math.max(0, policy"),
  retry("lets jitter take everything", "(0.5 + 0.5 * draw(", "(0.5 * draw("),
  retry("does not heed what a server asks for", "Math.round(Math.max(delay, wished))", "Math.round(delay)"),
  {
    name: "lets time stand still after a clock went back",
    file: "run/clock.ts",
    from: "Math.max(offsetMs, eventAt - machineNow)",
    to: "offsetMs",
  },
  {
    name: "starts the last of the plan first",
    file: "run/state.ts",
    from: "a.node < b.node : a.priority",
    to: "a.node > b.node : a.priority",
  },
  { name: "starts the least important first", file: "run/state.ts", from: "a.priority > b.priority", to: "a.priority < b.priority" },
];

/** The core with `bug` in it. */
export function plant(bug: PlantedChange): Promise<Core> {
  return plantedModules(bug, CORE);
}
