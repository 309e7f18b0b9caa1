// unique: rows whose values of the columns, taken together, occur more than once; all of them fail, since nobody can say which one is right.
// Null-safe as merge keys are: (1, NULL) twice is a duplicate. Rows in which all columns are NULL are not looked at (a single NULL column passes).
import { defineCheck } from "../load/check.ts";
import { columnsOf, columnsOptions, columnSql, label } from "./options.ts";

export const unique = defineCheck({
  name: "unique",
  summary: "Fails rows whose values of the columns, taken together, occur more than once. `unique: [id]`",
  options: columnsOptions,
  short: "columns",
  test(options) {
    const columns = columnsOf(options);
    return { test: { kind: "duplicates", of: columns.map(columnSql) }, columns, label: label("unique", columns) };
  },
});
