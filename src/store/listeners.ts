// Who wants to hear of changes of a store. Many changes of one turn are told once; the watching of other processes goes on only while somebody listens.

export interface Listeners {
  add(listener: () => void): () => void;
  /** Something has changed: everybody is told at the end of this turn. */
  tell(): void;
  close(): void;
}

/** `watch` is called when the first listener comes and answers how to stop, which is called when the last has gone. */
export function createListeners(watch?: () => () => void): Listeners {
  const listeners = new Set<{ readonly tell: () => void }>();
  let unwatch: (() => void) | null = null;
  let told = false;
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
    tell() {
      if (told || listeners.size === 0) return;
      told = true;
      queueMicrotask(() => {
        told = false;
        for (const each of listeners) each.tell();
      });
    },
    close() {
      listeners.clear();
      stopWatching();
    },
  };
}
