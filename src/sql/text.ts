// SQL as text: quoting of names and values. The only place where a name or a value becomes part of a statement.

/** An identifier, always quoted. */
export function ident(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A qualified name: `"schema"."table"`. */
export function qualified(...parts: readonly string[]): string {
  return parts.map(ident).join(".");
}

/** A string literal. NUL cannot stand in one; callers refuse it before. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A JavaScript scalar as a literal. */
export function value(scalar: string | number | bigint | boolean | null | undefined): string {
  if (scalar === null || scalar === undefined) return "NULL";
  return typeof scalar === "string" ? literal(scalar) : String(scalar);
}
