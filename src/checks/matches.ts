// matches: a row fails when the regular expression is found nowhere in the text; `^…$` for the whole of it. NULL passes (use notNull).
// Expressions are RE2's: no look-around and no back references. Values that are no text are looked at as DuckDB writes them.
import * as z from "zod";
import { defineCheck } from "../load/check.ts";
import { literal } from "../sql/text.ts";
import { column, columnSql, label } from "./options.ts";

export const matches = defineCheck({
  name: "matches",
  summary: "Fails rows whose text does not contain the regular expression; NULL passes. `matches: { column: zip, pattern: '^[0-9]{5}$' }`",
  options: z.strictObject({ column, pattern: z.string().min(1, { error: "is empty: it matches every text" }) }),
  test(options) {
    return {
      test: { kind: "row", bad: `not regexp_matches(${columnSql(options.column)}::varchar, ${literal(options.pattern)})` },
      columns: [options.column],
      label: label("matches", [options.column]),
    };
  },
});
