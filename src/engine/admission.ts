// Who gets what, over all runs of an engine: folds what is stored into the facts of admission, says what each decision may start, and ticks the runs that
// wait when places become free or a closed pool opens.
//   G1. A decision of a run that is limited is made in two steps: what has happened first (nothing starts), then starts with what it was granted. So a
//       place that an end frees can be taken again in the same commit, and only by the same run.
//   G2. Only what is stored counts. A decision that is refused leaves no trace.
//   G3. A run that was granted a place and did not take it is not asked again before something in it has changed.
//   G4. Where several engines share a store, a start claims what it takes, and is refused when anybody claimed it since this engine last looked.
import type { Limits } from "../model/limits.ts";
import { runEventsOf } from "../model/store-events.ts";
import { type AdmissionFacts, foldAdmission, freedBy, newAdmission, nodeNamed, poolsOf, withBreakersOf } from "../run/admission/facts.ts";
import { type Demand, demandsOf } from "../run/admission/demand.ts";
import type { Admission } from "../run/admission/port.ts";
import { share, type Shared } from "../run/admission/share.ts";
import { lookup } from "../run/admission/table.ts";
import { readClock, type RunClock, runTime, unreadClock } from "../run/clock.ts";
import { limitedPools } from "../run/admission/room.ts";
import type { Append, Batch, EventStore } from "../store/store.ts";
import type { ActiveRun, Decision } from "./active-run.ts";
import { loadAdmission, type Part } from "./admission-load.ts";
import type { Clock } from "./clock.ts";

export interface AdmissionGate {
  /** Resolves when what was there before this engine is known; null when it is. */
  ready(): Promise<void> | null;
  /** Is any start of this run limited by something? */
  concerns(run: string): boolean;
  /** Events of a run that is carried out here; they are stored. */
  follow(part: Part): void;
  /** What anybody has stored, in its order. What is known already is passed over. */
  hear(batches: readonly Batch[]): void;
  /** What each of these decisions, in which nothing has started yet, may start. Only for runs that it concerns. */
  admit(decisions: readonly Decision[]): ReadonlyMap<string, Admission>;
  /** What each of these decisions claims with what it starts (S7 of the store); undefined where nothing is limited or nobody else is there. */
  claimsOf(decisions: readonly Decision[]): readonly (Append["claims"] | undefined)[];
  /** The answers of the store to appends with these claims. */
  answered(claims: readonly (Append["claims"] | undefined)[], answers: readonly boolean[]): void;
  /** The decisions are stored or refused: who waits is noted, who can start is ticked. */
  settled(decisions: readonly Decision[]): void;
  /** Places may have become free: ticks who can start. */
  look(): void;
  /** The run is not carried out here any more. */
  forget(run: ActiveRun): void;
  facts(): AdmissionFacts;
  close(): void;
}

export interface AdmissionGateOptions {
  readonly limits: Limits;
  readonly store: EventStore;
  readonly clock: Clock;
  /** Attempts of such engines hold nothing, whatever the log says. */
  readonly isDead: (owner: string) => boolean;
  /** Set when other engines share the store: reads on until everything is heard that was stored before the call. */
  readonly catchUp: (() => Promise<void>) | null;
  readonly onProblem: (error: unknown) => void;
}

/** Lets nothing start: what has happened is decided first. */
export const HOLD: Admission = { places: { "*": 0 }, closedUntil: {} };

/** Of each flow so many of the runs that wait are looked at; there are never more places at once than that matters for. */
const WAITING_LOOKED_AT = 64;
function claimName(pool: string): string {
  return `pool:${pool}`;
}

