// From DuckDB's vectors to rows of PostgreSQL's binary COPY: first how long each row will be, then column by column the bytes at their places.
// No row objects and no JavaScript strings on the way.
import { DecimalEncoder } from "./encode-decimal.ts";
import { type Cells, type Encoder, isNull, put } from "./encode-port.ts";
import { CHUNK_ROWS, INLINE_BYTES, TEXT_ENTRY_BYTES, type Bindings, type DataChunk } from "../vectors.ts";

/** How values of a column are sent. `decimal`: `bytes` wide in DuckDB. */
export type Wire =
  | {
      readonly kind:
        | "bool"
        | "int2"
        | "int4"
        | "int8"
        | "float4"
        | "float8"
        | "date"
        | "time"
        | "timetz"
        | "timestamp"
        | "interval"
        | "uuid"
        | "text";
    }
  | { readonly kind: "decimal"; readonly bytes: 2 | 4 | 8 | 16; readonly scale: number };

const FIELD_COUNT_BYTES = 2;
const MESSAGE_HEAD_BYTES = 5;
const COPY_DATA = 0x64;
const HEADER = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");

/** The COPY message of a header, and that of the end. */
export function copyHeader(): Buffer {
  return message(HEADER);
}
export function copyTrailer(): Buffer {
  return message(Buffer.from([0xff, 0xff]));
}

function message(payload: Buffer): Buffer {
  const head = Buffer.alloc(MESSAGE_HEAD_BYTES);
  head[0] = COPY_DATA;
  head.writeInt32BE(payload.length + 4, 1);
  return Buffer.concat([head, payload]);
}

/** Rows of chunks as COPY messages, one message for each chunk. */
export class RowEncoder {
  private readonly bindings: Bindings;
  private readonly encoders: readonly Encoder[];
  private readonly sizes = new Int32Array(CHUNK_ROWS);
  private readonly at = new Int32Array(CHUNK_ROWS);
  private readonly free: Buffer[] = [];

  constructor(bindings: Bindings, wires: readonly Wire[]) {
    this.bindings = bindings;
    this.encoders = wires.map((wire) => encoderOf(bindings, wire));
  }

  /** The message of a chunk; give it back with `release` when it is sent. */
  encode(chunk: DataChunk): Buffer {
    const { bindings, encoders, sizes, at } = this;
    const count = bindings.data_chunk_get_size(chunk);
    const columns = encoders.map((encoder, index): Cells => {
      const vector = bindings.data_chunk_get_vector(chunk, index);
      const data = aligned(bindings.vector_get_data(vector, count * encoder.widthBytes));
      const words = new Int32Array(data.buffer, data.byteOffset, data.byteLength >> 2);
      const valid: Uint8Array | null = bindings.vector_get_validity(vector, Math.ceil(count / 64) * 8) ?? null;
      return { data, words, valid };
    });
    sizes.fill(FIELD_COUNT_BYTES + 4 * encoders.length, 0, count);
    for (let column = 0; column < encoders.length; column++) encoders[column]!.measure(columns[column]!, count, sizes);
    let end = MESSAGE_HEAD_BYTES;
    for (let row = 0; row < count; row++) {
      at[row] = end;
      end += sizes[row]!;
    }
    const out = this.buffer(end);
    out[0] = COPY_DATA;
    out.writeInt32BE(end - 1, 1);
    for (let row = 0; row < count; row++) {
      const start = at[row]!;
      out[start] = encoders.length >> 8;
      out[start + 1] = encoders.length;
      at[row] = start + FIELD_COUNT_BYTES;
    }
    for (let column = 0; column < encoders.length; column++) encoders[column]!.write(columns[column]!, count, out, at);
    return out.subarray(0, end);
  }

  release(sent: Buffer): void {
    this.free.push(Buffer.from(sent.buffer, sent.byteOffset));
  }

  private buffer(bytes: number): Buffer {
    const found = this.free.pop();
    return found !== undefined && found.length >= bytes ? found : Buffer.allocUnsafeSlow(Math.ceil(bytes * 1.25));
  }
}

function aligned(data: Uint8Array): Uint8Array {
  return data.byteOffset % 4 === 0 ? data : data.slice();
}

function encoderOf(bindings: Bindings, wire: Wire): Encoder {
  switch (wire.kind) {
    case "bool":
      return fixed(1, 1, ({ data }, row, out, at) => {
        out[at] = data[row]!;
      });
    case "int2":
      return fixed(2, 2, ({ data }, row, out, at) => {
        out[at] = data[2 * row + 1]!;
        out[at + 1] = data[2 * row]!;
      });
    case "int4":
    case "float4":
      return fixed(4, 4, ({ words }, row, out, at) => put(out, at, words[row]!));
    case "int8":
    case "float8":
    case "time":
      return fixed(8, 8, ({ words }, row, out, at) => {
        put(out, at, words[2 * row + 1]!);
        put(out, at + 4, words[2 * row]!);
      });
    case "date":
      return fixed(4, 4, ({ words }, row, out, at) => {
        const days = words[row]!;
        put(out, at, days === INT_MAX ? INT_MAX : days === -INT_MAX ? INT_MIN : days - EPOCH_DAYS);
      });
    case "timestamp":
      return fixed(8, 8, ({ words }, row, out, at) => putTimestamp(words[2 * row + 1]!, words[2 * row]! >>> 0, out, at));
    case "timetz":
      return fixed(8, 12, ({ words }, row, out, at) => {
        const bits = (BigInt(words[2 * row + 1]! >>> 0) << 32n) | BigInt(words[2 * row]! >>> 0);
        const micros = bits >> 24n;
        put(out, at, Number(micros >> 32n));
        put(out, at + 4, Number(micros & 0xff_ff_ff_ffn));
        put(out, at + 8, Number(bits & 0xff_ff_ffn) - OFFSET_MAX_SECONDS);
      });
    case "interval":
      return fixed(16, 16, ({ words }, row, out, at) => {
        put(out, at, words[4 * row + 3]!);
        put(out, at + 4, words[4 * row + 2]!);
        put(out, at + 8, words[4 * row + 1]!);
        put(out, at + 12, words[4 * row]!);
      });
    case "uuid":
      return fixed(16, 16, ({ words }, row, out, at) => {
        put(out, at, words[4 * row + 3]! ^ INT_MIN);
        put(out, at + 4, words[4 * row + 2]!);
        put(out, at + 8, words[4 * row + 1]!);
        put(out, at + 12, words[4 * row]!);
      });
    case "text":
      return new TextEncoder(bindings);
    case "decimal":
      return new DecimalEncoder(wire.bytes, wire.scale);
    default:
      return wire satisfies never;
  }
}

