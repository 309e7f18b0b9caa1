// Values of one column from the bytes of PostgreSQL's binary COPY into DuckDB's vectors, column by column: where each field lies was found before, here tight loops turn it round.
//   D1. No value changes. What DuckDB's type cannot hold (NaN in a decimal, an array of other dimensions, a time beyond its years) is a Misfit;
//       the reader then begins again with that column as text.
import { isUtf8 } from "node:buffer";
import { DECIMAL, type DuckDBType, VARCHAR } from "@duckdb/node-api";
import { MillraceError } from "../../model/errors.ts";
import { type Bindings, markNulls, TEXT_ENTRY_BYTES, type TextHeap, type Vector } from "../vectors.ts";

/** Where the values of one column lie: `lengths` is -1 for null. */
export interface Fields {
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array;
  readonly lengths: Int32Array;
}

/** Where decoded values go. */
export interface Target {
  readonly bindings: Bindings;
  readonly heap: TextHeap;
  /** The server does not promise UTF-8. */
  readonly isProving: boolean;
}

export interface Decoder {
  readonly type: DuckDBType;
  /** @throws Misfit (D1). */
  decode(fields: Fields, count: number, vector: Vector, target: Target): void;
}

/** What to read from the server, as its type says. */
export type Shape =
  | { readonly kind: "bool" | "int2" | "int4" | "oid" | "int8" | "float4" | "float8" | "date" | "time" | "timetz" }
  | { readonly kind: "timestamp" | "timestamptz" | "interval" | "uuid" | "text" | "json" | "jsonb" | "bytea" }
  | { readonly kind: "decimal"; readonly width: number; readonly scale: number }
  | { readonly kind: "list"; readonly element: Shape; readonly dimensions: number }
  | { readonly kind: "struct"; readonly fields: readonly { readonly name: string; readonly shape: Shape }[] };

/** A value that the column's DuckDB type cannot hold. */
export class Misfit extends Error {
  /** Dimensions of an array, when they are what was not expected. */
  readonly dimensions: number | null;
  /** Index of the column; set by who knows it. */
  column = -1;

  constructor(why: string, dimensions: number | null = null) {
    super(why);
    this.dimensions = dimensions;
  }
}

export const int32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;

type Fill = (fields: Fields, count: number, buffer: ArrayBuffer) => void;

/** Values of one width: rows of nulls get whatever lies at offset 0, and are marked. */
export function fixed(type: DuckDBType, widthBytes: number, fill: Fill): Decoder {
  let buffer = new ArrayBuffer(0);
  return {
    type,
    decode(fields, count, vector, { bindings }) {
      if (buffer.byteLength < count * widthBytes) buffer = new ArrayBuffer(Math.max(2048, count) * widthBytes);
      fill(fields, count, buffer);
      bindings.copy_data_to_vector(vector, 0, buffer, 0, count * widthBytes);
      markNulls(bindings, vector, fields.lengths, count);
    },
  };
}

export function words({ bytes, offsets }: Fields, count: number, buffer: ArrayBuffer): void {
  const out = new Int32Array(buffer);
  for (let row = 0; row < count; row++) out[row] = int32(bytes, offsets[row]!);
}

export function doubleWords({ bytes, offsets }: Fields, count: number, buffer: ArrayBuffer): void {
  const out = new Int32Array(buffer);
  for (let row = 0; row < count; row++) {
    const at = offsets[row]!;
    out[2 * row + 1] = int32(bytes, at);
    out[2 * row] = int32(bytes, at + 4);
  }
}

/** Days from 1970 to 2000. */
const EPOCH_DAYS = 10_957;
const INT_MAX = 2_147_483_647;
const INT_MIN = -2_147_483_648;

export function dates({ bytes, offsets, lengths }: Fields, count: number, buffer: ArrayBuffer): void {
  const out = new Int32Array(buffer);
  for (let row = 0; row < count; row++) {
    if (lengths[row]! < 0) continue;
    const days = int32(bytes, offsets[row]!);
    out[row] = days === INT_MAX ? INT_MAX : days === INT_MIN ? -INT_MAX : days + EPOCH_DAYS;
  }
}

