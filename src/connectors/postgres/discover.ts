// What a database holds: tables and views with columns, keys, likely cursors and estimated rows; and a sentence for a test of the connection.
import type { Client } from "pg";
import { tableMatcher } from "../../platform/table-pattern.ts";
import type { Discovered } from "../../load/connector.ts";
import { close, type Server } from "./connect.ts";
import type { PostgresOptions } from "./options.ts";

interface TableRow {
  readonly schema: string;
  readonly name: string;
  /** Null where the server has not counted yet, and for views. */
  readonly rows: number | null;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly key: readonly string[] | null;
  /** First columns of indexes. */
  readonly indexed: readonly string[] | null;
}

/** Partitions are part of their table; what belongs to an extension or to us is nobody's table. */
const TABLES = `select n.nspname as schema, c.relname as name, case when c.reltuples >= 0 and c.relkind in ('r', 'm', 'p') then c.reltuples end::float8 as rows,
  coalesce((select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) order by a.attnum)
    from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
  (select json_agg(a.attname order by k.place) from pg_catalog.pg_index i cross join lateral unnest(i.indkey::int2[]) with ordinality k(number, place)
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.number where i.indrelid = c.oid and i.indisprimary) as key,
  (select json_agg(distinct a.attname) from pg_catalog.pg_index i join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
    where i.indrelid = c.oid and i.indisvalid) as indexed
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
  and c.relname <> '_millrace_exports' and has_table_privilege(c.oid, 'select')
  and not exists (select 1 from pg_catalog.pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by 1, 2`;

/** Names that say when a row was changed, or that it was added later; the best first. */
const CHANGED =
  /^(updated|modified|changed|last_?(updated?|modified|changed)|row_?version|system_modstamp)(_?(at|on|time|date|ts|timestamp))?$/i;
const CREATED = /^(created|inserted|added|event|recorded|occurred|logged)_?(at|on|time|date|ts|timestamp)?$|^(timestamp|ts)$/i;
const TIME = /^(timestamp|date)/;
const WHOLE = /^(bigint|integer|smallint)$/;

export async function discoverTables(server: Server, options: Partial<PostgresOptions>): Promise<readonly Discovered[]> {
  const rows = await withClient(server, async (client) => (await client.query<TableRow>(TABLES)).rows, "listing the tables");
  const matches = tableMatcher(options.tables ?? []);
  return rows.filter(({ schema, name }) => matches(`${schema}.${name}`)).map(discovered);
}

function discovered({ schema, name, rows, columns, key, indexed }: TableRow): Discovered {
  const table = `${written(schema)}.${written(name)}`;
  const cursor = cursorOf(columns, key ?? [], new Set(indexed ?? []));
  return {
    name: `${schema}.${name}`,
    options: { table },
    columns,
    ...(key === null ? {} : { primaryKey: key }),
    ...(cursor === undefined ? {} : { cursor }),
    ...(rows === null ? {} : { rows }),
  };
}

function written(part: string): string {
  return part.includes(".") || part.includes('"') ? `"${part.replaceAll('"', '""')}"` : part;
}

/** A time of change, else a growing key, else a time of creation; of several the one with an index. */
function cursorOf(columns: TableRow["columns"], key: readonly string[], indexed: ReadonlySet<string>): string | undefined {
  const named = (pattern: RegExp): readonly string[] =>
    columns.filter(({ name, type }) => pattern.test(name) && (TIME.test(type) || WHOLE.test(type))).map(({ name }) => name);
  const first = (names: readonly string[]): string | undefined => names.find((name) => indexed.has(name)) ?? names[0];
  const growing = key.length === 1 && columns.some(({ name, type }) => name === key[0] && WHOLE.test(type)) ? key[0] : undefined;
  return first(named(CHANGED)) ?? first(named(CREATED)) ?? growing;
}

export function testConnection(server: Server): Promise<string> {
  return withClient(
    server,
    async (client) => {
      const { rows } = await client.query<{ version: string; who: string; tables: number; database: string }>(
        `select current_setting('server_version') as version, current_user as who, current_database() as database,
           (select count(*) from (${TABLES}) t)::float8 as tables`,
      );
      const { version, who, tables, database } = rows[0]!;
      return `PostgreSQL ${version} answers at ${server.place}: ${who} can read ${tables} ${tables === 1 ? "table" : "tables"} of ${database}`;
    },
    "testing the connection",
  );
}

async function withClient<Result>(server: Server, use: (client: Client) => Promise<Result>, doing: string): Promise<Result> {
  const client = await server.connect();
  try {
    return await use(client);
  } catch (error) {
    throw server.failure(error, doing);
  } finally {
    close(client);
  }
}
