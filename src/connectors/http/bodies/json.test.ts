// Exact JSON: what parseExact reads and refuses is what JSON.parse reads and refuses, with no digit lost.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseExact } from "./json.ts";

/** With long numbers rounded to doubles, as JSON.parse does. */
function rounded(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, inner: unknown) => (typeof inner === "bigint" ? Number(inner) : inner)));
}

describe("parseExact", () => {
  it("agrees with JSON.parse on everything but the digits of long numbers", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(rounded(parseExact(text))).toEqual(rounded(JSON.parse(text)));
      }),
    );
  });

  it("keeps any integer", () => {
    fc.assert(
      fc.property(fc.bigInt(), (big) => {
        const [read] = parseExact(`[${big}]`) as readonly [number | bigint];
        expect(BigInt(read)).toBe(big);
      }),
    );
  });

  it("keeps the text of decimals that a double cannot hold", () => {
    expect(parseExact("[0.30000000000000004, 1e400, 123456789012345678.25, -0.00, 1e-400]")).toEqual([
      0.30000000000000004,
      "1e400",
      "123456789012345678.25",
      -0,
      "1e-400",
    ]);
  });

  it("refuses what JSON.parse refuses, also around long numbers", () => {
    for (const text of [
      "01234567890123456789",
      "{12345678901234567890: 1}",
      "[12345678901234567890",
      '"a" 12345678901234567890',
      "-",
      "[1234567890123456789.]",
    ]) {
      expect(() => parseExact(text), text).toThrow(SyntaxError);
    }
  });

  it("leaves strings alone, also those with escaped quotes", () => {
    const value = ['say \\"12345678901234567890\\"', "12345678901234567890", "\\"];
    expect(parseExact(`[12345678901234567890,${JSON.stringify(value).slice(1)}`)).toEqual([12345678901234567890n, ...value]);
  });
});
