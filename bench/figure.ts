// One measured figure beside its wall, both from the same run.

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The wall: what the machine allows for the same work without Millrace. */
  readonly wall: number | null;
  /** value / wall for times, wall-relative share for rates; null without a wall. */
  readonly ratio: number | null;
  /** What is to be reached, in words. */
  readonly reach: string;
  readonly reached: boolean;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}
