// notNull: a row fails when one of the columns is NULL. An empty text is a value and passes.
import { defineCheck } from "../load/check.ts";
import { columnsOf, columnsOptions, columnSql, label } from "./options.ts";

export const notNull = defineCheck({
  name: "notNull",
  summary: "Fails rows in which one of the columns is NULL. `notNull: [a, b]`",
  options: columnsOptions,
  short: "columns",
  test(options) {
    const columns = columnsOf(options);
    return {
      test: { kind: "row", bad: columns.map((name) => `${columnSql(name)} is null`).join(" or ") },
      columns,
      label: label("notNull", columns),
    };
  },
});
