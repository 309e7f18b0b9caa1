// Contracts as Avro schemas of a record, and back. `millraceType` and `millraceName` keep what Avro's types and names cannot say.
import type { AvroField, AvroObject, AvroSchema } from "./avro.ts";
import { checkText, type Contract, type ContractColumn, type Exported, type Imported } from "./contract.ts";
import { shapeOf, structType } from "./nested.ts";
import type { CheckEntry } from "../model/definitions/check.ts";

export function toAvro(contract: Contract): Exported {
  const lost = contract.checks.map((entry) => `check ${checkText(entry)}`);
  if (contract.owner !== undefined) lost.push(`owner ${contract.owner}`);
  if (contract.tags.length > 0) lost.push(`tags ${contract.tags.join(", ")}`);
  if (contract.primaryKey.length > 0) lost.push(`primaryKey ${contract.primaryKey.join(", ")}`);
  for (const { name, personal } of contract.columns) if (personal !== undefined) lost.push(`pii of ${name}: ${personal}`);
  const taken = new Set<string>();
  const fields = contract.columns.map(({ name, type, required, description }) => {
    const field = safeName(name, taken);
    const written = avroOf(type, `${safeName(contract.name, new Set())}_${field}`);
    return {
      name: field,
      type: required ? written : ["null", written],
      ...(required ? {} : { default: null }),
      ...(description === undefined ? {} : { doc: description }),
      ...(field === name ? {} : { millraceName: name }),
      ...(typeOfAvro(written, new Map()) === type ? {} : { millraceType: type }),
    };
  });
  const [space, name] = contract.name.includes(".") ? contract.name.split(".", 2) : [undefined, contract.name];
  const document = {
    type: "record",
    name: safeName(name ?? "", new Set()),
    ...(space === undefined ? {} : { namespace: safeName(space, new Set()) }),
    ...(contract.description === undefined ? {} : { doc: contract.description }),
    fields,
  };
  return { document, lost };
}

function safeName(name: string, taken: Set<string>): string {
  const bare = name.replaceAll(/[^A-Za-z0-9_]/g, "_").replace(/^(?=\d|$)/, "_");
  let safe = bare;
  for (let n = 2; taken.has(safe); n++) safe = `${bare}_${n}`;
  taken.add(safe);
  return safe;
}

const TO_AVRO: Readonly<Record<string, AvroSchema>> = {
  BOOLEAN: "boolean",
  TINYINT: "int",
  SMALLINT: "int",
  USMALLINT: "int",
  UTINYINT: "int",
  INTEGER: "int",
  UINTEGER: "long",
  BIGINT: "long",
  FLOAT: "float",
  DOUBLE: "double",
  VARCHAR: "string",
  JSON: "string",
  BLOB: "bytes",
  UBIGINT: { type: "bytes", logicalType: "decimal", precision: 20, scale: 0 },
  HUGEINT: { type: "bytes", logicalType: "decimal", precision: 39, scale: 0 },
  DATE: { type: "int", logicalType: "date" },
  TIME: { type: "long", logicalType: "time-micros" },
  TIMESTAMP: { type: "long", logicalType: "local-timestamp-micros" },
  TIMESTAMP_S: { type: "long", logicalType: "local-timestamp-millis" },
  TIMESTAMP_MS: { type: "long", logicalType: "local-timestamp-millis" },
  TIMESTAMPTZ: { type: "long", logicalType: "timestamp-micros" },
  "TIMESTAMP WITH TIME ZONE": { type: "long", logicalType: "timestamp-micros" },
  UUID: { type: "string", logicalType: "uuid" },
};

/** Every record needs a name of its own. */
function avroOf(type: string, name: string): AvroSchema {
  const shape = shapeOf(type);
  if (shape.kind === "list") return { type: "array", items: ["null", avroOf(shape.of, `${name}_item`)] };
  if (shape.kind === "struct") {
    const taken = new Set<string>();
    const fields = shape.fields.map((field) => {
      const safe = safeName(field.name, taken);
      return { name: safe, type: ["null", avroOf(field.type, `${name}_${safe}`)], default: null };
    });
    return { type: "record", name, fields };
  }
  const decimal = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(type);
  if (decimal !== null) return { type: "bytes", logicalType: "decimal", precision: Number(decimal[1]), scale: Number(decimal[2]) };
  return TO_AVRO[type] ?? "string";
}

