// One type for values of several: the smallest that holds all of both exactly. `null` means that only text does.
//   U0. Structs get the fields of both; lists their common element; nested and other values meet in JSON.
//   U1. Numbers stay among numbers, dates and times among dates and times; turning to text is for the caller to decide.
//   U2. "maybe" asks for a look at the data: a BIGINT fits a DOUBLE only up to 2^53.
import { unifyNested } from "./nested.ts";

/** The stated lattice: along a ladder every value of a lower type stands unchanged in a higher one; `into` leaves the ladder where digits allow. */
export const LATTICE = {
  ladders: [
    ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"],
    ["DATE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP"],
    ["FLOAT", "DOUBLE"],
  ],
  /** Unsigned integers stand on the ladder one step higher. */
  unsigned: { UTINYINT: "SMALLINT", USMALLINT: "INTEGER", UINTEGER: "BIGINT", UBIGINT: "HUGEINT" },
  into: [
    { from: "an integer or a DECIMAL", to: "DECIMAL(p,s) with room for the digits of both, 38 at most", when: "exact" },
    { from: "TINYINT, SMALLINT, INTEGER", to: "DOUBLE", when: "exact" },
    { from: "DECIMAL of up to 15 digits", to: "DOUBLE", when: "exact" },
    { from: "BIGINT, HUGEINT", to: "DOUBLE", when: "ifSmall" },
    { from: "STRUCT", to: "STRUCT with the fields of both", when: "exact" },
    { from: "a list", to: "a list of the common type", when: "exact" },
    { from: "lists, objects and JSON that have nothing in common", to: "JSON", when: "exact" },
  ],
} as const;
const INTEGER_DIGITS: Readonly<Record<string, number>> = { TINYINT: 3, SMALLINT: 5, INTEGER: 10, BIGINT: 19, HUGEINT: 39 };
const UNSIGNED: Readonly<Record<string, string>> = LATTICE.unsigned;
const DECIMAL_DIGITS_MAX = 38;

export interface Union {
  readonly type: string;
  /** `exact`: always lossless. `ifSmall`: lossless when all integers lie within ±2^53. */
  readonly when: "exact" | "ifSmall";
}

/** The common type of two, or null when they have none but text. */
export function unifyTypes(a: string, b: string): Union | null {
  const [left, right] = [normal(a), normal(b)];
  if (left === right) return { type: left, when: "exact" };
  const nested = unifyNested(left, right, (one, other) => {
    const union = unifyTypes(one, other);
    // Within a struct DuckDB reads text as JSON where it should write it as such: all of it becomes JSON instead.
    const isRead = union?.type === "JSON" && one !== other;
    return union?.when === "exact" && !isRead ? union.type : null;
  });
  if (nested !== null) return { type: nested, when: "exact" };
  for (const ladder of LATTICE.ladders as readonly (readonly string[])[]) {
    const [low, high] = [ladder.indexOf(left), ladder.indexOf(right)];
    if (low >= 0 && high >= 0) return { type: ladder[Math.max(low, high)]!, when: "exact" };
  }
  const [leftDecimal, rightDecimal] = [decimalOf(left), decimalOf(right)];
  if (leftDecimal !== null && rightDecimal !== null) {
    const scale = Math.max(leftDecimal.scale, rightDecimal.scale);
    const whole = Math.max(leftDecimal.whole, rightDecimal.whole);
    return whole + scale <= DECIMAL_DIGITS_MAX ? { type: `DECIMAL(${whole + scale},${scale})`, when: "exact" } : null;
  }
  for (const [one, other] of [
    [left, right],
    [right, left],
  ] as const) {
    if (one !== "DOUBLE") continue;
    if (["TINYINT", "SMALLINT", "INTEGER"].includes(other)) return { type: "DOUBLE", when: "exact" };
    if (["BIGINT", "HUGEINT"].includes(other)) return { type: "DOUBLE", when: "ifSmall" };
    const decimal = decimalOf(other);
    if (decimal !== null && decimal.whole + decimal.scale <= 15) return { type: "DOUBLE", when: "exact" };
  }
  return null;
}

/** Does every value of `from` have a place in `into`, unchanged? */
export function fitsInto(from: string, into: string): "exact" | "ifSmall" | "no" {
  if (from === into) return "exact";
  const unsigned = Object.keys(UNSIGNED);
  if (unsigned.includes(into)) return unsigned.includes(from) && unsigned.indexOf(from) < unsigned.indexOf(into) ? "exact" : "no";
  if (normal(from) === into) return "exact";
  const union = unifyTypes(into, from);
  if (union === null || union.type !== normal(into)) return "no";
  return union.when;
}

function normal(type: string): string {
  return UNSIGNED[type] ?? type;
}

function decimalOf(type: string): { whole: number; scale: number } | null {
  const digits = INTEGER_DIGITS[type];
  if (digits !== undefined) return { whole: digits, scale: 0 };
  const match = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(type);
  return match === null ? null : { whole: Number(match[1]) - Number(match[2]), scale: Number(match[2]) };
}
