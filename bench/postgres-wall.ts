// The wall for reading PostgreSQL: the same table by one binary COPY, received, turned into DuckDB's vectors by loops that know these 12 columns, and written
// to a table. No misfits, no snapshot, no watch, nothing counted: what the machine allows, not what can be trusted.
import type { Socket } from "node:net";
import type { DuckDBAppender, DuckDBConnection } from "@duckdb/node-api";
import * as duckdb from "@duckdb/node-api";
import * as loaded from "@duckdb/node-bindings";
import { Client } from "pg";

const { default: bindings } = loaded as unknown as { readonly default: typeof loaded };
const ROWS = 2048;
const BUFFER_BYTES = 8 << 20;
const READY = 0x5a;
const COPY_DATA = 0x64;
const HEADER_BYTES = 19;
const EPOCH_DAYS = 10_957;
const EPOCH_MICROS = 946_684_800_000_000;
const WORD = 4_294_967_296;

const { BIGINT, BLOB, INTEGER, VARCHAR, DOUBLE, DECIMAL, TIMESTAMPTZ, DATE, BOOLEAN, SMALLINT } = duckdb;
/** In the order of the table; bytes of a value in DuckDB. */
const COLUMNS = [
  [BIGINT, 8],
  [INTEGER, 4],
  [VARCHAR, 16],
  [DOUBLE, 8],
  [DECIMAL(12, 2), 8],
  [TIMESTAMPTZ, 8],
  [TIMESTAMPTZ, 8],
  [DATE, 4],
  [BOOLEAN, 1],
  [SMALLINT, 2],
  [VARCHAR, 16],
  [VARCHAR, 16],
] as const;
const TEXT_BYTES = 16;

/** Copies `orders` of the server into a new table `into`. Rows. */
export async function bareCopy(url: string, connection: DuckDBConnection, into: string): Promise<number> {
  await connection.run("begin");
  await connection.run(`create table ${into} (${COLUMNS.map(([type], index) => `c${index} ${type.toString()}`).join(", ")})`);
  const appender = await connection.createAppender(into);
  const reader = new Client(url);
  await reader.connect();
  reader.on("error", () => {}); // it is cut at the end
  const { stream } = (reader as unknown as { readonly connection: { readonly stream: Socket } }).connection;
  stream.removeAllListeners("data");
  const decoder = new Decoder(appender);
  await new Promise<void>((resolve, reject) => {
    stream.once("close", () => reject(new Error("the server ended the copy")));
    stream.on("data", (data: Buffer) => {
      if (decoder.add(data)) resolve();
    });
    (reader as unknown as { readonly connection: { query(text: string): void } }).connection.query("copy orders to stdout (format binary)");
  });
  stream.destroy();
  appender.closeSync();
  await connection.run("commit");
  return decoder.rows;
}

class Decoder {
  rows = 0;
  private readonly appender: DuckDBAppender;
  private readonly chunk = duckdb.DuckDBDataChunk.create(
    COLUMNS.map(([type]) => type),
    ROWS,
  );
  private readonly heap = duckdb.DuckDBDataChunk.create([BLOB], 1);
  private readonly buffers = COLUMNS.map(([, widthBytes]) => new ArrayBuffer(ROWS * widthBytes));
  private readonly words = this.buffers.map((buffer) => new Int32Array(buffer, 0, buffer.byteLength >> 2));
  private readonly halves = this.buffers.map((buffer) => new Int16Array(buffer));
  private readonly octets = this.buffers.map((buffer) => new Uint8Array(buffer));
  private readonly valid = COLUMNS.map(() => new Uint8Array(ROWS / 8).fill(255));
  private readonly hasNulls = COLUMNS.map(() => false);
  private bytes = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  private begin = 0;
  private read = 0;
  private end = 0;
  private inHand = 0;
  private hasHeader = false;
  private isDone = false;

  constructor(appender: DuckDBAppender) {
    this.appender = appender;
  }

  /** True after the last byte. */
  add(data: Buffer): boolean {
    if (this.end + data.length > this.bytes.length) {
      this.flush();
      this.bytes.copyWithin(0, this.read, this.end);
      this.end -= this.read;
      this.begin = this.read = 0;
    }
    this.end += data.copy(this.bytes, this.end);
    do this.parse();
    while (this.inHand === ROWS && this.flush());
    if (this.isDone) this.flush();
    return this.isDone;
  }

  private parse(): void {
    const { bytes, end } = this;
    let at = this.read;
    let row = this.inHand;
    while (row < ROWS && end - at >= 5) {
      const next = at + 1 + word(bytes, at + 1);
      if (next > end) break;
      if (bytes[at] === COPY_DATA) {
        let field = at + 5;
        if (!this.hasHeader) {
          this.hasHeader = true;
          field += HEADER_BYTES;
        }
        if (field < next && bytes[field] === 0) this.row(field + 2, row++);
      } else if (bytes[at] === READY) this.isDone = true;
      at = next;
    }
    this.read = at;
    this.inHand = row;
  }

