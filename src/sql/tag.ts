// sql`…` for users' code: values become literals, sql.ident(…) becomes quoted names, other sql`…` texts are put in as they are.
// Nothing that is put in can end a literal or a name.
import { MillraceError } from "../model/errors.ts";
import { literal, qualified } from "./text.ts";

/** A text of SQL; only `sql` makes it. */
export class SqlText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

export type SqlValue = SqlText | string | number | bigint | boolean | null | undefined | Date | readonly SqlValue[];

/**
 * A text of SQL with values in it.
 * @example sql`select * from ${sql.ident("clean.sales")} where borough in (${[1, 2]}) and owner <> ${"O'Hara"}`
 * @throws MillraceError MR1902 for a value that cannot stand in SQL.
 */
export function sql(strings: TemplateStringsArray, ...values: readonly SqlValue[]): SqlText {
  return new SqlText(strings.reduce((text, part, index) => text + literalOf(values[index - 1]) + part));
}

/** A name, quoted; dots set schema and table apart. */
sql.ident = (name: string): SqlText => new SqlText(qualified(...name.split(".")));

/** Names of columns, quoted, with commas between. */
sql.columns = (names: readonly string[]): SqlText => new SqlText(names.map((name) => qualified(name)).join(", "));

/** A text that is SQL already; never one that comes from data. */
sql.raw = (text: string): SqlText => new SqlText(text);

function literalOf(value: SqlValue): string {
  if (value instanceof SqlText) return value.text;
  if (value === null || value === undefined) return "NULL";
  if (Array.isArray(value)) return value.length === 0 ? "NULL" : (value as readonly SqlValue[]).map(literalOf).join(", ");
  if (value instanceof Date && !Number.isNaN(value.getTime())) return `TIMESTAMPTZ ${literal(value.toISOString())}`;
  if (typeof value === "string" && !value.includes("\0")) return literal(value);
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : `${literal(String(value))}::DOUBLE`;
  if (typeof value === "bigint" || typeof value === "boolean") return String(value);
  throw new MillraceError({ code: "MR1902", message: `sql: a value of type ${typeof value} cannot stand in SQL` });
}
