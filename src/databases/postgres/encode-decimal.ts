// Whole numbers of DuckDB with a scale as numeric of PostgreSQL.
import { CHUNK_ROWS } from "../vectors.ts";
import { type Cells, type Encoder, isNull, put } from "./encode-port.ts";

const GROUP = 10_000;
/** Groups of four digits of the widest number (39 digits, and a scale that cuts one). */
const GROUPS_MAX = 12;
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const DECIMAL_HEAD_BYTES = 8;

/** Whole numbers of DuckDB with a scale, as PostgreSQL's groups of four decimal digits. */
export class DecimalEncoder implements Encoder {
  readonly widthBytes: number;
  private readonly scale: number;
  /** What lacks at the last group: its digits are the first of four. */
  private readonly factor: number;
  private readonly groups = new Int16Array(CHUNK_ROWS * GROUPS_MAX);
  private readonly counts = new Int8Array(CHUNK_ROWS);
  private readonly weights = new Int8Array(CHUNK_ROWS);
  private readonly negative = new Uint8Array(CHUNK_ROWS);

  constructor(bytes: number, scale: number) {
    this.widthBytes = bytes;
    this.scale = scale;
    this.factor = 10 ** ((4 - (scale % 4)) % 4);
  }

  measure(cells: Cells, count: number, sizes: Int32Array): void {
    const { groups, counts, weights, negative, scale, factor } = this;
    const fraction = Math.ceil(scale / 4);
    for (let row = 0; row < count; row++) {
      if (isNull(cells.valid, row)) {
        counts[row] = -1;
        continue;
      }
      const value = this.value(cells, row);
      negative[row] = value < 0 ? 1 : 0;
      const first = row * GROUPS_MAX;
      let found = 0;
      if (typeof value === "number") {
        let rest = Math.abs(value) * factor;
        for (; rest > 0; found++) {
          const higher = Math.floor(rest / GROUP);
          groups[first + found] = rest - higher * GROUP;
          rest = higher;
        }
      } else {
        let rest = (value < 0n ? -value : value) * BigInt(factor);
        for (; rest > 0n; found++) {
          groups[first + found] = Number(rest % 10_000n);
          rest /= 10_000n;
        }
      }
      weights[row] = found === 0 ? 0 : found - fraction - 1;
      // Lowest groups that are zero are not sent.
      let zeros = 0;
      while (zeros < found && groups[first + zeros] === 0) zeros++;
      if (zeros > 0) groups.copyWithin(first, first + zeros, first + found);
      counts[row] = found - zeros;
      sizes[row]! += DECIMAL_HEAD_BYTES + 2 * (found - zeros);
    }
  }

  /** As a number where it and its digits are exact in one. */
  private value({ data, words }: Cells, row: number): number | bigint {
    if (this.widthBytes === 2) return ((data[2 * row]! | (data[2 * row + 1]! << 8)) << 16) >> 16;
    if (this.widthBytes === 4) return words[row]!;
    if (this.widthBytes === 8) {
      const value = words[2 * row + 1]! * 4_294_967_296 + (words[2 * row]! >>> 0);
      return Math.abs(value) < EXACT_MAX ? value : (BigInt(words[2 * row + 1]!) << 32n) | BigInt(words[2 * row]! >>> 0);
    }
    const high = (BigInt(words[4 * row + 3]!) << 32n) | BigInt(words[4 * row + 2]! >>> 0);
    const low = (BigInt(words[4 * row + 1]! >>> 0) << 32n) | BigInt(words[4 * row]! >>> 0);
    const value = (high << 64n) | low;
    return value < SAFE / 1000n && value > -SAFE / 1000n ? Number(value) : value;
  }

  write(_cells: Cells, count: number, out: Uint8Array, at: Int32Array): void {
    const { groups, counts, weights, negative, scale } = this;
    for (let row = 0; row < count; row++) {
      let start = at[row]!;
      const found = counts[row]!;
      if (found < 0) {
        put(out, start, -1);
        at[row] = start + 4;
        continue;
      }
      put(out, start, DECIMAL_HEAD_BYTES + 2 * found);
      put(out, start + 4, (found << 16) | (weights[row]! & 0xff_ff));
      put(out, start + 8, (negative[row] === 1 ? 0x40_00_00_00 : 0) | scale);
      start += 12;
      for (let group = found - 1; group >= 0; group--) {
        const digits = groups[row * GROUPS_MAX + group]!;
        out[start] = digits >> 8;
        out[start + 1] = digits;
        start += 2;
      }
      at[row] = start;
    }
  }
}

/** Below it a number times 1,000 is exact in a double. */
const EXACT_MAX = Number.MAX_SAFE_INTEGER / 1000;
