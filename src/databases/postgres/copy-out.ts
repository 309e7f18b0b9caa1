// COPY … TO STDOUT (FORMAT binary) of one connection: the driver's parser steps aside, fields are found in the bytes as they come, and chunks of 2,048 rows
// are decoded and appended to a DuckDB table.
//   C1. A row is whole or an error; the server's count is compared with ours.
//   C2. Whatever ends the stream (an error of ours, of the server, a lost connection) ends the promise.
import type { Connection } from "pg";
import { CHUNK_ROWS, heapKeeper, TextHeap, type Bindings } from "../vectors.ts";
import { DuckDBDataChunk, type DuckDBAppender } from "@duckdb/node-api";
import { MillraceError } from "../../model/errors.ts";
import { Misfit, type Decoder } from "./decode-values.ts";

const BUFFER_BYTES = 4 << 20;
/** A single row may be larger than the buffer, up to this. */
const ROW_BYTES_MAX = 1 << 30;
const SIGNATURE_BYTES = 11;
const COPY_DATA = 0x64;
const ERROR = 0x45;
const COMMAND_COMPLETE = 0x43;
const READY = 0x5a;
/** Messages that mean nothing for a copy. */
const SKIPPED: ReadonlySet<number> = new Set([0x48, 0x63, 0x4e, 0x53, 0x41, 0x54]);

export interface Sink {
  readonly bindings: Bindings;
  readonly appender: DuckDBAppender;
  readonly decoders: readonly Decoder[];
  /** The server does not promise UTF-8 (SQL_ASCII): texts are proven before they are taken. */
  readonly isProving: boolean;
}

/** Rows as fields: the position of every field of up to 2,048 rows, column by column. */
export class Rows {
  rows = 0;
  private readonly sink: Sink;
  private readonly offsets: readonly Int32Array[];
  private readonly lengths: readonly Int32Array[];
  private bytes: Buffer<ArrayBuffer> = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  /** Where unread bytes begin and end, and where those of the rows in hand began. */
  private read = 0;
  private end = 0;
  private begin = 0;
  private inHand = 0;
  /** Used for every flush. */
  private readonly chunk: DuckDBDataChunk;
  private readonly keeper = heapKeeper();
  private hasHeader = false;
  /** Told of every message that is not of the copy. */
  private readonly control: (message: Buffer) => void;

  constructor(sink: Sink, control: (message: Buffer) => void) {
    this.sink = sink;
    this.control = control;
    this.chunk = DuckDBDataChunk.create(
      sink.decoders.map((decoder) => decoder.type),
      CHUNK_ROWS,
    );
    this.offsets = sink.decoders.map(() => new Int32Array(CHUNK_ROWS));
    this.lengths = sink.decoders.map(() => new Int32Array(CHUNK_ROWS));
  }

  add(data: Uint8Array): void {
    if (this.end + data.length > this.bytes.length) this.makeRoom(data.length);
    this.bytes.set(data, this.end);
    this.end += data.length;
    while (this.parse()) this.flush();
  }

  /** Appends the rows in hand. */
  flush(): void {
    const { inHand, sink } = this;
    if (inHand > 0) {
      const { bindings, decoders, appender } = sink;
      const bytes = this.bytes.subarray(this.begin, this.read);
      const target = { bindings, heap: new TextHeap(bindings, this.keeper, bytes), isProving: sink.isProving };
      const { chunk } = this;
      chunk.reset();
      chunk.rowCount = inHand;
      for (let column = 0; column < decoders.length; column++) {
        const fields = { bytes, offsets: this.offsets[column]!, lengths: this.lengths[column]! };
        try {
          decoders[column]!.decode(fields, inHand, bindings.data_chunk_get_vector(chunk.chunk, column), target);
        } catch (error) {
          if (error instanceof Misfit) error.column = column;
          throw error;
        }
      }
      appender.appendDataChunk(chunk);
      this.rows += inHand;
      this.inHand = 0;
    }
    this.begin = this.read;
  }

  private makeRoom(bytes: number): void {
    this.flush();
    this.bytes.copyWithin(0, this.read, this.end);
    this.end -= this.read;
    this.read = this.begin = 0;
    if (this.end + bytes <= this.bytes.length) return;
    const size = Math.max(this.bytes.length * 2, this.end + bytes);
    if (size > ROW_BYTES_MAX) throw new MillraceError({ code: "MR4808", message: "a row is larger than 1 GB" });
    const larger = Buffer.allocUnsafeSlow(size);
    this.bytes.copy(larger, 0, 0, this.end);
    this.bytes = larger;
  }

