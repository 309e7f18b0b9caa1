// One run that this engine carries out: its state, what has happened and is not decided yet, its attempts in flight, its timer. It decides when the
// committer asks it to, and acts when the committer says that its events are stored.
import assert from "node:assert/strict";
import type { EarlierNode } from "../model/attempt.ts";
import { MillraceError } from "../model/errors.ts";
import type { RunEvent } from "../model/events.ts";
import { readClock, type RunClock, runTime, unreadClock } from "../run/clock.ts";
import type { Admission } from "../run/admission/port.ts";
import { step } from "../run/decide.ts";
import { evolve } from "../run/evolve.ts";
import type { RunInput } from "../run/input.ts";
import { outstanding } from "../run/outstanding.ts";
import type { RunState } from "../run/state.ts";
import { isSettled, type RunFold } from "../views/run-fold.ts";
import type { Clock } from "./clock.ts";
import type { AttemptContext, Flights } from "./flights.ts";

/** An input without what the engine fills in. */
export type Happening = RunInput extends infer Input ? (Input extends RunInput ? Omit<Input, "now" | "owner"> : never) : never;

export interface Decision {
  readonly run: ActiveRun;
  readonly happenings: readonly Happening[];
  readonly expectedVersion: number;
  readonly events: readonly RunEvent[];
  readonly state: RunState;
  /** Run time in ms. */
  readonly now: number;
}

export interface ActiveRun {
  readonly id: string;
  readonly fold: RunFold;
  state(): RunState;
  /** Notes what has happened; it is decided with everything else of this turn. */
  happen(happening: Happening): void;
  /** Run time in ms. */
  now(): number;
  /** May anything of it start in this process now? */
  mayStart(): boolean;
  /** Takes everything that has happened and decides it; what starts is up to `admission`. */
  decide(admission?: Admission): Decision;
  /** The decision with what may start now besides. */
  begin(decision: Decision, admission: Admission): Decision;
  /** The decision is stored. */
  accept(decision: Decision): void;
  /** The decision was not stored: what has happened is decided again. */
  refuse(decision: Decision): void;
  /** Events that someone else stored. */
  follow(events: readonly RunEvent[]): void;
  /** From now on nothing new starts. */
  hold(): void;
  dispose(): void;
}

export interface ActiveRunOptions {
  readonly id: string;
  readonly owner: string;
  readonly clock: Clock;
  /** May attempts start in this process now? */
  readonly mayStart: () => boolean;
  readonly state: RunState;
  readonly fold: RunFold;
  readonly createFlights: (
    contextOf: (node: string) => AttemptContext,
    onEnd: (flight: { readonly node: string; readonly attempt: number }, outcome: ReportOutcome) => void,
  ) => Flights;
  /** There is something to decide. */
  readonly onHappening: (run: ActiveRun) => void;
  /** Tells observers; called after the events are stored. */
  readonly onEvents: (run: ActiveRun, events: readonly RunEvent[]) => void;
}

type ReportOutcome = (RunInput & { type: "report" })["outcome"];

export interface ActiveRunWithFlights extends ActiveRun {
  readonly flights: Flights;
}

