// Names of assets: `schema.name` from a file's path or from `name:`.
//   N1. Letter case makes no difference, as in DuckDB: names are kept in lower case.
//   N2. A part is letters, digits and `_`, does not begin with a digit, and has at most PART_CHARACTERS_MAX characters: it never needs quotes in SQL,
//       and no name can lead out of a folder or hide a control character.
//   N3. The first folder is the schema; folders below it only group files: models/clean/nyc/sales.sql is clean.sales.
const PART = /^[\p{L}_][\p{L}\p{N}_]*$/u;
const PART_CHARACTERS_MAX = 63;

const TAKEN_SCHEMAS: ReadonlySet<string> = new Set(["information_schema", "pg_catalog", "temp", "system"]);

export type NameResult = { readonly name: string } | { readonly problem: string; readonly hint: string };

/** The name that a definition's own `name:` gives; one without a schema is put into `schema`. */
export function nameFromText(text: string, schema: string): NameResult {
  const parts = text.normalize("NFC").toLowerCase().split(".");
  if (parts.length > 2) return { problem: `${JSON.stringify(text)} has ${parts.length} parts`, hint: "a name is schema.name" };
  return checked(parts.length === 1 ? [schema, parts[0]!] : parts, text);
}

/** The name of a file below its folder of definitions: `clean/sales.sql`. `folders: "schema"` takes the first folder as the schema (models). */
export function nameFromFile(path: string, options: { readonly schema: string; readonly folders: "schema" | "grouping" }): NameResult {
  const parts = path.normalize("NFC").toLowerCase().split("/");
  const file = parts.at(-1)!.replace(/\.[^.]*$/, "");
  const schema = options.folders === "schema" && parts.length > 1 ? parts[0]! : options.schema;
  if (!file.includes(".")) return checked([schema, file], path);
  const hint = options.folders === "schema" ? `put it into a folder: ${file.replaceAll(".", "/")}.sql` : "rename the file, or set name:";
  return { problem: `a dot stands in the file name ${JSON.stringify(path)}`, hint };
}

/** Names that other definitions mention, in the form in which names are kept. */
export function plainName(text: string): string {
  return text.normalize("NFC").toLowerCase();
}

function checked(parts: readonly string[], written: string): NameResult {
  const bad = parts.find((part) => !PART.test(part) || part.length > PART_CHARACTERS_MAX);
  if (bad !== undefined) {
    const proposal = bad
      .replaceAll(/[^\p{L}\p{N}_]+/gu, "_")
      .replace(/^(?=\p{N})/u, "_")
      .slice(0, PART_CHARACTERS_MAX);
    const hint = proposal === "" || proposal === "_" ? "use letters, digits and _" : `for example ${JSON.stringify(proposal)}`;
    return { problem: `${JSON.stringify(bad === "" ? written : bad)} cannot be part of an asset's name`, hint };
  }
  const schema = parts[0]!;
  if (schema.startsWith("_millrace") || TAKEN_SCHEMAS.has(schema)) {
    return { problem: `the schema ${JSON.stringify(schema)} is taken`, hint: "use another schema" };
  }
  return { name: parts.join(".") };
}
