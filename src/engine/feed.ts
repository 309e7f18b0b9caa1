// What others write: reads on in the store whenever it tells of changes, at most once in PAUSE_MS, and hands over what is new, oldest first. This
// process's own appends come along; who takes them knows them already. A store that fails is asked again later.
import type { Batch, EventStore } from "../store/store.ts";
import type { Clock } from "./clock.ts";

/** Changes within this time are read in one go. */
const PAUSE_MS = 25;
const FAILED_PAUSE_MS = 1_000;
const BATCHES_MAX = 1_000;

export interface Feed {
  /** Reads on now; resolves when everything that was appended before the call has been handed over. */
  catchUp(): Promise<void>;
  close(): void;
}

export interface FeedOptions {
  readonly store: Pick<EventStore, "readAll" | "changes">;
  readonly clock: Clock;
  /** Where to begin. */
  readonly afterPosition: number;
  /** How long this process's own appends may wait to be read, where they are known already. Default: as others'. */
  readonly ownPauseMs?: number;
  readonly onBatches: (batches: readonly Batch[]) => void;
  readonly onProblem: (error: unknown) => void;
}

export function createFeed({ store, clock, afterPosition, ownPauseMs = PAUSE_MS, onBatches, onProblem }: FeedOptions): Feed {
  let position = afterPosition;
  let reading: Promise<void> | null = null;
  let timer: { readonly ms: number; readonly cancel: () => void } | null = null;
  let closed = false;

  const readOn = async (): Promise<void> => {
    for (;;) {
      const batches = await store.readAll(position, BATCHES_MAX);
      if (closed || batches.length === 0) return;
      position = batches.at(-1)!.position;
      onBatches(batches);
      if (batches.length < BATCHES_MAX) return;
    }
  };
  const read = (): Promise<void> => {
    reading ??= readOn().finally(() => {
      reading = null;
    });
    return reading;
  };
  const later = (ms: number): void => {
    if (closed || (timer !== null && timer.ms <= ms)) return;
    timer?.cancel();
    const cancel = clock.after(ms, () => {
      timer = null;
      read().catch((error: unknown) => {
        onProblem(error);
        later(FAILED_PAUSE_MS);
      });
    });
    timer = { ms, cancel };
  };
  const stopListening = store.changes((writer) => later(writer === "own" ? ownPauseMs : PAUSE_MS));
  return {
    async catchUp() {
      await reading?.catch(() => {});
      await read();
    },
    close() {
      closed = true;
      stopListening();
      timer?.cancel();
    },
  };
}
