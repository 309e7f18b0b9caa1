// Names of columns and assets.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { columnNames, snakeName, splitAsset } from "./names.ts";

describe("a column's name", () => {
  it.each([
    [" SALE PRICE ", "sale_price"],
    ["createdAt", "created_at"],
    ["ZIPCode", "zip_code"],
    ["Country/Region", "country_region"],
    ["2020", "_2020"],
    ["Größe (cm)", "größe_cm"],
    ['a"b;--', "a_b"],
    ["../etc", "etc"],
    ["\0", ""],
    ["日本", "日本"],
  ])("%j becomes %j", (label, name) => {
    expect(snakeName(label)).toBe(name);
  });

  it("is unique whatever the labels are, and never one of ours", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom("a", "A", " a", "a_2", "_load", "", "_file"))),
        fc.constantFrom("snake", "keep"),
        (labels, style) => {
          const names = columnNames(labels, style).map((name) => name.toLowerCase());
          expect(new Set(names).size).toBe(labels.length);
          expect(names.filter((name) => ["_load", "_file", "_line", ""].includes(name) || name.includes("\0"))).toEqual([]);
        },
      ),
    );
  });
});

describe("an asset's name", () => {
  it("has a schema and a name", () => {
    expect(splitAsset("raw.county_sales")).toEqual({ schema: "raw", name: "county_sales" });
  });

  it.each([
    "sales",
    "a.b.c",
    ".x",
    "x.",
    "raw.../etc",
    'raw."x"',
    "raw.a;b",
    "raw.a\0",
    "_millrace.loads",
    "information_schema.x",
    `raw.${"x".repeat(300)}`,
  ])("%j is refused", (name) => {
    expect(() => splitAsset(name)).toThrow(expect.objectContaining({ code: "MR4011" }));
  });
});
