// DuckDB's vectors as bytes: the functions below the documented API that copy whole columns. They are tried once with known values; where one is missing or
// answers something else there is none (`null`), and callers go the documented, slower way.
import type * as bindingsOf from "@duckdb/node-bindings";
import type { DataChunk, Vector } from "@duckdb/node-bindings";
import { BIGINT, BLOB, DuckDBDataChunk, VARCHAR } from "@duckdb/node-api";

export type { DataChunk, Vector };
export type Bindings = typeof bindingsOf;

/** Rows of a full chunk. */
export const CHUNK_ROWS = 2048;
/** Bytes of a text's entry: its length, then up to 12 bytes of it, or four of them and the address of all. */
export const TEXT_ENTRY_BYTES = 16;
export const INLINE_BYTES = 12;

let tried: Promise<Bindings | null> | undefined;

/** The functions, proven; null where this build of DuckDB has others. */
export function vectorBindings(): Promise<Bindings | null> {
  tried ??= import("@duckdb/node-bindings").then(
    (module) => {
      const { default: bindings } = module as unknown as { readonly default: Bindings };
      return isAsExpected(bindings) ? bindings : null;
    },
    () => null,
  );
  return tried;
}

const LONG = "a text that is longer than twelve bytes: ü";

function isAsExpected(bindings: Bindings): boolean {
  try {
    const bytes = Buffer.from(LONG);
    const heap = new TextHeap(bindings, heapKeeper(), bytes);
    const chunk = DuckDBDataChunk.create([BIGINT, VARCHAR], 3);
    const numbers = new BigInt64Array([1n, -5_000_000_000n, 7n]);
    const texts = new Uint32Array(12);
    heap.enter(texts, 0, 0, bytes.length);
    heap.enter(texts, 2, 2, 4);
    const first = bindings.data_chunk_get_vector(chunk.chunk, 0);
    const second = bindings.data_chunk_get_vector(chunk.chunk, 1);
    bindings.copy_data_to_vector(first, 0, numbers.buffer, 0, 24);
    bindings.vector_ensure_validity_writable(first);
    bindings.copy_data_to_vector_validity(first, 0, new Uint8Array([5, 0, 0, 0, 0, 0, 0, 0]).buffer, 0, 8);
    bindings.copy_data_to_vector(second, 0, texts.buffer, 0, 3 * TEXT_ENTRY_BYTES);
    const entries = bindings.vector_get_data(second, 3 * TEXT_ENTRY_BYTES);
    const back = bindings.get_data_from_pointer(entries.buffer as ArrayBuffer, entries.byteOffset + 8, bytes.length);
    const seen = [chunk.getColumnValues(0), chunk.getColumnValues(1)].flat().map(String).join("|");
    return seen === `1|null|7|${LONG}||text` && Buffer.from(back).equals(bytes);
  } catch {
    return false;
  }
}

/** What holds the bytes of a `TextHeap`. */
export function heapKeeper(): DuckDBDataChunk {
  return DuckDBDataChunk.create([BLOB], 1);
}

/** Bytes that DuckDB holds, for texts of a chunk to point into while the chunk is appended. */
export class TextHeap {
  private readonly bytes: Uint8Array;
  private readonly low: number;
  private readonly high: number;

  /** `keeper` holds the bytes until it is reset: used again and again, so that memory does not wait for a collection that knows nothing of it. */
  constructor(bindings: Bindings, keeper: DuckDBDataChunk, bytes: Uint8Array) {
    this.bytes = bytes;
    keeper.reset();
    const vector = bindings.data_chunk_get_vector(keeper.chunk, 0);
    bindings.vector_assign_string_element_len(vector, 0, bytes.length > INLINE_BYTES ? bytes : new Uint8Array(INLINE_BYTES + 1));
    const entry = bindings.vector_get_data(vector, TEXT_ENTRY_BYTES);
    const view = new DataView(entry.buffer, entry.byteOffset, TEXT_ENTRY_BYTES);
    this.low = view.getUint32(8, true);
    this.high = view.getUint32(12, true);
  }

  /** Makes the entry of row `row` (4 words in `entries`) the text of `length` bytes at `offset`. */
  enter(entries: Uint32Array, row: number, offset: number, length: number): void {
    const { bytes } = this;
    const at = row * 4;
    entries[at] = length;
    if (length > INLINE_BYTES) {
      entries[at + 1] = bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16) | (bytes[offset + 3]! << 24);
      const low = this.low + offset;
      entries[at + 2] = low;
      entries[at + 3] = low >= 4_294_967_296 ? this.high + 1 : this.high;
      return;
    }
    for (let word = 0; word < 3; word++) {
      let value = 0;
      const from = word * 4;
      for (let byte = Math.min(4, length - from) - 1; byte >= 0; byte--) value = (value << 8) | bytes[offset + from + byte]!;
      entries[at + 1 + word] = value;
    }
  }
}

/** Marks the rows whose length is negative as null. */
export function markNulls(bindings: Bindings, vector: Vector, lengths: Int32Array, count: number): void {
  let row = 0;
  while (row < count && lengths[row]! >= 0) row++;
  if (row === count) return;
  const valid = new Uint8Array(Math.ceil(count / 64) * 8).fill(255);
  for (; row < count; row++) if (lengths[row]! < 0) valid[row >> 3]! &= ~(1 << (row & 7));
  bindings.vector_ensure_validity_writable(vector);
  bindings.copy_data_to_vector_validity(vector, 0, valid.buffer, 0, valid.length);
}
