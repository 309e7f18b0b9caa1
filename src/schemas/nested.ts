// Types with parts: structs and lists, as DuckDB writes them. Two of them become one that has the fields of both; where that is not exact, JSON
// holds everything.
export type TypeShape =
  | { readonly kind: "struct"; readonly fields: readonly { readonly name: string; readonly type: string }[] }
  | { readonly kind: "list"; readonly of: string }
  | { readonly kind: "json" }
  | { readonly kind: "other" };

/** The outermost shape of a type; the parts are texts again. */
export function shapeOf(type: string): TypeShape {
  if (type === "JSON") return { kind: "json" };
  const list = /^(.*)\[\d*\]$/s.exec(type);
  if (list !== null) return { kind: "list", of: list[1]! };
  if (type.startsWith("MAP(") || type.startsWith("UNION(")) return { kind: "json" };
  if (!type.startsWith("STRUCT(") || !type.endsWith(")")) return { kind: "other" };
  const fields = splitParts(type.slice("STRUCT(".length, -1)).map((part) => {
    const quoted = /^"((?:[^"]|"")*)" (.*)$/s.exec(part);
    if (quoted !== null) return { name: quoted[1]!.replaceAll('""', '"'), type: quoted[2]! };
    const space = part.indexOf(" ");
    return { name: part.slice(0, space), type: part.slice(space + 1) };
  });
  return { kind: "struct", fields };
}

/** Does the type have parts? */
export function isNested(type: string): boolean {
  return shapeOf(type).kind !== "other";
}

/** The type with the fields of both, JSON where there is none that is exact, null when neither has parts. `unify` joins the types of parts. */
export function unifyNested(a: string, b: string, unify: (a: string, b: string) => string | null): string | null {
  const [left, right] = [shapeOf(a), shapeOf(b)];
  if (left.kind === "other" && right.kind === "other") return null;
  if (left.kind === "list" && right.kind === "list") {
    const of = unify(left.of, right.of);
    return of === null || of === "JSON" ? "JSON" : `${of}[]`;
  }
  if (left.kind !== "struct" || right.kind !== "struct") return "JSON";
  const fields = new Map(left.fields.map((field) => [field.name.toLowerCase(), field]));
  let shared = 0;
  for (const field of right.fields) {
    const known = fields.get(field.name.toLowerCase());
    if (known === undefined) {
      fields.set(field.name.toLowerCase(), field);
      continue;
    }
    shared += 1;
    const type = unify(known.type, field.type);
    if (type === null || known.name !== field.name) return "JSON";
    fields.set(field.name.toLowerCase(), { name: known.name, type });
  }
  // DuckDB casts structs by the names of fields and needs one in common.
  if (shared === 0) return "JSON";
  return structType([...fields.values()]);
}

/** The type of a struct with these fields. */
export function structType(fields: readonly { readonly name: string; readonly type: string }[]): string {
  return `STRUCT(${fields.map((field) => `${fieldName(field.name)} ${field.type}`).join(", ")})`;
}

/** As DuckDB writes it, so that equal types are equal texts. */
function fieldName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Splits at commas that stand in no parentheses and no quotes. */
function splitParts(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let isQuoted = false;
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    const sign = text[index];
    if (sign === '"') isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (sign === "(") depth += 1;
    else if (sign === ")") depth -= 1;
    else if (sign === "," && depth === 0) {
      parts.push(text.slice(start, index).trim());
      start = index + 1;
    }
  }
  parts.push(text.slice(start).trim());
  return parts;
}
