// The grammar in the palette: what is a selection, and what its last word may become.
import { expect, it } from "vitest";
import { completionsOf, isSelection, soughtBy } from "./selector.ts";

const found = [
  { kind: "asset", name: "final.revenue", asset: "final.revenue", detail: null },
  { kind: "tag", name: "two words", asset: null, detail: null },
] as const;

it("tells a selection from words to find", () => {
  for (const text of ["+final.revenue", "a+2", "tag:sales", "raw.*", "a and b", "not a", "(a"]) expect(isSelection(text), text).toBe(true);
  for (const text of ["", "final.revenue", "light theme", "MR1001", "and"]) expect(isSelection(text), text).toBe(false);
});

it("completes fields, names with their hops, and tags in quotes where they need them", () => {
  expect(completionsOf("ta", []).map(({ text }) => text)).toEqual(["tag:"]);
  expect(soughtBy("kind:model and 2+final.r")).toBe("final.r");
  expect(completionsOf("kind:model and 2+final.r", found).map(({ text }) => text)).toEqual(["kind:model and 2+final.revenue "]);
  expect(completionsOf("tag:tw", found).map(({ text }) => text)).toEqual(['tag:"two words" ']);
  expect(completionsOf("not kind:in", []).map(({ text }) => text)).toEqual(["not kind:incremental "]);
});
