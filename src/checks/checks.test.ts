// Every kind of check of the registry through the conformance suite: known rows that pass, known rows that fail.
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { defineCheck, sql } from "../index.ts";
import { testCheck, type CheckCase } from "../testing/check.suite.ts";
import type { CheckEntry } from "../model/definitions/check.ts";
import { compileChecks } from "./compile.ts";
import { checks, type CheckRegistry } from "./index.ts";

const compile = (entry: CheckEntry, asset: string, registry: CheckRegistry = checks) => {
  const compiled = compileChecks([entry], { asset, file: "models/x.sql" }, registry);
  if (compiled.errors.length > 0) throw compiled.errors[0];
  return compiled.checks[0]!;
};

const quoted = (column: string): string => `"${column.replaceAll('"', '""')}"`;

const CASES: Readonly<Record<string, readonly CheckCase[]>> = {
  notNull: [
    { entry: (c) => ({ notNull: [c] }), type: "text", sound: ["'a'", "''"], failing: ["null", "null"], nulls: "fail", namesRows: true },
  ],
  unique: [
    {
      entry: (c) => ({ unique: c }),
      type: "int",
      sound: ["1", "2", "3"],
      failing: ["7", "7", "8", "8", "8", "9", "9"],
      nulls: "pass",
      namesRows: true,
    },
    {
      // Two columns: the number of the row is unique by itself, so only the column under test can make a pair equal.
      entry: (c) => ({ unique: [c] }),
      type: "text",
      sound: ["'a'", "'A'", "' a'", "''"],
      failing: ["'b'", "'b'"],
      nulls: "pass",
      namesRows: true,
    },
  ],
  acceptedValues: [
    {
      entry: (c) => ({ acceptedValues: { column: c, values: [1, 2, null] } }),
      type: "int",
      sound: ["1", "2"],
      failing: ["3", "-1"],
      nulls: "pass",
      namesRows: true,
    },
    {
      entry: (c) => ({ acceptedValues: { column: c, values: [1, "it's"] } }),
      type: "text",
      sound: ["'1'", "'it''s'"],
      failing: ["'01'", "''"],
      nulls: "pass",
      namesRows: true,
    },
    {
      entry: (c) => ({ acceptedValues: { column: c, values: ["2026-01-01"] } }),
      type: "date",
      sound: ["'2026-01-01'"],
      failing: ["'2026-01-02'"],
      nulls: "pass",
      namesRows: true,
    },
  ],
  range: [
    {
      entry: (c) => ({ range: { column: c, min: 1, max: 10 } }),
      type: "decimal(9,2)",
      sound: ["1", "10", "5.5"],
      failing: ["0.99", "10.01"],
      nulls: "pass",
      namesRows: true,
    },
    {
      entry: (c) => ({ range: { column: c, min: "2026-01-01" } }),
      type: "date",
      sound: ["'2026-01-01'"],
      failing: ["'2025-12-31'"],
      nulls: "pass",
      namesRows: true,
    },
    {
      entry: (c) => ({ range: { column: c, max: 1 } }),
      type: "double",
      sound: ["1", "'-inf'"],
      failing: ["'nan'", "'inf'"],
      nulls: "pass",
      namesRows: true,
    },
  ],
  length: [
    {
      entry: (c) => ({ length: { column: c, min: 2, max: 3 } }),
      type: "text",
      sound: ["'ab'", "'äöü'", "'😀😀'"],
      failing: ["'a'", "''", "'abcd'"],
      nulls: "pass",
      namesRows: true,
    },
  ],
  matches: [
    {
      entry: (c) => ({ matches: { column: c, pattern: "^[0-9]{5}$" } }),
      type: "text",
      sound: ["'00501'"],
      failing: ["'501'", "' 00501'", "''"],
      nulls: "pass",
      namesRows: true,
    },
    {
      entry: (c) => ({ matches: { column: c, pattern: "'" } }),
      type: "text",
      sound: ["'it''s'"],
      failing: ["'its'"],
      nulls: "pass",
      namesRows: true,
    },
  ],
  references: [
    {
      entry: (c) => ({ references: { column: c, to: 'raw."odd ""name".code' } }),
      type: "int",
      sound: ["1", "2", "2"],
      failing: ["3", "4"],
      nulls: "pass",
      namesRows: true,
      prepare: async (session) => {
        await session.run(
          'create schema raw; create table raw."odd ""name" (code int); insert into raw."odd ""name" values (1), (2), (2), (null)',
        );
      },
    },
  ],
  rowCount: [{ entry: () => ({ rowCount: { max: 5 } }), type: "int", sound: ["1", "2"], failing: [], nulls: "pass", namesRows: false }],
  rule: [
    {
      entry: (c) => ({ rule: `${quoted(c)} < 9 -- sane` }),
      type: "int",
      sound: ["1", "8"],
      failing: ["9", "10"],
      nulls: "pass",
      namesRows: true,
    },
    {
      entry: (c) => ({ rule: { name: "below average", where: `${quoted(c)} <= (select avg(${quoted(c)}) * 2 from clean.things)` } }),
      type: "int",
      sound: ["1", "1", "1", "1", "1", "1"],
      failing: ["60"],
      nulls: "pass",
      namesRows: true,
    },
  ],
  query: [
    {
      entry: (c) => ({ query: { name: "none above 9", sql: `select * from clean.things where ${quoted(c)} > 9;` } }),
      type: "int",
      sound: ["1", "9"],
      failing: ["10", "11"],
      nulls: "pass",
      namesRows: false,
    },
  ],
};

describe("the registry of checks", () => {
  it("has cases for every kind", () => {
    expect(Object.keys(CASES).toSorted()).toEqual(Object.keys(checks).toSorted());
  });

  it("names every kind by its key and tells in one line what it does", () => {
    for (const [key, kind] of Object.entries(checks)) {
      expect(kind.name).toBe(key);
      expect(kind.summary).toMatch(/^Fails .+`.+`$/);
    }
  });
});

const even = defineCheck({
  name: "even",
  summary: "Fails rows whose column is odd. `even: { column: a }`",
  options: z.strictObject({ column: z.string() }),
  failing: (table, { column }) => sql`select * from ${table} where ${sql.columns([column])} % 2 = ${1}`,
});
testCheck("even, of the user's own", (entry, asset) => compile(entry, asset, { ...checks, even } as CheckRegistry), {
  entry: (c) => ({ even: { column: c } }),
  type: "int",
  sound: ["2", "4"],
  failing: ["3", "5"],
  nulls: "pass",
  namesRows: false,
});

for (const [kind, cases] of Object.entries(CASES)) {
  if (kind === "rowCount") continue; // no row fails it: its meaning stands in src/load/audit.test.ts
  for (const given of cases) testCheck(kind, (entry, asset) => compile(entry, asset), given);
}
