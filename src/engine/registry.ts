// Which engines are alive. Each gives signs of life by counting up its entry in the store; an entry that does not change for a while, as this engine's own
// clock tells, belongs to a dead one. No two clocks are compared, so clocks that are minutes apart harm nothing. Whoever finds a dead one tells `onDead`,
// and takes it out of the store when that has been done; several may find it, all of them may adopt what it left: the log decides who was first.
//   G1. Silence is counted by looks that succeeded: what this engine slept through, or a store that was away, is nobody's silence.
//   G2. The dead stay in the store until `onDead` has resolved, so that a death in the middle of an adoption is found again.
//   G3. An engine that was taken for dead and lives is entered anew with its next sign of life, and hears of it.
//   G4. An engine that is not in the store is dead too (it left, or was buried) when a look that began after somebody asked about it does not find it.
import type { MillraceError } from "../model/errors.ts";
import { asMillraceError } from "../model/errors.ts";
import type { EngineCard, EngineEntry, EventStore } from "../store/store.ts";
import type { Clock } from "./clock.ts";
import { isProcessGone, thisHost } from "./host.ts";

export interface RegistryOptions {
  readonly store: EventStore;
  readonly clock: Clock;
  /** The engine's id, the `owner` of its attempts. */
  readonly id: string;
  /** The machine that this process's id is of. Default: this one. */
  readonly host?: string;
  /** What else there is to tell; asked at each sign of life. */
  readonly card: () => Pick<EngineCard, "version" | "url" | "holdsWarehouse">;
  /** Time between two signs of life. Default 2 s. */
  readonly beatMs?: number;
  /** Silence after which an engine is dead. Default 8 s. On the same machine a process that is gone is dead at once. */
  readonly deadAfterMs?: number;
  /** Their attempts are nobody's now: adopt them. Tried again with the next sign of life when it rejects. */
  readonly onDead: (engines: readonly string[]) => Promise<void>;
  /** Others took this engine for dead (it hung, or could not reach the store) and may have adopted its attempts. */
  readonly onTakenForDead?: () => void;
  readonly onProblem?: (error: MillraceError) => void;
}

export interface EngineRegistry {
  /** Enters this engine, looks once for dead ones, and goes on doing so. Errors: those of the store. */
  start(): Promise<void>;
  /** The engines that were alive at the last look, this one among them. */
  living(): readonly EngineEntry[];
  /** Whether its attempts are nobody's. An engine that nobody knows is looked for first, and told to `onDead` when it is not found. */
  isDead(engine: string): boolean;
  /** A sign of life and a look now, when something on the card has changed. */
  beat(): Promise<void>;
  /** Takes this engine out. */
  close(): Promise<void>;
}

const BEAT_MS = 2_000;
const DEAD_AFTER_MS = 8_000;
/** Who is not in the store has so long to come before it is looked for. */
const COMES_WITHIN_MS = 250;

interface Seen {
  readonly beat: number;
  readonly silentMs: number;
}

export function createRegistry(options: RegistryOptions): EngineRegistry {
  const { store, clock, id, beatMs = BEAT_MS, deadAfterMs = DEAD_AFTER_MS, onDead } = options;
  const { host = thisHost() } = options;
  const startedAt = clock.now();
  let seen: ReadonlyMap<string, Seen> = new Map();
  let living: readonly EngineEntry[] = [];
  let lookedAt = startedAt;
  let entered = false;
  let closed = false;
  let cancel: (() => void) | null = null;
  let round: Promise<void> = Promise.resolve();
  /** Deaths that `onDead` is at work on. */
  const handled = new Set<string>();
  const dead = new Set<string>();
  /** Engines that are not in the store and were asked about, with the number of looks there had been. */
  const asked = new Map<string, number>();
  let looks = 0;
  let cancelSoon: (() => void) | null = null;

  const once = async (): Promise<void> => {
    const known = await store.engines.beat({ id, host, pid: process.pid, startedAt, ...options.card() });
    if (entered && !known && !closed) options.onTakenForDead?.();
    entered = true;
    const found = judge(await store.engines.list());
    looks++;
    if (found.length > 0 && !closed) void bury(found);
  };
  const judge = (entries: readonly EngineEntry[]): readonly string[] => {
    const now = clock.now();
    const passed = now - lookedAt;
    lookedAt = now;
    // G1: of a clock that jumped or a process that slept, no more than two beats count.
    const countedMs = passed < 0 ? beatMs : Math.min(passed, 2 * beatMs);
    seen = new Map(
      entries.map(({ id: engine, beat }): [string, Seen] => {
        const before = seen.get(engine);
        return [engine, { beat, silentMs: before?.beat === beat ? before.silentMs + countedMs : 0 }];
      }),
    );
    const isSilent = (entry: EngineEntry): boolean =>
      entry.id !== id && (seen.get(entry.id)!.silentMs >= deadAfterMs || isProcessGone(entry, host));
    living = entries.filter((entry) => !isSilent(entry));
    for (const entry of living) {
      dead.delete(entry.id);
      asked.delete(entry.id);
    }
    const missing = [...asked].filter(([engine, at]) => looks >= at && !seen.has(engine)).map(([engine]) => engine);
    for (const engine of missing) asked.delete(engine);
    return [...entries.filter(isSilent).map((entry) => entry.id), ...missing].filter((engine) => !handled.has(engine));
  };
  const bury = async (ids: readonly string[]): Promise<void> => {
    for (const each of ids) {
      handled.add(each);
      dead.add(each);
    }
    try {
      await onDead(ids);
      await store.engines.remove(ids);
    } catch (error) {
      for (const each of ids) if (!seen.has(each)) asked.set(each, looks);
      options.onProblem?.(asMillraceError(error));
    } finally {
      for (const each of ids) handled.delete(each);
    }
  };
  /** One round after the other. */
  const beat = (): Promise<void> => {
    const before = round.catch(() => {}); // whoever began it hears of its failure
    round = (async () => {
      await before;
      if (!closed) await once();
    })();
    return round;
  };
  const goOn = (): void => {
    if (closed) return;
    cancel = clock.after(beatMs, () => {
      beat()
        .catch((error: unknown) => options.onProblem?.(asMillraceError(error)))
        .finally(goOn);
    });
  };
  /** G4: the first of the two looks may have begun before. */
  const lookSoon = (): void => {
    cancelSoon ??= clock.after(COMES_WITHIN_MS, () => {
      cancelSoon = null;
      beat()
        .then(beat)
        .catch((error: unknown) => options.onProblem?.(asMillraceError(error)));
    });
  };
  return {
    async start() {
      await beat();
      goOn();
    },
    living: () => living,
    isDead(engine) {
      if (dead.has(engine)) return true;
      if (engine === id || closed || seen.has(engine) || asked.has(engine)) return false;
      asked.set(engine, looks + 1);
      lookSoon();
      return false;
    },
    beat,
    async close() {
      if (closed) return;
      closed = true;
      cancel?.();
      cancelSoon?.();
      await round.catch(() => {});
      await store.engines.remove([id]);
    },
  };
}
