// What is called compatible, held against data: thousands of random pairs of schemas, and values that the writer takes given to the reader, judged
// by others (ajv for JSON Schema, avsc for Avro, DuckDB's casts for columns).
import { Ajv2020 } from "ajv/dist/2020.js";
import { default as avsc } from "avsc";
import { DuckDBInstance } from "@duckdb/node-api";
import { describe, expect, it } from "vitest";
import { avroSchemas, type AvroSchema } from "./avro.ts";
import { jsonSchemas } from "./json-schema.ts";
import type { JsonSchema } from "./json-schema-parts.ts";
import { tableSchemas, type TableColumn } from "./table-schema.ts";

type Random = () => number;

/** Mulberry32. */
function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const pick = <Item>(random: Random, items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!;
const some = <Item>(random: Random, items: readonly Item[], share: number): Item[] => items.filter(() => random() < share);

describe("JSON Schema", () => {
  const names = ["a", "b", "x1"];
  function schema(random: Random, depth: number): JsonSchema {
    if (random() < 0.08) return random() < 0.8;
    const kind = random();
    if (depth > 0 && kind < 0.08) return { [pick(random, ["anyOf", "oneOf"])]: [schema(random, depth - 1), schema(random, depth - 1)] };
    if (depth > 0 && kind < 0.13) return { allOf: [schema(random, depth - 1), schema(random, depth - 1)] };
    if (depth > 0 && kind < 0.16) return { not: schema(random, depth - 1) };
    if (kind < 0.22) return { enum: some(random, [null, 1, 2, "a", "bb", true], 0.5).concat([1]) };
    const type = pick(random, ["integer", "number", "string", "null", "boolean", "array", "object", "object"]);
    const written: Record<string, unknown> = {
      type: random() < 0.2 ? [type, pick(random, ["null", "string"])].filter((each, index, all) => all.indexOf(each) === index) : type,
    };
    if (random() < 0.1) delete written["type"];
    if (random() < 0.3) written["minimum"] = Math.floor(random() * 4);
    if (random() < 0.3) written["maximum"] = Math.floor(random() * 4) + 2;
    if (random() < 0.1) written["exclusiveMinimum"] = Math.floor(random() * 4);
    if (random() < 0.15) written["multipleOf"] = pick(random, [1, 2, 3, 0.5]);
    if (random() < 0.2) written["minLength"] = Math.floor(random() * 3);
    if (random() < 0.2) written["maxLength"] = Math.floor(random() * 4);
    if (random() < 0.1) written["pattern"] = pick(random, ["^a", "b"]);
    if (depth > 0) {
      if (random() < 0.5)
        written["properties"] = Object.fromEntries(some(random, names, 0.6).map((name) => [name, schema(random, depth - 1)]));
      if (random() < 0.3) written["required"] = some(random, names, 0.4);
      if (random() < 0.4) written["additionalProperties"] = random() < 0.6 ? false : schema(random, depth - 1);
      if (random() < 0.15) written["patternProperties"] = { [pick(random, ["^x", "1$"])]: schema(random, depth - 1) };
      if (random() < 0.3) written["items"] = schema(random, depth - 1);
      if (random() < 0.15) written["prefixItems"] = [schema(random, depth - 1)];
      if (random() < 0.2) written["maxItems"] = Math.floor(random() * 3);
      if (random() < 0.2) written["minItems"] = Math.floor(random() * 2);
      if (random() < 0.1) written["uniqueItems"] = true;
      if (random() < 0.1) written["minProperties"] = 1;
      if (random() < 0.1) written["maxProperties"] = 2;
    }
    return written as JsonSchema;
  }
  const scalars = [null, true, false, 0, 1, 2, 3, 4, 5, 1.5, 2.5, -1, "", "a", "b", "ab", "bb", "abcd"];
  function value(random: Random, depth: number): unknown {
    if (depth === 0 || random() < 0.5) return pick(random, scalars);
    if (random() < 0.3) return Array.from({ length: Math.floor(random() * 3) }, () => value(random, depth - 1));
    return Object.fromEntries(some(random, [...names, "y", "x2"], 0.4).map((name) => [name, value(random, depth - 1)]));
  }
  /** A change such as people make, so that many pairs are related. */
  function changed(random: Random, from: JsonSchema, depth: number): JsonSchema {
    const copy = structuredClone(from) as JsonSchema;
    if (typeof copy === "boolean") return random() < 0.5 ? copy : schema(random, depth);
    const object = copy as Record<string, unknown>;
    const keyword = pick(random, Object.keys(object));
    const properties = object["properties"] as Record<string, JsonSchema> | undefined;
    if (random() < 0.35 && keyword !== undefined) delete object[keyword];
    else if (random() < 0.5 && properties !== undefined) {
      const name = pick(random, names);
      properties[name] = properties[name] === undefined ? schema(random, depth - 1) : changed(random, properties[name], depth - 1);
    } else if (random() < 0.5) object["maximum"] = 9;
    else Object.assign(object, schema(random, 0));
    return object as JsonSchema;
  }

  it("never calls a pair compatible whose data the reader refuses", () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    let compatible = 0;
    let checked = 0;
    for (let seed = 0; seed < 6_000; seed++) {
      const random = seeded(seed);
      const writer = schema(random, 2);
      const reader = random() < 0.7 ? changed(random, writer, 2) : schema(random, 2);
      if (jsonSchemas.obstacles(reader, writer, "backward").length > 0) continue;
      compatible += 1;
      const [writes, reads] = [ajv.compile(writer as object), ajv.compile(reader as object)];
      for (let round = 0; round < 60; round++) {
        const instance = value(random, 3);
        if (!writes(instance)) continue;
        checked += 1;
        if (!reads(instance)) expect.fail(`seed ${seed}: ${JSON.stringify({ reader, writer, instance })}`);
      }
    }
    expect(compatible).toBeGreaterThan(1_000);
    expect(checked).toBeGreaterThan(10_000);
  });
});

