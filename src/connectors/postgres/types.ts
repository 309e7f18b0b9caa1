// Types of PostgreSQL: what each column is read as. Types that DuckDB has are decoded from their bytes; all others are texts, as PostgreSQL writes them.
import type { Client } from "pg";
import { columnName } from "../../model/names.ts";
import { ident } from "../../sql/text.ts";
import type { Shape } from "../../databases/postgres/decode-values.ts";

/** One column of what is read. */
export interface Column {
  readonly name: string;
  /** The type in the server's words. */
  readonly serverType: string;
  readonly shape: Shape;
  /** The server is asked for the value as text. */
  readonly asText: boolean;
  /** The column in SQL: its name, or another where a query has the name twice. */
  readonly sql: string;
}

interface TypeRow {
  readonly oid: number;
  readonly name: string;
  readonly kind: string;
  readonly element: number;
  readonly base: number;
  readonly base_modifier: number;
  readonly dimensions: number;
  readonly members: readonly { readonly name: string; readonly type: number; readonly modifier: number }[] | null;
}

interface Described {
  readonly name: string;
  readonly dataTypeID: number;
  readonly dataTypeModifier: number;
  readonly tableID: number;
  readonly columnID: number;
}

const WIDTH_MAX = 38;
const PLAIN: Readonly<Record<string, Shape>> = {
  bool: { kind: "bool" },
  int2: { kind: "int2" },
  int4: { kind: "int4" },
  int8: { kind: "int8" },
  oid: { kind: "oid" },
  xid: { kind: "oid" },
  cid: { kind: "oid" },
  float4: { kind: "float4" },
  float8: { kind: "float8" },
  date: { kind: "date" },
  time: { kind: "time" },
  timetz: { kind: "timetz" },
  timestamp: { kind: "timestamp" },
  timestamptz: { kind: "timestamptz" },
  interval: { kind: "interval" },
  uuid: { kind: "uuid" },
  text: { kind: "text" },
  varchar: { kind: "text" },
  bpchar: { kind: "text" },
  name: { kind: "text" },
  citext: { kind: "text" },
  xml: { kind: "text" },
  json: { kind: "json" },
  jsonb: { kind: "jsonb" },
  bytea: { kind: "bytea" },
};

/** Describes the columns of a SELECT without running it. */
export async function describeColumns(client: Client, select: string): Promise<readonly Column[]> {
  const { fields } = (await client.query({ text: `select * from (${select}\n) q limit 0`, rowMode: "array" })) as unknown as {
    readonly fields: readonly Described[];
  };
  const types = await typesOf(client, [...new Set(fields.map((field) => field.dataTypeID))]);
  const declared = await declaredDimensions(client, fields);
  return fields.map((field) => {
    const shape = shapeOf(field.dataTypeID, field.dataTypeModifier, types, declared.get(`${field.tableID}.${field.columnID}`) ?? 0);
    const serverType = types.get(field.dataTypeID)?.name ?? `type ${field.dataTypeID}`;
    return { name: field.name, serverType, shape: shape ?? { kind: "text" }, asText: shape === null, sql: ident(field.name) };
  });
}

/** These types and all that they are made of. */
async function typesOf(client: Client, oids: readonly number[]): Promise<ReadonlyMap<number, TypeRow>> {
  const { rows } = await client.query<TypeRow>(
    `with recursive wanted(oid) as (
       select unnest($1::oid[]) union
       select n.oid from wanted w join pg_catalog.pg_type t on t.oid = w.oid
         left join pg_catalog.pg_attribute a on t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
         cross join lateral (values (t.typelem), (t.typbasetype), (a.atttypid)) n(oid) where n.oid > 0)
     select t.oid::int8::float8 as oid, t.typname as name, case when t.typcategory = 'A' and t.typelem > 0 and t.typtype = 'b' then 'a' else t.typtype::text end as kind,
       t.typelem::int8::float8 as element, t.typbasetype::int8::float8 as base, t.typtypmod as base_modifier, t.typndims as dimensions,
       (select json_agg(json_build_object('name', a.attname, 'type', a.atttypid::int8, 'modifier', a.atttypmod) order by a.attnum)
        from pg_catalog.pg_attribute a where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) as members
     from wanted join pg_catalog.pg_type t using (oid)`,
    [oids],
  );
  return new Map(rows.map((row) => [row.oid, row]));
}