/** Microseconds from 1970 to 2000, in two words. */
const EPOCH_HIGH = Math.floor(946_684_800_000_000 / 4_294_967_296);
const EPOCH_LOW = 946_684_800_000_000 % 4_294_967_296;

export function timestamps({ bytes, offsets, lengths }: Fields, count: number, buffer: ArrayBuffer): void {
  const out = new Int32Array(buffer);
  for (let row = 0; row < count; row++) {
    if (lengths[row]! < 0) continue;
    const at = offsets[row]!;
    const high = int32(bytes, at);
    const low = int32(bytes, at + 4) >>> 0;
    let newHigh = high;
    let newLow = low;
    if (high === INT_MIN && low === 0) newLow = 1; // -infinity
    else if (high !== INT_MAX || low !== 4_294_967_295) {
      newLow = low + EPOCH_LOW;
      newHigh = high + EPOCH_HIGH + (newLow >= 4_294_967_296 ? 1 : 0);
      if (newHigh > INT_MAX) throw new Misfit("a time after the year 294246");
    }
    out[2 * row + 1] = newHigh;
    out[2 * row] = newLow;
  }
}

/** DuckDB's highest offset in seconds; it orders by it downwards. */
const OFFSET_MAX_SECONDS = 57_599n;

export function zonedTimes({ bytes, offsets, lengths }: Fields, count: number, buffer: ArrayBuffer): void {
  const out = new BigUint64Array(buffer);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let row = 0; row < count; row++) {
    if (lengths[row]! < 0) continue;
    const at = offsets[row]!;
    out[row] = (view.getBigUint64(at) << 24n) | (OFFSET_MAX_SECONDS + BigInt(view.getInt32(at + 8)));
  }
}

export function intervals({ bytes, offsets, lengths }: Fields, count: number, buffer: ArrayBuffer): void {
  const out = new Int32Array(buffer);
  for (let row = 0; row < count; row++) {
    if (lengths[row]! < 0) continue;
    const at = offsets[row]!;
    const months = int32(bytes, at + 12);
    if (months === INT_MAX || months === INT_MIN) throw new Misfit("an infinite interval");
    out[4 * row] = months;
    out[4 * row + 1] = int32(bytes, at + 8);
    out[4 * row + 3] = int32(bytes, at);
    out[4 * row + 2] = int32(bytes, at + 4);
  }
}

export function uuids({ bytes, offsets }: Fields, count: number, buffer: ArrayBuffer): void {
  const out = new Int32Array(buffer);
  for (let row = 0; row < count; row++) {
    const at = offsets[row]!;
    out[4 * row + 3] = int32(bytes, at) ^ INT_MIN;
    out[4 * row + 2] = int32(bytes, at + 4);
    out[4 * row + 1] = int32(bytes, at + 8);
    out[4 * row] = int32(bytes, at + 12);
  }
}

const POWERS = Array.from({ length: 40 }, (_, index) => 10 ** index);
const BIG_POWERS = Array.from({ length: 80 }, (_, index) => 10n ** BigInt(index));
/** Decimal digits that a double always holds. */
const EXACT_DIGITS = 15;

