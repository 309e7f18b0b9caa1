// rowCount: the asset must have between `min` and `max` rows; with `where`, so many rows for which it holds.
// `failing` is how many rows are missing or too many, and the sample says how many there were.
import * as z from "zod";
import { defineCheck } from "../load/check.ts";

const count = z.int().min(0);

export const rowCount = defineCheck({
  name: "rowCount",
  summary: "Fails when the asset has fewer rows than `min` or more than `max`. `rowCount: { min: 1 }`",
  options: z
    .strictObject({ min: count.optional().describe("Fewest rows"), max: count.optional().describe("Most rows") })
    .refine((options) => options.min !== undefined || options.max !== undefined, { error: "needs `min`, `max` or both" })
    .refine((options) => (options.min ?? 0) <= (options.max ?? Infinity), { error: "has a `min` above its `max`", path: ["min"] }),
  test(options) {
    return { test: { kind: "count", min: options.min ?? null, max: options.max ?? null }, columns: [], label: "rowCount" };
  },
});
