// acceptedValues: a row fails when the column has a value that is not in the list. NULL passes (use notNull).
// Values are written as text literals, which take the type of the column: 1 is accepted both in a number and in a text column.
import * as z from "zod";
import { defineCheck } from "../load/check.ts";
import { literal } from "../sql/text.ts";
import { column, columnSql, label } from "./options.ts";

export const acceptedValues = defineCheck({
  name: "acceptedValues",
  summary: "Fails rows whose column has a value outside the list; NULL passes. `acceptedValues: { column: borough, values: [1, 2, 3] }`",
  options: z.strictObject({
    column,
    values: z.array(z.union([z.string(), z.number(), z.boolean(), z.null()])).min(1, { error: "lists no value" }),
  }),
  test(options) {
    const values = options.values.filter((value) => value !== null).map((value) => literal(String(value)));
    const name = columnSql(options.column);
    return {
      test: { kind: "row", bad: values.length === 0 ? `${name} is not null` : `${name} not in (${values.join(", ")})` },
      columns: [options.column],
      label: label("acceptedValues", [options.column]),
    };
  },
});