export function decimal(width: number, scale: number): Decoder {
  const bytesEach = width <= 4 ? 2 : width <= 9 ? 4 : width <= 18 ? 8 : 16;
  return fixed(DECIMAL(width, scale), bytesEach, ({ bytes, offsets, lengths }, count, buffer) => {
    const half = new Int16Array(buffer);
    const whole = new Int32Array(buffer);
    const big = new BigInt64Array(buffer, 0, Math.floor(buffer.byteLength / 8));
    for (let row = 0; row < count; row++) {
      if (lengths[row]! < 0) continue;
      const at = offsets[row]!;
      const groups = (bytes[at]! << 8) | bytes[at + 1]!;
      const weight = (((bytes[at + 2]! << 8) | bytes[at + 3]!) << 16) >> 16;
      const sign = bytes[at + 4]!;
      if (sign > 0x40) throw new Misfit(sign === 0xc0 ? "NaN" : "an infinite number");
      const shift = groups === 0 ? 0 : (weight - groups + 1) * 4 + scale;
      if (groups * 4 + Math.max(shift, 0) > EXACT_DIGITS) {
        const value = bigDecimal(bytes, at + 8, groups, shift) * (sign === 0 ? 1n : -1n);
        if (bytesEach === 16) {
          big[2 * row] = value;
          big[2 * row + 1] = value >> 64n;
        } else if (bytesEach === 8) big[row] = value;
        else if (bytesEach === 4) whole[row] = Number(value);
        else half[row] = Number(value);
        continue;
      }
      let value = 0;
      const last = shift < 0 ? groups - 1 : groups;
      for (let group = 0; group < last; group++) value = value * 10_000 + ((bytes[at + 8 + 2 * group]! << 8) | bytes[at + 9 + 2 * group]!);
      // Digits beyond the scale are zeros: the server cut them.
      if (shift < 0) value = value * POWERS[4 + shift]! + ((bytes[at + 8 + 2 * last]! << 8) | bytes[at + 9 + 2 * last]!) / POWERS[-shift]!;
      else if (shift > 0) value *= POWERS[shift]!;
      if (sign !== 0) value = -value;
      if (bytesEach === 2) half[row] = value;
      else if (bytesEach === 4) whole[row] = value;
      else {
        const high = Math.floor(value / 4_294_967_296);
        const word = bytesEach === 8 ? 2 * row : 4 * row;
        whole[word] = value - high * 4_294_967_296;
        whole[word + 1] = high;
        if (bytesEach === 16) whole[word + 2] = whole[word + 3] = value < 0 ? -1 : 0;
      }
    }
  });
}

function bigDecimal(bytes: Uint8Array, at: number, groups: number, shift: number): bigint {
  let value = 0n;
  for (let group = 0; group < groups; group++) value = value * 10_000n + BigInt((bytes[at + 2 * group]! << 8) | bytes[at + 2 * group + 1]!);
  return shift >= 0 ? value * BIG_POWERS[shift]! : value / BIG_POWERS[-shift]!;
}

/** Texts and bytes stay where they are: the heap holds the whole chunk as it came. `skip` bytes stand before each. */
export function texts(type: DuckDBType, skip: number): Decoder {
  let entries = new Uint32Array(0);
  return {
    type,
    decode({ bytes, offsets, lengths }, count, vector, { bindings, heap, isProving }) {
      if (isProving && type === VARCHAR) proveTexts(bytes, offsets, lengths, count);
      if (entries.length < count * 4) entries = new Uint32Array(Math.max(2048, count) * 4);
      for (let row = 0; row < count; row++) {
        const length = lengths[row]!;
        if (length < 0) entries.fill(0, row * 4, row * 4 + 4);
        else heap.enter(entries, row, offsets[row]! + skip, length - skip);
      }
      bindings.copy_data_to_vector(vector, 0, entries.buffer, 0, count * TEXT_ENTRY_BYTES);
      markNulls(bindings, vector, lengths, count);
    },
  };
}

function proveTexts(bytes: Uint8Array, offsets: Int32Array, lengths: Int32Array, count: number): void {
  for (let row = 0; row < count; row++) {
    if (lengths[row]! <= 0 || isUtf8(bytes.subarray(offsets[row], offsets[row]! + lengths[row]!))) continue;
    throw new MillraceError({
      code: "MR4808",
      message: "the database holds texts that are not UTF-8, and its encoding is SQL_ASCII",
      hint: "set the database's encoding right, or read the column in a query with convert_from",
    });
  }
}
