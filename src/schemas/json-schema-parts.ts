// The parts of a JSON Schema: references followed, `allOf` taken together, what stands for a name, an item, a type.
export type JsonSchema = boolean | { readonly [keyword: string]: unknown };
export type Schema = { readonly [keyword: string]: unknown };
export type JsonType = "null" | "boolean" | "integer" | "number" | "string" | "array" | "object";

const TYPES: readonly JsonType[] = ["null", "boolean", "integer", "number", "string", "array", "object"];
/** Keywords that mean something together only. */
export const TOGETHER = [
  ["if", "then", "else"],
  ["contains", "minContains", "maxContains"],
  ["dependentRequired"],
  ["dependentSchemas"],
  ["dependencies"],
  ["propertyNames"],
];

export function jsonTypeOf(value: unknown): JsonType {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value as "boolean" | "string" | "object";
}

/** Values of JSON are equal whatever the order of an object's keys. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  const [one, other] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => Object.hasOwn(other, key) && equalJson(one[key], other[key]));
}

/** The parts that an instance of the reader must satisfy one by one; null when a $ref cannot be followed. */
export function partsOf(schema: JsonSchema, root: JsonSchema, depth = 0): readonly Schema[] | null {
  if (typeof schema === "boolean") return [schema ? {} : { not: {} }];
  if (depth > REFERENCES_MAX) return null;
  const { $ref, allOf, ...beside } = schema;
  // Before 2019 nothing beside a $ref counted.
  const rest = typeof $ref === "string" && isOldDraft(root) ? {} : beside;
  const below: JsonSchema[] = Array.isArray(allOf) ? [...(allOf as JsonSchema[])] : [];
  if (typeof $ref === "string") {
    const target = resolve($ref, root);
    if (target === undefined) return null;
    below.push(target);
  }
  const parts: Schema[] = [meaningful(rest)];
  for (const each of below) {
    const inner = partsOf(each, root, depth + 1);
    if (inner === null) return null;
    parts.push(...inner);
  }
  return parts;
}

const REFERENCES_MAX = 64;
const ANNOTATIONS = new Set([
  "$schema",
  "$id",
  "$comment",
  "$defs",
  "definitions",
  "title",
  "description",
  "default",
  "examples",
  "deprecated",
  "readOnly",
  "writeOnly",
  "$anchor",
  "contentEncoding",
  "contentMediaType",
  "id",
]);

function isOldDraft(root: JsonSchema): boolean {
  return typeof root === "object" && typeof root["$schema"] === "string" && /draft-0[3-7]/.test(root["$schema"]);
}

function meaningful(schema: Schema): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !ANNOTATIONS.has(keyword)));
}

/** One schema without $ref and allOf that takes at least what the writer takes (J2). */
export function flatten(schema: JsonSchema, root: JsonSchema): Schema {
  const parts = partsOf(schema, root) ?? (typeof schema === "boolean" ? [] : [withoutReferences(schema)]);
  let merged: Schema = {};
  for (const part of parts) merged = merge(merged, part);
  return merged;
}

function withoutReferences(schema: Schema): Schema {
  const { $ref: _r, allOf: _a, ...rest } = schema;
  return meaningful(rest);
}

function merge(a: Schema, b: Schema): Schema {
  const merged: Record<string, unknown> = { ...b, ...a };
  for (const keywords of TOGETHER)
    if (keywords.some((keyword) => keyword in a)) for (const keyword of keywords) if (!Object.hasOwn(a, keyword)) delete merged[keyword];
  for (const keyword of Object.keys(b)) {
    if (!(keyword in a) || equalJson(a[keyword], b[keyword])) continue;
    const [one, other] = [a[keyword], b[keyword]];
    if (keyword === "type") {
      const both = TYPES.filter((type) => hasType(one, type) && hasType(other, type));
      if (both.length === 0) return { not: {} };
      merged["type"] = both;
    } else if (keyword === "required") merged["required"] = [...new Set([...listOf(one), ...listOf(other)])];
    else if (
      /^(minimum|exclusiveMinimum|minLength|minItems|minProperties)$/.test(keyword) &&
      typeof one === "number" &&
      typeof other === "number"
    )
      merged[keyword] = Math.max(one, other);
    else if (
      /^(maximum|exclusiveMaximum|maxLength|maxItems|maxProperties)$/.test(keyword) &&
      typeof one === "number" &&
      typeof other === "number"
    )
      merged[keyword] = Math.min(one, other);
    else if (keyword === "properties") {
      const properties: Record<string, JsonSchema> = { ...mapOf(other), ...mapOf(one) };
      for (const [name, schema] of Object.entries(mapOf(other))) {
        const own = mapOf(one)[name];
        if (own !== undefined && !equalJson(own, schema)) properties[name] = { allOf: [own, schema] };
      }
      merged["properties"] = properties;
    }
  }
  // Two that are to hold together cannot stand as one: the first alone says less, and that is allowed here.
  if ("anyOf" in merged && "oneOf" in merged) delete merged["oneOf"];
  // `additionalProperties` speaks of the names that stand beside it, or of none.
  if ("additionalProperties" in merged && !("additionalProperties" in a && !("properties" in b) && !("patternProperties" in b))) {
    const from = "additionalProperties" in a ? a : b;
    const into = from === a ? b : a;
    if ("patternProperties" in into && !equalJson(into["patternProperties"], from["patternProperties"]))
      delete merged["additionalProperties"];
  }
  if ("items" in a !== "items" in b || !equalJson(prefixOf(a), prefixOf(b))) {
    const from = "items" in a ? a : b;
    if (prefixOf(from === a ? b : a).length > 0 || prefixOf(from).length > 0) {
      delete merged["items"];
      delete merged["prefixItems"];
      delete merged["additionalItems"];
    }
  }
  return merged;
}

