// What define… functions make and what they refuse.
import { describe, expect, it } from "vitest";
import { definitionsOf, definitionTag, isDefinition } from "../define.ts";
import { MillraceError } from "../errors.ts";
import { defineAsset, defineJob, defineTask } from "./typescript.ts";

const rates = defineAsset({
  name: "raw.rates",
  key: ["day", "currency"],
  cursor: "day",
  async *extract({ since, http }) {
    for await (const page of http.pages("https://example.com/rates", { since })) yield page.rows;
  },
});
const scored = defineAsset({
  name: "clean.scored",
  needs: ["clean.sales"],
  async *transform({ read }) {
    for await (const batch of read("clean.sales")) yield batch.map((row) => ({ ...row, score: 1 }));
  },
});
const train = defineTask({
  name: "train",
  after: ["clean.scored"],
  run: async ({ params }) => ({ accuracy: 0.93, region: params["region"] }),
});
const nightly = defineJob({ name: "nightly", select: "+out.listings", triggers: [{ schedule: { cron: "0 6 * * *" } }] });

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof MillraceError) return `${thrown.code} ${thrown.message}`;
    throw thrown;
  }
  return "nothing was thrown";
}

describe("definitions", () => {
  it("are frozen plain objects with the tag", () => {
    expect([rates, scored, train, nightly].map((definition) => definition[definitionTag])).toEqual(["asset", "asset", "task", "job"]);
    expect(Symbol.for("millrace.definition") in rates).toBe(true);
    expect([rates, train].every(Object.isFrozen)).toBe(true);
    expect(rates.name).toBe("raw.rates");
  });

  it("are found among whatever a module exports, once each", () => {
    const found = definitionsOf({ rates, default: rates, scored, helper: () => 1, limit: 5, nothing: null, train });
    expect(found.map((entry) => entry.exportName)).toEqual(["rates", "scored", "train"]);
    expect(isDefinition({ name: "raw.rates" })).toBe(false);
  });

  it("tell all their mistakes at once, with the name and what was meant", () => {
    const bad = { name: "raw.rates", curser: "day", lookback: "3 days", extract: 5 } as never;
    const message = refusal(() => defineAsset(bad));
    expect(message).toMatch(/^MR1901 defineAsset "raw.rates": /);
    expect(message).toContain('there is no key `curser` (did you mean "cursor"?)');
    expect(message).toContain("`lookback` is no duration");
    expect(message).toContain("`extract` must be a function");
  });

  it("need a name with a schema, and one of extract and transform", () => {
    expect(refusal(() => defineAsset({ name: "rates", *extract() {} }))).toContain("`name` is no name of an asset");
    expect(refusal(() => defineAsset({ name: "a.b" } as never))).toContain("needs `extract` or `transform`");
    expect(refusal(() => defineAsset({ name: "a.b", needs: ["c.d"], *extract() {}, *transform() {} } as never))).toContain(
      "it can have one",
    );
    expect(refusal(() => defineAsset({ name: "a.b", needs: [], *transform() {} }))).toContain("must name the assets");
    expect(refusal(() => defineTask({ run: () => 1 } as never))).toContain("`name` is missing");
    expect(refusal(() => defineAsset(undefined as never))).toContain("needs `extract` or `transform`");
  });
});