/** Dimensions as declared, per column of a table: PostgreSQL does not hold a column to them. */
async function declaredDimensions(client: Client, fields: readonly Described[]): Promise<ReadonlyMap<string, number>> {
  const tables = [...new Set(fields.filter((field) => field.tableID > 0).map((field) => field.tableID))];
  if (tables.length === 0) return new Map();
  const { rows } = await client.query<{ relation: number; number: number; dimensions: number }>(
    `select attrelid::int8::float8 as relation, attnum as number, attndims as dimensions from pg_catalog.pg_attribute
     where attrelid = any($1::oid[]) and attnum > 0 and attndims > 1`,
    [tables],
  );
  return new Map(rows.map((row) => [`${row.relation}.${row.number}`, row.dimensions]));
}

/** The shape of a type; null: read as text. */
function shapeOf(oid: number, modifier: number, types: ReadonlyMap<number, TypeRow>, dimensions: number): Shape | null {
  const type = types.get(oid);
  if (type === undefined) return null;
  switch (type.kind) {
    case "d":
      return shapeOf(type.base, modifier >= 0 ? modifier : type.base_modifier, types, Math.max(dimensions, type.dimensions));
    case "e":
      return { kind: "text" };
    case "a": {
      const element = shapeOf(type.element, modifier, types, 0);
      return element === null ? null : { kind: "list", element, dimensions: Math.max(1, dimensions) };
    }
    case "c": {
      if (type.members === null || type.members.length === 0) return null;
      const names = new Set(type.members.map((member) => member.name.toLowerCase()));
      const fields = type.members.map((member) => ({ name: member.name, shape: shapeOf(member.type, member.modifier, types, 0) }));
      if (names.size < fields.length || fields.some(({ shape }) => shape === null)) return null;
      return { kind: "struct", fields: fields as { name: string; shape: Shape }[] };
    }
    case "b":
      return type.name === "numeric" ? decimalShape(modifier) : (PLAIN[type.name] ?? null);
    default:
      return null;
  }
}

/** `numeric` without precision may hold anything, so it is text. */
function decimalShape(modifier: number): Shape | null {
  if (modifier < 4) return null;
  const precision = ((modifier - 4) >> 16) & 0xff_ff;
  const scale = (((modifier - 4) & 0x7_ff) ^ 1024) - 1024;
  const width = scale < 0 ? precision - scale : Math.max(precision, scale);
  return width > WIDTH_MAX ? null : { kind: "decimal", width, scale: Math.max(0, scale) };
}

/** The column's DuckDB type. */
export function duckType(shape: Shape): string {
  switch (shape.kind) {
    case "bool":
      return "BOOLEAN";
    case "int2":
      return "SMALLINT";
    case "int4":
      return "INTEGER";
    case "oid":
      return "UINTEGER";
    case "int8":
      return "BIGINT";
    case "float4":
      return "FLOAT";
    case "float8":
      return "DOUBLE";
    case "date":
      return "DATE";
    case "time":
      return "TIME";
    case "timetz":
      return "TIME WITH TIME ZONE";
    case "timestamp":
      return "TIMESTAMP";
    case "timestamptz":
      return "TIMESTAMP WITH TIME ZONE";
    case "interval":
      return "INTERVAL";
    case "uuid":
      return "UUID";
    case "text":
      return "VARCHAR";
    case "json":
    case "jsonb":
      return "JSON";
    case "bytea":
      return "BLOB";
    case "decimal":
      return `DECIMAL(${shape.width},${shape.scale})`;
    case "list":
      return `${duckType(shape.element)}${"[]".repeat(shape.dimensions)}`;
    case "struct":
      return `STRUCT(${shape.fields.map((field) => `${ident(field.name)} ${duckType(field.shape)}`).join(", ")})`;
    default:
      return shape satisfies never;
  }
}

/** Whether a value of the stage column is, as text, what was written. */
export function isExactText(shape: Shape): boolean {
  return ["bool", "int2", "int4", "int8", "oid", "text", "json", "jsonb", "date", "uuid"].includes(shape.kind);
}

/** What the SELECT list says of the column. Money is a number in it, and not a text with the server's currency sign. */
export function selectItem({ sql, serverType, asText }: Column): string {
  if (!asText) return sql;
  if (serverType === "money") return `${sql}::numeric::text`;
  // The cast of an address adds a mask that was not there.
  return serverType === "inet" ? `case when ${sql} is not null then format('%s', ${sql}) end` : `${sql}::text`;
}

/** The column that the user wrote: its own name, or that of the loaded column. */
export function findColumn<Found extends { readonly name: string }>(columns: readonly Found[], written: string): Found | undefined {
  const lower = written.toLowerCase();
  return (
    columns.find(({ name }) => name === written) ??
    columns.find(({ name }) => name.toLowerCase() === lower) ??
    columns.find(({ name }, index) => columnName(name, index, "snake") === lower)
  );
}
