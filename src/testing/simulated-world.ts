// The world of the simulator: one true time, a queue of what happens when, machine clocks that step, one log with optimistic append, and a warehouse
// that commits a node's work under fence and ledger as the real one does. Nothing here knows how the core decides.
import type { RunEvent } from "../model/events.ts";
import type { Random } from "./random.ts";

const STEPS_MAX = 8_000;

export interface World {
  readonly random: Random;
  readonly log: RunEvent[];
  now(): number;
  /** True time of the newest append. */
  endedAt(): number;
  after(ms: number, act: () => void): void;
  /** False when the log has moved on. */
  append(expectedVersion: number, events: readonly RunEvent[]): boolean;
  faultsOn(): boolean;
  /** True with this probability while faults are on. */
  fault(probability: number): boolean;
  readonly warehouse: Warehouse;
  /** Lets things happen until nothing is left to happen. */
  run(): void;
}

export interface Warehouse {
  /** An attempt begins: commits of lower ones are refused from now on. */
  fence(node: string, attempt: number): void;
  /** True when the work is in the warehouse now, once, whoever put it there; false when this attempt is outdated. */
  commit(node: string, attempt: number): boolean;
  readonly commits: ReadonlyMap<string, number>;
}

export function createWorld(random: Random, options: { readonly faultsUntilMs: number; readonly appendIgnoresVersion: boolean }): World {
  const queue: { readonly at: number; readonly order: number; readonly act: () => void }[] = [];
  const log: RunEvent[] = [];
  let time = 0;
  let order = 0;
  let endedAt = 0;
  const faultsOn = (): boolean => time < options.faultsUntilMs;
  return {
    random,
    log,
    now: () => time,
    endedAt: () => endedAt,
    after: (ms, act) => {
      queue.push({ at: time + Math.max(0, ms), order: order++, act });
    },
    append(expectedVersion, events) {
      if (log.length !== expectedVersion && !options.appendIgnoresVersion) return false;
      log.push(...events);
      endedAt = time;
      return true;
    },
    faultsOn,
    fault: (probability) => random.chance(probability) && faultsOn(),
    warehouse: createWarehouse(),
    run() {
      for (let steps = 0; queue.length > 0 && steps < STEPS_MAX; steps++) {
        let soonest = 0;
        for (let index = 1; index < queue.length; index++) {
          const a = queue[index]!;
          const b = queue[soonest]!;
          if (a.at < b.at || (a.at === b.at && a.order < b.order)) soonest = index;
        }
        const [next] = queue.splice(soonest, 1);
        time = next!.at;
        next!.act();
      }
    },
  };
}

function createWarehouse(): Warehouse {
  const fences = new Map<string, number>();
  const commits = new Map<string, number>();
  return {
    commits,
    fence: (node, attempt) => {
      fences.set(node, Math.max(fences.get(node) ?? 0, attempt));
    },
    commit(node, attempt) {
      if (commits.has(node)) return true;
      if ((fences.get(node) ?? 0) > attempt) return false;
      commits.set(node, attempt);
      return true;
    },
  };
}

export interface MachineClock {
  now(): number;
  step(ms: number): void;
}

/** A machine's clock: the true time, off by some amount that may change at any moment. */
export function createMachineClock(world: World, offMs: number): MachineClock {
  const epoch = 1_760_000_000_000;
  let off = offMs;
  return {
    now: () => epoch + world.now() + off,
    step: (ms) => {
      off += ms;
    },
  };
}
