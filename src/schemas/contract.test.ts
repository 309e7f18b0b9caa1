// Contracts as others write them: there and back, and what does not fit is told.
import { Ajv2020 } from "ajv/dist/2020.js";
import { default as avsc } from "avsc";
import { describe, expect, it } from "vitest";
import type { Contract } from "./contract.ts";
import { fromAvro, toAvro } from "./contract-avro.ts";
import { fromJsonSchema, toJsonSchema } from "./contract-json-schema.ts";
import { fromOdcs, toOdcs } from "./contract-odcs.ts";
import type { AvroSchema } from "./avro.ts";

const TYPES = [
  "BOOLEAN",
  "TINYINT",
  "SMALLINT",
  "INTEGER",
  "BIGINT",
  "HUGEINT",
  "UBIGINT",
  "UINTEGER",
  "DECIMAL(18,2)",
  "FLOAT",
  "DOUBLE",
  "VARCHAR",
  "BLOB",
  "DATE",
  "TIME",
  "TIMESTAMP",
  "TIMESTAMPTZ",
  "UUID",
  "JSON",
  'STRUCT("a" INTEGER, "b c" VARCHAR[])',
  'STRUCT("sku" VARCHAR, "n" BIGINT)[]',
  "DATE[]",
];
const contract: Contract = {
  name: "raw.orders",
  version: "3.0.0",
  description: "Orders of the shop",
  owner: "shop@team",
  tags: ["core"],
  primaryKey: ["c0", "c1"],
  columns: TYPES.map((type, index) => ({
    name: `c${index}`,
    type,
    required: index % 2 === 0,
    ...(index % 3 === 0 ? { description: `column ${index}` } : {}),
    ...(index === 11 ? { personal: "mask" } : {}),
  })),
  checks: [
    { notNull: ["c2"], severity: "warn" },
    { unique: ["c0", "c1"] },
    { acceptedValues: { column: "c11", values: ["x", "y"] } },
    { matches: { column: "c11", pattern: "^[xy]$" } },
    { range: { column: "c3", min: 1, max: 9 } },
    { length: { column: "c11", max: 3 } },
    { rowCount: { min: 1 } },
    { rule: { where: "c3 < c4" }, name: "ordered" },
    { query: { sql: "select * from raw.orders where c3 is null" } },
  ],
};

function withoutPersonal(column: Contract["columns"][number]): object {
  return Object.fromEntries(Object.entries(column).filter(([key]) => key !== "personal"));
}

describe("ODCS 3.1", () => {
  it("has columns, keys and all checks, there and back", () => {
    const { document, lost } = toOdcs(contract);
    expect(lost).toEqual([]);
    expect(document).toMatchObject({ apiVersion: "v3.1.0", kind: "DataContract", status: "active", id: "urn:millrace:raw.orders" });
    const back = fromOdcs(JSON.parse(JSON.stringify(document)) as Record<string, unknown>, "raw.x");
    expect(back.lost).toEqual([]);
    expect({ ...back.contract, checks: new Set(back.contract.checks.map((each) => JSON.stringify(each))) }).toEqual({
      ...contract,
      checks: new Set(contract.checks.map((each) => JSON.stringify(each))),
    });
  });

  it("tells what it cannot say", () => {
    const { lost } = toOdcs({
      ...contract,
      checks: [{ references: { column: "c0", to: "raw.x.c0" } }, { notNull: ["c1"], tolerate: "1%" }],
    });
    expect(lost).toEqual(['check {"references":{"column":"c0","to":"raw.x.c0"}}', 'check {"notNull":["c1"],"tolerate":"1%"}']);
  });

  it("is read as others write it", () => {
    const { contract: read, lost } = fromOdcs(
      {
        apiVersion: "v3.1.0",
        kind: "DataContract",
        id: "53581432",
        name: "Seller payments",
        version: "1.1.0",
        status: "active",
        servers: [{ server: "pg", type: "postgres" }],
        slaProperties: [{ property: "latency", value: 4, unit: "d" }],
        description: { purpose: "Views", limitations: "none" },
        schema: [
          {
            name: "tbl",
            properties: [
              { name: "id", logicalType: "integer", physicalType: "int", primaryKey: true, primaryKeyPosition: 1, required: true },
              { name: "amount", logicalType: "number", physicalType: "NUMBER(12, 2)", logicalTypeOptions: { minimum: 0 } },
              {
                name: "code",
                logicalType: "string",
                physicalType: "varchar(3)",
                quality: [
                  { metric: "nullValues", mustBe: 0 },
                  { type: "text", description: "good" },
                ],
              },
              { name: "at", logicalType: "timestamp", encryptedName: "at_enc" },
            ],
          },
        ],
      },
      "raw.payments",
    );
    expect(read).toEqual({
      name: "raw.payments",
      version: "1.1.0",
      description: "Views",
      tags: [],
      primaryKey: ["id"],
      columns: [
        { name: "id", type: "INTEGER", required: true },
        { name: "amount", type: "DECIMAL(12,2)", required: false },
        { name: "code", type: "VARCHAR", required: false },
        { name: "at", type: "TIMESTAMP", required: false },
      ],
      checks: [{ range: { column: "amount", min: 0 } }, { notNull: ["code"] }],
    });
    expect(lost).toEqual([
      "the contract: servers",
      "the contract: slaProperties",
      'quality code: {"type":"text","description":"good"}',
      "at: encryptedName",
      "description: limitations",
    ]);
  });
});

