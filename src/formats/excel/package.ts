// The parts of an .xlsx: a ZIP whose entries are expanded as they are read, within limits, and proven by their checksums.
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream";
import { crc32, createInflateRaw } from "node:zlib";
import type { Entry, ZipFile } from "yauzl";
import { MillraceError } from "../../model/errors.ts";

/** Up to this size nothing is a bomb; beyond it, contents this many times the file are refused. */
const EXPANDED_FREE_BYTES = 1 << 30;
const EXPANDED_RATIO_MAX = 200;
const ENTRIES_MAX = 20_000;
const DEFLATED = 8;
const PIECE_BYTES = 1 << 17;

export class Package {
  private readonly zip: ZipFile;
  private readonly entries: ReadonlyMap<string, Entry>;
  private readonly name: string;

  private constructor(zip: ZipFile, entries: ReadonlyMap<string, Entry>, name: string) {
    this.zip = zip;
    this.entries = entries;
    this.name = name;
  }

  /** Throws MR3264, MR3111. */
  static async open(path: string, name: string): Promise<Package> {
    const { openPromise } = await import("yauzl");
    const { size } = await stat(path);
    let zip: ZipFile | undefined;
    try {
      zip = await openPromise(path, { lazyEntries: true, autoClose: false, validateEntrySizes: true });
      const entries = new Map<string, Entry>();
      let expanded = 0;
      for await (const entry of (zip as ZipFile & { eachEntry(): AsyncIterable<Entry> }).eachEntry()) {
        expanded += entry.uncompressedSize;
        if (expanded > Math.max(EXPANDED_FREE_BYTES, size * EXPANDED_RATIO_MAX) || entries.size > ENTRIES_MAX)
          throw new MillraceError({ code: "MR3111", message: `${name} expands to more than ${Math.round(expanded / 1e6)} MB` });
        entries.set(entry.fileName.replace(/^\//, "").toLowerCase(), entry);
      }
      return new Package(zip, entries, name);
    } catch (error) {
      zip?.close();
      throw damaged(error, name);
    }
  }

  close(): void {
    this.zip.close();
  }

  has(path: string): boolean {
    return this.entries.has(path.toLowerCase());
  }

  /** A small part as text; null when there is none. Throws MR3264. */
  async text(path: string): Promise<string | null> {
    if (!this.has(path)) return null;
    const pieces: Buffer[] = [];
    for await (const piece of this.pieces(path)) pieces.push(piece);
    const bytes = Buffer.concat(pieces);
    if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
    return bytes.toString("utf8").replace(/^\ufeff/, "");
  }

  /** Expanded in large pieces: the library's own are of 16 kB, and each is a way to another thread and back. */
  private async expanded(entry: Entry): Promise<AsyncIterable<Buffer>> {
    if (entry.compressionMethod !== DEFLATED || entry.isEncrypted()) return this.zip.openReadStreamPromise(entry);
    const packed = await this.zip.openReadStreamPromise(entry, { decodeFileData: false });
    return pipeline(packed, createInflateRaw({ chunkSize: PIECE_BYTES }), () => undefined);
  }

  /** The bytes of a part. Throws MR3264 when there are others than the package says. */
  async *pieces(path: string): AsyncGenerator<Buffer> {
    const entry = this.entries.get(path.toLowerCase());
    if (entry === undefined) throw new MillraceError({ code: "MR3264", message: `${this.name} is no sound workbook: ${path} is missing` });
    let [sum, size] = [0, 0];
    try {
      for await (const piece of await this.expanded(entry)) {
        sum = crc32(piece, sum);
        size += piece.length;
        if (size > entry.uncompressedSize) break;
        yield piece;
      }
      if (size !== entry.uncompressedSize) throw new Error(`${path} has not the size it should have`);
      if (sum !== entry.crc32) throw new Error(`the checksum of ${path} is wrong`);
    } catch (error) {
      throw damaged(error, this.name);
    }
  }
}

export function damaged(error: unknown, name: string): unknown {
  if (error instanceof MillraceError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new MillraceError({ code: "MR3264", message: `${name} is no sound workbook: ${why}`, cause: error });
}