describe("Avro", () => {
  const primitives = ["null", "boolean", "int", "long", "float", "double", "string", "bytes"];
  function schema(random: Random, depth: number, name: string): AvroSchema {
    const kind = random();
    if (depth === 0 || kind < 0.4) return pick(random, primitives);
    if (kind < 0.5) return { type: "array", items: schema(random, depth - 1, `${name}i`) };
    if (kind < 0.6) return { type: "map", values: schema(random, depth - 1, `${name}v`) };
    if (kind < 0.7) return { type: "enum", name: `${name}E`, symbols: ["A", ...some(random, ["B", "C"], 0.6)] };
    if (kind < 0.75) return { type: "fixed", name: `${name}F`, size: pick(random, [2, 3]) };
    if (kind < 0.88) return ["null", pick(random, primitives.slice(1))];
    const fields = some(random, ["f", "g", "h"], 0.7).map((field) => {
      const type = schema(random, depth - 1, `${name}${field}`);
      const hasDefault = Array.isArray(type) && random() < 0.6;
      return { name: field, type, ...(hasDefault ? { default: null } : {}) };
    });
    return { type: "record", name: `${name}R`, fields };
  }
  /** Avro's own judge: a resolver is made, or refused. */
  function resolves(
    reader: avsc.Type,
    writer: avsc.Type,
  ): avsc.Type["createResolver"] extends (type: never) => infer Resolver ? Resolver | null : never {
    try {
      return reader.createResolver(writer) as never;
    } catch {
      return null as never;
    }
  }

  it("never calls a pair compatible whose data the reader refuses, and refuses none that resolves", () => {
    let compatible = 0;
    let checked = 0;
    for (let seed = 0; seed < 6_000; seed++) {
      const random = seeded(seed);
      const writer = schema(random, 3, "T");
      const reader = schema(seeded(random() < 0.5 ? seed : seed + 1), 3, "T");
      const [writes, reads] = [avsc.Type.forSchema(writer as avsc.Schema), avsc.Type.forSchema(reader as avsc.Schema)];
      const found = avroSchemas.obstacles(reader, writer, "backward");
      const resolver = resolves(reads, writes);
      if (found.length > 0) {
        expect(resolver, `seed ${seed}: ${JSON.stringify({ reader, writer, found })}`).toBeNull();
        continue;
      }
      compatible += 1;
      expect(resolver, `seed ${seed}: ${JSON.stringify({ reader, writer })}`).not.toBeNull();
      for (let round = 0; round < 5; round++) {
        const written = writes.toBuffer(writes.random());
        expect(() => reads.fromBuffer(written, resolver as never), `seed ${seed}`).not.toThrow();
        checked += 1;
      }
    }
    expect(compatible).toBeGreaterThan(500);
    expect(checked).toBeGreaterThan(2_500);
  });
});

