// What readers of the server see: views that Millrace makes, replaced in the caller's transaction.
//   W1. A view whose columns stay the same or grow is replaced in place: what reads it does not notice.
//   W2. Where columns go or change, the view is made anew, and with it those views of Millrace that read it, with their rights. A view of somebody else
//       that reads it keeps it from being published: nothing of his is ever dropped.
//   W3. A relation that Millrace has not made is never replaced.
import type { Client } from "pg";
import type { Place } from "../../load/engine-port.ts";
import { MillraceError } from "../../model/errors.ts";
import { ident, qualified } from "../../sql/text.ts";

export interface Show {
  readonly shown: Place;
  readonly asset: string;
  readonly version: string;
  readonly sql: string;
  readonly owner: string;
}

/** PostgreSQL's code for a view whose columns cannot be replaced in place. */
const OTHER_COLUMNS = "42P16";

/** @throws MR4666 what is there is not ours, MR4667 what reads it stands in the way; PostgreSQL's error where the SQL is wrong. */
export async function showView(client: Client, { shown, asset, version, sql, owner }: Show): Promise<void> {
  const [schema, name] = shown;
  await ensureSchema(client, schema);
  await refuseOthers(client, shown);
  await client.query("savepoint showing");
  try {
    await client.query(viewSql(shown, sql));
  } catch (error) {
    if ((error as { code?: string }).code !== OTHER_COLUMNS) throw error;
    await client.query("rollback to savepoint showing");
    await showAnew(client, shown, sql);
  }
  await client.query("release savepoint showing");
  await client.query(
    `insert into _millrace.shown (schema, name, asset, version, sql, owner) values ($1, $2, $3, $4, $5, $6)
     on conflict (schema, name) do update set asset = $3, version = $4, sql = $5, owner = $6, at = now()`,
    [schema, name, asset, version, sql, owner],
  );
}

/** Two that make the same schema at once would get in each other's way. */
async function ensureSchema(client: Client, schema: string): Promise<void> {
  const known = "select 1 from pg_catalog.pg_namespace where nspname = $1";
  if ((await client.query(known, [schema])).rowCount !== 0) return;
  await client.query("select pg_advisory_xact_lock(hashtext('_millrace.schema'))");
  if ((await client.query(known, [schema])).rowCount === 0) await client.query(`create schema if not exists ${ident(schema)}`);
}

/** The statement, with what stands in front of the query. */
export function viewSql(shown: Place, sql: string): string {
  return `${viewHead(shown)}${sql}`;
}

export function viewHead(shown: Place): string {
  return `create or replace view ${qualified(...shown)} as\n`;
}

/** Readers see nothing under these names any more; what reads others of them goes first. @throws MR4667 */
export async function hideViews(client: Client, places: readonly Place[]): Promise<void> {
  for (let left = places; left.length > 0;) {
    const blocked: Place[] = [];
    let first: { readonly place: Place; readonly readers: readonly Reader[] } | undefined;
    for (const place of left) {
      const readers = await readersOf(client, place);
      if (readers.length > 0) {
        first ??= { place, readers };
        blocked.push(place);
        continue;
      }
      await client.query(`drop view if exists ${qualified(...place)}`);
      await client.query("delete from _millrace.shown where schema = $1 and name = $2", [...place]);
    }
    if (first !== undefined && blocked.length === left.length) throw inTheWay(first.place, first.readers.map(nameOf));
    left = blocked;
  }
}

/** What this warehouse shows of some assets. */
export async function shownOf(client: Client, assets: readonly string[], owner: string): Promise<readonly Place[]> {
  const { rows } = await client.query<{ schema: string; name: string }>(
    `select s.schema, s.name from _millrace.shown s join pg_catalog.pg_views v on v.schemaname = s.schema and v.viewname = s.name
     where s.asset = any($1::text[]) and s.owner = $2`,
    [assets, owner],
  );
  return rows.map(({ schema, name }): Place => [schema, name]);
}

