// A clock for tests of the engine: time passes only when the test says so, and then everything due happens in order. The machine's clock can be stepped
// without time passing.
import type { Clock } from "../engine/clock.ts";

export interface FakeClock extends Clock {
  /** Lets `ms` pass; what becomes due is done in order, with the promises it leads to. */
  pass(ms: number): Promise<void>;
  /** Lets time pass until `done` is settled; throws after `limitMs`. */
  until<T>(done: Promise<T>, limitMs?: number): Promise<T>;
  /** The machine's clock jumps. */
  step(ms: number): void;
  /** Time that has really passed. */
  elapsedMs(): number;
}

const EPOCH = Date.parse("2026-01-31T00:00:00Z");
/** Turns of promises that are let run before time moves on. */
const MICROTASK_TURNS = 30;

export function createFakeClock(): FakeClock {
  const timers = new Set<{ readonly at: number; readonly order: number; readonly act: () => void }>();
  let turn: (() => void)[] = [];
  let elapsed = 0;
  let off = 0;
  let order = 0;
  const settle = async (): Promise<void> => {
    do {
      for (let index = 0; index < MICROTASK_TURNS; index++) await Promise.resolve();
      const acts = turn;
      turn = [];
      for (const act of acts) act();
      for (let index = 0; index < MICROTASK_TURNS; index++) await Promise.resolve();
    } while (turn.length > 0);
  };
  const next = (): { readonly at: number; readonly order: number; readonly act: () => void } | undefined =>
    [...timers].toSorted((a, b) => a.at - b.at || a.order - b.order)[0];
  const passTo = async (end: number): Promise<void> => {
    await settle();
    for (let timer = next(); timer !== undefined && timer.at <= end; timer = next()) {
      timers.delete(timer);
      elapsed = Math.max(elapsed, timer.at);
      timer.act();
      await settle();
    }
    elapsed = end;
  };
  return {
    now: () => EPOCH + elapsed + off,
    after(ms, act) {
      const timer = { at: elapsed + Math.max(0, ms), order: order++, act };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    nextTurn: (act) => {
      turn.push(act);
    },
    pass: (ms) => passTo(elapsed + ms),
    step: (ms) => {
      off += ms;
    },
    elapsedMs: () => elapsed,
    async until(done, limitMs = 10 * 86_400_000) {
      const end = { settled: false };
      const mark = (): void => {
        end.settled = true;
      };
      done.then(mark, mark);
      await settle();
      while (!end.settled) {
        const timer = next();
        if (timer === undefined || timer.at > limitMs)
          throw new Error(`nothing more happens after ${elapsed} ms and the promise is not settled`);
        await passTo(timer.at);
      }
      return done;
    },
  };
}
