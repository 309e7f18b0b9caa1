// One query at a time: started, counted, canceled; what came before stays until the next has answered.
import { useCallback, useEffect, useRef, useState } from "react";
import type { QueryRunAnswer } from "../../../../src/model/query-answers.ts";
import { askIn } from "../../data/ask.ts";

export const WHATS = ["rows", "profile", "plan", "analyze"] as const;
export type What = (typeof WHATS)[number];

export interface Wanted {
  readonly sql: string;
  readonly what: What;
  readonly rows: number;
}

export type QueryState =
  | { readonly kind: "idle"; readonly answer?: undefined }
  | { readonly kind: "running"; readonly seconds: number; readonly answer: QueryRunAnswer | undefined }
  | { readonly kind: "done"; readonly answer: QueryRunAnswer }
  | { readonly kind: "failed"; readonly error: Error; readonly answer?: undefined };

export interface QueryRun {
  readonly state: QueryState;
  readonly start: (wanted: Wanted) => void;
  readonly cancel: () => void;
}

const TICK_MS = 500;
const AGAIN_MS = 200;

export function useQueryRun(environment: string | undefined): QueryRun {
  const [state, setState] = useState<QueryState>({ kind: "idle" });
  const current = useRef<string | null>(null);
  const open = useRef<Set<string>>(new Set());

  const stop = useCallback((): void => {
    const query = current.current;
    // It may not have begun yet: it is asked again until it has ended.
    const ask = (): void => {
      if (query === null || !open.current.has(query)) return;
      void askIn(environment)("query.cancel", { query }).then(
        ({ canceled }) => void (canceled ? undefined : setTimeout(ask, AGAIN_MS)),
        () => undefined, // it may have ended just now
      );
    };
    ask();
  }, [environment]);
  const start = useCallback(
    (wanted: Wanted): void => {
      stop();
      const query = newQuery();
      current.current = query;
      open.current.add(query);
      const began = performance.now();
      const tick = setInterval(() => {
        if (current.current === query)
          setState((before) => (before.kind === "running" ? { ...before, seconds: (performance.now() - began) / 1_000 } : before));
      }, TICK_MS);
      setState((before) => ({ kind: "running", seconds: 0, answer: before.answer }));
      askIn(environment)("query.run", { ...wanted, query })
        .then(
          (answer) => {
            if (current.current === query) setState({ kind: "done", answer });
          },
          (error: unknown) => {
            if (current.current === query) setState({ kind: "failed", error: error as Error });
          },
        )
        .finally(() => {
          clearInterval(tick);
          open.current.delete(query);
          if (current.current === query) current.current = null;
        });
    },
    [environment, stop],
  );
  // Whoever leaves the page has no use for its query.
  useEffect(() => stop, [stop]);
  return { state, start, cancel: stop };
}

export function newQuery(): string {
  return `q_${[...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