async function refuseOthers(client: Client, shown: Place): Promise<void> {
  const { rows } = await client.query<{ kind: string; ours: boolean }>(
    `select c.relkind::text as kind, exists (select 1 from _millrace.shown s where s.schema = $1 and s.name = $2) as ours
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2`,
    [...shown],
  );
  const [there] = rows;
  if (there === undefined || (there.ours && there.kind === "v")) return;
  throw new MillraceError({
    code: "MR4666",
    message: `${shown.join(".")} is there on the server, and Millrace has not made it`,
    hint: "give the model another name, or move what is there to another schema",
  });
}

interface Reader {
  readonly schema: string;
  readonly name: string;
  readonly sql: string | null;
}

/** Views that read this one, and those that read them: each behind what it reads. `sql: null`: not ours. */
async function readersOf(client: Client, shown: Place): Promise<readonly Reader[]> {
  const { rows } = await client.query<Reader>(
    `with recursive below(oid, depth) as (
       select $1::regclass::oid, 0
       union select r.ev_class, b.depth + 1 from below b
         join pg_catalog.pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = b.oid and d.classid = 'pg_rewrite'::regclass
         join pg_catalog.pg_rewrite r on r.oid = d.objid and r.ev_class <> b.oid where b.depth < 100)
     select n.nspname as schema, c.relname as name, case when c.relkind = 'v' then s.sql end as sql
     from (select oid, max(depth) as depth from below where depth > 0 group by oid) b
     join pg_catalog.pg_class c on c.oid = b.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     left join _millrace.shown s on s.schema = n.nspname and s.name = c.relname order by b.depth, 1, 2`,
    [qualified(...shown)],
  );
  return rows;
}

const nameOf = ({ schema, name }: Reader): string => `${schema}.${name}`;

/** W2. */
async function showAnew(client: Client, shown: Place, sql: string): Promise<void> {
  const readers = await readersOf(client, shown);
  const others = readers.filter((reader) => reader.sql === null);
  if (others.length > 0) throw inTheWay(shown, others.map(nameOf));
  const all = [shown, ...readers.map(({ schema, name }): Place => [schema, name])];
  const rights = await rightsOn(client, all);
  for (const place of all.toReversed()) await client.query(`drop view ${qualified(...place)}`);
  await client.query(viewSql(shown, sql));
  for (const reader of readers) {
    try {
      await client.query(viewSql([reader.schema, reader.name], reader.sql!));
    } catch (error) {
      throw new MillraceError({
        code: "MR4667",
        message: `${shown.join(".")} cannot be published: ${nameOf(reader)}, which reads it, breaks: ${(error as Error).message}`,
        hint: `change ${nameOf(reader)} first, so that it does without what goes`,
        cause: error,
      });
    }
  }
  for (const right of rights) await client.query(right);
}

async function rightsOn(client: Client, places: readonly Place[]): Promise<readonly string[]> {
  const { rows } = await client.query<{ statement: string }>(
    `select format('grant %s on %s to %s%s', a.privilege_type, c.oid::regclass, case when a.grantee = 0 then 'public' else quote_ident(a.grantee::regrole::text) end,
       case when a.is_grantable then ' with grant option' else '' end) as statement
     from unnest($1::text[]) as place(name) join pg_catalog.pg_class c on c.oid = place.name::regclass, aclexplode(c.relacl) a
     where a.grantee <> c.relowner`,
    [places.map((place) => qualified(...place))],
  );
  return rows.map(({ statement }) => statement);
}

function inTheWay(shown: Place, others: readonly string[]): MillraceError {
  return new MillraceError({
    code: "MR4667",
    message: `${shown.join(".")} cannot be made anew: ${others.join(", ")} on the server ${others.length === 1 ? "reads" : "read"} it`,
    hint: "its columns change, so PostgreSQL wants the view dropped first: drop what reads it, or keep the columns",
  });
}