describe("JSON Schema", () => {
  it("has columns, keys and the checks it has keywords for, there and back", () => {
    const { document, lost } = toJsonSchema(contract);
    expect(lost).toHaveLength(8);
    const back = fromJsonSchema(document, "raw.x");
    expect(back.lost).toEqual([]);
    expect(back.contract.columns).toEqual(contract.columns.map((column) => withoutPersonal(column)));
    expect(back.contract).toMatchObject({ name: "raw.orders", primaryKey: ["c0", "c1"], description: "Orders of the shop" });
    expect(back.contract.checks).toEqual([
      { range: { column: "c3", min: 1, max: 9 } },
      { length: { column: "c11", max: 3 } },
      { matches: { column: "c11", pattern: "^[xy]$" } },
      { acceptedValues: { column: "c11", values: ["x", "y"] } },
    ]);
  });

  it("is one that a validator takes", () => {
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(
      toJsonSchema({ ...contract, columns: contract.columns.slice(0, 6) }).document,
    );
    const row = { c0: true, c1: null, c2: 1, c3: 5, c4: 7, c5: null };
    expect(validate(row)).toBe(true);
    expect(validate({ ...row, c3: 10 })).toBe(false);
    expect(validate({ ...row, c4: null })).toBe(false);
  });

  it("of others becomes columns, and tells what no column says", () => {
    const { contract: read, lost } = fromJsonSchema(
      {
        type: "object",
        additionalProperties: false,
        required: ["id"],
        $defs: { place: { type: "object", properties: { city: { type: "string" } } } },
        properties: {
          id: { type: "integer" },
          where: { $ref: "#/$defs/place" },
          kind: { enum: ["a", "b"] },
          any: { anyOf: [{ type: "string" }, { type: "number" }] },
        },
      },
      "raw.events",
    );
    expect(read.columns.map(({ name, type }) => [name, type])).toEqual([
      ["id", "BIGINT"],
      ["where", 'STRUCT("city" VARCHAR)'],
      ["kind", "VARCHAR"],
      ["any", "JSON"],
    ]);
    expect(lost).toEqual(['any: anyOf [{"type":"string"},{"type":"number"}]', "the schema: additionalProperties false"]);
  });
});

describe("Avro", () => {
  it("has every type, there and back, and is a schema to Avro's own reader", () => {
    const { document, lost } = toAvro(contract);
    expect(lost).toHaveLength(contract.checks.length + 4);
    expect(() => avsc.Type.forSchema(document as unknown as avsc.Schema)).not.toThrow();
    const back = fromAvro(document as unknown as AvroSchema, "raw.x");
    expect(back.contract.columns).toEqual(contract.columns.map((column) => withoutPersonal(column)));
    expect(back.contract).toMatchObject({ name: "raw.orders", description: "Orders of the shop" });
  });

  it("keeps names that Avro has none for", () => {
    const { document } = toAvro({ ...contract, columns: [{ name: "größe in cm", type: "INTEGER", required: true }] });
    expect(document["fields"]).toEqual([{ name: "gr__e_in_cm", type: "int", millraceName: "größe in cm" }]);
    expect(fromAvro(document as unknown as AvroSchema, "raw.x").contract.columns[0]?.name).toBe("größe in cm");
  });
});