const INT_MAX = 2_147_483_647;
const INT_MIN = -2_147_483_648;
const EPOCH_DAYS = 10_957;
const EPOCH_HIGH = Math.floor(946_684_800_000_000 / 4_294_967_296);
const EPOCH_LOW = 946_684_800_000_000 % 4_294_967_296;
const OFFSET_MAX_SECONDS = 57_599;

function putTimestamp(high: number, low: number, out: Uint8Array, at: number): void {
  if (high === INT_MAX && low === 4_294_967_295) {
    put(out, at, INT_MAX);
    put(out, at + 4, -1);
  } else if (high === INT_MIN && low <= 1) {
    put(out, at, INT_MIN);
    put(out, at + 4, 0);
  } else {
    const newLow = low - EPOCH_LOW;
    put(out, at, high - EPOCH_HIGH - (newLow < 0 ? 1 : 0));
    put(out, at + 4, newLow);
  }
}

type PutValue = (cells: Cells, row: number, out: Uint8Array, at: number) => void;

function fixed(widthBytes: number, size: number, putValue: PutValue): Encoder {
  return {
    widthBytes,
    measure({ valid }, count, sizes) {
      if (valid === null) for (let row = 0; row < count; row++) sizes[row]! += size;
      else for (let row = 0; row < count; row++) if (!isNull(valid, row)) sizes[row]! += size;
    },
    write(cells, count, out, at) {
      const { valid } = cells;
      for (let row = 0; row < count; row++) {
        const start = at[row]!;
        if (isNull(valid, row)) {
          put(out, start, -1);
          at[row] = start + 4;
        } else {
          put(out, start, size);
          putValue(cells, row, out, start + 4);
          at[row] = start + 4 + size;
        }
      }
    },
  };
}

/** Texts, bytes, JSON. Those that lie one after the other in DuckDB's memory are fetched at once. */
class TextEncoder implements Encoder {
  readonly widthBytes = TEXT_ENTRY_BYTES;
  private readonly bindings: Bindings;
  private heap = Buffer.allocUnsafeSlow(256 << 10);
  private readonly offsets = new Int32Array(CHUNK_ROWS);
  private readonly lengths = new Int32Array(CHUNK_ROWS);

  constructor(bindings: Bindings) {
    this.bindings = bindings;
  }

  measure({ data, words, valid }: Cells, count: number, sizes: Int32Array): void {
    const { offsets, lengths } = this;
    let end = 0;
    for (let row = 0; row < count; row++) {
      if (isNull(valid, row)) {
        lengths[row] = -1;
        continue;
      }
      const length = words[4 * row]!;
      lengths[row] = length;
      sizes[row]! += length;
      if (length <= INLINE_BYTES) {
        this.reserve(end, INLINE_BYTES);
        offsets[row] = end;
        const from = 16 * row + 4;
        for (let byte = 0; byte < length; byte++) this.heap[end + byte] = data[from + byte]!;
        end += length;
        continue;
      }
      // Rows that follow and whose bytes follow, others between them left out.
      const address = (words[4 * row + 2]! >>> 0) + words[4 * row + 3]! * 4_294_967_296;
      let total = length;
      let last = row;
      offsets[row] = end;
      for (let next = row + 1; next < count; next++) {
        if (isNull(valid, next)) break;
        const size = words[4 * next]!;
        if (size <= INLINE_BYTES || (words[4 * next + 2]! >>> 0) + words[4 * next + 3]! * 4_294_967_296 !== address + total) break;
        offsets[next] = end + total;
        lengths[next] = size;
        sizes[next]! += size;
        total += size;
        last = next;
      }
      this.reserve(end, total);
      this.heap.set(this.bindings.get_data_from_pointer(data.buffer as ArrayBuffer, data.byteOffset + 16 * row + 8, total), end);
      end += total;
      row = last;
    }
  }

  write(_cells: Cells, count: number, out: Uint8Array, at: Int32Array): void {
    const { heap, offsets, lengths } = this;
    for (let row = 0; row < count; row++) {
      const length = lengths[row]!;
      let start = at[row]!;
      put(out, start, length);
      start += 4;
      if (length > 0) {
        const from = offsets[row]!;
        if (length < 48) for (let byte = 0; byte < length; byte++) out[start + byte] = heap[from + byte]!;
        else heap.copy(out, start, from, from + length);
        start += length;
      }
      at[row] = start;
    }
  }

  private reserve(end: number, bytes: number): void {
    if (end + bytes <= this.heap.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.heap.length * 2, end + bytes));
    this.heap.copy(larger, 0, 0, end);
    this.heap = larger;
  }
}
