// Contracts as JSON Schemas (2020-12), and back. `x-millrace-type` keeps a column's exact type.
import type { CheckEntry } from "../model/definitions/check.ts";
import { checkText, columnsOf, readCheck, type Contract, type ContractColumn, type Exported, type Imported } from "./contract.ts";
import { resolve, type JsonSchema } from "./json-schema-parts.ts";
import { shapeOf, structType } from "./nested.ts";

const DIALECT = "https://json-schema.org/draft/2020-12/schema";
type Document = Record<string, unknown>;

export function toJsonSchema(contract: Contract): Exported {
  const lost: string[] = [];
  const properties: Record<string, Document> = {};
  for (const { name, type, required, description } of contract.columns) {
    const schema = schemaOf(type);
    const typed = schema["type"];
    properties[name] = {
      ...schema,
      ...(required || typed === undefined ? {} : { type: [typed, "null"] }),
      ...(description === undefined ? {} : { description }),
      "x-millrace-type": type,
    };
  }
  for (const entry of contract.checks) if (!addCheck(properties, entry)) lost.push(`check ${checkText(entry)}`);
  if (contract.owner !== undefined) lost.push(`owner ${contract.owner}`);
  if (contract.tags.length > 0) lost.push(`tags ${contract.tags.join(", ")}`);
  for (const { name, personal } of contract.columns) if (personal !== undefined) lost.push(`pii of ${name}: ${personal}`);
  const document = {
    $schema: DIALECT,
    title: contract.name,
    ...(contract.description === undefined ? {} : { description: contract.description }),
    type: "object",
    properties,
    required: contract.columns.filter(({ required }) => required).map(({ name }) => name),
    ...(contract.primaryKey.length === 0 ? {} : { "x-millrace-primary-key": contract.primaryKey }),
  };
  return { document, lost };
}

/** A type's values as the API and files of Millrace write them in JSON. */
function schemaOf(type: string): Document {
  const shape = shapeOf(type);
  if (shape.kind === "list") return { type: "array", items: nullable(schemaOf(shape.of)) };
  if (shape.kind === "struct")
    return { type: "object", properties: Object.fromEntries(shape.fields.map((field) => [field.name, nullable(schemaOf(field.type))])) };
  if (shape.kind === "json") return {};
  if (/^U?(TINY|SMALL|BIG|HUGE)?INT$|^U?INTEGER$/.test(type)) return { type: "integer" };
  if (/^(DECIMAL|DOUBLE|FLOAT)/.test(type)) return { type: "number" };
  if (type === "BOOLEAN") return { type: "boolean" };
  if (type === "DATE") return { type: "string", format: "date" };
  if (type === "TIME") return { type: "string", format: "time" };
  if (type.startsWith("TIMESTAMP")) return { type: "string", format: "date-time" };
  if (type === "UUID") return { type: "string", format: "uuid" };
  return type === "BLOB" ? { type: "string", contentEncoding: "base64" } : { type: "string" };
}

function nullable(schema: Document): Document {
  return schema["type"] === undefined ? schema : { ...schema, type: [schema["type"], "null"] };
}

/** Checks that a keyword says; false where none does. */
function addCheck(properties: Record<string, Document>, entry: CheckEntry): boolean {
  const { kind, options, common } = readCheck(entry);
  if (Object.keys(common).length > 0) return false;
  const { column, min, max, values, pattern } = (options ?? {}) as Record<string, unknown>;
  if (kind === "notNull") {
    const named = columnsOf(options);
    if (named.some((name) => properties[name] === undefined)) return false;
    for (const name of named) {
      const { type } = properties[name]!;
      if (Array.isArray(type)) properties[name]!["type"] = type.filter((each) => each !== "null")[0];
    }
    return named.length > 0;
  }
  const property = typeof column === "string" ? properties[column] : undefined;
  if (property === undefined) return false;
  switch (kind) {
    case "range":
      if ([min, max].some((bound) => bound !== undefined && typeof bound !== "number")) return false;
      Object.assign(property, { ...(min === undefined ? {} : { minimum: min }), ...(max === undefined ? {} : { maximum: max }) });
      return true;
    case "length":
      Object.assign(property, { ...(min === undefined ? {} : { minLength: min }), ...(max === undefined ? {} : { maxLength: max }) });
      return true;
    case "acceptedValues":
      property["enum"] = Array.isArray(property["type"]) ? [...new Set([...(values as unknown[]), null])] : values;
      return true;
    case "matches":
      property["pattern"] = pattern;
      return true;
    default:
      return false;
  }
}