  /** Finds fields as far as there are whole messages; true when the rows in hand are to be appended before it goes on. */
  private parse(): boolean {
    const { bytes, end, offsets, lengths, begin } = this;
    const columns = offsets.length;
    let at = this.read;
    let row = this.inHand;
    while (row < CHUNK_ROWS && end - at >= 5) {
      const length = ((bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!) + 1;
      if (length < 5 || length > ROW_BYTES_MAX) throw brokenStream();
      if (end - at < length) break;
      const next = at + length;
      if (bytes[at] !== COPY_DATA) {
        if (SKIPPED.has(bytes[at]!)) {
          at = next;
          continue;
        }
        this.read = next;
        this.inHand = row;
        this.control(Buffer.from(bytes.subarray(at, next)));
        return this.end > this.read;
      }
      let field = at + 5;
      at = next;
      if (!this.hasHeader) {
        this.hasHeader = true;
        field += SIGNATURE_BYTES + 8 + bytes.readInt32BE(field + SIGNATURE_BYTES + 4);
        if (field === next) continue;
      }
      const count = (bytes[field]! << 8) | bytes[field + 1]!;
      if (count === 0xff_ff) continue;
      if (count !== columns) throw brokenStream();
      field += 2;
      for (let column = 0; column < columns; column++) {
        const size = (bytes[field]! << 24) | (bytes[field + 1]! << 16) | (bytes[field + 2]! << 8) | bytes[field + 3]!;
        field += 4;
        lengths[column]![row] = size;
        offsets[column]![row] = size < 0 ? 0 : field - begin;
        if (size > 0) field += size;
      }
      if (field !== next) throw brokenStream();
      row++;
    }
    this.read = at;
    this.inHand = row;
    return row === CHUNK_ROWS;
  }
}

function brokenStream(): MillraceError {
  return new MillraceError({ code: "MR4803", message: "what the server sent is no binary COPY", retryable: true });
}

type Listener = (data: Buffer) => void;

/** A query of the driver that takes the socket over until the server is ready again. */
export class CopyOut {
  readonly rows: Rows;
  /** Rows that were copied; rejected with what ended it. */
  readonly done: Promise<number>;
  /** Last moment at which bytes came. */
  lastMs = performance.now();
  private readonly text: string;
  private connection: Connection | undefined;
  private listeners: readonly Listener[] = [];
  private resolve!: (rows: number) => void;
  private reject!: (error: unknown) => void;
  private failure: unknown;
  private readonly kept: Buffer[] = [];
  private announced = -1;

  constructor(text: string, sink: Sink) {
    this.text = text;
    this.rows = new Rows(sink, (message) => this.onControl(message));
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.done.catch(() => {}); // told to who awaits it
  }

  submit(connection: Connection): void {
    this.connection = connection;
    const { stream } = connection;
    this.listeners = stream.listeners("data") as Listener[];
    stream.removeAllListeners("data");
    stream.on("data", this.onData);
    connection.query(this.text);
  }

  /** Ends it now, with this error; the connection is of no use any more. */
  stop(error: unknown): void {
    this.failure ??= error;
    this.connection?.stream.destroy();
    this.reject(this.failure);
  }

  handleError(error: unknown): void {
    this.failure ??= error;
    this.reject(this.failure);
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.announced = Number(/^COPY (\d+)/.exec(message.text)?.[1] ?? -1);
  }

  handleReadyForQuery(): void {
    if (this.failure !== undefined) return this.reject(this.failure);
    const { rows } = this.rows;
    if (this.announced !== rows) {
      const message = `${this.announced} rows were sent, but ${rows} arrived`;
      return this.reject(new MillraceError({ code: "MR4809", message }));
    }
    this.resolve(rows);
  }

  handleCopyData(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handlePortalSuspended(): void {}
  handleEmptyQuery(): void {}

  private readonly onData = (data: Buffer): void => {
    this.lastMs = performance.now();
    try {
      this.rows.add(data);
    } catch (error) {
      this.stop(error);
    }
  };

  private onControl(message: Buffer): void {
    const kind = message[0];
    if (kind !== ERROR && kind !== COMMAND_COMPLETE && kind !== READY) throw brokenStream();
    this.kept.push(message);
    if (kind !== READY) return;
    const { stream } = this.connection!;
    if (!this.kept.some((kept) => kept[0] === ERROR)) this.rows.flush();
    stream.off("data", this.onData);
    for (const listener of this.listeners) stream.on("data", listener);
    const kept = Buffer.concat(this.kept);
    for (const listener of this.listeners) listener(kept);
  }
}
