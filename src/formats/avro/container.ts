// The container of Avro: header with schema and codec, then blocks, each with the number of its objects and closed by the mark of the file.
//   B1. A block counts only when its mark follows it; a file that ends anywhere else gives nothing.
import { closeSync, openSync, readSync } from "node:fs";
import { inflateRawSync } from "node:zlib";
import { MillraceError } from "../../model/errors.ts";
import { AvroReader, BrokenAvro } from "./decode.ts";
import { loadBzip, loadSnappy } from "./untyped.ts";

const HEADER_BYTES_MAX = 64 << 20;
const READ_BYTES = 1 << 20;
/** Contents of one block. */
export const BLOCK_BYTES_MAX = 512 << 20;
const CODECS = ["null", "deflate", "snappy", "zstandard", "bzip2", "xz"] as const;
type Codec = (typeof CODECS)[number];

export interface AvroHeader {
  readonly schema: string;
  readonly codec: Codec;
  readonly sync: Buffer;
  readonly bytes: number;
}

export class AvroFile {
  readonly header: AvroHeader;
  private readonly file: number;
  private readonly name: string;
  private at: number;

  /** Throws MR3261, MR3262. */
  constructor(path: string, name: string) {
    this.file = openSync(path, "r");
    this.name = name;
    try {
      this.header = this.readHeader();
      this.at = this.header.bytes;
    } catch (error) {
      closeSync(this.file);
      throw this.asError(error);
    }
  }

  close(): void {
    closeSync(this.file);
  }

  /** Calls `onBlock` with the objects of each block, until it says stop. Throws MR3261. */
  async blocks(onBlock: (reader: AvroReader, count: number) => "goOn" | "stop"): Promise<void> {
    const expand = await expanderOf(this.header.codec);
    try {
      for (;;) {
        const head = new AvroReader(this.read(this.at, 32));
        if (head.rest === 0) return;
        const count = head.count();
        const size = head.count();
        if (count < 0 || size < 0 || size > BLOCK_BYTES_MAX) throw new BrokenAvro("a block has a size that cannot be");
        const from = this.at + head.at;
        const packed = this.read(from, size);
        const sync = this.read(from + size, 16);
        if (packed.length < size || sync.length < 16) throw new BrokenAvro("it ends within a block");
        if (!sync.equals(this.header.sync)) throw new BrokenAvro(`the block at byte ${this.at} is not closed by the mark of the file`);
        const reader = new AvroReader(await expand(packed));
        if (onBlock(reader, count) === "stop") return;
        if (reader.rest > 0) throw new BrokenAvro(`the block at byte ${this.at} holds more than its ${count} objects`);
        this.at = from + size + 16;
      }
    } catch (error) {
      throw this.asError(error);
    }
  }

  private readHeader(): AvroHeader {
    for (let size = READ_BYTES; ; size *= 4) {
      const bytes = this.read(0, size);
      if (bytes.toString("latin1", 0, 4) !== "Obj\u0001") throw new BrokenAvro("it does not begin as one");
      try {
        return headerOf(bytes, this.name);
      } catch (error) {
        if (!(error instanceof BrokenAvro) || bytes.length < size || size > HEADER_BYTES_MAX) throw error;
      }
    }
  }

  private read(from: number, length: number): Buffer {
    const buffer = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const got = readSync(this.file, buffer, filled, length - filled, from + filled);
      if (got === 0) break;
      filled += got;
    }
    return buffer.subarray(0, filled);
  }

  private asError(error: unknown): unknown {
    if (error instanceof MillraceError) return error;
    const code = (error as NodeJS.ErrnoException).code ?? "";
    const why = error instanceof Error ? error.message : String(error);
    const isOurs = error instanceof BrokenAvro || code.startsWith("Z_") || code === "ERR_BUFFER_TOO_LARGE" || code === "";
    return isOurs ? new MillraceError({ code: "MR3261", message: `${this.name} is no sound Avro file: ${why}`, cause: error }) : error;
  }
}

function headerOf(bytes: Buffer, name: string): AvroHeader {
  const reader = new AvroReader(bytes.subarray(4));
  const meta = new Map<string, Buffer>();
  for (let count = reader.count(); count !== 0; count = reader.count()) {
    if (count < 0) reader.count();
    for (let k = 0; k < Math.abs(count); k++) {
      const key = reader.slice(reader.count()).toString("utf8");
      meta.set(key, reader.slice(reader.count()));
    }
  }
  const sync = Buffer.from(reader.slice(16));
  const schema = meta.get("avro.schema")?.toString("utf8");
  if (schema === undefined) throw new MillraceError({ code: "MR3261", message: `${name} is no sound Avro file: it has no schema` });
  const said = meta.get("avro.codec")?.toString("utf8") ?? "null";
  const codec = CODECS.find((known) => known === said);
  if (codec === undefined)
    throw new MillraceError({
      code: "MR3262",
      message: `${name} is packed with the codec ${JSON.stringify(said)}`,
      hint: `those that are read are ${CODECS.join(", ")}`,
    });
  return { schema, codec, sync, bytes: 4 + reader.at };
}

type Expand = (packed: Buffer) => Buffer | Promise<Buffer>;

async function expanderOf(codec: Codec): Promise<Expand> {
  switch (codec) {
    case "null":
      return (packed) => packed;
    case "deflate":
      return (packed) => inflateRawSync(packed, { maxOutputLength: BLOCK_BYTES_MAX });
    case "snappy": {
      const { uncompress } = await loadSnappy();
      const { crc32 } = await import("node:zlib");
      return (packed) => {
        if (packed.length < 4) throw new BrokenAvro("a block of snappy is too short");
        const body = packed.subarray(0, packed.length - 4);
        const contents = Buffer.from(uncompress(body, BLOCK_BYTES_MAX));
        if (crc32(contents) !== packed.readUInt32BE(packed.length - 4)) throw new BrokenAvro("the checksum of a block is wrong");
        return contents;
      };
    }
    case "zstandard": {
      const { Decompress } = await import("fzstd");
      return (packed) => {
        const pieces: Buffer[] = [];
        let size = 0;
        const stream = new Decompress((piece) => {
          size += piece.length;
          if (size > BLOCK_BYTES_MAX) throw new BrokenAvro("a block is larger than a block may be");
          pieces.push(Buffer.from(piece));
        });
        stream.push(packed, true);
        return Buffer.concat(pieces);
      };
    }
    case "bzip2": {
      const decode = await loadBzip();
      return (packed) => Buffer.from(decode(packed));
    }
    case "xz": {
      const { XzReadableStream } = await import("xz-decompress");
      return async (packed) => {
        const source = new Blob([new Uint8Array(packed)]).stream();
        const pieces: Buffer[] = [];
        let size = 0;
        for await (const piece of new XzReadableStream(source) as unknown as AsyncIterable<Uint8Array>) {
          size += piece.length;
          if (size > BLOCK_BYTES_MAX) throw new BrokenAvro("a block is larger than a block may be");
          pieces.push(Buffer.from(piece));
        }
        return Buffer.concat(pieces);
      };
    }
    default:
      return codec satisfies never;
  }
}