const UNDERSTOOD = new Set([
  "type",
  "format",
  "properties",
  "items",
  "required",
  "description",
  "enum",
  "const",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "pattern",
  "title",
  "contentEncoding",
  "$ref",
  "$comment",
  "examples",
  "$schema",
  "$id",
  "$defs",
  "definitions",
]);

/** The columns of an object's schema. */
export function fromJsonSchema(document: JsonSchema, name: string): Imported {
  const lost: string[] = [];
  const root = followed(document, document);
  const required = new Set(stringsOf(root["required"]));
  const checks: CheckEntry[] = [];
  const columns = Object.entries((root["properties"] ?? {}) as Record<string, JsonSchema>).map(([column, schema]): ContractColumn => {
    const property = followed(schema, document);
    const type = typeof property["x-millrace-type"] === "string" ? property["x-millrace-type"] : typeOf(property, document, column, lost);
    checks.push(...checksOf(column, property));
    tellUnknown(property, column, lost);
    const description = property["description"];
    return { name: column, type, required: required.has(column), ...(typeof description === "string" ? { description } : {}) };
  });
  tellUnknown(root, "the schema", lost);
  const { title, description } = root;
  return {
    contract: {
      name: typeof title === "string" && /^[\w-]+\.[\w -]+$/.test(title) ? title : name,
      ...(typeof description === "string" ? { description } : {}),
      tags: [],
      primaryKey: stringsOf(root["x-millrace-primary-key"]),
      columns,
      checks,
    },
    lost,
  };
}

function tellUnknown(schema: Document, place: string, lost: string[]): void {
  for (const keyword of Object.keys(schema))
    if (!UNDERSTOOD.has(keyword) && !keyword.startsWith("x-millrace")) lost.push(`${place}: ${keyword} ${JSON.stringify(schema[keyword])}`);
}

function followed(schema: JsonSchema, root: JsonSchema): Document {
  if (typeof schema === "boolean") return {};
  const target = typeof schema["$ref"] === "string" ? resolve(schema["$ref"], root) : undefined;
  return target === undefined ? { ...schema } : { ...followed(target, root), ...schema };
}

function typeOf(schema: Document, root: JsonSchema, place: string, lost: string[]): string {
  const types = [schema["type"] ?? []].flat().filter((type) => type !== "null") as string[];
  const values = Array.isArray(schema["enum"]) ? (schema["enum"] as unknown[]) : "const" in schema ? [schema["const"]] : [];
  if (types.length === 0 && values.length > 0 && values.every((value) => typeof value === "string" || value === null)) types.push("string");
  if (types.length !== 1) {
    if (types.length > 1) lost.push(`${place}: one type for ${types.join(" and ")}; it is JSON`);
    return "JSON";
  }
  switch (types[0]) {
    case "integer":
      return "BIGINT";
    case "number":
      return "DOUBLE";
    case "boolean":
      return "BOOLEAN";
    case "array":
      return schema["items"] === undefined
        ? "JSON"
        : `${typeOf(followed(schema["items"] as JsonSchema, root), root, `${place}[]`, lost)}[]`;
    case "object": {
      const fields = Object.entries((schema["properties"] ?? {}) as Record<string, JsonSchema>);
      if (fields.length === 0) return "JSON";
      return structType(fields.map(([name, inner]) => ({ name, type: typeOf(followed(inner, root), root, `${place}.${name}`, lost) })));
    }
    default:
      return textType(schema);
  }
}

function textType({ format, contentEncoding }: Document): string {
  if (contentEncoding === "base64") return "BLOB";
  const types: Readonly<Record<string, string>> = { date: "DATE", time: "TIME", "date-time": "TIMESTAMPTZ", uuid: "UUID" };
  return types[String(format)] ?? "VARCHAR";
}

function checksOf(column: string, schema: Document): readonly CheckEntry[] {
  const checks: CheckEntry[] = [];
  const { minimum, maximum, minLength, maxLength, pattern } = schema;
  const limits = (min: unknown, max: unknown): Document => ({
    column,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
  });
  if (minimum !== undefined || maximum !== undefined) checks.push({ range: limits(minimum, maximum) });
  if (minLength !== undefined || maxLength !== undefined) checks.push({ length: limits(minLength, maxLength) });
  if (typeof pattern === "string") checks.push({ matches: { column, pattern } });
  const values = Array.isArray(schema["enum"]) ? (schema["enum"] as unknown[]) : "const" in schema ? [schema["const"]] : [];
  const named = values.filter((value) => value !== null);
  if (named.length > 0) checks.push({ acceptedValues: { column, values: named } });
  return checks;
}

function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
