// The lines of a log that a page holds: a window that grows at both ends. What goes beyond KEPT_MAX leaves at the other end in whole parts, each with its
// place in the log: it is read again from there, so that no line is ever passed over, nor is memory taken for all of them.
import type { LogWindowAnswer } from "../../../../src/model/live-answers.ts";

export type LogLine = LogWindowAnswer["lines"][number];

interface Part {
  readonly lines: readonly LogLine[];
  /** Where a window before it ends; null: there is nothing before it. */
  readonly previous: string | null;
}

export interface Shown {
  /** In their order; their lines together are `lines`. */
  readonly parts: readonly Part[];
  readonly lines: readonly LogLine[];
  /** Of the lines. */
  readonly errors: number;
  readonly total: number;
  readonly previous: string | null;
  readonly next: string;
  readonly hasNext: boolean;
}

/** An answer of `runs.logs`. */
export type Window = Pick<LogWindowAnswer, "lines" | "total" | "previous" | "next" | "hasNext">;

export const KEPT_MAX = 60_000;
/** Smaller parts are joined. */
const PART_LINES = 1_000;

export function shownOf({ lines, total, previous, next, hasNext }: Window): Shown {
  return { parts: [{ lines, previous }], lines, errors: errorsIn(lines), total, previous, next, hasNext };
}

/** With what stands behind it; the oldest parts leave. */
export function withAfter(at: Shown, { lines, total, previous, next, hasNext }: Window): Shown {
  if (lines.length === 0) return { ...at, total, next, hasNext };
  const last = at.parts.at(-1);
  const isSmall = last !== undefined && at.parts.length > 1 && last.lines.length + lines.length <= PART_LINES;
  const parts = isSmall
    ? [...at.parts.slice(0, -1), { lines: [...last.lines, ...lines], previous: last.previous }]
    : [...at.parts, { lines, previous }];
  let errors = at.errors + errorsIn(lines);
  let count = at.lines.length + lines.length;
  while (count > KEPT_MAX && parts.length > 1) {
    const gone = parts.shift()!;
    count -= gone.lines.length;
    errors -= errorsIn(gone.lines);
  }
  return { parts, lines: [...at.lines, ...lines].slice(-count), errors, total, previous: parts[0]!.previous, next, hasNext };
}

/** With what stands before it; the newest parts leave, and stand behind it then. */
export function withBefore(at: Shown, { lines, previous }: Pick<Window, "lines" | "previous">): Shown {
  const parts: Part[] = [{ lines, previous }, ...at.parts];
  let { next, hasNext } = at;
  let errors = at.errors + errorsIn(lines);
  let count = at.lines.length + lines.length;
  while (count > KEPT_MAX && parts.length > 1) {
    const gone = parts.pop()!;
    count -= gone.lines.length;
    errors -= errorsIn(gone.lines);
    // The end of what is before it: there is something, for this part is not the first.
    [next, hasNext] = [gone.previous ?? next, true];
  }
  return { ...at, parts, lines: [...lines, ...at.lines].slice(0, count), errors, previous, next, hasNext };
}

function errorsIn(lines: readonly LogLine[]): number {
  let count = 0;
  for (const { level } of lines) if (level === "error") count += 1;
  return count;
}
