// The lines of a run's log that are on this page: a window that grows at both ends, and at its end by what is logged just now.
import { useCallback, useEffect, useRef, useState } from "react";
import { askIn } from "../../data/ask.ts";
import { useEnvironment } from "../../data/environment.ts";
import { useTopic } from "../../data/live.ts";
import { type LogLine, type Shown, shownOf, withAfter, withBefore } from "./log-parts.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface LogWish {
  readonly run: string;
  readonly node: string | undefined;
  readonly attempt: number | undefined;
  readonly level: LogLevel | undefined;
  readonly grep: string | undefined;
  /** Begins a little before this line; otherwise at the end. */
  readonly line: number | undefined;
}

export interface Log {
  readonly lines: readonly LogLine[];
  /** Of the lines shown. */
  readonly errors: number;
  readonly total: number;
  readonly isLoading: boolean;
  readonly error: Error | null;
  /** There are lines before those shown. */
  readonly hasBefore: boolean;
  /** Shows older lines; resolves with how many came. */
  readonly before: () => Promise<number>;
  /** Shows the lines behind those shown. */
  readonly after: () => Promise<void>;
  /** Shows the lines around this one. */
  readonly show: (line: number) => Promise<void>;
  /** Back to the end, where new lines come. */
  readonly toEnd: () => Promise<void>;
  /** The last of the lines shown is the last there is. */
  readonly isAtEnd: boolean;
  readonly retry: () => void;
}

/** At the end: what is in sight, and some more. */
const FIRST = 400;
const WINDOW = 1_000;
const STEP = 5_000;
const LEAD_LINES = 20;

export function useLog({ run, node, attempt, level, grep, line }: LogWish): Log {
  const [environment] = useEnvironment();
  const [shown, setShown] = useState<Shown | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [again, setAgain] = useState(0);
  const newest = useRef<Shown | null>(null);
  const isAsking = useRef(false);
  const isDirty = useRef(false);
  const show = (next: Shown | null): void => {
    newest.current = next;
    setShown(next);
  };
  const ask = useCallback(
    (where: { readonly before?: string; readonly after?: string; readonly line?: number; readonly limit: number }, signal?: AbortSignal) =>
      askIn(environment)(
        "runs.logs",
        {
          run,
          ...(node === undefined ? {} : { node }),
          ...(attempt === undefined ? {} : { attempt }),
          ...(level === undefined ? {} : { level }),
          ...(grep === undefined ? {} : { grep }),
          ...where,
        },
        signal === undefined ? {} : { signal },
      ),
    [environment, run, node, attempt, level, grep],
  );
  useEffect(() => {
    const stop = new AbortController();
    show(null);
    setError(null);
    ask(line === undefined ? { limit: FIRST } : { limit: WINDOW, line: Math.max(0, line - LEAD_LINES) }, stop.signal).then(
      (answer) => {
        if (!stop.signal.aborted) show(shownOf(answer));
      },
      (thrown: unknown) => {
        if (!stop.signal.aborted) setError(thrown as Error);
      },
    );
    return () => stop.abort();
    // A line that is chosen later is in sight already.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [ask, again]);

  const grow = async (isReading = false): Promise<void> => {
    isDirty.current = true;
    if (isAsking.current) return;
    isAsking.current = true;
    try {
      while (isDirty.current) {
        isDirty.current = false;
        const from = newest.current;
        // Who reads far before the end is not given all that stands between.
        if (from === null || (from.hasNext && !isReading)) return;
        const answer = await ask({ after: from.next, limit: STEP });
        if (newest.current !== from && newest.current?.next !== from.next) return; // another filter meanwhile
        const at = newest.current ?? from;
        show(withAfter(at, answer));
        isDirty.current ||= answer.hasNext && !isReading;
      }
    } catch {
      // The next news, or a reload, asks again.
    } finally {
      isAsking.current = false;
    }
  };
  useTopic(`logs:${run}`, () => void grow());

  const before = async (): Promise<number> => {
    const from = newest.current;
    if (from?.previous == null || isAsking.current) return 0;
    isAsking.current = true;
    try {
      const answer = await ask({ before: from.previous, limit: WINDOW });
      if (newest.current !== from) return 0;
      show(withBefore(from, answer));
      return answer.lines.length;
    } finally {
      isAsking.current = false;
    }
  };
  const around = async (where: { readonly line?: number }): Promise<void> => {
    const answer = await ask({ limit: WINDOW, ...where });
    show(shownOf(answer));
  };
  return {
    lines: shown?.lines ?? NONE,
    errors: shown?.errors ?? 0,
    total: shown?.total ?? 0,
    isLoading: shown === null && error === null,
    error,
    hasBefore: shown?.previous != null,
    before,
    after: () => grow(true),
    show: (wanted) => around({ line: Math.max(0, wanted - LEAD_LINES) }),
    toEnd: () => around({}),
    isAtEnd: shown?.hasNext === false,
    retry: () => setAgain((count) => count + 1),
  };
}

const NONE: readonly LogLine[] = [];
