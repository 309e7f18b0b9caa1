// What stood at one place within the rows of pages: kinds of values, and below them the fields of objects and the elements of lists. It is noted
// while values are written as JSON, so that no second look at the rows is needed.
//   P1. Memory is bounded: too many keys or levels, and a place is only known to be JSON.
//   P2. What is written is what JSON.stringify writes, but for integers of any size (numbers), bytes (base64) and half characters (U+FFFD).
import { COLUMNS_MAX, NESTED_KEYS_MAX, SHAPE_DEPTH_MAX } from "../formats/json/scanner.ts";

/** Kinds of values, as bits. */
export const KIND = {
  boolean: 1,
  /** Up to 2^53: a double holds it. */
  integer: 2,
  /** Up to 2^63. */
  big: 4,
  /** Up to 2^127. */
  wide: 8,
  /** An integer beyond. */
  endless: 16,
  double: 32,
  text: 64,
  moment: 128,
  bytes: 256,
  object: 512,
  list: 1024,
} as const;

const BIGINT_MAX = 2n ** 63n - 1n;
const HUGEINT_MAX = 2n ** 127n - 1n;
const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

export interface Field {
  readonly name: string;
  /** The name as JSON, with its colon. */
  readonly written: string;
  readonly place: Place;
  /** Objects that have it, be it null. */
  times: number;
}

/** Places below one column that are told apart. */
interface Budget {
  places: number;
}

export class Place {
  kinds = 0;
  objects = 0;
  /** Not told apart any more: JSON. */
  isOpaque: boolean;
  items: Place | null = null;
  readonly fields = new Map<string, Field>();
  private readonly depth: number;
  private readonly budget: Budget;

  constructor(depth = 1, budget: Budget = { places: 0 }) {
    this.depth = depth;
    this.budget = budget;
    this.isOpaque = depth > SHAPE_DEPTH_MAX;
  }

  field(key: string): Field | null {
    if (this.isOpaque) return null;
    const known = this.fields.get(key);
    if (known !== undefined) return known;
    const name = wellFormed(key);
    const isFull = this.fields.size >= NESTED_KEYS_MAX || ++this.budget.places > COLUMNS_MAX;
    // A key with half a character may become that of another.
    if (isFull || name !== key) {
      this.isOpaque = true;
      this.fields.clear();
      return null;
    }
    const field = { name, written: `${JSON.stringify(name)}:`, place: new Place(this.depth + 1, this.budget), times: 0 };
    this.fields.set(key, field);
    return field;
  }

  element(): Place | null {
    if (this.isOpaque) return null;
    return (this.items ??= new Place(this.depth + 1, this.budget));
  }
}

/** A string as JSON; half a character is none. */
export function textJson(value: string): string {
  const json = JSON.stringify(value);
  return json.includes("\\ud") ? JSON.stringify(wellFormed(value)) : json;
}

function wellFormed(value: string): string {
  return value.replaceAll(/\p{Surrogate}/gu, "\uFFFD");
}

/** The kind of an integer. */
export function integerKind(value: bigint): number {
  const size = value < 0n ? -value : value;
  if (size <= SAFE_MAX) return KIND.integer;
  return size <= BIGINT_MAX ? KIND.big : size <= HUGEINT_MAX ? KIND.wide : KIND.endless;
}

/** An object or a list as JSON, noted at its place. @throws RangeError when it has no end. */
export function nestedJson(value: object, place: Place | null): string {
  if (Array.isArray(value)) {
    if (place !== null) place.kinds |= KIND.list;
    const element = place === null ? null : place.element();
    let json = "[";
    for (let index = 0; index < value.length; index++) {
      if (index > 0) json += ",";
      json += valueJson(value[index], element);
    }
    return `${json}]`;
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) return "null";
    if (place !== null) place.kinds |= KIND.text;
    return JSON.stringify(value);
  }
  if (value instanceof Uint8Array) {
    if (place !== null) place.kinds |= KIND.text;
    return JSON.stringify(Buffer.from(value).toString("base64"));
  }
  if (place !== null) {
    place.kinds |= KIND.object;
    place.objects += 1;
  }
  let json = "{";
  for (const [key, entry] of Object.entries(value)) {
    if (entry === undefined || typeof entry === "function") continue;
    const field = place === null ? null : place.field(key);
    if (field !== null) field.times += 1;
    if (json.length > 1) json += ",";
    json += (field === null ? `${textJson(key)}:` : field.written) + valueJson(entry, field === null ? null : field.place);
  }
  return `${json}}`;
}

function valueJson(value: unknown, place: Place | null): string {
  switch (typeof value) {
    case "string":
      if (place !== null) place.kinds |= KIND.text;
      return textJson(value);
    case "number":
      if (place !== null) place.kinds |= kindOfNumber(value);
      return Number.isFinite(value) ? String(value) : `"${value}"`;
    case "boolean":
      if (place !== null) place.kinds |= KIND.boolean;
      return value ? "true" : "false";
    case "bigint":
      if (place !== null) place.kinds |= integerKind(value);
      return value.toString();
    case "object":
      return value === null ? "null" : nestedJson(value, place);
    default:
      return "null";
  }
}

/** What is no number stands as text, as in JSON. */
function kindOfNumber(value: number): number {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? KIND.double : KIND.integer;
  return Number.isFinite(value) ? KIND.double : KIND.text;
}
