// rule: `where` is the condition that every sound row fulfils. A row fails when it is false; NULL passes, as in SQL's CHECK.
// The condition stands inside the check; a `where` beside it narrows the rows that are looked at: `{ rule: { where: "a > 0" }, where: "b" }`.
import * as z from "zod";
import { defineCheck } from "../load/check.ts";

const LABEL_CHARACTERS_MAX = 60;

export const rule = defineCheck({
  name: "rule",
  summary: 'Fails rows for which the condition is false; NULL passes. `rule: { name: price_is_sane, where: "sale_price < 1e9" }`',
  options: z.strictObject({ where: z.string().trim().min(1, { error: "is empty" }).describe("SQL that is true for a sound row") }),
  short: "where",
  test(options) {
    const text = options.where.replaceAll(/\s+/g, " ");
    const shown = text.length > LABEL_CHARACTERS_MAX ? `${text.slice(0, LABEL_CHARACTERS_MAX)}…` : text;
    return { test: { kind: "row", bad: `not (\n${options.where}\n)` }, columns: [], label: `rule(${shown})` };
  },
});
