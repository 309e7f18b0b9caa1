// What a profile suggests: what is always filled, what may be a key, what has a few values, what is never below 0; nothing of few rows but what is filled.
import { expect, it } from "vitest";
import type { AssetProfileAnswer, ProfileColumn } from "../../../src/model/look-answers.ts";
import { suggestionsFor } from "./suggestions.ts";

const column = (given: Partial<ProfileColumn> & Pick<ProfileColumn, "name" | "type" | "distinct">): ProfileColumn => ({
  min: "0",
  max: "9",
  mean: null,
  deviation: null,
  quarter: null,
  median: null,
  threeQuarters: null,
  nulls: 0,
  frequent: [],
  ...given,
});
const profile = (rows: number, columns: readonly ProfileColumn[]): AssetProfileAnswer => ({
  asset: "raw.a",
  rows,
  sampled: rows,
  columns,
  passedOver: 0,
  seconds: 0,
});
const columns = [
  column({ name: "id", type: "BIGINT", distinct: 98 }),
  column({
    name: "city",
    type: "VARCHAR",
    distinct: 2,
    nulls: 10,
    frequent: [
      { value: "Bonn", rows: 50 },
      { value: 'a "b"', rows: 40 },
    ],
  }),
  column({ name: "loss", type: "DOUBLE", distinct: 30, min: "-3" }),
  column({ name: "the price", type: "DECIMAL(10,2)", distinct: 30, min: "1.50" }),
  column({ name: "known", type: "BIGINT", distinct: 100 }),
];
const wanted = new Set(["id", "city", "loss", "the price"]);

it("suggests what the rows look like, of columns without a check", () => {
  expect(suggestionsFor(profile(100, columns), wanted).map(({ line }) => line)).toEqual([
    '- notNull: [id, loss, "the price"]',
    "- unique: id",
    '- acceptedValues: { column: city, values: ["Bonn", "a \\"b\\""] }',
    '- range: { column: "the price", min: 0 }',
  ]);
});

it("says little of few rows, and nothing of none", () => {
  expect(suggestionsFor(profile(5, columns), wanted)).toHaveLength(1);
  expect(suggestionsFor(profile(0, columns), wanted)).toEqual([]);
});