/** What `#`, `#/$defs/x` mean; undefined for what lies outside. */
export function resolve(reference: string, root: JsonSchema): JsonSchema | undefined {
  if (!reference.startsWith("#")) return undefined;
  let at: unknown = root;
  for (const step of reference.slice(1).split("/").slice(1)) {
    const key = decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  if (/^#[^/]/.test(reference)) return undefined;
  return typeof at === "boolean" || (typeof at === "object" && at !== null && !Array.isArray(at)) ? (at as JsonSchema) : undefined;
}

export function isNever(schema: Schema): boolean {
  const no = schema["not"];
  return no === true || (typeof no === "object" && no !== null && Object.keys(meaningful(no as Schema)).length === 0);
}

/** The only values that can be; null when there are others. */
export function valuesOf(schema: Schema): readonly unknown[] | null {
  if ("const" in schema) return [schema["const"]];
  if (Array.isArray(schema["enum"])) return schema["enum"] as unknown[];
  if (schema["type"] === undefined) return null;
  const types = TYPES.filter((type) => hasType(schema["type"], type));
  return types.every((type) => type === "null" || type === "boolean")
    ? types.flatMap((type): unknown[] => (type === "null" ? [null] : [true, false]))
    : null;
}

export function hasType(written: unknown, type: JsonType): boolean {
  const types = Array.isArray(written) ? (written as string[]) : [written];
  return types.includes(type) || (type === "integer" && types.includes("number"));
}

/** `number` stands for all numbers; `integer` alone only where nothing else is said. */
export function typesOf(schema: Schema): readonly JsonType[] {
  const written = schema["type"];
  if (written === undefined) {
    const values = valuesOf(schema);
    if (values !== null) return [...new Set(values.map((value) => jsonTypeOf(value)))];
    return TYPES.filter((type) => type !== "integer");
  }
  const types = TYPES.filter((type) => hasType(written, type));
  return types.includes("number") ? types.filter((type) => type !== "integer") : types;
}

export function narrowed(schema: Schema, type: JsonType): Schema {
  return { ...schema, type };
}

export function mapOf(value: unknown): Readonly<Record<string, JsonSchema>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, JsonSchema>) : {};
}

export function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? (value as string[]) : [];
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** What a property of this name must be. */
export function propertyOf(schema: Schema, name: string): JsonSchema {
  const own = mapOf(schema["properties"]);
  const parts: JsonSchema[] = Object.hasOwn(own, name) ? [own[name]!] : [];
  for (const [pattern, each] of Object.entries(mapOf(schema["patternProperties"])))
    if (new RegExp(pattern, "u").test(name)) parts.push(each);
  if (parts.length === 0) return (schema["additionalProperties"] ?? true) as JsonSchema;
  return parts.length === 1 ? parts[0]! : { allOf: parts };
}

export function prefixOf(schema: Schema): readonly JsonSchema[] {
  if (Array.isArray(schema["prefixItems"])) return schema["prefixItems"] as JsonSchema[];
  return Array.isArray(schema["items"]) ? (schema["items"] as JsonSchema[]) : [];
}

export function itemOf(schema: Schema, index: number): JsonSchema {
  const prefix = prefixOf(schema);
  if (index < prefix.length) return prefix[index]!;
  const rest = Array.isArray(schema["items"]) ? schema["additionalItems"] : schema["items"];
  return (rest ?? true) as JsonSchema;
}
