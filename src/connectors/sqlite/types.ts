// A column of SQLite has the type that its values have; what is declared only says how values are turned when they are written.
//   S1. The kinds of all values are counted before they are read, in the same snapshot.
//   S2. One kind gives its type; what mixes kinds becomes text that holds each value exactly as SQLite writes it (blobs as X'…').
//   S3. Declared dates and times become such only when every value is a text of their form.
import type { Wire, WireColumn } from "../../databases/server.ts";

/** How many values of a column are of each storage class. */
export interface Kinds {
  readonly integer: number;
  readonly real: number;
  readonly text: number;
  readonly blob: number;
  /** Whole numbers beyond ±2^53. */
  readonly large: number;
  /** Whole numbers other than 0 and 1. */
  readonly beyondBit: number;
}

export function kindsSql(name: string): string {
  const of = (kind: string): string => `count(*) filter (where typeof(${name}) = '${kind}')`;
  return [
    of("integer"),
    of("real"),
    of("text"),
    of("blob"),
    `count(*) filter (where typeof(${name}) = 'integer' and ${name} not between -9007199254740992 and 9007199254740992)`,
    `count(*) filter (where typeof(${name}) = 'integer' and ${name} not in (0, 1))`,
  ].join(", ");
}

export function columnOf(name: string, declared: string, kinds: Kinds): WireColumn {
  const { integer, real, text, blob } = kinds;
  const serverType = declared === "" ? "no type" : declared.toLowerCase();
  const of = (wire: Wire, type: string): WireColumn => ({ name, wire, type, serverType });
  if (integer + real + text + blob === 0) return of("text", ifEmpty(declared));
  if (text + blob === 0) {
    if (real === 0) return /^bool/i.test(declared) && kinds.beyondBit === 0 ? of("boolean", "BOOLEAN") : of("bigint", "BIGINT");
    return kinds.large === 0 ? of("double", "DOUBLE") : of("text", "VARCHAR");
  }
  if (integer + real + text === 0) return of("blob", "BLOB");
  if (integer + real + blob > 0) return of("text", "VARCHAR");
  if (/^(datetime|timestamp)/i.test(declared)) return of("text", "TIMESTAMP");
  if (/^date$/i.test(declared)) return of("text", "DATE");
  if (/^time$/i.test(declared)) return of("text", "TIME");
  if (/json/i.test(declared)) return of("text", "JSON");
  return of("text", "VARCHAR");
}

/** The type of a column without any value, by SQLite's rules of affinity. */
function ifEmpty(declared: string): string {
  if (/int/i.test(declared)) return "BIGINT";
  if (/^(datetime|timestamp)/i.test(declared)) return "TIMESTAMP";
  if (/^date$/i.test(declared)) return "DATE";
  if (/blob/i.test(declared)) return "BLOB";
  if (/real|floa|doub/i.test(declared)) return "DOUBLE";
  if (/^bool/i.test(declared)) return "BOOLEAN";
  return "VARCHAR";
}

/** A value of any kind as exact text. */
export function exactText(value: string | number | bigint | Uint8Array | null | undefined): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) < 1e15 ? `${value}.0` : String(value);
  if (value instanceof Uint8Array) return `X'${Buffer.from(value).toString("hex").toUpperCase()}'`;
  return String(value);
}
