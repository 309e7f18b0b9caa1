// From the names in a query to assets of the project: case does not count, `sales` is `main.sales`, and what is unknown gets suggestions.
import { didYouMean } from "../../model/suggest.ts";
import type { NodeId } from "../../model/graph.ts";
import { MillraceError } from "../../model/errors.ts";
import { firstWord, locate, offsetOfByte, type SqlUnit } from "./errors.ts";
import type { QuerySyntax } from "../syntax/syntax.ts";
import { SYSTEM_SCHEMAS, type TableReference } from "../syntax/references.ts";

/** Finds assets by the names that SQL uses. */
export class AssetNames {
  readonly #byName: ReadonlyMap<string, NodeId>;

  constructor(assets: Iterable<NodeId>) {
    this.#byName = new Map([...assets].map((asset) => [asset.toLowerCase(), asset]));
  }

  find(reference: Pick<TableReference, "catalog" | "schema" | "name">): NodeId | undefined {
    if (reference.catalog !== "") return undefined;
    return this.#byName.get(`${reference.schema === "" ? "main" : reference.schema}.${reference.name}`.toLowerCase());
  }

  byKey(key: string): NodeId | undefined {
    return this.#byName.get(key.toLowerCase());
  }

  all(): Iterable<NodeId> {
    return this.#byName.values();
  }
}

export interface ResolvedNames {
  readonly dependencies: readonly NodeId[];
  readonly errors: readonly MillraceError[];
  /** Reads DuckDB's own catalogue or Millrace's ledger, which the shadow catalogue does not hold: only parsed. */
  readonly system: boolean;
}

const SYSTEM_TABLE = /^(duckdb_|pg_|pragma_|sqlite_)/i;
const LEDGER = "_millrace";

/** The assets that `syntax` reads, and an error for every name that is none. */
export function resolveNames(unit: SqlUnit, syntax: Pick<QuerySyntax, "tables">, names: AssetNames): ResolvedNames {
  const dependencies = new Set<NodeId>();
  const errors: MillraceError[] = [];
  let system = false;
  for (const table of syntax.tables) {
    const asset = names.find(table);
    if (asset === unit.id) errors.push(readsItself(unit, table));
    else if (asset !== undefined) dependencies.add(asset);
    else if (isSystem(table)) system ||= table.schema.toLowerCase().startsWith(LEDGER);
    else errors.push(unknownTable(unit, table, names));
  }
  return { dependencies: [...dependencies].toSorted(), errors, system };
}

function isSystem({ catalog, schema, name }: TableReference): boolean {
  if (SYSTEM_SCHEMAS.has(schema.toLowerCase())) return true;
  return catalog === "" && (schema === "" || schema.toLowerCase() === "main") && SYSTEM_TABLE.test(name);
}

function spelled({ catalog, schema, name }: TableReference): string {
  return [catalog, schema, name].filter((part) => part !== "").join(".");
}

function placeOf(unit: SqlUnit, table: TableReference): number {
  if (table.at >= 0) return offsetOfByte(unit.sql, table.at);
  const written = unit.sql.toLowerCase().indexOf(spelled(table).toLowerCase());
  return written < 0 ? firstWord(unit.sql) : written;
}

function readsItself(unit: SqlUnit, table: TableReference): MillraceError {
  return new MillraceError({
    code: "MR2012",
    message: `${unit.id}: the query reads ${spelled(table)}, the asset it makes`,
    hint:
      table.schema === "" ? "read the asset that the rows come from, with its schema: raw.name" : "read the asset that the rows come from",
    location: locate(unit, placeOf(unit, table)),
  });
}

function unknownTable(unit: SqlUnit, table: TableReference, names: AssetNames): MillraceError {
  const name = spelled(table);
  const wanted = table.catalog === "" ? name : `${table.schema}.${table.name}`;
  const assets = [...names.all()];
  // A name without a schema most likely lacks it.
  const sameName = assets.filter((asset) => asset.slice(asset.indexOf(".") + 1).toLowerCase() === table.name.toLowerCase());
  const hint = sameName[0] === undefined ? didYouMean(wanted, assets) : `did you mean "${sameName[0]}"?`;
  return new MillraceError({
    code: "MR2002",
    message: `${unit.id}: there is no table "${name}"`,
    hint: hint ?? "tables are the assets of the project (millrace ls); a file is read as 'path/name.csv'",
    location: locate(unit, placeOf(unit, table)),
  });
}
