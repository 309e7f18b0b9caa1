// Types of MySQL and MariaDB as DuckDB types. What the other side cannot hold (zero dates, times beyond a day, decimals beyond 38 digits) stays text.
import type { WireColumn } from "../../databases/server.ts";

/** A column of a result, as the protocol describes it. */
export interface Field {
  readonly name: string;
  readonly columnType: number;
  readonly columnLength: number;
  readonly decimals: number;
  readonly flags: number;
  readonly characterSet: number;
}

export const TYPE = {
  tiny: 1,
  short: 2,
  long: 3,
  float: 4,
  double: 5,
  timestamp: 7,
  longlong: 8,
  int24: 9,
  date: 10,
  time: 11,
  datetime: 12,
  year: 13,
  bit: 16,
  json: 245,
  newDecimal: 246,
  enum: 247,
  set: 248,
  tinyBlob: 249,
  mediumBlob: 250,
  longBlob: 251,
  blob: 252,
  varString: 253,
  string: 254,
  geometry: 255,
} as const;

const UNSIGNED = 32;
const ENUM = 256;
const SET = 2048;
const BINARY_CHARSET = 63;
const DIGITS_MAX = 38;

export function columnOf(field: Field): WireColumn {
  const { name } = field;
  const unsigned = (field.flags & UNSIGNED) !== 0;
  const whole = (serverType: string, type: string): WireColumn => ({
    name,
    wire: "bigint",
    type: unsigned ? `U${type}` : type,
    serverType: unsigned ? `${serverType} unsigned` : serverType,
  });
  const text = (serverType: string, type = "VARCHAR", cast?: (cell: string) => string): WireColumn => ({
    name,
    wire: "text",
    type,
    serverType,
    ...(cast === undefined ? {} : { cast }),
  });
  switch (field.columnType) {
    case TYPE.tiny:
      return whole("tinyint", "TINYINT");
    case TYPE.short:
      return whole("smallint", "SMALLINT");
    case TYPE.int24:
      return whole("mediumint", "INTEGER");
    case TYPE.long:
      return whole("int", "INTEGER");
    case TYPE.longlong:
      return unsigned ? text("bigint unsigned", "UBIGINT") : text("bigint", "BIGINT");
    case TYPE.year:
      return { name, wire: "bigint", type: "SMALLINT", serverType: "year" };
    case TYPE.float:
      return { name, wire: "double", type: "FLOAT", serverType: "float" };
    case TYPE.double:
      return { name, wire: "double", type: "DOUBLE", serverType: "double" };
    case 0:
    case TYPE.newDecimal:
      return decimal(field, unsigned, text);
    case TYPE.date:
      return text("date", "DATE");
    case TYPE.datetime:
      return text("datetime", "TIMESTAMP");
    case TYPE.timestamp:
      return text("timestamp", "TIMESTAMP WITH TIME ZONE", (cell) => `(${cell} || '+00')::timestamptz`);
    case TYPE.time:
      return text("time", "TIME");
    case TYPE.bit:
      return text(`bit(${field.columnLength})`, "BIT");
    case TYPE.json:
      return text("json", "JSON");
    case TYPE.geometry:
      return { name, wire: "blob", type: "BLOB", serverType: "geometry" };
    default:
      if ((field.flags & ENUM) !== 0) return text("enum");
      if ((field.flags & SET) !== 0) return text("set");
      return field.characterSet === BINARY_CHARSET ? { name, wire: "blob", type: "BLOB", serverType: "binary" } : text("text");
  }
}

function decimal(field: Field, unsigned: boolean, text: (serverType: string, type?: string) => WireColumn): WireColumn {
  const digits = field.columnLength - (field.decimals > 0 ? 1 : 0) - (unsigned ? 0 : 1);
  const serverType = `decimal(${digits},${field.decimals})`;
  return digits > DIGITS_MAX ? text(serverType) : text(serverType, `DECIMAL(${digits},${field.decimals})`);
}

/** Bits of a BIT column as zeros and ones. */
export function bitText(bytes: Uint8Array, length: number): string {
  return Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0"))
    .join("")
    .slice(-length)
    .padStart(length, "0");
}

const WKB_BYTES_MIN = 9;
const EWKB_SRID = 0x20000000;

/** The server's geometry (SRID, then WKB) as WKB, or as EWKB where it has an SRID. */
export function wkb(bytes: Buffer): Uint8Array {
  if (bytes.length < WKB_BYTES_MIN) return bytes;
  const srid = bytes.readUInt32LE(0);
  if (srid === 0) return bytes.subarray(4);
  const little = bytes[4] === 1;
  const made = Buffer.alloc(bytes.length);
  made[0] = bytes[4]!;
  const kind = little ? bytes.readUInt32LE(5) : bytes.readUInt32BE(5);
  if (little) {
    made.writeUInt32LE((kind | EWKB_SRID) >>> 0, 1);
    made.writeUInt32LE(srid, 5);
  } else {
    made.writeUInt32BE((kind | EWKB_SRID) >>> 0, 1);
    made.writeUInt32BE(srid, 5);
  }
  bytes.copy(made, 9, 9);
  return made;
}
