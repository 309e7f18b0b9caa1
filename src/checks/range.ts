// range: a row fails when the column lies below `min` or above `max`, both included in the range. NULL passes (use notNull).
// A number is compared as a number: a text column with a number as its bound is an error, not a comparison of letters. NaN is above every number.
import * as z from "zod";
import { defineCheck } from "../load/check.ts";
import { value } from "../sql/text.ts";
import { column, columnSql, label } from "./options.ts";

const bound = z.union([z.number(), z.string().min(1)]);

export const range = defineCheck({
  name: "range",
  summary: "Fails rows whose column lies below `min` or above `max`; NULL passes. `range: { column: price, min: 1 }`",
  options: z
    .strictObject({
      column,
      min: bound.optional().describe("Lowest value that passes: a number, or a date as text"),
      max: bound.optional().describe("Highest value that passes"),
    })
    .refine((options) => options.min !== undefined || options.max !== undefined, { error: "needs `min`, `max` or both" })
    .refine((options) => typeof options.min !== "number" || typeof options.max !== "number" || options.min <= options.max, {
      error: "has a `min` above its `max`: every row would fail",
      path: ["min"],
    }),
  test(options) {
    const name = columnSql(options.column);
    const bad = [
      ...(options.min === undefined ? [] : [`${name} < ${value(options.min)}`]),
      ...(options.max === undefined ? [] : [`${name} > ${value(options.max)}`]),
    ];
    return { test: { kind: "row", bad: bad.join(" or ") }, columns: [options.column], label: label("range", [options.column]) };
  },
});
