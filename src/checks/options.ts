// Options that several kinds of checks share, and how they become SQL.
import * as z from "zod";
import { ident } from "../sql/text.ts";

const columnName = z.string().min(1, { error: "is an empty name" });

/** One column or several, as `columns: [a, b]`, `columns: a` or `column: a`. */
export const columnsOptions = z
  .strictObject({
    columns: z.union([columnName, z.array(columnName).min(1, { error: "names no column" })]).optional(),
    column: columnName.optional(),
  })
  .refine((options) => (options.columns === undefined) !== (options.column === undefined), {
    error: "needs `columns` (or `column`), one of the two",
  });

export function columnsOf(options: z.infer<typeof columnsOptions>): readonly string[] {
  const { column, columns } = options;
  if (column !== undefined) return [column];
  return typeof columns === "string" ? [columns] : (columns ?? []);
}

export const column = columnName.describe("The column that is looked at");

/** A column of the audited table. */
export function columnSql(name: string): string {
  return `t.${ident(name)}`;
}

/** `notNull(a, b)`: the name of a check that was given none. */
export function label(kind: string, columns: readonly string[]): string {
  return `${kind}(${columns.join(", ")})`;
}
