// Bytes into a file through one buffer, synchronously: for copies that a thread writes.
import { closeSync, openSync, writeSync } from "node:fs";

const BUFFER_BYTES = 1 << 20;

export class ByteWriter {
  private readonly file: number;
  private readonly buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  private filled = 0;

  constructor(path: string) {
    this.file = openSync(path, "w");
  }

  text(text: string): void {
    if (text.length * 3 > BUFFER_BYTES - this.filled) {
      this.flush();
      if (text.length * 3 > BUFFER_BYTES) {
        this.all(Buffer.from(text, "utf8"));
        return;
      }
    }
    this.filled += this.buffer.write(text, this.filled, "utf8");
  }

  bytes(bytes: Buffer, from: number, to: number): void {
    if (to - from > BUFFER_BYTES - this.filled) {
      this.flush();
      if (to - from > BUFFER_BYTES) {
        this.all(bytes.subarray(from, to));
        return;
      }
    }
    this.filled += bytes.copy(this.buffer, this.filled, from, to);
  }

  close(): void {
    this.flush();
    closeSync(this.file);
  }

  private flush(): void {
    this.all(this.buffer.subarray(0, this.filled));
    this.filled = 0;
  }

  private all(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) at += writeSync(this.file, bytes, at);
  }
}
