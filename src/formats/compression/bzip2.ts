// bzip2: `seek-bzip` decodes block by block and checks each one's CRC; streams that follow one another and the bytes between them are looked at here.
// Decoding is a matter of the processor and reads synchronously; after every block others get their turn.
import { readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";

const READ_BYTES = 256 << 10;
/** A block of 900 kB can stand for much more: runs are packed before it is made. */
const PIECE_BYTES = 1 << 20;

interface Decoder {
  readonly reader: { read(bits: number): number };
  readonly streamCRC: number;
  _init_block(): boolean;
  _read_bunzip(): number;
}
type DecoderClass = new (input: Input, output: { writeByte(byte: number): void }) => Decoder;

/** The contents, piece by piece. Throws an Error that says what is wrong with the bytes. */
export async function* expandBzip2(file: FileHandle, sizeBytes: number): AsyncGenerator<Uint8Array> {
  // @ts-expect-error -- the package brings no types
  const { default: bunzip } = (await import("seek-bzip")) as { default: DecoderClass };
  const input = new Input(file.fd, sizeBytes);
  let pieces: Uint8Array[] = [];
  let piece = new Uint8Array(PIECE_BYTES);
  let filled = 0;
  const output = {
    writeByte(byte: number): void {
      if (filled === PIECE_BYTES) {
        pieces.push(piece);
        piece = new Uint8Array(PIECE_BYTES);
        filled = 0;
      }
      piece[filled++] = byte;
    },
  };
  for (let streams = 0; !input.eof(); streams++) {
    if (streams > 0 && input.isPadding()) return;
    const decoder = new bunzip(input, output);
    while (decoder["_init_block"]()) {
      decoder["_read_bunzip"]();
      yield* pieces;
      pieces = [];
      if (filled > 0) yield piece.slice(0, filled);
      filled = 0;
      await setImmediate();
    }
    if (decoder.reader.read(32) >>> 0 !== decoder.streamCRC) throw new Error("it has a wrong checksum");
  }
}

/** What the decoder reads from. */
class Input {
  private readonly buffer = Buffer.alloc(READ_BYTES);
  private start = 0;
  private length = 0;
  private at = 0;
  private readonly fd: number;
  private readonly sizeBytes: number;

  constructor(fd: number, sizeBytes: number) {
    this.fd = fd;
    this.sizeBytes = sizeBytes;
  }

  readByte(): number {
    if (this.at === this.length && !this.fill()) throw new Error("it ends early");
    return this.buffer[this.at++] ?? 0;
  }

  read(into: Uint8Array, offset: number, length: number): number {
    for (let i = 0; i < length; i++) into[offset + i] = this.readByte();
    return length;
  }

  eof(): boolean {
    return this.start + this.at >= this.sizeBytes;
  }

  /** Only zeros are left: what tapes and tar add. */
  isPadding(): boolean {
    if (this.peekByte() !== 0) return false;
    while (!this.eof()) if (this.readByte() !== 0) throw new Error("something that is no bzip2 stream follows zeros");
    return true;
  }

  private peekByte(): number {
    const byte = this.readByte();
    this.at--;
    return byte;
  }

  private fill(): boolean {
    this.start += this.length;
    this.length = readSync(this.fd, this.buffer, 0, READ_BYTES, this.start);
    this.at = 0;
    return this.length > 0;
  }
}
