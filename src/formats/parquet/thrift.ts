// The compact protocol of Thrift, as far as the metadata of Parquet needs it: a structure becomes a map of field numbers to values.
// Every length is checked against the bytes at hand: a broken file cannot make us read or allocate beyond them.

export type ThriftValue = boolean | number | bigint | Buffer | readonly ThriftValue[] | ThriftStruct;
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;

/** Structures within structures. */
const DEPTH_MAX = 32;

class ThriftError extends Error {
  override readonly name = "ThriftError";
}

export class ThriftReader {
  at: number;
  private readonly bytes: Buffer;

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  struct(depth = 0): ThriftStruct {
    if (depth > DEPTH_MAX) throw new ThriftError("structures nested too deeply");
    const fields = new Map<number, ThriftValue>();
    for (let id = 0; ;) {
      const head = this.byte();
      if (head === 0) return fields;
      const type = head & 15;
      id = head >> 4 === 0 ? this.zigzag() : id + (head >> 4);
      fields.set(id, this.value(type, depth));
    }
  }

  private value(type: number, depth: number): ThriftValue {
    switch (type) {
      case 1:
        return true;
      case 2:
        return false;
      case 3:
        return (this.byte() << 24) >> 24;
      case 4:
      case 5:
      case 6:
        return this.zigzag();
      case 7: {
        this.need(8);
        const double = this.bytes.readDoubleLE(this.at);
        this.at += 8;
        return double;
      }
      case 8: {
        const length = this.varint();
        this.need(length);
        const from = this.at;
        this.at += length;
        return this.bytes.subarray(from, this.at);
      }
      case 9:
      case 10:
        return this.list(depth);
      case 11:
        return this.map(depth);
      case 12:
        return this.struct(depth + 1);
      default:
        throw new ThriftError(`a field of the unknown type ${type}`);
    }
  }

  private list(depth: number): readonly ThriftValue[] {
    const head = this.byte();
    const size = head >> 4 === 15 ? this.varint() : head >> 4;
    this.need(size); // an item has at least one byte
    return Array.from({ length: size }, () => this.item(head & 15, depth));
  }

  private map(depth: number): readonly ThriftValue[] {
    const size = this.varint();
    if (size === 0) return [];
    this.need(size * 2);
    const types = this.byte();
    return Array.from({ length: size * 2 }, (_, index) => this.item(index % 2 === 0 ? types >> 4 : types & 15, depth));
  }

  /** In lists a boolean is a byte of its own. */
  private item(type: number, depth: number): ThriftValue {
    return type === 1 || type === 2 ? this.byte() === 1 : this.value(type, depth);
  }

  private zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  private varint(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
    throw new ThriftError("a number without an end");
  }

  private byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw new ThriftError("the bytes end within a structure");
    this.at++;
    return byte;
  }

  private need(length: number): void {
    if (length < 0 || this.at + length > this.bytes.length) throw new ThriftError("a length that leads beyond the bytes");
  }
}
