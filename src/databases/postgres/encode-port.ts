// What an encoder of one column is given and does.

/** One column of a chunk as DuckDB has it. */
export interface Cells {
  readonly data: Uint8Array;
  readonly words: Int32Array;
  /** Null: every row has a value. */
  readonly valid: Uint8Array | null;
}

export interface Encoder {
  /** Bytes of one value in DuckDB. */
  readonly widthBytes: number;
  /** Adds what each row's value takes, its length not counted. */
  measure(cells: Cells, count: number, sizes: Int32Array): void;
  /** Writes each value with its length at `at[row]` and moves that on. */
  write(cells: Cells, count: number, out: Uint8Array, at: Int32Array): void;
}

/** Writes four bytes, the highest first. */
export function put(out: Uint8Array, at: number, word: number): void {
  out[at] = word >>> 24;
  out[at + 1] = word >>> 16;
  out[at + 2] = word >>> 8;
  out[at + 3] = word;
}

export function isNull(valid: Uint8Array | null, row: number): boolean {
  return valid !== null && ((valid[row >> 3]! >> (row & 7)) & 1) === 0;
}
