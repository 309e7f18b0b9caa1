// One or several adjacent partitions as loads and builds see them: plain bounds, whatever calendar they came from.

export interface TimeBounds {
  readonly kind: "time";
  readonly column: string | null;
  readonly startMs: number;
  readonly endMs: number;
  /** The days that bound it in its zone (`2026-01-01`), where it begins and ends with a day; what a DATE is compared with. */
  readonly startDay: string | null;
  readonly endDay: string | null;
}

export interface ValueBounds {
  readonly kind: "value";
  readonly column: string | null;
  readonly value: string;
}

export interface PartitionPart {
  readonly key: string;
  /** Of its first dimension of time; null where it has none. */
  readonly startMs: number | null;
  readonly endMs: number | null;
  /** Per dimension. */
  readonly bounds: readonly (TimeBounds | ValueBounds)[];
  /** Per dimension its value, by name. */
  readonly values: Readonly<Record<string, string>>;
  /** What it is made of now: per asset that it reads a token of versions. */
  readonly inputs: Readonly<Record<string, string>>;
}

export interface PartitionRequest {
  /** The key, or FROM..TO. */
  readonly name: string;
  readonly parts: readonly PartitionPart[];
}

/** The rule under which rows that a partition's query or delivery gave, and that belong to another one, are left out. */
export const OUTSIDE_RULE = "outsidePartition";

/** Does a column tell each dimension of its rows? Otherwise the load that brought a row does. */
export function hasColumns(request: PartitionRequest): boolean {
  return request.parts.every((part) => part.bounds.every(({ column }) => column !== null));
}
