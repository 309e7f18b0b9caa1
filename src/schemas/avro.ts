// Avro schemas: whether data written with one is read by another, by the rules of schema resolution in Avro's specification.
import type { Obstacle, SchemaKind } from "./compatibility.ts";

/** A schema as its JSON is parsed. */
export type AvroSchema = string | readonly AvroSchema[] | AvroObject;

export interface AvroObject {
  readonly type: AvroSchema;
  readonly name?: string;
  readonly namespace?: string;
  readonly aliases?: readonly string[];
  readonly fields?: readonly AvroField[];
  readonly symbols?: readonly string[];
  readonly default?: unknown;
  readonly items?: AvroSchema;
  readonly values?: AvroSchema;
  readonly size?: number;
  readonly logicalType?: string;
  readonly precision?: number;
  readonly scale?: number;
  readonly doc?: string;
}

export interface AvroField {
  readonly name: string;
  readonly type: AvroSchema;
  readonly default?: unknown;
  readonly aliases?: readonly string[];
  readonly doc?: string;
}

export const avroSchemas: SchemaKind<AvroSchema> = {
  obstacles: (reader, writer) => new Resolution(namesOf(reader), namesOf(writer)).obstacles(reader, writer, "", ["", ""]),
};

const PRIMITIVES = new Set(["null", "boolean", "int", "long", "float", "double", "bytes", "string"]);
/** Writer → readers that take its values. `float` of a `long` is Avro's own rule, although digits may go. */
const PROMOTIONS: Readonly<Record<string, readonly string[]>> = {
  int: ["long", "float", "double"],
  long: ["float", "double"],
  float: ["double"],
  string: ["bytes"],
  bytes: ["string"],
};

type Names = ReadonlyMap<string, { readonly schema: AvroObject; readonly space: string }>;

/** A named type's full name; a name with dots brings its own namespace. */
function fullName(name: string, space: string): string {
  return name.includes(".") || space === "" ? name : `${space}.${name}`;
}

function spaceOf(schema: AvroObject, space: string): string {
  const { name = "", namespace = space } = schema;
  return name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : namespace;
}

function namesOf(root: AvroSchema): Names {
  const names = new Map<string, { schema: AvroObject; space: string }>();
  const walk = (schema: AvroSchema | undefined, space: string): void => {
    if (schema === undefined || typeof schema === "string") return;
    if (isUnion(schema)) return schema.forEach((branch) => walk(branch, space));
    if (typeof schema.type !== "string") return walk(schema.type, space);
    const own = spaceOf(schema, space);
    if (schema.name !== undefined) names.set(fullName(schema.name, own), { schema, space: own });
    for (const field of schema.fields ?? []) walk(field.type, own);
    walk(schema.items, own);
    walk(schema.values, own);
  };
  walk(root, "");
  return names;
}

function isUnion(schema: AvroSchema): schema is readonly AvroSchema[] {
  return Array.isArray(schema);
}

/** A type with its names replaced and its namespace: one object, or a union. */
type Known = { readonly union: readonly AvroSchema[]; readonly space: string } | { readonly object: AvroObject; readonly space: string };

class Resolution {
  private readonly readers: Names;
  private readonly writers: Names;
  /** Pairs of named types under way: a recursive type is compared once. */
  private readonly underWay = new Set<string>();

  constructor(readers: Names, writers: Names) {
    this.readers = readers;
    this.writers = writers;
  }

  obstacles(reader: AvroSchema, writer: AvroSchema, path: string, spaces: readonly [string, string]): readonly Obstacle[] {
    const r = known(reader, this.readers, spaces[0]);
    const w = known(writer, this.writers, spaces[1]);
    if (r === null) return [{ path, problem: `the reader's type ${JSON.stringify(reader)} is not known` }];
    if (w === null) return [{ path, problem: `the writer's type ${JSON.stringify(writer)} is not known` }];
    // Whichever branch was written, the reader must take it.
    if ("union" in w) return w.union.flatMap((branch) => this.obstacles(reader, branch, path, [spaces[0], w.space]));
    if ("union" in r) {
      const found = r.union.map((branch) => this.branch(branch, w.object, path, [r.space, w.space]));
      if (found.some((each) => each.length === 0)) return [];
      const same = found.find((_, index) => typeName(r.union[index]!) === typeName(w.object));
      return same ?? [{ path, problem: `the reader's union has no branch for ${typeName(w.object)}` }];
    }
    return this.objects(r.object, w.object, path, [r.space, w.space]);
  }

  private branch(reader: AvroSchema, writer: AvroObject, path: string, spaces: readonly [string, string]): readonly Obstacle[] {
    const r = known(reader, this.readers, spaces[0]);
    return r === null || "union" in r
      ? [{ path, problem: "a union in a union" }]
      : this.objects(r.object, writer, path, [r.space, spaces[1]]);
  }

