// What is logged by the runs that somebody follows: looked for LOOKS_PER_SECOND times a second, one look per run however many follow it. Few new lines are
// told as they are, many by their number: who shows them reads the window that it shows.
import { logIndexOf } from "../../engine/log-index.ts";
import { windowOf } from "../../engine/log-window.ts";
import type { JsonValue } from "../../model/json.ts";

const LOOKS_PER_SECOND = 10;
const LINES_TOLD_MAX = 200;
export interface LogTails {
  /** Returns how to stop. */
  follow(run: string, take: (changed: JsonValue) => void): () => void;
  close(): void;
}

interface Tail {
  readonly followers: Set<{ readonly take: (changed: JsonValue) => void }>;
  readonly timer: NodeJS.Timeout;
}

export function createLogTails(dir: string, onProblem: (error: unknown) => void): LogTails {
  const tails = new Map<string, Tail>();
  const start = (run: string): Tail => {
    const index = logIndexOf(dir, run);
    const followers = new Set<{ readonly take: (changed: JsonValue) => void }>();
    let counts: ReadonlyMap<string, number> | undefined;
    let isLooking = false;
    const look = async (): Promise<void> => {
      const files = await index.update();
      const before = counts;
      counts = new Map(files.map((file) => [file.name, file.lines]));
      if (before === undefined) return;
      const added = { start: { kind: "added", counts: before }, limit: LINES_TOLD_MAX, fits: undefined } as const;
      const { lines, total, next, hasNext } = await windowOf(files, added);
      if (lines.length === 0) return;
      const changed = { total, next: hasNext ? null : next, lines: hasNext ? null : lines } as unknown as JsonValue;
      for (const { take } of followers) take(changed);
    };
    const timer = setInterval(() => {
      if (isLooking) return;
      isLooking = true;
      look()
        .catch(onProblem)
        .finally(() => {
          isLooking = false;
        });
    }, 1_000 / LOOKS_PER_SECOND);
    timer.unref();
    return { followers, timer };
  };
  return {
    follow(run, take) {
      const tail = tails.get(run) ?? start(run);
      tails.set(run, tail);
      const follower = { take };
      tail.followers.add(follower);
      return () => {
        tail.followers.delete(follower);
        if (tail.followers.size > 0) return;
        clearInterval(tail.timer);
        tails.delete(run);
      };
    },
    close() {
      for (const { timer } of tails.values()) clearInterval(timer);
      tails.clear();
    },
  };
}
