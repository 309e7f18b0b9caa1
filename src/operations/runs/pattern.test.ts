import { describe, expect, it } from "vitest";
import { searchWithin } from "./pattern.ts";

describe("a regular expression of somebody else", () => {
  it.each([/(a+)+$/, /((.*)*)*x{5000}$/, /(.*)\1\1\1b/])("ends in time: %s", (pattern) => {
    const has = searchWithin(pattern);
    const evil = `${"a".repeat(60)}!`;
    const ended = (): boolean | string => {
      try {
        return has(evil);
      } catch (error) {
        return (error as { readonly code: string }).code;
      }
    };
    expect([false, "MR7001"]).toContain(ended());
  });

  it("finds what it describes, in each of many lines", () => {
    const has = searchWithin(/row (\d+) .*of (\d+)+/);
    const lines = Array.from({ length: 2_000 }, (_, row) => `row ${row} is one ${row % 2 === 0 ? "of" : "off"} 7`);
    expect(lines.filter((line) => has(line)).length).toBe(1_000);
    expect(searchWithin(/^error/i)("Error: no")).toBe(true);
  });
});
