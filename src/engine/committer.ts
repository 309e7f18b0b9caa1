// Group commit: what all runs have to say at the end of a turn of the event loop becomes one durable write. One write at a time. A lost race loads what
// the winner wrote and decides again; a store that fails is tried again a few times, then its runs are given up (they stay resumable).
import { MillraceError, messageOf } from "../model/errors.ts";
import { assertKnownEvents } from "../model/event-format.ts";
import type { EventStore } from "../store/store.ts";
import type { ActiveRun, Decision } from "./active-run.ts";
import { type AdmissionGate, HOLD } from "./admission.ts";
import type { Clock } from "./clock.ts";

export interface Committer {
  /** The run has something to decide. */
  add(run: ActiveRun): void;
  /** Others may have written to the run: it is read before it decides again. */
  refresh(run: ActiveRun): void;
  /** Resolves when everything that has been added is stored or given up. */
  idle(): Promise<void>;
}

export interface CommitterOptions {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly gate: AdmissionGate;
  /** The run cannot go on: its events cannot be stored. */
  readonly onGivenUp: (run: ActiveRun, error: unknown) => void;
}

/** Lost races in a row after which a run is given up. */
const RACES_MAX = 50;
const STORE_TRIES_MAX = 6;
/** Trying again does not help, or the store has done so for as long as it may. */
const HOPELESS: ReadonlySet<string> = new Set(["MR6023", "MR6030"]);
const STORE_DELAY_MS = 50;

export function createCommitter({ store, clock, gate, onGivenUp }: CommitterOptions): Committer {
  const waiting = new Set<ActiveRun>();
  const outdated = new Set<ActiveRun>();
  const races = new Map<ActiveRun, number>();
  let scheduled = false;
  let busy = false;
  let failures = 0;
  let idlers: (() => void)[] = [];

  const schedule = (): void => {
    if (scheduled || busy) return;
    scheduled = true;
    clock.nextTurn(() => {
      scheduled = false;
      void flush();
    });
  };

  const flush = async (): Promise<void> => {
    busy = true;
    try {
      await writeOnce();
    } finally {
      busy = false;
    }
    if (waiting.size > 0) schedule();
    else {
      const resolved = idlers;
      idlers = [];
      for (const resolve of resolved) resolve();
    }
  };

  const writeOnce = async (): Promise<void> => {
    const runs = [...waiting];
    waiting.clear();
    // After a failure nobody knows whether the write was done: look first.
    const unsure = failures > 0 ? runs : runs.filter((run) => outdated.has(run));
    if (unsure.length > 0 && !(await attempt(runs, () => reload(unsure)))) return;
    const limited = runs.some((run) => gate.concerns(run.id));
    const loading = limited ? gate.ready() : null;
    if (loading !== null) await loading;
    const decided = limited ? decideLimited(runs) : decideAll(runs, (run) => run.decide());
    try {
      await write(runs, decided);
    } finally {
      if (limited) gate.settled(decided.filter(({ run }) => gate.concerns(run.id)));
    }
  };

  const decideAll = <Item extends ActiveRun | Decision>(items: readonly Item[], decide: (item: Item) => Decision): readonly Decision[] =>
    items.flatMap((item) => {
      try {
        return [decide(item)];
      } catch (error) {
        onGivenUp("run" in item ? item.run : item, error);
        return [];
      }
    });

  /** What has happened first, then what may start of what waits for places. */
  const decideLimited = (runs: readonly ActiveRun[]): readonly Decision[] => {
    const held = decideAll(runs, (run) => (gate.concerns(run.id) ? run.decide(HOLD) : run.decide()));
    const admitted = gate.admit(held.filter(({ run }) => gate.concerns(run.id)));
    return decideAll(held, (decision) => {
      const admission = admitted.get(decision.run.id);
      return admission === undefined ? decision : decision.run.begin(decision, admission);
    });
  };

  const write = async (runs: readonly ActiveRun[], decided: readonly Decision[]): Promise<void> => {
    const decisions: Decision[] = [];
    for (const decision of decided) {
      if (decision.events.length > 0) decisions.push(decision);
      else decision.run.accept(decision);
    }
    if (decisions.length === 0) {
      failures = 0;
      return;
    }
    let answers: readonly boolean[] = [];
    const claims = gate.claimsOf(decisions);
    const written = await attempt(runs, async () => {
      answers = await store.commit(
        decisions.map(({ run, expectedVersion, events }, index) => {
          const append = { stream: run.id, expectedVersion, events };
          return claims[index] === undefined ? append : { ...append, claims: claims[index] };
        }),
      );
    });
    gate.answered(claims, answers);
    if (!written) {
      for (const decision of decisions) decision.run.refuse(decision);
      return;
    }
    failures = 0;
    const lost: Decision[] = [];
    for (const [index, decision] of decisions.entries()) {
      if (answers[index] === true) {
        races.delete(decision.run);
        decision.run.accept(decision);
      } else lost.push(decision);
    }
    for (const decision of lost) decision.run.refuse(decision);
    if (lost.length > 0) await decideAgain(lost.map((decision) => decision.run));
  };

  const decideAgain = async (runs: readonly ActiveRun[]): Promise<void> => {
    const versions = new Map(runs.map((run) => [run, run.state().version]));
    await attempt(runs, () => reload(runs));
    for (const run of runs) {
      // Nobody wrote to the run: somebody else took its place in a pool, which is no race that it can lose for ever.
      if (run.state().version === versions.get(run)) {
        waiting.add(run);
        continue;
      }
      const count = (races.get(run) ?? 0) + 1;
      races.set(run, count);
      if (count <= RACES_MAX) waiting.add(run);
      else
        onGivenUp(
          run,
          new MillraceError({ code: "MR6025", message: `${run.id}: others wrote first, ${count} times in a row`, retryable: true }),
        );
    }
  };

  const reload = async (runs: readonly ActiveRun[]): Promise<void> => {
    for (const run of runs) outdated.delete(run);
    for (const run of runs) {
      const events = await store.read(run.id, run.state().version);
      try {
        assertKnownEvents(run.id, events);
        run.follow(events);
      } catch (error) {
        onGivenUp(run, error); // a newer engine goes on with it
      }
    }
  };

  /** False when the store failed: the runs will come again, or are given up when it has failed too often. */
  const attempt = async (runs: readonly ActiveRun[], work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      failures++;
      const hopeless = failures >= STORE_TRIES_MAX || (error instanceof MillraceError && HOPELESS.has(error.code));
      if (hopeless) {
        failures = 0;
        const code = error instanceof MillraceError ? error.code : "MR6022";
        const given = new MillraceError({ code, message: `the state could not be written: ${messageOf(error)}`, cause: error });
        for (const run of runs) onGivenUp(run, given);
        return false;
      }
      await new Promise<void>((resolve) => {
        clock.after(STORE_DELAY_MS * 2 ** (failures - 1), resolve);
      });
      for (const run of runs) waiting.add(run);
      return false;
    }
  };

  return {
    refresh(run) {
      outdated.add(run);
      waiting.add(run);
      schedule();
    },
    add(run) {
      waiting.add(run);
      schedule();
    },
    idle: () =>
      !busy && waiting.size === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            idlers.push(resolve);
          }),
  };
}
