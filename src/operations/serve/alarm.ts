// Wakes for the earliest of many due times: one timer and a heap, however many there are. A due time is set again for its key, or taken back.
import type { Clock } from "../../engine/clock.ts";

export interface Alarm {
  /** Calls `onDue(key)` at `at` (milliseconds since 1970), once; null takes it back. */
  set(key: string, at: number | null): void;
  close(): void;
}

interface Entry {
  readonly key: string;
  readonly at: number;
}

/** A clock that is set shows soon enough: nobody sleeps longer than this without a look at it. */
const LOOK_MS = 60_000;

export function createAlarm(clock: Clock, onDue: (key: string) => void): Alarm {
  const heap: Entry[] = [];
  const due = new Map<string, number>();
  let cancel: (() => void) | null = null;
  let timerAt = Number.POSITIVE_INFINITY;

  const arm = (): void => {
    // What was taken back or set anew meanwhile is dropped here, not searched for when it happens.
    while (heap.length > 0 && due.get(heap[0]!.key) !== heap[0]!.at) pop(heap);
    const first = heap[0];
    const at = first?.at ?? Number.POSITIVE_INFINITY;
    if (at === timerAt && cancel !== null) return;
    cancel?.();
    cancel = null;
    timerAt = at;
    if (first === undefined) return;
    cancel = clock.after(Math.min(LOOK_MS, at - clock.now()), ring);
  };
  const ring = (): void => {
    cancel = null;
    timerAt = Number.POSITIVE_INFINITY;
    const now = clock.now();
    const rung: string[] = [];
    while (heap.length > 0 && heap[0]!.at <= now) {
      const { key, at } = pop(heap)!;
      if (due.get(key) !== at) continue;
      due.delete(key);
      rung.push(key);
    }
    for (const key of rung) onDue(key);
    arm();
  };

  return {
    set(key, at) {
      if (at === null) due.delete(key);
      else if (due.get(key) !== at) {
        due.set(key, at);
        push(heap, { key, at });
      }
      arm();
    },
    close() {
      cancel?.();
      cancel = null;
      heap.length = 0;
      due.clear();
    },
  };
}

function push(heap: Entry[], entry: Entry): void {
  let index = heap.push(entry) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (heap[parent]!.at <= entry.at) break;
    heap[index] = heap[parent]!;
    index = parent;
  }
  heap[index] = entry;
}

function pop(heap: Entry[]): Entry | undefined {
  const [first] = heap;
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return first;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child++;
    if (heap[child]!.at >= last.at) break;
    heap[index] = heap[child]!;
    index = child;
  }
  heap[index] = last;
  return first;
}