describe("columns", () => {
  const types = [
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UINTEGER",
    "DECIMAL(10,2)",
    "DECIMAL(21,2)",
    "DECIMAL(12,4)",
    "FLOAT",
    "DOUBLE",
    "DATE",
    "TIMESTAMP",
    "VARCHAR",
    "BOOLEAN",
  ];
  const values: Readonly<Record<string, readonly string[]>> = {
    TINYINT: ["-128", "127"],
    SMALLINT: ["-32768", "32767"],
    INTEGER: ["-2147483648", "2147483647"],
    BIGINT: ["-9223372036854775808", "9223372036854775807"],
    HUGEINT: ["-170141183460469231731687303715884105728", "170141183460469231731687303715884105727"],
    UINTEGER: ["0", "4294967295"],
    "DECIMAL(10,2)": ["-99999999.99", "0.01"],
    "DECIMAL(21,2)": ["9999999999999999999.99"],
    "DECIMAL(12,4)": ["99999999.9999"],
    FLOAT: ["0.1", "3.4028235e38"],
    DOUBLE: ["0.1", "1.7976931348623157e308"],
    DATE: ["'0001-01-01'", "'9999-12-31'"],
    TIMESTAMP: ["'2026-01-01 00:00:00.000001'"],
    VARCHAR: ["'x'", "'00501'"],
    BOOLEAN: ["true"],
  };

  it("never calls a pair compatible whose rows the reader refuses or bends", async () => {
    const connection = await (await DuckDBInstance.create()).connect();
    let compatible = 0;
    for (let seed = 0; seed < 2_000; seed++) {
      const random = seeded(seed);
      const column = (name: string): TableColumn => ({
        name,
        type: pick(random, types),
        required: random() < 0.3,
        hasDefault: random() < 0.3,
      });
      const writer = some(random, ["a", "b", "c"], 0.7).map(column);
      const reader = some(random, ["a", "b", "c"], 0.7).map(column);
      const direction = random() < 0.5 ? "backward" : "forward";
      if (tableSchemas.obstacles(reader, writer, direction).length > 0) continue;
      compatible += 1;
      for (const column of reader) {
        const source = writer.find(({ name }) => name === column.name);
        if (source === undefined) {
          expect(direction, "a reader of old finds every column").toBe("backward");
          expect(column.required && !column.hasDefault).toBe(false);
          continue;
        }
        expect(column.required && !column.hasDefault && !source.required).toBe(false);
        for (const value of values[source.type]!) {
          const back = await connection.runAndReadAll(
            `select cast(cast(cast(${value} as ${source.type}) as ${column.type}) as ${source.type}) = cast(${value} as ${source.type})`,
          );
          expect(back.getRows()[0]?.[0], `${value}: ${source.type} → ${column.type}`).toBe(true);
        }
      }
    }
    expect(compatible).toBeGreaterThan(50);
  });
});