export function createAdmissionGate(options: AdmissionGateOptions): AdmissionGate {
  const { store, clock } = options;
  let facts = newAdmission(options.limits);
  let time: RunClock = unreadClock;
  /** Events of each stream that are folded; of a run that ended until the feed has told of it. */
  const versions = new Map<string, number>();
  const ended = new Set<string>();
  /** What was told of runs that are carried out here, and heard of all, before everything else was known. */
  let early: Part[] = [];
  let heard: Batch[] = [];
  /** By flow the runs that wait, in the order in which they came. */
  const waiting = new Map<string, Map<string, ActiveRun>>();
  const flowsOf = new Map<string, ReadonlySet<string>>();
  /** Runs that did not take what they were granted, at the version that they had. */
  const declined = new Map<string, number>();
  let granted: ReadonlyMap<string, number> = new Map();
  /** What the runs of the newest decisions would have started. */
  const asked = new Map<string, readonly Demand[]>();
  let loading: Promise<void> | null = null;
  let loaded = false;
  /** Versions of claims at which the facts are up to date; null: they must be looked up. */
  let claims: Map<string, number> | null = null;
  let wake: { readonly at: number; readonly cancel: () => void } | null = null;

  const now = (): number => {
    time = readClock(time, clock.now(), Number.NEGATIVE_INFINITY);
    return runTime(time);
  };

  /** Folds what is not known yet. */
  const fold = ({ stream, after, events }: Part): void => {
    const known = versions.get(stream) ?? (after === 0 ? 0 : undefined);
    if (known === undefined || after > known || after + events.length <= known) return;
    const added = events.slice(known - after);
    const at = now();
    for (const event of added) facts = foldAdmission(facts, stream, event, loaded ? at : Math.min(event.at, at));
    if (!loaded && gate.concerns(stream)) early.push({ stream, after: known, events: added });
    versions.set(stream, known + added.length);
    if (added.at(-1)?.type === "run_finished") ended.add(stream);
  };

  const load = async (): Promise<void> => {
    const { limits, isDead } = options;
    // What is stored from here on is heard; what was stored before is read below.
    await options.catchUp?.();
    const read = await loadAdmission({ store, limits, now: now(), isDead, known: () => early });
    ({ facts } = read);
    for (const [stream, version] of read.versions) if (!versions.has(stream)) versions.set(stream, version);
    early = [];
  };

  const limitedNames = (): readonly string[] => limitedPools(facts).map(claimName);
  /** First the versions, then what was stored up to them: a claim that is still at its version has nothing behind it that is not known. */
  const upToDate = async (): Promise<void> => {
    if (!loaded) await loading;
    if (options.catchUp === null) return;
    const versions = await store.claims(limitedNames());
    await options.catchUp();
    claims = new Map(Object.entries(versions));
  };

  const unlist = (run: string): void => {
    for (const flow of flowsOf.get(run) ?? []) {
      const runs = waiting.get(flow);
      runs?.delete(run);
      if (runs?.size === 0) waiting.delete(flow);
    }
    flowsOf.delete(run);
  };

  const demandsNow = (run: ActiveRun, at: number): readonly Demand[] => {
    const state = run.state();
    if (state.phase !== "going" || !run.mayStart()) return [];
    return demandsOf(facts, state, { now: at, offsetMs: at - run.now() });
  };

  /** Runs that wait, the first of each flow, but for `besides`. */
  const waitingRuns = (besides: ReadonlySet<string>): ReadonlyMap<string, ActiveRun> => {
    const runs = new Map<string, ActiveRun>();
    for (const flow of waiting.values()) {
      let looked = 0;
      for (const [id, run] of flow) {
        if (looked++ >= WAITING_LOOKED_AT) break;
        if (!besides.has(id) && declined.get(id) !== run.state().version) runs.set(id, run);
      }
    }
    return runs;
  };

  const wakeAt = (at: number | null): void => {
    if (wake?.at === at) return;
    wake?.cancel();
    wake = null;
    if (at === null) return;
    const cancel = clock.after(Math.max(0, at - now()), () => {
      wake = null;
      gate.look();
    });
    wake = { at, cancel };
  };

  const countsOf = ({ granted: list }: Shared): ReadonlyMap<string, number> => {
    const counts = new Map<string, number>();
    for (const { run } of list) counts.set(run, (counts.get(run) ?? 0) + 1);
    return counts;
  };

  const gate: AdmissionGate = {
    ready() {
      if (loaded && (options.catchUp === null || (claims !== null && limitedNames().every((name) => claims!.has(name))))) return null;
      loading ??= load()
        .catch(options.onProblem)
        .finally(() => {
          loaded = true;
          gate.hear(heard);
          heard = [];
        });
      return upToDate();
    },
    claimsOf(decisions) {
      if (options.catchUp === null || claims === null) return decisions.map(() => undefined);
      const next = new Map(claims);
      const limited = new Set(limitedPools(facts));
      return decisions.map(({ run, events }) => {
        const known = lookup(facts.runs, run.id);
        if (known === undefined) return undefined;
        const own: Record<string, number> = {};
        for (const event of events) {
          const node = event.type === "attempt_started" ? nodeNamed(known, event.node) : undefined;
          for (const [pool] of node === undefined ? [] : poolsOf(facts, known.job, node))
            if (limited.has(pool)) own[claimName(pool)] = next.get(claimName(pool)) ?? 0;
        }
        for (const [name, version] of Object.entries(own)) next.set(name, version + 1);
        return Object.keys(own).length === 0 ? undefined : own;
      });
    },
    answered(asked, answers) {
      for (const [index, own] of asked.entries()) {
        if (own === undefined) continue;
        if (answers[index] !== true) claims = null;
        else for (const [name, version] of Object.entries(own)) claims?.set(name, version + 1);
      }
    },
    concerns: (run) => lookup(facts.runs, run) !== undefined,
    follow: fold,
    hear(batches) {
      if (!loaded) {
        if (loading !== null) heard.push(...batches);
        return;
      }
      const before = facts;
      for (const batch of batches) {
        const { stream, after } = batch;
        const events = runEventsOf(batch);
        fold({ stream, after, events });
        const isLast = after + events.length >= (versions.get(stream) ?? 0);
        if (ended.has(stream) && isLast) {
          ended.delete(stream);
          versions.delete(stream);
        }
      }
      if (facts !== before) gate.look();
    },
    admit(decisions) {
      const at = now();
      const demands: Demand[] = [];
      const freed = new Map<string, Readonly<Record<string, number>>>();
      const told = (from: AdmissionFacts, { run, events }: Decision): AdmissionFacts =>
        events.reduce((folded, event) => foldAdmission(folded, run.id, event, at), from);
      const strict = withBreakersOf(facts, decisions.reduce(told, facts));
      asked.clear();
      for (const decision of decisions) {
        const { run, state, now: runNow } = decision;
        if (state.phase !== "going" || !run.mayStart()) continue;
        const after = { ...told(facts, decision), breakers: strict.breakers };
        freed.set(run.id, freedBy(run.id, facts, after));
        const own = demandsOf(after, state, { now: at, offsetMs: at - runNow });
        asked.set(run.id, own);
        demands.push(...own);
      }
      const others = waitingRuns(new Set(decisions.map(({ run }) => run.id)));
      demands.push(...[...others.values()].flatMap((run) => demandsNow(run, at)));
      const shared = share({ facts: strict, demands, now: at, freed });
      granted = countsOf(shared);
      return new Map(decisions.map(({ run }) => [run.id, shared.grants.get(run.id) ?? shared.nothing]));
    },
    settled(decisions) {
      const at = now();
      for (const { run, events } of decisions) {
        const starts = new Set(events.flatMap((event) => (event.type === "attempt_started" ? [event.node] : [])));
        if (starts.size < (granted.get(run.id) ?? 0)) declined.set(run.id, run.state().version);
        else declined.delete(run.id);
        unlist(run.id);
        // What it did not get is noted also where nothing limits it any more: then it is ticked at once.
        const flows = new Set(demandsNow(run, at).map(({ flow }) => flow));
        const wanted = asked.get(run.id) ?? [];
        if (run.state().phase === "going") for (const { flow, node } of wanted) if (!starts.has(node)) flows.add(flow);
        if (flows.size > 0) flowsOf.set(run.id, flows);
        for (const flow of flows) {
          const runs = waiting.get(flow) ?? new Map<string, ActiveRun>();
          waiting.set(flow, runs.set(run.id, run));
        }
      }
      gate.look();
    },
    look() {
      if (waiting.size === 0) return wakeAt(null);
      const at = now();
      const runs = waitingRuns(new Set());
      const demands: Demand[] = [];
      for (const run of runs.values()) {
        const own = demandsNow(run, at);
        demands.push(...own);
        const flows = new Set(own.map(({ flow }) => flow));
        if ([...(flowsOf.get(run.id) ?? [])].every((flow) => flows.has(flow))) continue;
        // Something is no longer limited, or no longer wanted.
        unlist(run.id);
        run.happen({ type: "tick" });
      }
      const shared = share({ facts, demands, now: at });
      for (const run of countsOf(shared).keys()) runs.get(run)?.happen({ type: "tick" });
      wakeAt(shared.wakeAt);
    },
    forget(run) {
      unlist(run.id);
      declined.delete(run.id);
      if (loaded) return;
      versions.delete(run.id);
      early = early.filter(({ stream }) => stream !== run.id);
    },
    facts: () => facts,
    close: () => wakeAt(null),
  };
  return gate;
}
