// references: a row fails when its value is not among the values of another asset's column (a foreign key). NULL passes (use notNull).
import * as z from "zod";
import { defineCheck } from "../load/check.ts";
import { ident, qualified } from "../sql/text.ts";
import { column, columnSql, label } from "./options.ts";

export const references = defineCheck({
  name: "references",
  summary: "Fails rows whose value is not in another asset's column; NULL passes. `references: { column: code, to: raw.places.code }`",
  options: z.strictObject({
    column,
    to: z
      .string()
      .refine((text) => splitName(text).length === 3, { error: "must be schema.table.column" })
      .describe("schema.table.column; parts with dots in double quotes"),
  }),
  test(options) {
    const [schema, table, target] = splitName(options.to) as [string, string, string];
    const found = `select 1 from ${qualified(schema, table)} as millrace_target where millrace_target.${ident(target)} = ${columnSql(options.column)}`;
    return {
      test: { kind: "row", bad: `${columnSql(options.column)} is not null and not exists (${found})` },
      columns: [options.column],
      needs: [`${schema}.${table}`],
      label: label("references", [options.column]),
    };
  },
});

/** `raw."odd.name".id` → its parts; an empty list when it is no dotted name. */
function splitName(text: string): readonly string[] {
  const part = /(?:"((?:[^"]|"")+)"|([^".]+))(\.|$)/y;
  const parts: string[] = [];
  for (;;) {
    const match = part.exec(text);
    if (match === null) return [];
    parts.push((match[1]?.replaceAll('""', '"') ?? match[2] ?? "").trim());
    if (match[3] === "") return parts.includes("") ? [] : parts;
    if (part.lastIndex === text.length) return [];
  }
}
