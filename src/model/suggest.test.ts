// Suggestions: what a person most likely meant, and silence when nothing is near.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { didYouMean, nearest, slips } from "./suggest.ts";

describe("nearest", () => {
  it("finds a swapped, a missing and a doubled letter", () => {
    const known = ["materialize", "description", "checks", "columns"];
    expect(nearest("materialise", known)).toEqual(["materialize"]);
    expect(nearest("desciption", known)).toEqual(["description"]);
    expect(nearest("cheks", known)).toEqual(["checks"]);
    expect(nearest("colunms", known)).toEqual(["columns"]);
  });

  it("takes other ways to write the same word for the word", () => {
    expect(nearest("primary_key", ["primaryKey", "partition"])).toEqual(["primaryKey"]);
    expect(nearest("NOT-NULL", ["notNull"])).toEqual(["notNull"]);
  });

  it("finds a name by its last part", () => {
    expect(nearest("county_sales", ["raw.county_sales", "raw.other"])).toEqual(["raw.county_sales"]);
    expect(nearest("main.sales", ["sales", "clean.sales"])).toEqual(["sales"]);
  });

  it("says nothing when nothing is near", () => {
    expect(nearest("kafka", ["files", "http"])).toEqual([]);
    expect(nearest("by", ["to"])).toEqual([]);
    expect(didYouMean("zzz", ["files"])).toBeUndefined();
  });

  it("gives at most three, the nearest first", () => {
    expect(nearest("amuont", ["amounts", "amount", "mount", "amoun"])).toEqual(["amount", "amoun", "amounts"]);
  });

  it("measures a distance", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        const distance = slips(a, b);
        expect(distance).toBe(slips(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
  });
});
