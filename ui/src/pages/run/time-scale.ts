// Times on a line where long stretches in which nothing ran are folded: a run that waited a night for an approval still shows its minutes.

export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Fold extends Span {
  /** Where it stands on the line, 0 to 1. */
  readonly at: number;
  readonly width: number;
}

export interface TimeScale {
  /** 0 to 1. */
  readonly at: (ms: number) => number;
  readonly folds: readonly Fold[];
}

/** An idle stretch longer than this part of what was busy is folded to FOLDED_PART of it. */
const FOLD_FROM_PART = 0.25;
const FOLDED_PART = 0.05;

export function timeScale(whole: Span, busy: readonly Span[]): TimeScale {
  const pieces = united(busy.filter(({ from, to }) => to >= whole.from && from <= whole.to));
  const busyMs = Math.max(
    1,
    pieces.reduce((sum, { from, to }) => sum + (to - from), 0),
  );
  const stretches: { readonly span: Span; readonly weight: number; readonly isFolded: boolean }[] = [];
  const idle = (from: number, to: number): void => {
    if (to <= from) return;
    const isFolded = to - from > busyMs * FOLD_FROM_PART && pieces.length > 0;
    stretches.push({ span: { from, to }, weight: isFolded ? busyMs * FOLDED_PART : to - from, isFolded });
  };
  let end = whole.from;
  for (const piece of pieces) {
    idle(end, Math.max(end, piece.from));
    const from = Math.max(end, piece.from);
    if (piece.to > from) stretches.push({ span: { from, to: piece.to }, weight: piece.to - from, isFolded: false });
    end = Math.max(end, piece.to);
  }
  idle(end, whole.to);
  const total = stretches.reduce((sum, { weight }) => sum + weight, 0) || 1;
  let sum = 0;
  const placed = stretches.map(({ span, weight, isFolded }) => {
    const stretch = { ...span, at: sum / total, width: weight / total, isFolded };
    sum += weight;
    return stretch;
  });
  return {
    at(ms) {
      const stretch = placed[countBefore(placed, ms)] ?? placed.at(-1);
      if (stretch === undefined) return 0;
      const part = stretch.to === stretch.from ? 0 : (ms - stretch.from) / (stretch.to - stretch.from);
      return Math.max(0, Math.min(1, stretch.at + stretch.width * Math.max(0, Math.min(1, part))));
    },
    folds: placed.filter(({ isFolded }) => isFolded).map(({ from, to, at, width }) => ({ from, to, at, width })),
  };
}

/** How many end before a time; they follow each other. */
function countBefore(placed: readonly Span[], ms: number): number {
  let [low, high] = [0, placed.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (placed[middle]!.to < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

function united(spans: readonly Span[]): readonly Span[] {
  const result: Span[] = [];
  for (const span of spans.toSorted((one, other) => one.from - other.from)) {
    const last = result.at(-1);
    if (last !== undefined && span.from <= last.to) result[result.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
    else result.push(span);
  }
  return result;
}