  /** Only notes are null in this table. */
  private row(from: number, row: number): void {
    const { bytes, words, halves, octets } = this;
    let at = from + 4;
    eight(bytes, at, words[0]!, row);
    at += 12;
    words[1]![row] = word(bytes, at);
    at = this.textAt(2, at + 4, row) + 4;
    eight(bytes, at, words[3]!, row);
    at += 12;
    putWords(words[4]!, row, cents(bytes, at));
    at += word(bytes, at - 4) + 4;
    putWords(words[5]!, row, word(bytes, at) * WORD + (word(bytes, at + 4) >>> 0) + EPOCH_MICROS);
    at += 12;
    putWords(words[6]!, row, word(bytes, at) * WORD + (word(bytes, at + 4) >>> 0) + EPOCH_MICROS);
    at += 12;
    words[7]![row] = word(bytes, at) + EPOCH_DAYS;
    at += 8;
    octets[8]![row] = bytes[at]!;
    at += 5;
    halves[9]![row] = (bytes[at]! << 8) | bytes[at + 1]!;
    at = this.textAt(10, at + 2, row);
    this.textAt(11, at, row);
  }

  /** Where the next field begins. */
  private textAt(column: number, from: number, row: number): number {
    const { bytes } = this;
    const words = this.words[column]!;
    const length = word(bytes, from);
    const at = from + 4;
    if (length < 0) {
      this.valid[column]![row >> 3]! &= ~(1 << (row & 7));
      this.hasNulls[column] = true;
      words[4 * row] = 0;
      return at;
    }
    words[4 * row] = length;
    if (length > 12) {
      words[4 * row + 1] = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      words[4 * row + 2] = at - this.begin;
    } else {
      words[4 * row + 1] = words[4 * row + 2] = words[4 * row + 3] = 0;
      const octets = this.octets[column]!;
      for (let byte = 0; byte < length; byte++) octets[16 * row + 4 + byte] = bytes[at + byte]!;
    }
    return at + length;
  }

  /** Texts point into a copy of the bytes that DuckDB holds. */
  private flush(): boolean {
    const count = this.inHand;
    if (count > 0) {
      const { chunk, heap } = this;
      chunk.reset();
      chunk.rowCount = count;
      heap.reset();
      const holder = bindings.data_chunk_get_vector(heap.chunk, 0);
      bindings.vector_assign_string_element_len(holder, 0, this.bytes.subarray(this.begin, this.read));
      const entry = bindings.vector_get_data(holder, 16);
      const address = new DataView(entry.buffer, entry.byteOffset);
      const [lowest, high] = [address.getUint32(8, true), address.getUint32(12, true)];
      for (const [column, [, widthBytes]] of COLUMNS.entries()) {
        const words = this.words[column]!;
        if (widthBytes === TEXT_BYTES) {
          for (let row = 0; row < count; row++) {
            if (words[4 * row]! <= 12) continue;
            const low = lowest + words[4 * row + 2]!;
            words[4 * row + 2] = low;
            words[4 * row + 3] = low >= WORD ? high + 1 : high;
          }
        }
        const vector = bindings.data_chunk_get_vector(chunk.chunk, column);
        bindings.copy_data_to_vector(vector, 0, this.buffers[column]!, 0, count * widthBytes);
        if (!this.hasNulls[column]) continue;
        bindings.vector_ensure_validity_writable(vector);
        bindings.copy_data_to_vector_validity(vector, 0, this.valid[column]!.buffer, 0, ROWS / 8);
        this.valid[column]!.fill(255);
        this.hasNulls[column] = false;
      }
      this.appender.appendDataChunk(chunk);
      this.rows += count;
      this.inHand = 0;
    }
    this.begin = this.read;
    return true;
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function eight(bytes: Uint8Array, at: number, words: Int32Array, row: number): void {
  words[2 * row + 1] = word(bytes, at);
  words[2 * row] = word(bytes, at + 4);
}

function putWords(words: Int32Array, row: number, value: number): void {
  const high = Math.floor(value / WORD);
  words[2 * row + 1] = high;
  words[2 * row] = value - high * WORD;
}

function cents(bytes: Uint8Array, at: number): number {
  const groups = (bytes[at]! << 8) | bytes[at + 1]!;
  const weight = (((bytes[at + 2]! << 8) | bytes[at + 3]!) << 16) >> 16;
  let value = 0;
  for (let group = 0; group < groups; group++) value = value * 10_000 + ((bytes[at + 8 + 2 * group]! << 8) | bytes[at + 9 + 2 * group]!);
  return Math.round(value * 10 ** ((weight - groups + 1) * 4 + 2));
}
