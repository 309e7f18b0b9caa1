// What is to be read, as SQL: a table with its conditions, or a query; and how a large table is cut into ranges of its pages.
import type { Client } from "pg";
import { selectionOf } from "../../databases/options.ts";
import { MillraceError } from "../../model/errors.ts";
import { ident } from "../../sql/text.ts";
import type { PostgresOptions } from "./options.ts";

/** Where rows come from. */
export interface Origin {
  /** For messages and the ledger: `public.sales`. */
  readonly name: string;
  /** What stands after FROM. */
  readonly from: string;
  /** The table's oid; null for a query. */
  readonly relation: number | null;
  /** Rows carry the number of their transaction: an ordinary table, a partitioned one. */
  readonly hasXmin: boolean;
  /** Pages of an ordinary table; null where rows cannot be asked for by place. */
  readonly pages: number | null;
}

/** PostgreSQL 14 finds rows by ranges of places. */
const PLACES_VERSION = 140_000;

/** @throws MR4804, MR4853. */
export async function originOf(client: Client, options: PostgresOptions): Promise<Origin> {
  const selection = selectionOf("postgres", options);
  if (selection.kind === "query") {
    return { name: "query", from: `(${selection.query}\n) q`, relation: null, hasXmin: false, pages: null };
  }
  const table = await findTable(client, selection.table);
  if (table === null) {
    throw new MillraceError({
      code: "MR4804",
      message: `there is no table ${selection.table}`,
      hint: "names may be qualified: schema.table; letter case counts where it is not lower case",
    });
  }
  return {
    name: `${table.schema}.${table.name}`,
    from: `${ident(table.schema)}.${ident(table.name)}`,
    relation: table.oid,
    hasXmin: "rp".includes(table.kind),
    pages: "rm".includes(table.kind) && table.access === "heap" && table.version >= PLACES_VERSION ? table.pages : null,
  };
}

export interface FoundTable {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** pg_class.relkind. */
  readonly kind: string;
  readonly access: string | null;
  readonly pages: number;
  readonly version: number;
}

/** A table as the user wrote it: `sales`, `public.sales`, parts with quotes where they hold dots. */
export async function findTable(client: Client, written: string): Promise<FoundTable | null> {
  const parts = nameParts(written);
  const exact = parts.map(ident).join(".");
  const folded = parts.map((part) => ident(part.toLowerCase())).join(".");
  const { rows } = await client.query<FoundTable>(
    `select c.oid::int8::float8 as oid, n.nspname as schema, c.relname as name, c.relkind::text as kind, am.amname as access,
       case when c.relkind in ('r', 'm') then pg_catalog.pg_relation_size(c.oid) / current_setting('block_size')::int else 0 end::float8 as pages,
       current_setting('server_version_num')::int as version
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace left join pg_catalog.pg_am am on am.oid = c.relam
     where c.oid = coalesce(to_regclass($1), to_regclass($2)) and c.relkind in ('r', 'p', 'v', 'm', 'f')`,
    [exact, folded],
  );
  return rows[0] ?? null;
}

/** `public."odd.name"` → public, odd.name. At most the last two parts count. */
export function nameParts(written: string): readonly string[] {
  const parts = [...written.matchAll(/"((?:[^"]|"")*)"|([^.]+)/g)].map((match) => match[1]?.replaceAll('""', '"') ?? match[2]!.trim());
  return parts.slice(-2);
}

/** Conditions that cut a table into ranges of its pages; the last is open, for what was added since. */
export function pageRanges(pages: number, count: number): readonly string[] {
  const edges = [...new Set(Array.from({ length: count - 1 }, (_, index) => Math.floor((pages * (index + 1)) / count)))].filter(
    (edge) => edge > 0,
  );
  if (edges.length === 0) return [];
  return [
    `ctid < '(${edges[0]},0)'::tid`,
    ...edges.slice(1).map((edge, index) => `ctid >= '(${edges[index]},0)'::tid and ctid < '(${edge},0)'::tid`),
    `ctid >= '(${edges.at(-1)},0)'::tid`,
  ];
}
