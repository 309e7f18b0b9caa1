// query: SQL of the user's own that returns the rows which break the rule; it names the asset as any query does, and sees the new version of it.
// It is run once, as written; `where` filters what it returns.
import * as z from "zod";
import { defineCheck } from "../load/check.ts";

export const query = defineCheck({
  name: "query",
  summary: 'Fails when the query returns rows. `query: { name: no_gaps, sql: "select …" }`',
  options: z.strictObject({ sql: z.string().trim().min(1, { error: "is empty" }).describe("A SELECT that returns the failing rows") }),
  short: "sql",
  test(options) {
    return { test: { kind: "query", sql: options.sql }, columns: [], label: "query" };
  },
});