export function createActiveRun(options: ActiveRunOptions): ActiveRunWithFlights {
  const { id, owner, clock, fold } = options;
  let state = options.state;
  let time: RunClock = unreadClock;
  let inbox: Happening[] = [];
  let holding = false;
  let disposed = false;
  let wake: { readonly at: number; readonly cancel: () => void } | null = null;
  /** When the newest decision was made; what was due by then is not due once more. */
  let decidedAt = Number.NEGATIVE_INFINITY;
  let beat: (() => void) | null = null;

  const now = (): number => {
    time = readClock(time, clock.now(), state.at);
    return runTime(time);
  };
  const wakeAt = (at: number | null): void => {
    if (wake?.at === at) return;
    wake?.cancel();
    wake = null;
    if (at === null) return;
    const cancel = clock.after(at - now(), () => {
      wake = null;
      run.happen({ type: "tick" });
    });
    wake = { at, cancel };
  };
  /** Attempts in flight give a sign of life three times per lease. */
  const beatIfLeased = (): void => {
    if (beat !== null || state.phase !== "going" || state.leaseMs === null || flights.current().length === 0) return;
    beat = clock.after(state.leaseMs / 3, () => {
      beat = null;
      if (flights.current().length > 0) run.happen({ type: "heartbeat", attempts: flights.current() });
    });
  };
  /** Makes the world what the state says it should be. */
  const reconcile = (): void => {
    if (disposed || holding) return;
    const wanted = new Set<string>();
    let at: number | null = null;
    for (const effect of outstanding(state, decidedAt)) {
      if (effect.type === "wake") at = effect.at;
      else if (effect.owner === owner) {
        wanted.add(`${effect.node}#${effect.attempt}`);
        if (effect.type === "abort_attempt") flights.abort(effect, whyNot);
        else if (!flights.has(effect)) flights.begin(effect);
      }
    }
    if (wanted.size < flights.current().length) flights.abortUnless(({ node, attempt }) => wanted.has(`${node}#${attempt}`), whyNot);
    wakeAt(at);
    beatIfLeased();
  };
  const whyNot = (): MillraceError =>
    state.phase === "going" && state.cancel === null
      ? new MillraceError({ code: "MR6003", message: "the attempt is over: its time or its lease has run out", retryable: true })
      : new MillraceError({ code: "MR6007", message: "the run was canceled" });

  const take = (events: readonly RunEvent[], next: RunState): void => {
    state = next;
    for (const event of events) fold.apply(event);
    if (events.length > 0) options.onEvents(run, events);
    reconcile();
  };

  const run: ActiveRun = {
    id,
    fold,
    state: () => state,
    happen(happening) {
      if (disposed) return;
      inbox.push(happening);
      options.onHappening(run);
    },
    now,
    mayStart: () => !holding && options.mayStart(),
    decide(admission) {
      const happenings = disposed ? [] : inbox;
      inbox = [];
      const common = { now: now(), owner: run.mayStart() ? owner : null, ...(admission === undefined ? {} : { admission }) };
      if (happenings.length > 0) decidedAt = common.now;
      const events: RunEvent[] = [];
      let next = state;
      for (const happening of happenings) {
        const decision = step(next, { ...happening, ...common });
        for (const event of decision.events) events.push(event);
        next = decision.state;
      }
      return { run, happenings, expectedVersion: state.version, events, state: next, now: common.now };
    },
    begin(decision, admission) {
      if (!run.mayStart()) return decision;
      const { events, state: next } = step(decision.state, { type: "tick", now: decision.now, owner, admission });
      return { ...decision, events: [...decision.events, ...events], state: next };
    },
    accept: ({ events, state: next }) => take(events, next),
    refuse: ({ happenings }) => {
      inbox = [...happenings, ...inbox];
    },
    follow(events) {
      let next = state;
      for (const event of events) next = evolve(next, event);
      // What they wrote may let something start here; whoever tells of it decides next.
      if (events.length > 0) inbox.push({ type: "tick" });
      take(events, next);
    },
    hold() {
      holding = true;
      wakeAt(null);
    },
    dispose() {
      disposed = true;
      wakeAt(null);
      beat?.();
      flights.abortUnless(() => false, whyNot);
    },
  };
  const earlier = (id: string): EarlierNode | undefined => {
    const row = fold.node(id);
    return row === undefined || !isSettled(row.status) ? undefined : { status: row.status, output: fold.output(id) };
  };
  const contextOf = (id: string): AttemptContext => {
    const row = fold.node(id);
    assert(row !== undefined, `${id} is a node of the run that is carried out`);
    return { row, firstStartedAt: fold.firstStartedAt(id)!, now, earlier };
  };
  const flights = options.createFlights(contextOf, (flight, outcome) =>
    run.happen({ type: "report", node: flight.node, attempt: flight.attempt, outcome }),
  );
  return Object.assign(run, { flights });
}
