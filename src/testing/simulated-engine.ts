// An engine of the simulator: the loop of src/engine in its smallest form, over the core that it is given (the real one or one with a planted bug).
// It may crash before an append, after it, or be stopped and started again; after each start it has a new name and knows only the log.
import type { RunEvent } from "../model/events.ts";
import type { decide, step } from "../run/decide.ts";
import type { evolve } from "../run/evolve.ts";
import type { Outcome, RunInput } from "../run/input.ts";
import type { readClock, RunClock, runTime, unreadClock } from "../run/clock.ts";
import type { outstanding } from "../run/outstanding.ts";
import type { newRun, RunState } from "../run/state.ts";
import type { MachineClock, World } from "./simulated-world.ts";

/** The functions under test. */
export interface Core {
  readonly newRun: typeof newRun;
  readonly decide: typeof decide;
  readonly step: typeof step;
  readonly evolve: typeof evolve;
  readonly outstanding: typeof outstanding;
  readonly unreadClock: typeof unreadClock;
  readonly readClock: typeof readClock;
  readonly runTime: typeof runTime;
}

const RACES_MAX = 20;
const POLL_MS = 40;

/** An input without the fields that the engine fills in. */
export type Happening = RunInput extends infer Input ? (Input extends RunInput ? Omit<Input, "now" | "owner"> : never) : never;

export interface EngineOptions {
  readonly name: string;
  readonly core: Core;
  readonly world: World;
  readonly clock: MachineClock;
  /** Several engines on one log: attempts hold leases, engines look at the log now and then. */
  readonly shared: boolean;
  /** Begins an attempt in the name of `report`; returns how to tell it to end. */
  readonly work: (engine: SimulatedEngine, node: string, attempt: number) => () => void;
}

export interface SimulatedEngine {
  happen(happening: Happening): void;
  readonly alive: () => boolean;
  report(node: string, attempt: number, outcome: Outcome): void;
  /** Stops as on Ctrl-C, and starts again after `downMs`. */
  stop(downMs: number): void;
  start(): void;
}

export function createSimulatedEngine(options: EngineOptions): SimulatedEngine {
  const { core, world, clock } = options;
  let lives = 0;
  let alive = false;
  let stopping = false;
  let state: RunState = core.newRun;
  let time: RunClock = core.unreadClock;
  let wakes = 0;
  let inFlight = new Map<string, { readonly node: string; readonly attempt: number; readonly abort: () => void }>();
  const owner = (): string => `${options.name}.${lives}`;
  const fold = (from: RunState, events: readonly RunEvent[]): RunState => {
    let folded = from;
    for (const event of events) folded = core.evolve(folded, event);
    return folded;
  };
  const now = (): number => {
    time = core.readClock(time, clock.now(), state.at);
    return core.runTime(time);
  };
  const load = (): void => {
    state = fold(core.newRun, world.log);
  };
  const crash = (): void => {
    alive = false;
    inFlight = new Map();
    world.after(1 + world.random.whole(80), () => engine.start());
  };
  const act = (): void => {
    if (!alive || stopping) return;
    const wanted = new Set<string>();
    let wakeAt: number | null = null;
    for (const effect of core.outstanding(state)) {
      if (effect.type === "wake") wakeAt = effect.at;
      else if (effect.owner === owner()) {
        const key = `${effect.node}#${effect.attempt}`;
        if (effect.type === "run_attempt") wanted.add(key);
        if (effect.type === "run_attempt" && !inFlight.has(key))
          inFlight.set(key, { node: effect.node, attempt: effect.attempt, abort: options.work(engine, effect.node, effect.attempt) });
      }
    }
    for (const [key, flight] of inFlight) {
      if (wanted.has(key)) continue;
      flight.abort();
      inFlight.delete(key);
    }
    if (wakeAt === null) return;
    const wake = ++wakes;
    world.after(wakeAt - now(), () => {
      if (wake === wakes) engine.happen({ type: "tick" });
    });
  };
  const engine: SimulatedEngine = {
    alive: () => alive,
    happen(happening) {
      if (!alive) return;
      for (let races = 0; races < RACES_MAX; races++) {
        const input = { ...happening, now: now(), owner: stopping ? null : owner() } as RunInput;
        const decision = core.step(state, input);
        if (decision.events.length === 0) break;
        if (world.fault(0.01)) return crash();
        if (!world.append(state.version, decision.events)) {
          load();
          continue;
        }
        state = decision.state;
        if (world.fault(0.01)) return crash();
        break;
      }
      act();
    },
    report(node, attempt, outcome) {
      if (alive) engine.happen({ type: "report", node, attempt, outcome });
    },
    stop(downMs) {
      if (!alive) return;
      stopping = true;
      for (const { node, attempt, abort } of inFlight.values()) {
        abort();
        if (!world.fault(0.2)) engine.report(node, attempt, { kind: "interrupted" });
      }
      alive = false;
      inFlight = new Map();
      world.after(downMs, () => engine.start());
    },
    start() {
      lives++;
      alive = true;
      stopping = false;
      time = core.unreadClock;
      load();
      if (state.phase !== "going") return;
      engine.happen(options.shared ? { type: "tick" } : { type: "adopt" });
      act();
      if (options.shared) poll(lives);
    },
  };
  const poll = (life: number): void => {
    world.after(POLL_MS, () => {
      if (life !== lives || !alive) return;
      load();
      if (state.phase === "finished") return;
      engine.happen({ type: "tick" });
      poll(life);
    });
  };
  return engine;
}
