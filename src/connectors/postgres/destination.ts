// The table that rows go to, as it is, and whether the columns of an export fit into it.
import type { Client } from "pg";
import { MillraceError } from "../../model/errors.ts";
import { ident } from "../../sql/text.ts";
import type { OutgoingColumn } from "./outgoing.ts";

export interface Destination {
  readonly oid: number;
  readonly kind: string;
  /** Column → its type, in the server's words. */
  readonly columns: ReadonlyMap<string, string>;
  /** Column sets of unique indexes that a conflict can be told by. */
  readonly uniques: readonly (readonly string[])[];
  readonly hasPrimaryKey: boolean;
  /** Why the table cannot be exchanged for another one: a view reads it, a foreign key leads to it … */
  readonly bound: readonly string[];
}

export async function destinationOf(client: Client, schema: string, table: string): Promise<Destination | null> {
  const { rows } = await client.query<{
    oid: number;
    kind: string;
    columns: readonly { readonly name: string; readonly type: string }[];
    uniques: readonly (readonly string[])[];
    primary: boolean;
    bound: readonly string[];
  }>(
    `select c.oid::int8::float8 as oid, c.relkind::text as kind,
       coalesce((select json_agg(json_build_object('name', attname, 'type', format_type(atttypid, atttypmod)) order by attnum)
         from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped), '[]') as columns,
       coalesce((select json_agg((select json_agg(a.attname) from pg_attribute a where a.attrelid = c.oid and a.attnum = any(i.indkey::int2[])))
         from pg_index i where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null and i.indexprs is null
           and i.indnatts = i.indnkeyatts), '[]') as uniques,
       exists (select 1 from pg_index i where i.indrelid = c.oid and i.indisprimary) as primary,
       array_to_json(array_remove(array[
         (select 'the view ' || min(v.oid::regclass::text) || ' reads it' from pg_depend d join pg_rewrite r on r.oid = d.objid join pg_class v on v.oid = r.ev_class
          where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and v.oid <> c.oid),
         (select 'a foreign key of ' || min(conrelid::regclass::text) || ' leads to it' from pg_constraint where confrelid = c.oid and contype = 'f'),
         (select 'it has the trigger ' || min(tgname) from pg_trigger where tgrelid = c.oid and not tgisinternal),
         (select 'it has the policy ' || min(polname) from pg_policy where polrelid = c.oid),
         case when c.relrowsecurity then 'it has row security' end,
         (select 'it is published by ' || min(p.pubname) from pg_publication_rel r join pg_publication p on p.oid = r.prpubid where r.prrelid = c.oid),
         (select 'it has a parent or children' from pg_inherits where inhrelid = c.oid or inhparent = c.oid limit 1),
         case when c.relkind = 'p' then 'it is partitioned' end,
         (select 'its column ' || min(attname) || ' has a default' from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped and (atthasdef or attidentity <> ''))
       ], null)) as bound
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2`,
    [schema, table],
  );
  const row = rows[0];
  if (row === undefined) return null;
  return {
    oid: row.oid,
    kind: row.kind,
    columns: new Map(row.columns.map(({ name, type }) => [name, type])),
    uniques: row.uniques,
    hasPrimaryKey: row.primary,
    bound: row.bound,
  };
}

/** How a sent column becomes the destination's: its type there, and SQL of the value from a staging table. */
export interface Fitted {
  readonly column: OutgoingColumn;
  /** Of the destination; null: the column is to be added. */
  readonly type: string | null;
  readonly value: string;
  /** The bytes that are sent are those of the destination's type. */
  readonly isDirect: boolean;
}

/** @throws MR4810 with every column that does not fit. */
export function fitColumns(
  name: string,
  columns: readonly OutgoingColumn[],
  destination: Pick<Destination, "columns"> | null,
): readonly Fitted[] {
  const fitted = columns.map((column): Fitted | string => {
    const type = destination?.columns.get(column.name) ?? null;
    const wanted = type ?? column.type;
    const quoted = ident(column.name);
    const made = column.wireType === column.type ? quoted : `${quoted}::${column.type}`;
    if (type === null) return { column, type, value: made, isDirect: column.wireType === column.type };
    if (!fits(column.type, wanted)) return `${column.name} is ${column.type} in the export and ${wanted} in the table`;
    // An assignment refuses what is too long or too large; a cast would cut it.
    const value = isExplicit(column.type, wanted) ? `${quoted}::${wanted}` : made;
    return { column, type, value, isDirect: column.wireType === column.type && baseOf(column.type) === baseOf(wanted) };
  });
  const wrong = fitted.filter((entry) => typeof entry === "string");
  if (wrong.length > 0) {
    throw new MillraceError({
      code: "MR4810",
      message: `${name}: ${wrong.join("; ")}`,
      hint: "cast the column in the export's query, or alter the table",
    });
  }
  return fitted as Fitted[];
}

const WHOLE: ReadonlySet<string> = new Set(["smallint", "integer", "bigint"]);
const MEASURED: ReadonlySet<string> = new Set([
  ...WHOLE,
  "numeric",
  "real",
  "double precision",
  "boolean",
  "date",
  "bytea",
  "interval",
  "money",
  "oid",
  "timestamp without time zone",
  "timestamp with time zone",
  "time without time zone",
  "time with time zone",
]);
const TEXTS: ReadonlySet<string> = new Set(["text", "character varying", "character", "citext", "name"]);

/** `numeric(12,2)` → numeric; `timestamp(3) without time zone` stays another type than the one without 3. */
function baseOf(type: string): string {
  return type.startsWith("time") || type.startsWith("interval") ? type : type.replace(/\(.*\)/, "");
}

/** Whether every value either arrives as it is or is refused by the server. */
export function fits(from: string, to: string): boolean {
  const [source, target] = [baseOf(from), baseOf(to)];
  if (from === to || TEXTS.has(target)) return true;
  if (to.endsWith("[]") || from.endsWith("[]")) return false;
  if (source === "numeric" && target === "numeric") return scaleOf(to) >= scaleOf(from);
  if (WHOLE.has(source))
    return WHOLE.has(target) || (target === "numeric" && scaleOf(to) >= 0) || (target === "double precision" && source !== "bigint");
  if (source === "numeric") return WHOLE.has(target) && scaleOf(from) === 0;
  if (source === "real") return target === "double precision";
  if (source === "date") return target === "timestamp without time zone";
  if (source === "json") return target === "jsonb";
  if (source === "text") return !MEASURED.has(target);
  return source === target;
}

/** Digits after the point; a column without a scale takes any. */
function scaleOf(type: string): number {
  const [, scale] = /\(\d+,(-?\d+)\)/.exec(type) ?? [];
  return scale === undefined ? (type === "numeric" ? Number.POSITIVE_INFINITY : 0) : Number(scale);
}

function isExplicit(from: string, to: string): boolean {
  const [source, target] = [baseOf(from), baseOf(to)];
  return (source === "text" && !TEXTS.has(target)) || (source === "json" && target === "jsonb");
}
