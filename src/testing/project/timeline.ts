// Virtual time: what is due happens in its order, and between two times nothing passes. The engine's own clock port, so that its parts run on it.
import type { Clock } from "../../engine/clock.ts";

interface Due {
  readonly at: number;
  readonly order: number;
  act: (() => void) | null;
}

export interface Timeline extends Clock {
  /** Calls `act` at a time, in whole milliseconds; what lies in the past is due at once. */
  at(time: number, act: () => void): () => void;
  /** Time does not go on before it has settled. */
  await(work: Promise<void>): void;
  /** Does everything that is due before `end`; then it is the last millisecond before it. */
  pass(end: number): Promise<void>;
}

export function createTimeline(start: number): Timeline {
  const heap: Due[] = [];
  let turn: (() => void)[] = [];
  let pending: Promise<void>[] = [];
  let now = start;
  let order = 0;

  /** Everything that happens now, and what follows from it at once. */
  const settle = async (): Promise<void> => {
    while (turn.length > 0 || pending.length > 0) {
      const acts = turn;
      turn = [];
      for (const act of acts) act();
      if (pending.length === 0 || turn.length > 0) continue;
      const works = pending;
      pending = [];
      await Promise.all(works);
    }
  };
  const timeline: Timeline = {
    now: () => now,
    after: (ms, act) => timeline.at(now + Math.max(0, ms), act),
    nextTurn: (act) => {
      turn.push(act);
    },
    at(time, act) {
      const due: Due = { at: Math.max(now, Math.ceil(time)), order: order++, act };
      push(heap, due);
      return () => {
        due.act = null;
      };
    },
    await: (work) => {
      pending.push(work);
    },
    async pass(end) {
      await settle();
      for (let due = heap[0]; due !== undefined && due.at < end; due = heap[0]) {
        pop(heap);
        if (due.act === null) continue;
        now = due.at;
        due.act();
        if (turn.length > 0 || pending.length > 0) await settle();
      }
      now = end - 1;
    },
  };
  return timeline;
}

function before(a: Due, b: Due): boolean {
  return a.at === b.at ? a.order < b.order : a.at < b.at;
}

function push(heap: Due[], due: Due): void {
  let index = heap.push(due) - 1;
  while (index > 0) {
    const above = (index - 1) >> 1;
    if (!before(due, heap[above]!)) break;
    heap[index] = heap[above]!;
    index = above;
  }
  heap[index] = due;
}

function pop(heap: Due[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  let index = 0;
  for (;;) {
    let below = 2 * index + 1;
    if (below >= heap.length) break;
    if (below + 1 < heap.length && before(heap[below + 1]!, heap[below]!)) below++;
    if (!before(heap[below]!, last)) break;
    heap[index] = heap[below]!;
    index = below;
  }
  heap[index] = last;
}
