// What was seen at one place of the records of a file: the kinds of values, as bits, and below them the places of its members.
// Plain values only: a shape travels between threads.

/** Kinds of values that stood at a place. */
export const SEEN = {
  null: 1,
  boolean: 2,
  /** Up to 2^53: a double holds it. */
  integer: 4,
  /** Up to 2^63. */
  bigint: 8,
  /** Up to 38 digits. */
  hugeint: 16,
  /** A number that a double gives back as it was written (leading to the same value). */
  decimal: 32,
  /** A decimal with more digits than a double holds; up to 38 digits it fits a DECIMAL. */
  wideDecimal: 64,
  /** More than 38 digits, or beyond the range of a double: no numeric type holds it. */
  unholdable: 128,
  text: 256,
  date: 512,
  timestamp: 1024,
  instant: 2048,
  object: 4096,
  array: 8192,
  /** Objects here do not all have the same keys, or there are too many keys: no STRUCT. */
  uneven: 16384,
  /** A number whose text DuckDB would write in another way (1.10, 1e5, -0). */
  oddNumber: 32768,
  /** Below this place: a number whose value DuckDB would change when it writes JSON. Set on columns. */
  fragile: 65536,
  /** Below this place: an object with the same key twice. Set on columns. */
  duplicateKey: 131072,
  /** A number with an exponent: its digits do not tell its scale. */
  exponent: 262144,
} as const;

export interface Shape {
  /** The key as it is after unescaping; "" for the root and for items. */
  readonly key: string;
  /** UTF-8 of the key. */
  readonly keyBytes: Uint8Array;
  flags: number;
  /** Values that were not null. */
  values: number;
  objects: number;
  /** Number of the last object that had this key, to notice a second one. */
  stamp: number;
  wholeDigits: number;
  scale: number;
  readonly members: Shape[];
  readonly byKey: Map<string, Shape>;
  items: Shape | null;
}

export function newShape(key = ""): Shape {
  return {
    key,
    keyBytes: new TextEncoder().encode(key),
    flags: 0,
    values: 0,
    objects: 0,
    stamp: 0,
    wholeDigits: 0,
    scale: 0,
    members: [],
    byKey: new Map(),
    items: null,
  };
}
