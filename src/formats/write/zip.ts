// A ZIP written from one end to the other: each part is compressed as it comes, its sizes are put into its head when it is done.
import { closeSync, openSync } from "node:fs";
import { writeSync } from "node:fs";
import { crc32, createDeflateRaw } from "node:zlib";
import { once } from "node:events";
import { MillraceError } from "../../model/errors.ts";
import { writeFully } from "../delimited/patch.ts";

/** Sizes in a ZIP have 32 bits, without an extension that some programs lack. */
const PART_BYTES_MAX = 0xffff_fffe;
/** 1980-01-01 00:00, so that the same rows give the same bytes. */
const DOS_DATE = 0x0021;

interface Part {
  readonly name: Buffer;
  readonly offset: number;
  crc: number;
  packed: number;
  size: number;
}

export class ZipFile {
  private readonly file: number;
  private at = 0;
  private readonly parts: Part[] = [];

  constructor(path: string) {
    this.file = openSync(path, "w");
  }

  /** Throws MR3267 when the part is too large for a ZIP. */
  async part(name: string, pieces: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<void> {
    const part: Part = { name: Buffer.from(name), offset: this.at, crc: 0, packed: 0, size: 0 };
    this.write(localHead(part));
    const deflate = createDeflateRaw({ level: 4 });
    const drained = (async () => {
      for await (const piece of deflate as AsyncIterable<Buffer>) {
        part.packed += piece.length;
        this.write(piece);
      }
    })();
    drained.catch(() => undefined);
    try {
      for await (const piece of pieces) {
        part.crc = crc32(piece, part.crc);
        part.size += piece.length;
        if (part.size > PART_BYTES_MAX)
          throw new MillraceError({ code: "MR3267", message: "a sheet of more than 4 GB cannot be written", hint: "write Parquet or CSV" });
        if (!deflate.write(piece)) await Promise.race([once(deflate, "drain"), drained]);
      }
      deflate.end();
      await drained;
    } catch (error) {
      deflate.destroy();
      throw error;
    }
    writeSync(this.file, localHead(part), 0, 30, part.offset);
    this.parts.push(part);
  }

  finish(): void {
    const start = this.at;
    for (const part of this.parts) this.write(centralHead(part));
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(this.parts.length, 8);
    end.writeUInt16LE(this.parts.length, 10);
    end.writeUInt32LE(this.at - start, 12);
    end.writeUInt32LE(start, 16);
    this.write(end);
  }

  close(): void {
    closeSync(this.file);
  }

  private write(bytes: Buffer): void {
    writeFully(this.file, bytes);
    this.at += bytes.length;
  }
}

function localHead(part: Part): Buffer {
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x04034b50, 0);
  head.writeUInt16LE(20, 4);
  fields(head, 6, part);
  return Buffer.concat([head, part.name]);
}

function centralHead(part: Part): Buffer {
  const head = Buffer.alloc(46);
  head.writeUInt32LE(0x02014b50, 0);
  head.writeUInt16LE(20, 4);
  head.writeUInt16LE(20, 6);
  fields(head, 8, part);
  head.writeUInt32LE(part.offset, 42);
  return Buffer.concat([head, part.name]);
}

/** What both heads have in common: flags, method, time, sums and sizes. */
function fields(head: Buffer, at: number, { crc, packed, size, name }: Part): void {
  head.writeUInt16LE(0x0800, at); // names are UTF-8
  head.writeUInt16LE(8, at + 2);
  head.writeUInt16LE(DOS_DATE, at + 6);
  head.writeUInt32LE(crc, at + 8);
  head.writeUInt32LE(packed, at + 12);
  head.writeUInt32LE(size, at + 16);
  head.writeUInt16LE(name.length, at + 20);
}
