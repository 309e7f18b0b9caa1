// `tables: "public.*"` in a source: one definition per table of the catalogue that matches, each an asset of its own.
//   T1. The name is raw.<table>, or what `name:` says with {table} and {schema} filled in.
//   T2. `load: merge` and `snapshot` take the table's own primary key where the source names none; a table without one is replaced in place of merged.
//   T3. A table without the column of `cursor:` is read whole; then `append` is `replace`, and `lookback` says nothing.
//   T4. A table that is gone is told and no longer loaded; its asset keeps its rows.
import { MillraceError } from "../model/errors.ts";
import { columnName } from "../model/names.ts";
import { tableMatcher } from "../platform/table-pattern.ts";
import { type CatalogueTable, type Place, placeKey } from "./catalogue.ts";
import { type Document, type Path, valueAt } from "./document.ts";
import { tell, type Reader } from "./reader.ts";

type Mapping = Readonly<Record<string, unknown>>;

/** The definitions of a source with `tables:`; the source itself where there is none. */
export function expandTables(reader: Reader, document: Document): readonly Document[] {
  const from = valueAt(document.value, ["from"]);
  if (!isMapping(from) || document.isBroken === true) return [document];
  const [connector] = Object.keys(from);
  const options = connector === undefined ? undefined : from[connector];
  if (connector === undefined || !isMapping(options) || !isPatterns(options["tables"])) return [document];
  const patterns = [options["tables"]].flat().flatMap((pattern) => pattern.split(","));
  if (patterns.every((pattern) => pattern.trim() === "")) {
    tell(reader, "MR1023", "tables: is empty", document.locate(["from", connector, "tables"]), 'a pattern: "public.*", or "*" for all');
    return [];
  }
  const place: Place = { connector, options, file: document.file, location: document.locate(["from", connector, "tables"]) };
  const known = reader.catalogue.get(placeKey(place));
  reader.places.push(place);
  if (known === undefined) return [];
  const matches = tableMatcher(options["tables"]);
  const matching = known.filter(({ name }) => matches(name));
  const at: Path = ["from", connector, "tables"];
  for (const { name } of matching.filter(({ gone }) => gone === true)) {
    const message = `${name} has vanished from the database; ${assetOf(document, name)} keeps its last rows`;
    reader.warnings.push(new MillraceError({ code: "MR4859", message, hint: `exclude it: "!${name}"`, location: document.locate(at) }));
  }
  const there = matching.filter(({ gone }) => gone !== true);
  if (there.length === 0) {
    const names = known.filter(({ gone }) => gone !== true).map(({ name }) => name);
    const hint =
      names.length === 0 ? "there is no table at all" : `there are ${names.slice(0, 8).join(", ")}${names.length > 8 ? " …" : ""}`;
    tell(reader, "MR4861", "no table matches", document.locate(at), hint);
  }
  const clash = clashOf(document, there);
  if (clash !== undefined) {
    const message = `${clash.tables[0]} and ${clash.tables[1]} would both be ${clash.asset}`;
    const where = valueAt(document.value, ["name"]) === undefined ? document.locate(at) : document.locate(["name"]);
    tell(reader, "MR1030", message, where, `tell them apart: name: "raw.{schema}_{table}"; or exclude one: "!${clash.tables[1]}"`);
    return [];
  }
  return there.map((table) => documentOf(document, connector, options, table));
}

/** Two tables whose assets would have one name. */
function clashOf(
  document: Document,
  tables: readonly CatalogueTable[],
): { readonly asset: string; readonly tables: readonly [string, string] } | undefined {
  const taken = new Map<string, string>();
  for (const { name } of tables) {
    const asset = assetOf(document, name);
    const other = taken.get(asset.toLowerCase());
    if (other !== undefined) return { asset, tables: [other, name] };
    taken.set(asset.toLowerCase(), name);
  }
  return undefined;
}

function documentOf(document: Document, connector: string, given: Mapping, table: CatalogueTable): Document {
  const options = Object.fromEntries(Object.entries(given).filter(([key]) => key !== "tables"));
  const written = document.value as Mapping;
  const value: Record<string, unknown> = {
    ...written,
    from: { [connector]: { ...options, ...table.options } },
    name: assetOf(document, table.name),
  };
  const keyed = written["load"] === "merge" || written["load"] === "snapshot"; // T2
  if (keyed && written["primaryKey"] === undefined && table.primaryKey !== undefined) value["primaryKey"] = table.primaryKey;
  if (written["load"] === "merge" && value["primaryKey"] === undefined) {
    value["load"] = "replace";
    delete value["cursor"];
    delete value["lookback"];
  }
  const { cursor } = written;
  if (typeof cursor === "string" && table.columns !== undefined && !hasColumn(table.columns, cursor)) {
    delete value["cursor"]; // T3
    delete value["lookback"];
    if (value["load"] === "append") value["load"] = "replace";
  }
  return {
    ...document,
    value,
    locate: (path, what) =>
      path[0] === "from" && path[2] !== undefined && valueAt(written, path) === undefined
        ? document.locate(["from", connector, "tables"], what)
        : document.locate(path, what),
  };
}

function hasColumn(columns: NonNullable<CatalogueTable["columns"]>, cursor: string): boolean {
  const wanted = cursor.toLowerCase();
  return columns.some(({ name }, index) => name.toLowerCase() === wanted || columnName(name, index, "snake") === wanted);
}

/** T1. */
function assetOf(document: Document, name: string): string {
  const parts = name.split(".");
  const plain = (part: string): string => columnName(part, 0, "snake");
  const said = valueAt(document.value, ["name"]);
  const pattern = typeof said === "string" ? said : "raw.{table}";
  return pattern.replaceAll("{table}", plain(parts.at(-1)!)).replaceAll("{schema}", plain(parts.at(-2) ?? "main"));
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPatterns(value: unknown): value is string | readonly string[] {
  return typeof value === "string" || (Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === "string"));
}