  private objects(reader: AvroObject, writer: AvroObject, path: string, spaces: readonly [string, string]): readonly Obstacle[] {
    const [r, w] = [reader.type as string, writer.type as string];
    const differs = [{ path, problem: `${typeName(writer)} was written, ${typeName(reader)} is read` }];
    if (r !== w) return (PROMOTIONS[w] ?? []).includes(r) && !isDecimal(reader) && !isDecimal(writer) ? [] : differs;
    if ((isDecimal(reader) || isDecimal(writer)) && !(isDecimal(reader) && isDecimal(writer) && sameDecimal(reader, writer)))
      return [
        { path, problem: `decimals of another precision or scale: ${decimalText(writer)} was written, ${decimalText(reader)} is read` },
      ];
    switch (r) {
      case "array":
        return this.obstacles(reader.items ?? "null", writer.items ?? "null", `${path}/items`, spaces);
      case "map":
        return this.obstacles(reader.values ?? "null", writer.values ?? "null", `${path}/values`, spaces);
      case "fixed":
        if (!sameName(reader, writer, spaces)) return [{ path, problem: `${writer.name} was written, ${reader.name} is read` }];
        return reader.size === writer.size ? [] : [{ path, problem: `${writer.size} bytes were written, ${reader.size} are read` }];
      case "enum": {
        if (!sameName(reader, writer, spaces)) return [{ path, problem: `${writer.name} was written, ${reader.name} is read` }];
        const gone = (writer.symbols ?? []).filter((symbol) => !(reader.symbols ?? []).includes(symbol));
        return gone.length === 0 || reader.default !== undefined
          ? []
          : [{ path, problem: `the reader lacks the symbols ${gone.join(", ")}` }];
      }
      case "record":
      case "error":
        return this.records(reader, writer, path, spaces);
      default:
        return [];
    }
  }

  private records(reader: AvroObject, writer: AvroObject, path: string, spaces: readonly [string, string]): readonly Obstacle[] {
    if (!sameName(reader, writer, spaces)) return [{ path, problem: `record ${writer.name} was written, ${reader.name} is read` }];
    const pair = `${fullName(reader.name ?? "", spaces[0])}\0${fullName(writer.name ?? "", spaces[1])}`;
    if (this.underWay.has(pair)) return [];
    this.underWay.add(pair);
    const found: Obstacle[] = [];
    for (const field of reader.fields ?? []) {
      const names = [field.name, ...(field.aliases ?? [])];
      const source = names.map((name) => writer.fields?.find((each) => each.name === name)).find((each) => each !== undefined);
      if (source !== undefined) found.push(...this.obstacles(field.type, source.type, `${path}/${field.name}`, spaces));
      else if (!("default" in field))
        found.push({ path: `${path}/${field.name}`, problem: "the reader's field has no default, and the writer lacks it" });
    }
    this.underWay.delete(pair);
    return found;
  }
}

function known(schema: AvroSchema, names: Names, space: string): Known | null {
  if (isUnion(schema)) return { union: schema, space };
  if (typeof schema === "string") {
    if (PRIMITIVES.has(schema)) return { object: { type: schema }, space };
    const named = names.get(fullName(schema, space)) ?? names.get(schema);
    return named === undefined ? null : { object: named.schema, space: named.space };
  }
  if (typeof schema.type !== "string") return known(schema.type, names, space);
  const complex = ["record", "error", "enum", "fixed", "array", "map"];
  if (complex.includes(schema.type) || PRIMITIVES.has(schema.type)) return { object: schema, space: spaceOf(schema, space) };
  return known(schema.type, names, space);
}

/** Records, enums and fixed match by their last name, or by a name that the reader also goes by. */
function sameName(reader: AvroObject, writer: AvroObject, spaces: readonly [string, string]): boolean {
  const last = (name: string | undefined): string => (name ?? "").split(".").at(-1) ?? "";
  if (last(reader.name) === last(writer.name)) return true;
  const full = fullName(writer.name ?? "", spaces[1]);
  return (reader.aliases ?? []).some((alias) => fullName(alias, spaces[0]) === full || alias === writer.name);
}

function isDecimal(schema: AvroObject): boolean {
  return schema.logicalType === "decimal";
}

function sameDecimal(a: AvroObject, b: AvroObject): boolean {
  return a.precision === b.precision && (a.scale ?? 0) === (b.scale ?? 0);
}

function decimalText(schema: AvroObject): string {
  return isDecimal(schema) ? `decimal(${schema.precision},${schema.scale ?? 0})` : typeName(schema.type);
}

function typeName(schema: AvroSchema): string {
  if (typeof schema === "string") return schema;
  if (isUnion(schema)) return "union";
  return schema.name ?? typeName(schema.type);
}
