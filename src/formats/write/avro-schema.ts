// The Avro schema of a query's columns, and how each value is encoded. Every value may be null; names that Avro does not allow are kept in `millrace.name`.
import type {
  DuckDBBlobValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBArrayType,
  DuckDBListType,
  DuckDBMapType,
  DuckDBStructType,
  DuckDBType,
  DuckDBValue,
} from "@duckdb/node-api";
import type { AvroWriter } from "./avro-writer.ts";

export interface Encoding {
  readonly schema: unknown;
  readonly write: (writer: AvroWriter, value: DuckDBValue) => void;
}

/** Names of records must differ throughout a schema. */
export class Names {
  private made = 0;
  next(kind: string): string {
    return `${kind}_${++this.made}`;
  }
}

/** A union with null around it. */
export function nullable({ schema, write }: Encoding): Encoding {
  return {
    schema: ["null", schema],
    write: (writer, value) => {
      if (value === null) writer.long(0n);
      else {
        writer.long(1n);
        write(writer, value);
      }
    },
  };
}

/** Null for a type that is written as text. */
export function encodingOf(type: DuckDBType, names: Names): Encoding | null {
  const name = type.toString();
  if (isStruct(type)) {
    const fields = type.entryNames.map((entry, index) => {
      const inner = type.entryTypes[index];
      return { entry, encoding: inner === undefined ? null : encodingOf(inner, names) };
    });
    if (fields.some((field) => field.encoding === null)) return null;
    const encodings = fields.map((field) => nullable(field.encoding as Encoding));
    const schema = { type: "record", name: names.next("struct"), fields: fieldsOf(type.entryNames, encodings) };
    return {
      schema,
      write: (writer, value) => {
        const { entries } = value as DuckDBStructValue;
        for (const [index, entry] of type.entryNames.entries()) encodings[index]?.write(writer, entries[entry] ?? null);
      },
    };
  }
  if (isMap(type)) {
    if (type.keyType.toString() !== "VARCHAR") return null;
    const inner = encodingOf(type.valueType, names);
    if (inner === null) return null;
    const values = nullable(inner);
    return {
      schema: { type: "map", values: values.schema },
      write: (writer, value) => {
        const { entries } = value as DuckDBMapValue;
        if (entries.length > 0) writer.long(BigInt(entries.length));
        for (const { key, value: each } of entries) {
          writer.text(String(key));
          values.write(writer, each);
        }
        writer.long(0n);
      },
    };
  }
  if (isList(type)) {
    const inner = encodingOf(type.valueType, names);
    if (inner === null) return null;
    const items = nullable(inner);
    return {
      schema: { type: "array", items: items.schema },
      write: (writer, value) => {
        const list = (value as DuckDBListValue).items;
        if (list.length > 0) writer.long(BigInt(list.length));
        for (const item of list) items.write(writer, item);
        writer.long(0n);
      },
    };
  }
  const decimal = /^DECIMAL\((\d+),\s?(\d+)\)$/.exec(name);
  if (decimal !== null) {
    const schema = { type: "bytes", logicalType: "decimal", precision: Number(decimal[1]), scale: Number(decimal[2]) };
    return { schema, write: (writer, value) => writer.bytes(bigBytes((value as DuckDBDecimalValue).value)) };
  }
  return scalars[name] ?? (name.startsWith("ENUM") ? text : null);
}

/** Fields with names that Avro allows; the true name stands beside. */
export function fieldsOf(names: readonly string[], encodings: readonly Encoding[]): readonly unknown[] {
  const taken = new Set<string>();
  return names.map((name, index) => {
    const base = name.replaceAll(/[^A-Za-z0-9_]/g, "_").replace(/^(?=\d|$)/, "_");
    let plain = base;
    for (let n = 2; taken.has(plain); n++) plain = `${base}_${n}`;
    taken.add(plain);
    return { name: plain, ...(plain === name ? {} : { "millrace.name": name }), type: encodings[index]?.schema, default: null };
  });
}

const text: Encoding = { schema: "string", write: (writer, value) => writer.text(String(value)) };
const whole = (schema: unknown): Encoding => ({
  schema,
  write: (writer, value) => writer.long(typeof value === "bigint" ? value : BigInt(value as number)),
});
const micros = (schema: unknown): Encoding => ({
  schema,
  write: (writer, value) => writer.long((value as { readonly micros: bigint }).micros),
});
/** More digits than a long has: a decimal without places. */
const large = (precision: number): Encoding => ({
  schema: { type: "bytes", logicalType: "decimal", precision, scale: 0 },
  write: (writer, value) => writer.bytes(bigBytes(value as bigint)),
});

const scalars: Readonly<Record<string, Encoding>> = {
  BOOLEAN: { schema: "boolean", write: (writer, value) => writer.byte(value === true ? 1 : 0) },
  TINYINT: whole("int"),
  SMALLINT: whole("int"),
  INTEGER: whole("int"),
  UTINYINT: whole("int"),
  USMALLINT: whole("int"),
  UINTEGER: whole("long"),
  BIGINT: whole("long"),
  UBIGINT: large(20),
  HUGEINT: large(39),
  UHUGEINT: large(39),
  FLOAT: { schema: "float", write: (writer, value) => writer.float(value as number) },
  DOUBLE: { schema: "double", write: (writer, value) => writer.double(value as number) },
  VARCHAR: text,
  JSON: text,
  UUID: { schema: { type: "string", logicalType: "uuid" }, write: (writer, value) => writer.text(String(value)) },
  BLOB: { schema: "bytes", write: (writer, value) => writer.bytes((value as DuckDBBlobValue).bytes) },
  DATE: {
    schema: { type: "int", logicalType: "date" },
    write: (writer, value) => writer.long(BigInt((value as { readonly days: number }).days)),
  },
  TIME: micros({ type: "long", logicalType: "time-micros" }),
  TIMESTAMP: micros({ type: "long", logicalType: "local-timestamp-micros" }),
  "TIMESTAMP WITH TIME ZONE": micros({ type: "long", logicalType: "timestamp-micros" }),
  TIMESTAMP_NS: {
    schema: { type: "long", logicalType: "local-timestamp-nanos" },
    write: (writer, value) => writer.long((value as { readonly nanos: bigint }).nanos),
  },
  INTERVAL: {
    schema: "string",
    write: (writer, value) => writer.text(String(value)),
  },
};

/** Two's complement, big-endian, as short as it can be. */
export function bigBytes(value: bigint): Buffer {
  let length = 1;
  while (value >= 1n << BigInt(8 * length - 1) || value < -(1n << BigInt(8 * length - 1))) length++;
  return Buffer.from(
    BigInt.asUintN(8 * length, value)
      .toString(16)
      .padStart(2 * length, "0"),
    "hex",
  );
}

function isStruct(type: DuckDBType): type is DuckDBStructType {
  return "entryNames" in type && "entryTypes" in type && type.toString().startsWith("STRUCT");
}

function isMap(type: DuckDBType): type is DuckDBMapType {
  return "keyType" in type;
}

function isList(type: DuckDBType): type is DuckDBListType | DuckDBArrayType {
  return "valueType" in type && !("keyType" in type);
}
