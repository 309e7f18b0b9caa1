// Who wants to hear of changes of a store. Many changes of one turn are told once; the watching of other processes goes on only while somebody listens.

import type { Writer } from "./store.ts";

export interface Listeners {
  add(listener: (writer: Writer) => void): () => void;
  /** Something has changed: everybody is told at the end of this turn. */
  tell(writer: Writer): void;
  close(): void;
}

/** `watch` is called when the first listener comes and answers how to stop, which is called when the last has gone. */
export function createListeners(watch?: () => () => void): Listeners {
  const listeners = new Set<{ readonly tell: (writer: Writer) => void }>();
  let unwatch: (() => void) | null = null;
  let told: Writer | null = null;
  const stopWatching = (): void => {
    unwatch?.();
    unwatch = null;
  };
  return {
    add(listener) {
      const entry = { tell: listener };
      listeners.add(entry);
      if (listeners.size === 1) unwatch = watch?.() ?? null;
      return () => {
        if (listeners.delete(entry) && listeners.size === 0) stopWatching();
      };
    },
    tell(writer) {
      if (listeners.size === 0) return;
      const isFirst = told === null;
      if (isFirst || writer === "others") told = writer;
      if (!isFirst) return;
      queueMicrotask(() => {
        const by = told ?? writer;
        told = null;
        for (const each of listeners) each.tell(by);
      });
    },
    close() {
      listeners.clear();
      stopWatching();
    },
  };
}
