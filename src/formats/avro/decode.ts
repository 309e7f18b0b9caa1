// Values of Avro as JSON text that DuckDB takes with the type of the schema; bytes as hexadecimal digits, which load.ts turns back.
//   A1. Nothing is rounded: longs and decimals are written from their bytes.
//   A2. A value that its type cannot hold makes the record `bad`; reading goes on behind it.
import { isUtf8 } from "node:buffer";
import { clockText, dayText, momentText } from "./moments.ts";
import type { AvroType, Logical } from "./schema.ts";

const DEPTH_MAX = 512;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** What DuckDB's TIMESTAMP holds, in microseconds. */
const MICROS_MAX = 9_223_372_022_400_000_000n;
const DAYS_MAX = 2_147_483_646;

/** The bytes end before the value does, or say what cannot be. */
export class BrokenAvro extends Error {}

export class AvroReader {
  at = 0;
  /** Why the record cannot be a row; null while it can. */
  bad: string | null = null;
  private bytes: Buffer;
  private depth = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get rest(): number {
    return this.bytes.length - this.at;
  }

  long(): bigint {
    let value = 0n;
    let small = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new BrokenAvro("it ends within a number");
      if (shift > 63) throw new BrokenAvro("a number is longer than 64 bits");
      if (shift < 28) small |= (byte & 127) << shift;
      else {
        if (shift === 28) value = BigInt(small);
        value |= BigInt(byte & 127) << BigInt(shift);
      }
      if (byte < 128) {
        if (shift < 28) return BigInt((small >>> 1) ^ -(small & 1));
        return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
      }
    }
  }

  /** A length or a place in a list. */
  count(): number {
    const value = Number(this.long());
    if (!Number.isSafeInteger(value)) throw new BrokenAvro("a length is out of bounds");
    return value;
  }

  slice(length: number): Buffer {
    if (length < 0 || length > this.rest) throw new BrokenAvro("it ends within a value");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** The next value as JSON. */
  json(type: AvroType): string {
    if (++this.depth > DEPTH_MAX) throw new BrokenAvro(`values are nested more than ${DEPTH_MAX} deep`);
    try {
      return this.value(type);
    } finally {
      this.depth--;
    }
  }

  private value(type: AvroType): string {
    switch (type.kind) {
      case "null":
        return "null";
      case "boolean":
        return this.slice(1)[0] === 1 ? "true" : "false";
      case "int":
      case "long": {
        const value = this.long();
        return type.logical === null ? value.toString() : this.logicalNumber(value, type.logical);
      }
      case "float":
        return floating(this.slice(4).readFloatLE(0));
      case "double":
        return floating(this.slice(8).readDoubleLE(0));
      case "string": {
        const bytes = this.slice(this.count());
        if (!isUtf8(bytes)) this.bad ??= "a text is not UTF-8";
        const text = bytes.toString("utf8");
        if (type.logical?.kind === "uuid" && !UUID.test(text)) this.bad ??= `${JSON.stringify(text)} is no UUID`;
        return JSON.stringify(text);
      }
      case "bytes":
        return this.binary(this.slice(this.count()), type.logical);
      case "fixed":
        return this.binary(this.slice(type.size), type.logical);
      case "enum": {
        const symbol = type.symbols[this.count()];
        if (symbol === undefined) throw new BrokenAvro("an enum has no such symbol");
        return JSON.stringify(symbol);
      }
      case "array": {
        const items: string[] = [];
        this.blocks(() => items.push(this.json(type.items)));
        return `[${items.join(",")}]`;
      }
      case "map": {
        const entries = new Map<string, string>();
        this.blocks(() => {
          const key = this.slice(this.count()).toString("utf8");
          if (entries.has(key)) this.bad ??= `the key ${JSON.stringify(key)} stands twice in a map`;
          entries.set(key, this.json(type.items));
        });
        return `{${[...entries].map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}`;
      }
      case "union": {
        const branch = type.branches[this.count()];
        if (branch === undefined) throw new BrokenAvro("a union has no such branch");
        return this.json(branch);
      }
      case "record":
        return `{${type.fields.map((field) => `${JSON.stringify(field.name)}:${this.json(field.type)}`).join(",")}}`;
      default:
        return type satisfies never;
    }
  }

  private blocks(item: () => void): void {
    for (;;) {
      let count = this.count();
      if (count === 0) return;
      if (count < 0) {
        count = -count;
        this.count(); // bytes of the block, for readers that skip it
      }
      // Items may be empty (nulls), but not more of them than anybody means.
      if (count > Math.max(this.rest, 1 << 20)) throw new BrokenAvro("a list is longer than its bytes");
      for (let k = 0; k < count; k++) item();
    }
  }

  private logicalNumber(value: bigint, logical: Logical): string {
    switch (logical.kind) {
      case "date": {
        if (value > DAYS_MAX || value < -DAYS_MAX) return this.outOfRange(value);
        const { day, era } = dayText(Number(value));
        return `"${day}${era}"`;
      }
      case "time":
        if (value < 0n || value >= 86_400n * BigInt(logical.unitsPerSecond)) return this.outOfRange(value);
        return `"${clockText(value, logical.unitsPerSecond)}"`;
      case "instant":
      case "local": {
        const isNanos = logical.unitsPerSecond > 1_000_000;
        const micros = logical.unitsPerSecond === 1000 ? value * 1000n : value;
        if (!isNanos && (micros > MICROS_MAX || micros < -MICROS_MAX)) return this.outOfRange(value);
        const { moment, era } = momentText(value, logical.unitsPerSecond);
        return `"${moment}${logical.kind === "instant" && !isNanos ? "+00" : ""}${era}"`;
      }
      case "decimal":
      case "uuid":
      case "duration":
        return value.toString();
      default:
        return logical satisfies never;
    }
  }

  private binary(bytes: Buffer, logical: Logical | null): string {
    switch (logical?.kind) {
      case undefined:
        return `"${bytes.toString("hex")}"`;
      case "decimal": {
        const text = decimalText(bytes, logical.scale);
        const digits = text.replace(/^-?0*/, "").replace(".", "").length;
        if (digits > logical.precision) this.bad ??= `${text} has more than ${logical.precision} digits`;
        return `"${text}"`;
      }
      case "uuid": {
        const hex = bytes.toString("hex");
        return `"${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}"`;
      }
      case "duration": {
        const milliseconds = bytes.readUInt32LE(8);
        return `"${bytes.readUInt32LE(0)} months ${bytes.readUInt32LE(4)} days ${milliseconds} milliseconds"`;
      }
      default:
        return `"${bytes.toString("hex")}"`;
    }
  }

  private outOfRange(value: bigint): string {
    this.bad ??= `${value} is beyond what its type can say`;
    return value.toString();
  }
}

function floating(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? "-0.0" : String(value);
  return Number.isNaN(value) ? '"NaN"' : value > 0 ? '"Infinity"' : '"-Infinity"';
}

/** Big-endian two's complement, with its point put in. */
export function decimalText(bytes: Buffer, scale: number): string {
  let value = bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString("hex")}`);
  if (((bytes[0] ?? 0) & 128) !== 0) value -= 1n << BigInt(8 * bytes.length);
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, "0");
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return value < 0n ? `-${text}` : text;
}
