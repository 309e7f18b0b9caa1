// DuckDB's spelling of a type as a tree: `STRUCT(a INTEGER, b VARCHAR[])`.
export type DuckDbType =
  | { readonly kind: "plain"; readonly name: string }
  | { readonly kind: "enum"; readonly values: readonly string[] }
  | { readonly kind: "list"; readonly of: DuckDbType }
  | { readonly kind: "struct"; readonly fields: readonly Field[] }
  | { readonly kind: "union"; readonly fields: readonly Field[] }
  | { readonly kind: "map"; readonly key: DuckDbType; readonly value: DuckDbType };

export interface Field {
  readonly name: string;
  readonly type: DuckDbType;
  /** The type as DuckDB spells it. */
  readonly spelled: string;
}

/** What is not understood is a plain type of that name. */
export function parseDuckDbType(text: string): DuckDbType {
  const spelled = text.trim();
  const list = /^(.+)\[\d*\]$/s.exec(spelled);
  if (list !== null) return { kind: "list", of: parseDuckDbType(list[1]!) };
  const call = /^(STRUCT|UNION|MAP|ENUM|DECIMAL)\((.*)\)$/s.exec(spelled);
  if (call === null) return { kind: "plain", name: spelled };
  const parts = splitParts(call[2]!);
  switch (call[1]!) {
    case "STRUCT":
      // `row(1, 2)`: fields without names.
      return parts.every((part) => NAMED_FIELD.test(part))
        ? { kind: "struct", fields: parts.map(fieldOf) }
        : { kind: "plain", name: spelled };
    case "UNION":
      return { kind: "union", fields: parts.map(fieldOf) };
    case "MAP":
      return { kind: "map", key: parseDuckDbType(parts[0]!), value: parseDuckDbType(parts[1] ?? "NULL") };
    case "ENUM":
      return { kind: "enum", values: parts.map((part) => part.slice(1, -1).replaceAll("''", "'")) };
    default:
      return { kind: "plain", name: "DECIMAL" };
  }
}

/** A name stands before a space; a type alone may have one inside. */
const NAMED_FIELD = /^(?:"(?:[^"]|"")*"|(?!TIME(?:STAMP)? WITH TIME ZONE$)[^\s("]+) /;

function fieldOf(part: string): Field {
  const quoted = /^"((?:[^"]|"")*)" (.*)$/s.exec(part);
  if (quoted !== null) return fieldAs(quoted[1]!.replaceAll('""', '"'), quoted[2]!);
  const space = part.indexOf(" ");
  return fieldAs(part.slice(0, space), part.slice(space + 1));
}

function fieldAs(name: string, spelled: string): Field {
  return { name, spelled, type: parseDuckDbType(spelled) };
}

/** Splits at commas that stand in no parentheses and no quotes. */
function splitParts(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote: string | null = null;
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    const sign = text[index]!;
    // A doubled quote ends and begins again.
    if (quote !== null) quote = sign === quote ? null : quote;
    else if (sign === '"' || sign === "'") quote = sign;
    else if (sign === "(") depth += 1;
    else if (sign === ")") depth -= 1;
    else if (sign === "," && depth === 0) {
      parts.push(text.slice(start, index).trim());
      start = index + 1;
    }
  }
  return [...parts, text.slice(start).trim()];
}
