// Values of Avro as bytes, into one buffer that grows.

const BUFFER_BYTES = 1 << 20;

export class AvroWriter {
  private buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  private at = 0;

  get size(): number {
    return this.at;
  }

  /** What was written since the last call. */
  take(): Buffer {
    const bytes = Buffer.from(this.buffer.subarray(0, this.at));
    this.at = 0;
    return bytes;
  }

  byte(value: number): void {
    this.room(1);
    this.buffer[this.at++] = value;
  }

  long(value: bigint): void {
    this.room(10);
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    while (rest > 127n) {
      this.buffer[this.at++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.buffer[this.at++] = Number(rest);
  }

  float(value: number): void {
    this.room(4);
    this.at = this.buffer.writeFloatLE(value, this.at);
  }

  double(value: number): void {
    this.room(8);
    this.at = this.buffer.writeDoubleLE(value, this.at);
  }

  bytes(value: Uint8Array): void {
    this.long(BigInt(value.length));
    this.raw(value);
  }

  text(value: string): void {
    this.bytes(Buffer.from(value, "utf8"));
  }

  raw(value: Uint8Array): void {
    this.room(value.length);
    this.buffer.set(value, this.at);
    this.at += value.length;
  }

  private room(bytes: number): void {
    if (bytes <= this.buffer.length - this.at) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.at + bytes));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
}
