// Bugs planted in admission: one-line changes of the core and of the engine's part of it, each of which the simulation must find.
import { type PlantedChange, plantedModules } from "./planted.ts";
import type { AdmissionUnderTest } from "./simulate-admission.ts";

/** Every bug is found within the first so many seeds. */
export const SEEDS_TO_FIND_AN_ADMISSION_BUG = 400;

const facts = (name: string, from: string, to: string): PlantedChange => ({ name, file: "run/admission/facts.ts", from, to });
const share = (name: string, from: string, to: string): PlantedChange => ({ name, file: "run/admission/share.ts", from, to });
const room = (name: string, from: string, to: string): PlantedChange => ({ name, file: "run/admission/room.ts", from, to });
const rate = (name: string, from: string, to: string): PlantedChange => ({ name, file: "run/admission/rate.ts", from, to });
const breaker = (name: string, from: string, to: string): PlantedChange => ({ name, file: "run/admission/breaker.ts", from, to });
const gate = (name: string, from: string, to: string): PlantedChange => ({ name, file: "engine/admission.ts", from, to });

export const admissionBugs: readonly PlantedChange[] = [
  facts(
    "never gives back a place",
    "remove(pool.holders, holderName(live)), held: pool.held - weight",
    "remove(pool.holders, holderName(live)), held: pool.held",
  ),
  facts("gives a place back twice", "held: pool.held - weight", "held: pool.held - 2 * weight"),
  facts("counts every attempt as one", "held: pool.held + weight", "held: pool.held + 1"),
  facts("forgets the places of all", 'for (const pool of ["*", `job', "for (const pool of [`job"),
  facts("counts limits of the other side as failures", "saysDown(event) ?", "event.error.retryable ?"),
  facts("lets a weight that outgrew its pool wait for ever", "[pool, Math.min(weight, mostIn(facts, pool))]", "[pool, weight]"),
  facts("does not see that a draft opens a breaker", 'breaker.kind === "open" && (known', 'breaker.kind === "closed" && (known'),
  share("starts one too many", "left.tokens - left.heldTokens >= weight", "left.tokens - left.heldTokens >= weight - 1"),
  share("knows no priority", "level > first.level ||", "level < first.level ||"),
  share("starts the youngest run first", "a.runAt - b.runAt", "b.runAt - a.runAt"),
  share("never ages", "priority + Math.floor(Math.max(0, waitedMs) / AGE_MS)", "priority"),
  share("lets light ones starve the heavy", "    each.heldSlots += weight;\n", ""),
  share("knows no turns", "(ahead < first.lead || (ahead === first.lead", "(ahead > first.lead || (ahead === first.lead"),
  facts("knows no shares", "weight / (next.limits.shares[run.key] ?? 1)", "weight"),
  share(
    "does not wake when a token is there",
    "opensAt > now && Number.isFinite(opensAt) ? opensAt",
    "opensAt > now && Number.isFinite(opensAt) ? null",
  ),
  share("lets two pools starve who needs both", "now - head.since >= PATIENCE_MS ?", "now - head.since < 0 ?"),
  room("lets any number probe", "slots: isOpen || probing ? 0 : 1", "slots: isOpen ? 0 : 1"),
  room("never probes", "slots: isOpen || probing ? 0 : 1", "slots: 0"),
  rate("closes its window too early", "if (at > now - rate.perMs) break;", "if (at > now - rate.perMs + 2) break;"),
  rate("fills its bucket too fast", "Math.max(0, now - at) * rate.count", "Math.max(0, now - at) * (rate.count + 1)"),
  rate("names a moment that is too late", "Math.max(now, start.at + rate.perMs)", "Math.max(now, start.at + rate.perMs + 9)"),
  breaker("opens one failure too late", "failures < settings.failures", "failures <= settings.failures"),
  breaker("listens to attempts from before it opened", "if (ending.startedAt < breaker.until) return breaker;", ""),
  breaker("pauses no longer after a failed probe", "breaker.pauseMs * 2", "breaker.pauseMs"),
  breaker("counts successes for nothing", "if (error === null) return closedBreaker;\n      const failures", "const failures"),
  gate("tells nobody of free places", "      gate.look();\n    },\n    look() {", "    },\n    look() {"),
  gate("does not wake in time", "      wakeAt(shared.wakeAt);\n", ""),
  gate(
    "forgets who waits for something that is no longer limited",
    "for (const { flow, node } of wanted) if (!starts.has(node)) flows.add(flow);",
    "",
  ),
  gate("forgets the past of rates", "({ facts } = read);", "facts = { ...read.facts, pools: facts.pools };"),
];

/** The engine with `bug` in it. */
export function plantInAdmission(bug: PlantedChange): Promise<AdmissionUnderTest> {
  return plantedModules(bug, ["engine/engine.ts", "model/errors.ts"]);
}