export function fromAvro(document: AvroSchema, name: string): Imported {
  const lost: string[] = [];
  const record = document as AvroObject;
  const named = new Map<string, AvroObject>();
  const checks: CheckEntry[] = [];
  const columns = (record.fields ?? []).map((field): ContractColumn => {
    const { millraceName, millraceType, doc, aliases } = field as AvroField &
      Readonly<Record<"millraceName" | "millraceType", string | undefined>>;
    const column = millraceName ?? field.name;
    const { inner, isNullable } = withoutNull(field.type);
    const type = typeOfAvro(inner, named, (sentence) => lost.push(`${column}: ${sentence}`));
    if (typeof inner === "object" && !Array.isArray(inner) && (inner as AvroObject).type === "enum")
      checks.push({ acceptedValues: { column, values: (inner as AvroObject).symbols ?? [] } });
    if (field.default !== undefined && field.default !== null) lost.push(`${column}: default ${JSON.stringify(field.default)}`);
    if (aliases !== undefined) lost.push(`${column}: aliases ${aliases.join(", ")}`);
    return { name: column, type: millraceType ?? type, required: !isNullable, ...(doc === undefined ? {} : { description: doc }) };
  });
  const own = record.namespace === undefined ? name : `${record.namespace.split(".").at(-1)}.${record.name}`;
  return {
    contract: { name: own, ...(record.doc === undefined ? {} : { description: record.doc }), tags: [], primaryKey: [], columns, checks },
    lost,
  };
}

function withoutNull(schema: AvroSchema): { readonly inner: AvroSchema; readonly isNullable: boolean } {
  if (!Array.isArray(schema)) return { inner: schema, isNullable: schema === "null" };
  const branches = (schema as readonly AvroSchema[]).filter((branch) => branch !== "null");
  return { inner: branches.length === 1 ? branches[0]! : branches, isNullable: branches.length < schema.length };
}

const FROM_AVRO: Readonly<Record<string, string>> = {
  null: "VARCHAR",
  boolean: "BOOLEAN",
  int: "INTEGER",
  long: "BIGINT",
  float: "FLOAT",
  double: "DOUBLE",
  bytes: "BLOB",
  string: "VARCHAR",
  fixed: "BLOB",
  enum: "VARCHAR",
  map: "JSON",
};
const LOGICAL: Readonly<Record<string, string>> = {
  date: "DATE",
  "time-millis": "TIME",
  "time-micros": "TIME",
  "timestamp-millis": "TIMESTAMPTZ",
  "timestamp-micros": "TIMESTAMPTZ",
  "local-timestamp-millis": "TIMESTAMP",
  "local-timestamp-micros": "TIMESTAMP",
  uuid: "UUID",
};

function typeOfAvro(schema: AvroSchema, named: Map<string, AvroObject>, tell: (sentence: string) => void = () => {}): string {
  const { inner } = withoutNull(schema);
  if (Array.isArray(inner)) {
    if (inner.length > 1) tell(`a union of ${inner.length} types; it is JSON`);
    return inner.length > 1 ? "JSON" : "VARCHAR";
  }
  if (typeof inner === "string") {
    const known = named.get(inner);
    return FROM_AVRO[inner] ?? (known === undefined ? "JSON" : typeOfAvro(known, named, tell));
  }
  const object = inner as AvroObject;
  if (typeof object.type !== "string") return typeOfAvro(object.type, named, tell);
  if (object.logicalType === "decimal") return `DECIMAL(${object.precision ?? 38},${object.scale ?? 0})`;
  const logical = LOGICAL[object.logicalType ?? ""];
  if (logical !== undefined) return logical;
  if (object.logicalType !== undefined) tell(`logical type ${object.logicalType}`);
  if (object.type === "array") return `${typeOfAvro(object.items ?? "null", named, tell)}[]`;
  if (object.type !== "record") return FROM_AVRO[object.type] ?? "JSON";
  if (named.has(object.name ?? "")) {
    tell("a record in itself; it is JSON");
    return "JSON";
  }
  named.set(object.name ?? "", object);
  return structType((object.fields ?? []).map((field) => ({ name: field.name, type: typeOfAvro(field.type, named, tell) })));
}
