// From an entry as users write it to a check that can run; each kind of mistake with its code and its hint.
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { compileCheckFile, compileChecks } from "./compile.ts";
import { checks as builtIn } from "./index.ts";

const origin = { asset: "clean.sales", file: "models/clean/sales.sql" };
const compile = (...entries: Record<string, unknown>[]) => compileChecks(entries, origin);
const only = (entry: Record<string, unknown>) => {
  const { checks, errors } = compile(entry);
  expect(errors.map((error) => error.message)).toEqual([]);
  return checks[0]!;
};
const wrong = (entry: Record<string, unknown>) => {
  const { errors } = compile(entry);
  expect(errors).toHaveLength(1);
  return errors[0]!;
};

describe("an entry of checks:", () => {
  it("is read in its short and its long form alike", () => {
    for (const form of ["a", ["a"], { columns: ["a"] }, { columns: "a" }, { column: "a" }]) {
      expect(only({ notNull: form })).toMatchObject({ name: "notNull(a)", columns: ["a"], test: { kind: "row", bad: 't."a" is null' } });
    }
    expect(only({ rule: "a > 0" }).test).toEqual(only({ rule: { where: "a > 0" } }).test);
    expect(only({ query: "select 1" }).test).toEqual({ kind: "query", sql: "select 1" });
  });

  it("stops the version by default", () => {
    expect(only({ notNull: ["a"] })).toMatchObject({ severity: "error", onFail: "stop", where: null, tolerate: { rows: 0 } });
    expect(only({ notNull: ["a"], severity: "warn" })).toMatchObject({ severity: "warn", onFail: "warn" });
  });

  it("takes the common keys beside the kind and among its options", () => {
    const keys = { severity: "warn", where: "b", tolerate: "0.5%", name: "n" };
    const beside = only({ range: { column: "a", min: 1 }, ...keys });
    expect(only({ range: { column: "a", min: 1, ...keys } })).toEqual(beside);
    expect(beside).toMatchObject({ name: "n", severity: "warn", where: "b", tolerate: { share: 0.005 } });
  });

  it("keeps a rule's own where apart from the where beside it", () => {
    expect(only({ rule: { name: "sane", where: "a < 9", onFail: "quarantine" }, where: "b" })).toMatchObject({
      name: "sane",
      where: "b",
      onFail: "quarantine",
      test: { kind: "row", bad: "not (\na < 9\n)" },
    });
  });

  it("names the kind that was meant", () => {
    expect(wrong({ notNul: ["a"] })).toMatchObject({ code: "MR4502", hint: 'did you mean "notNull"?' });
    expect(wrong({ accepted_values: {} })).toMatchObject({ code: "MR4502", hint: 'did you mean "acceptedValues"?' });
    expect(wrong({ notNull: ["a"], severty: "warn" })).toMatchObject({ code: "MR4502", hint: 'did you mean "severity"?' });
    expect(wrong({ severity: "warn" })).toMatchObject({ code: "MR4502" });
    expect(wrong({ notNull: ["a"], unique: ["a"] }).message).toContain("notNull and unique");
    expect(wrong({ toString: ["a"] })).toMatchObject({ code: "MR4502" });
  });

  it("says which option is wrong", () => {
    expect(wrong({ range: { column: "a", mn: 1, max: 3 } })).toMatchObject({ code: "MR4503", hint: 'did you mean "min"?' });
    expect(wrong({ range: { column: "a" } }).message).toContain("needs `min`, `max` or both");
    expect(wrong({ range: { column: "a", min: 5, max: 1 } }).message).toContain("above");
    expect(wrong({ notNull: [] })).toMatchObject({ code: "MR4503" });
    expect(wrong({ notNull: null })).toMatchObject({ code: "MR4503" });
    expect(wrong({ notNull: ["a"], tolerate: "half" })).toMatchObject({ code: "MR4503", hint: "write 3 or 0.5%" });
    expect(wrong({ notNull: ["a"], tolerate: 0.5 })).toMatchObject({ code: "MR4503" });
    expect(wrong({ notNull: ["a"], severity: "fatal" })).toMatchObject({ code: "MR4503" });
    expect(wrong({ notNull: { columns: ["a"], severity: "warn" }, severity: "warn" }).message).toContain("twice");
    expect(wrong({ references: { column: "a", to: "raw.places" } }).message).toContain("schema.table.column");
  });

  it("cannot set aside what are no rows of the asset", () => {
    expect(wrong({ rowCount: { min: 1 }, onFail: "quarantine" })).toMatchObject({ code: "MR4506" });
    expect(wrong({ query: "select 1", onFail: "quarantine" })).toMatchObject({ code: "MR4506" });
  });

  it("is told at its place, and all wrong entries in one go", () => {
    const place = (path: readonly (string | number)[]) => ({ file: "f", line: path.length, column: 1 });
    const { errors, checks } = compileChecks([{ nope: 1 }, { notNull: ["a"] }, { range: { column: "a", min: [] } }], { ...origin, place });
    expect(errors.map((error) => error.location?.line)).toEqual([2, 3]);
    expect(checks.map((check) => check.name)).toEqual(["notNull(a)"]);
  });

  it("whose kind is code of the user's and throws is told at its place", () => {
    const kind = {
      name: "odd",
      summary: "odd",
      options: z.strictObject({}),
      test: (): never => {
        throw new TypeError("x is no function");
      },
    };
    const { errors, checks } = compileChecks([{ odd: {} }, { notNull: "a" }], origin, { ...builtIn, odd: kind });
    expect(errors).toMatchObject([{ code: "MR4503", message: expect.stringContaining("x is no function") }]);
    expect(checks.map((check) => check.name)).toEqual(["notNull(a)"]);
  });

  it("has a name of its own", () => {
    const { checks, errors } = compile({ range: { column: "a", min: 1 } }, { range: { column: "a", max: 9 } });
    expect(checks.map((check) => check.name)).toEqual(["range(a)", "range(a) #2"]);
    expect(errors).toEqual([]);
    expect(compile({ notNull: "a", name: "n" }, { notNull: "b", name: "n" }).errors).toMatchObject([{ code: "MR4507" }]);
  });

  it("names the other assets that it reads", () => {
    expect(only({ references: { column: "a", to: 'raw."odd.name".id' } }).needs).toEqual(["raw.odd.name"]);
  });
});

describe("a check in a file of its own", () => {
  it("is a query with the file's name and settings", () => {
    const file = { name: "no_gaps", on: "clean.sales", file: "checks/no_gaps.sql", sql: "select 1", sqlOffset: 0, text: "select 1" };
    const { checks, errors } = compileCheckFile({ ...file, entry: { on: "clean.sales", severity: "warn", description: "d" } });
    expect(errors).toEqual([]);
    expect(checks).toMatchObject([{ name: "no_gaps", kind: "query", severity: "warn", test: { kind: "query", sql: "select 1" } }]);
    expect(checks[0]?.location?.file).toBe("checks/no_gaps.sql");
  });
});
