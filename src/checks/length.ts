// length: a row fails when a text has fewer characters than `min` or more than `max` (a list: elements). NULL passes (use notNull).
import * as z from "zod";
import { defineCheck } from "../load/check.ts";
import { column, columnSql, label } from "./options.ts";

const count = z.int().min(0);

export const length = defineCheck({
  name: "length",
  summary:
    "Fails rows whose text has fewer characters than `min` or more than `max`; NULL passes. `length: { column: zip, min: 5, max: 5 }`",
  options: z
    .strictObject({ column, min: count.optional().describe("Fewest characters"), max: count.optional().describe("Most characters") })
    .refine((options) => options.min !== undefined || options.max !== undefined, { error: "needs `min`, `max` or both" })
    .refine((options) => (options.min ?? 0) <= (options.max ?? Infinity), {
      error: "has a `min` above its `max`: every row would fail",
      path: ["min"],
    }),
  test(options) {
    const size = `length(${columnSql(options.column)})`;
    const bad = [
      ...(options.min === undefined ? [] : [`${size} < ${options.min}`]),
      ...(options.max === undefined ? [] : [`${size} > ${options.max}`]),
    ];
    return { test: { kind: "row", bad: bad.join(" or ") }, columns: [options.column], label: label("length", [options.column]) };
  },
});
