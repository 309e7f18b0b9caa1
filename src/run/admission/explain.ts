// Why a node does not run: what it waits for, from the state of its run and the facts of admission. All reasons that hold are given, the nearest first;
// a node for which none is given could start now.
import type { NodeId } from "../../model/graph.ts";
import type { Rate } from "../../model/limits.ts";
import type { Wait } from "../../model/wait.ts";
import { assert } from "../assert.ts";
import { isFinal } from "../evolve.ts";
import { indexOf, laneOf, needsOf, nodeOf } from "../graph.ts";
import type { GoingRun, NodeState } from "../state.ts";
import { get } from "../vector.ts";
import { type BreakerError, phaseOf } from "./breaker.ts";
import { type AdmissionFacts, breakerConnection, breakerOf, limitOf, poolFacts, poolsOf } from "./facts.ts";
import { roomIn, tokensIn } from "./room.ts";
import { valuesOf } from "./table.ts";

export interface Holder {
  readonly run: string;
  readonly node: NodeId;
  readonly weight: number;
  readonly since: number;
}

/** Times are those of the admission: the clock of whoever folded it. */
export type Reason =
  | { readonly kind: "needs"; readonly nodes: readonly NodeId[] }
  | { readonly kind: "retry"; readonly until: number; readonly attempt: number }
  | { readonly kind: "wait"; readonly what: Wait["kind"]; readonly until: number | null }
  | { readonly kind: "items"; readonly left: number }
  | { readonly kind: "paused" }
  | { readonly kind: "canceled" }
  /** It undoes another node, should the run fail. */
  | { readonly kind: "undo" }
  | { readonly kind: "concurrency"; readonly running: number; readonly most: number }
  /** A pool of the run's own, such as the items at once of a mapped task. */
  | { readonly kind: "ownPool"; readonly pool: string; readonly most: number }
  | { readonly kind: "pool"; readonly pool: string; readonly slots: number; readonly weight: number; readonly holders: readonly Holder[] }
  | { readonly kind: "rate"; readonly pool: string; readonly rate: Rate; readonly until: number }
  | {
      readonly kind: "breaker";
      readonly connection: string;
      readonly since: number;
      /** When it is tried again; a time that has passed: a probe is under way. */
      readonly until: number;
      readonly error: BreakerError;
    };

export interface Explanation {
  readonly state: NodeState["kind"];
  readonly reasons: readonly Reason[];
}

export interface ExplainInput {
  readonly facts: AdmissionFacts;
  readonly run: GoingRun;
  readonly node: NodeId;
  readonly now: number;
}

/** What a node of a run that is going on waits for. The node must be one of the run. */
export function explainNode({ facts, run, node, now }: ExplainInput): Explanation {
  const index = indexOf(run.graph, node);
  assert(index !== undefined, `${node} is a node of the run`);
  const state = get(run.nodes, index);
  switch (state.kind) {
    case "running":
    case "succeeded":
    case "reused":
    case "failed":
    case "skipped":
    case "canceled":
      return { state: state.kind, reasons: [] };
    case "dormant":
      return { state: state.kind, reasons: [{ kind: "undo" }] };
    case "mapped":
      return { state: state.kind, reasons: [{ kind: "items", left: state.unmet }] };
    case "pending":
      return { state: state.kind, reasons: [{ kind: "needs", nodes: unsettledNeeds(run, index) }] };
    case "waiting": {
      const due = state.until !== null && state.until <= now;
      const wait: Reason = { kind: "wait", what: state.wait, until: state.until };
      return { state: state.kind, reasons: due ? placesFor(facts, run, index, now) : [wait] };
    }
    case "backoff": {
      const retry: Reason = { kind: "retry", until: state.retryAt, attempt: state.attempt + 1 };
      return { state: state.kind, reasons: [...(state.retryAt > now ? [retry] : []), ...placesFor(facts, run, index, now)] };
    }
    case "ready":
      return { state: state.kind, reasons: placesFor(facts, run, index, now) };
    default:
      return state satisfies never;
  }
}

/** A reason as the end of a sentence that begins with "waits". */
export function sentenceOf(reason: Reason, now: number): string {
  switch (reason.kind) {
    case "needs":
      return `for ${listed(reason.nodes)} to end`;
    case "retry":
      return `until attempt ${reason.attempt} may begin, ${inTime(reason.until - now)}`;
    case "wait":
      return waitSentence(reason.what, reason.until, now);
    case "items":
      return `for ${reason.left} of its items to end`;
    case "paused":
      return "for the run to be resumed: it is paused";
    case "canceled":
      return "for nothing any more: the run is being canceled";
    case "undo":
      return "for the run to fail: it would undo what was done";
    case "concurrency":
      return `for a place in its run: ${reason.running} of ${reason.most} attempts at once are in flight`;
    case "ownPool":
      return `for a place among the ${reason.most} of its run's own pool ${reason.pool}`;
    case "pool":
      return `for a place in ${poolWords(reason.pool)}: ${heldWords(reason)}`;
    case "rate":
      return `for ${poolWords(reason.pool)}: ${rateWords(reason.rate)} have started, the next may ${inTime(reason.until - now)}`;
    case "breaker": {
      const when = reason.until > now ? `next try ${inTime(reason.until - now)}` : "it is being tried";
      return `for the connection ${reason.connection}: it is down since ${spanWords(now - reason.since)} (${reason.error.code} ${reason.error.message}), ${when}`;
    }
    default:
      return reason satisfies never;
  }
}

