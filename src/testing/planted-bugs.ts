// Planted bugs: one-line changes of the core, each of which the simulator must find. The core itself carries no switch for them: a bug is a copy of
// src/run in which one line was changed, loaded from a temporary folder.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createJiti } from "jiti";
import type { Core } from "./simulated-engine.ts";

export interface PlantedBug {
  readonly name: string;
  /** File of src/run. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly from: string;
  readonly to: string;
}

/** Every bug is found within the first so many seeds. */
export const SEEDS_TO_FIND_A_BUG = 1_500;

const decide = (name: string, from: string, to: string): PlantedBug => ({ name, file: "decide.ts", from, to });
const follow = (name: string, from: string, to: string): PlantedBug => ({ name, file: "consequences.ts", from, to });
const evolve = (name: string, from: string, to: string): PlantedBug => ({ name, file: "evolve.ts", from, to });
const derive = (name: string, from: string, to: string): PlantedBug => ({ name, file: "outstanding.ts", from, to });
const retry = (name: string, from: string, to: string): PlantedBug => ({ name, file: "retry.ts", from, to });

export const plantedBugs: readonly PlantedBug[] = [
  decide("takes reports of outdated attempts", "|| running.attempt !== input.attempt) return;", ") return;"),
  decide("allows one try too many", "tries < retry.attempts", "tries <= retry.attempts"),
  decide("allows one try too few", "tries < retry.attempts", "tries < retry.attempts - 1"),
  decide("counts interruptions as tries", "const tries = running.attempt - running.interruptions;", "const tries = running.attempt;"),
  decide("tries again what cannot help", "const again = error.retryable && tries", "const again = tries"),
  decide(
    "forgets to skip",
    "if (!again) skipDependents(draft, node);\n}\n\n/** An attempt ended through",
    "}\n\n/** An attempt ended through",
  ),
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
  decide("adopts nothing", "if (running.owner !== input.owner)", "if (running.owner === input.owner)"),
  decide(
    "tries again in a canceled run",
    "if (cancel === null) return false;",
    "if (cancel === null || graph.nodes[node]!.retry.attempts > 1) return false;",
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
  follow("skips only direct dependents", "queue.push(...graph.dependents[index]!);", ""),
  follow(
    "does not cancel what waits to be tried again",
    'node.kind !== "running") draft',
    'node.kind !== "running" && node.kind !== "backoff") draft',
  ),
  follow("does not wait before it tries again", "state.retries.item.retryAt <= draft.now", "state.retries.item.retryAt > 0"),
  follow("forgets what waits to be tried again", "state.retries.item.retryAt <= draft.now", "state.retries.item.retryAt < 0"),
  follow("numbers every attempt 1", "const attempt = (due?.attempt ?? 0) + 1;", "const attempt = (due?.attempt ?? 0) * 0 + 1;"),
  follow(
    "ends before all are settled",
    "settledCount(state) < state.graph.nodes.length)",
    "settledCount(state) < state.graph.nodes.length - 1)",
  ),
  follow("calls every mixed end partial", "succeeded > 0 && someStandsApart(state)", "succeeded > 0"),
  follow("calls a time-out a cancel", 'state.cancel?.cause === "timeout" ? "failed" : "canceled"', '"canceled"'),
  evolve("runs more than may run", "const { concurrency } = plan;", "const concurrency = plan.concurrency + 1;"),
  evolve("starts a node before its last need", "const unmet = node.unmet - 1;", "const unmet = node.unmet > 2 ? node.unmet - 1 : 0;"),
  evolve(
    "does not count down for what was reused",
    'settle(next, index, node, "reused");\n      readyDependents(next, index);',
    'settle(next, index, node, "reused");',
  ),
  evolve("forgets interruptions", 'node.kind === "backoff" ? node.interruptions : 0', "0"),
  evolve("ignores extended leases", "{ ...node, leaseUntil: event.leaseUntil }", "{ ...node, leaseUntil: node.leaseUntil }"),
  evolve("loses the place of a running node", "  next.running = set(next.running, slot, moved);\n", ""),
  evolve("puts failed nodes among the skipped", 'settle(next, index, node, "failed")', 'settle(next, index, node, "skipped")'),
  derive("does not wake for a retry", "wakeAt = Math.min(wakeAt, state.retries.item.retryAt);", "wakeAt = Math.min(wakeAt);"),
  derive("does not wake for a time-out", "node.deadlineAt ?? wakeAt, node", "wakeAt, node"),
  derive("does not wake for the run's time-out", "wakeAt = Math.min(wakeAt, state.timeoutAt);", "wakeAt = Math.min(wakeAt);"),
  derive("does not wake for a canceled attempt", "Math.min(wakeAt, state.cancel.at + CANCEL_GRACE_MS)", "Math.min(wakeAt)"),
  derive(
    "does not name attempts that should run",
    "effects.push({ type: state.cancel === null ?",
    "if (slot > 0) effects.push({ type: state.cancel === null ?",
  ),
  retry("waits a step too long", "policy.factor ** (moment.tries - 1)", "policy.factor ** moment.tries"),
  retry("waits without a limit", "Math.min(policy.maxDelayMs, policy", "Math.max(0, policy"),
  retry("lets jitter take everything", "(0.5 + 0.5 * draw(", "(0.5 * draw("),
  retry("does not heed what a server asks for", "Math.round(Math.max(delay, wished))", "Math.round(delay)"),
  {
    name: "lets time stand still after a clock went back",
    file: "clock.ts",
    from: "Math.max(offsetMs, eventAt - machineNow)",
    to: "offsetMs",
  },
  { name: "starts the last of the plan first", file: "state.ts", from: "return a < b;", to: "return a > b;" },
];

/** The core with `bug` in it. Throws when the line to change is not there exactly once. */
export async function plant(bug: PlantedBug): Promise<Core> {
  const source = resolve(fileURLToPath(import.meta.url), "../../run");
  const folder = mkdtempSync(join(tmpdir(), "millrace-bug-"));
  try {
    for (const file of readdirSync(source)) {
      if (!file.endsWith(".ts") || file.endsWith(".test.ts")) continue;
      const text = readFileSync(join(source, file), "utf8");
      writeFileSync(join(folder, file), file === bug.file ? changed(text, bug) : text);
    }
    const jiti = createJiti(pathToFileURL(join(folder, "decide.ts")).href, { fsCache: false });
    const modules = ["state.ts", "decide.ts", "evolve.ts", "outstanding.ts", "clock.ts"].map((file) =>
      jiti.import<object>(join(folder, file)),
    );
    return Object.assign({}, ...(await Promise.all(modules))) as Core;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function changed(text: string, bug: PlantedBug): string {
  const parts = text.split(bug.from);
  if (parts.length !== 2) throw new Error(`"${bug.name}": the line to change stands ${parts.length - 1} times in ${bug.file}`);
  return parts.join(bug.to);
}
