// What the catalogue gives away as text: a file of its list, lines for definitions.
import { expect, it } from "vitest";
import type { GraphNodeAnswer } from "../../../../src/model/graph-answers.ts";
import { csvOf, ownLines } from "./filter.ts";

const node: GraphNodeAnswer = {
  asset: "raw.orders",
  kind: "source",
  materialize: null,
  group: "raw",
  status: "current",
  needs: [],
  owner: "=cmd()",
  tags: ["a", "b"],
  rows: 60,
  updatedAt: null,
  seconds: 0.5,
  checks: { passed: 1, warned: 0, failed: 0, unknown: 0 },
  quarantined: 3,
  columns: 4,
  description: 'says "no", twice',
};

it("writes the list as comma-separated values that no spreadsheet carries out", () => {
  const [head, row, end] = csvOf([node]).split("\r\n");
  expect(head!.split(",").slice(0, 4)).toEqual(["asset", "status", "kind", "rows"]);
  expect(row).toBe(`raw.orders,current,source,60,,0.5,1,0,0,3,0,'=cmd(),a b,"says ""no"", twice"`);
  expect(end).toBe("");
});

it("writes an owner and tags as lines of YAML, in quotes where a word would mean something else", () => {
  expect(ownLines(" ana ", "sales, on  7days")).toBe('owner: ana\ntags: [sales, "on", "7days"]');
  expect(ownLines("@ana", "")).toBe('owner: "@ana"');
  expect(ownLines(" ", " , ")).toBe("");
});