function unsettledNeeds(run: GoingRun, index: number): readonly NodeId[] {
  const isOpen = (need: number): boolean => !isFinal(get(run.nodes, need));
  return needsOf(run.graph, index)
    .filter(isOpen)
    .map((need) => nodeOf(run.graph, need).id);
}

function placesFor(facts: AdmissionFacts, run: GoingRun, index: number, now: number): readonly Reason[] {
  const reasons: Reason[] = [];
  if (run.cancel !== null) reasons.push({ kind: "canceled" });
  if (run.paused) reasons.push({ kind: "paused" });
  if (run.runningCount >= run.concurrency) reasons.push({ kind: "concurrency", running: run.runningCount, most: run.concurrency });
  for (const [pool, weight] of run.graph.lanes[laneOf(run.graph, index)]!.pools) {
    const most = run.limits[pool];
    if (most !== undefined && (run.inUse[pool] ?? 0) + weight > most) reasons.push({ kind: "ownPool", pool, most });
  }
  for (const [pool, weight] of poolsOf(facts, run.job, nodeOf(run.graph, index))) reasons.push(...poolReasons(facts, pool, weight, now));
  return reasons;
}

function poolReasons(facts: AdmissionFacts, pool: string, weight: number, now: number): readonly Reason[] {
  const { holders, held, spent } = poolFacts(facts, pool);
  const connection = breakerConnection(pool);
  if (connection !== null) {
    const breaker = breakerOf(facts, connection);
    if (breaker.kind === "closed") return [];
    const isTried = phaseOf(breaker, now) === "halfOpen" && roomIn(facts, pool, now).free >= 1;
    return isTried ? [] : [{ kind: "breaker", connection, since: breaker.since, until: breaker.until, error: breaker.error }];
  }
  const reasons: Reason[] = [];
  const { slots, rate } = limitOf(facts.limits, pool) ?? {};
  if (slots !== undefined && held + weight > slots) {
    const list = [...valuesOf(holders)].map(({ run, node, startedAt, pools }) => {
      const own = pools.find(([name]) => name === pool)?.[1] ?? 1;
      return { run, node, weight: own, since: startedAt };
    });
    reasons.push({ kind: "pool", pool, slots, weight, holders: list.toSorted((a, b) => a.since - b.since || (a.node < b.node ? -1 : 1)) });
  }
  const until = tokensIn(facts, pool, spent, { weight, now });
  if (rate !== undefined && until > now) reasons.push({ kind: "rate", pool, rate, until });
  return reasons;
}

const NAMED_MAX = 3;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMED_MAX);
  return names.length > NAMED_MAX ? `${shown.join(", ")} and ${names.length - NAMED_MAX} more` : shown.join(", ");
}

function poolWords(pool: string): string {
  if (pool === "*") return "the project (defaults.concurrency)";
  const [kind, name] = [pool.slice(0, pool.indexOf(":")), pool.slice(pool.indexOf(":") + 1)];
  return kind === "job" || kind === "asset" ? `the ${kind} ${name}` : `the pool ${pool}`;
}

function heldWords({ slots, weight, holders }: Extract<Reason, { kind: "pool" }>): string {
  const held = holders.reduce((sum, holder) => sum + holder.weight, 0);
  const wanted = weight === 1 ? "" : `, it needs ${weight}`;
  return `${held} of ${slots} are taken${wanted}, by ${listed(holders.map(({ node, run }) => `${node} (${run})`))}`;
}

function rateWords({ count, perMs, burst }: Rate): string {
  return burst === undefined ? `${count} in ${spanWords(perMs)}` : `${burst} at once and ${count} in ${spanWords(perMs)}`;
}

function waitSentence(what: Wait["kind"], until: number | null, now: number): string {
  const again = until === null ? "" : `, looked at again ${inTime(until - now)}`;
  switch (what) {
    case "time":
      return until === null ? "to be woken" : `until its time has come, ${inTime(until - now)}`;
    case "approval":
      return "for someone to approve or reject it";
    case "job":
      return `for the run that it started to end${again}`;
    case "condition":
      return `for its condition to hold${again}`;
    case "repeat":
      return `for its next round${again}`;
    default:
      return what satisfies never;
  }
}

function inTime(ms: number): string {
  return ms <= 0 ? "now" : `in ${spanWords(ms)}`;
}

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
] as const;

/** Two units at most: `1 h 5 min`, `12 s`. */
function spanWords(ms: number): string {
  let rest = Math.max(0, ms);
  const parts: string[] = [];
  for (const [name, unit] of UNITS) {
    const count = Math.floor(rest / unit);
    if (count > 0) parts.push(`${count} ${name}`);
    rest -= count * unit;
    if (parts.length === 2) break;
  }
  return parts.length === 0 ? `${Math.round(rest)} ms` : parts.join(" ");
}
