// The `MODEL (…);` and `AUDIT (…);` statements of SQLMesh, read by their parentheses: properties as text, lists and calls taken apart on demand.

export interface Statement {
  /** As written: `MODEL`, `AUDIT`. */
  readonly kind: string;
  /** Properties by their names in lower case. */
  readonly properties: ReadonlyMap<string, string>;
  /** What stands behind it, statements apart. */
  readonly statements: readonly { readonly text: string; readonly at: number }[];
}

export interface Call {
  readonly name: string;
  readonly given: ReadonlyMap<string, string>;
}

/** Undefined when the text does not begin with such a statement. */
export function readStatement(text: string): Statement | undefined {
  const parts = split(text, ";");
  const first = parts[0];
  if (first === undefined) return undefined;
  const found = /^(MODEL|AUDIT)\s*\(([\s\S]*)\)\s*$/i.exec(bare(first.text));
  if (found === null) return undefined;
  const properties = new Map<string, string>();
  for (const { text: property } of split(found[2]!, ",")) {
    const entry = /^(\w+)\s*([\s\S]*)$/.exec(bare(property));
    if (entry !== null) properties.set(entry[1]!.toLowerCase(), entry[2]!.trim());
  }
  return { kind: found[1]!.toUpperCase(), properties, statements: parts.slice(1).filter((part) => bare(part.text) !== "") };
}

/** `NAME (a x, b := y)` → its name and what it is given; without parentheses the name alone. */
export function readCall(text: string): Call {
  const found = /^([\w.]+)\s*(?:\(([\s\S]*)\))?$/.exec(text.trim());
  const given = new Map<string, string>();
  for (const { text: part } of split(found?.[2] ?? "", ",")) {
    const entry = /^(\w+)\s*(?::=|=)?\s*([\s\S]*)$/.exec(bare(part));
    if (entry !== null) given.set(entry[1]!.toLowerCase(), entry[2]!.trim());
  }
  return { name: (found?.[1] ?? text.trim()).toLowerCase(), given };
}

/** `(a, b)`, `[a, b]` or `a` → its words without quotes. */
export function readList(text: string | undefined): readonly string[] {
  if (text === undefined || text.trim() === "") return [];
  const inside = /^[([]([\s\S]*)[)\]]$/.exec(text.trim())?.[1] ?? text;
  return split(inside, ",").map(({ text: word }) => unquote(bare(word)));
}

export function unquote(text: string): string {
  const found = /^(['"])([\s\S]*)\1$/.exec(text.trim());
  return found === null ? text.trim() : found[2]!.replaceAll(found[1]!.repeat(2), found[1]!);
}

/** Parts between separators that stand in no parenthesis, quote or comment. */
export function split(text: string, separator: string): readonly { readonly text: string; readonly at: number }[] {
  const parts: { text: string; at: number }[] = [];
  const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|[([{]|[)\]}]|[\s\S]/g;
  let depth = 0;
  let from = 0;
  for (const { 0: found, index } of text.matchAll(token)) {
    if ("([{".includes(found)) depth++;
    else if (")]}".includes(found)) depth--;
    else if (found === separator && depth === 0) {
      parts.push({ text: text.slice(from, index), at: from });
      from = index + 1;
    }
  }
  parts.push({ text: text.slice(from), at: from });
  return parts.filter((part) => part.text.trim() !== "");
}

/** Without comments around it. */
function bare(text: string): string {
  return text.replaceAll(/^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/g, "").trim();
}
