// A table is exchanged for a new one in one transaction: who may do what, comments, indexes and constraints of the old one are put onto the new one, the old
// one is dropped and its name taken over. Tables on which others hang are not exchanged (see `bound` in destination.ts): their rows are.
import type { Client } from "pg";
import { ident, literal } from "../../sql/text.ts";

export interface Exchange {
  readonly schema: string;
  readonly table: string;
  /** Names of the new table's columns. */
  readonly columns: ReadonlySet<string>;
  /** The table that takes the place. */
  readonly fresh: string;
  readonly oid: number;
  readonly warn: (message: string) => void;
}

/** Errors that say that something of the old table has no place on the new one: a column is gone, a type is another. */
const NO_PLACE = /^42/;

export async function exchangeTables(client: Client, exchange: Exchange): Promise<void> {
  const { schema, table, fresh, oid } = exchange;
  const [old, young] = [`${ident(schema)}.${ident(table)}`, `${ident(schema)}.${ident(fresh)}`];
  const renames = [...(await copyIndexes(client, exchange, young)), ...(await copyConstraints(client, exchange, young))];
  await copyRights(client, exchange, young);
  await client.query(`lock table ${old} in access exclusive mode`);
  await copyComments(client, oid, exchange, young);
  await client.query(`drop table ${old}; alter table ${young} rename to ${ident(table)}`);
  for (const rename of renames) await client.query(rename);
}

async function copyIndexes(client: Client, exchange: Exchange, young: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string; quoted: string; definition: string; on: string }>(
    `select c.relname as name, quote_ident(c.relname) as quoted, pg_get_indexdef(i.indexrelid) as definition,
       quote_ident(n.nspname) || '.' || quote_ident(t.relname) as on
     from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid join pg_namespace n on n.oid = t.relnamespace
     where i.indrelid = $1 and not exists (select 1 from pg_constraint k where k.conindid = i.indexrelid and k.conrelid = i.indrelid)`,
    [exchange.oid],
  );
  const renames: string[] = [];
  for (const [index, { name, quoted, definition, on }] of rows.entries()) {
    const temporary = `${exchange.fresh}_i${index}`;
    const text = definition.replace(` INDEX ${quoted} ON ${on} `, () => ` INDEX ${ident(temporary)} ON ${young} `);
    if (await keep(client, text, `the index ${name}`, exchange))
      renames.push(`alter index ${ident(exchange.schema)}.${ident(temporary)} rename to ${ident(name)}`);
  }
  return renames;
}

async function copyConstraints(client: Client, exchange: Exchange, young: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    "select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint where conrelid = $1 and contype in ('p', 'u', 'c', 'x', 'f')",
    [exchange.oid],
  );
  const renames: string[] = [];
  for (const [index, { name, definition }] of rows.entries()) {
    const temporary = `${exchange.fresh}_c${index}`;
    if (await keep(client, `alter table ${young} add constraint ${ident(temporary)} ${definition}`, `the constraint ${name}`, exchange))
      renames.push(
        `alter table ${ident(exchange.schema)}.${ident(exchange.table)} rename constraint ${ident(temporary)} to ${ident(name)}`,
      );
  }
  return renames;
}

/** Does it, or says that it has no place on the new table. Rows that break it are an error. */
async function keep(client: Client, text: string, what: string, { schema, table, warn }: Exchange): Promise<boolean> {
  await client.query("savepoint kept");
  try {
    await client.query(`${text}; release savepoint kept`);
    return true;
  } catch (error) {
    if (!NO_PLACE.test((error as { code?: string }).code ?? "")) throw error;
    await client.query("rollback to savepoint kept");
    warn(`${schema}.${table}: ${what} has no place on the new table and is gone: ${(error as Error).message}`);
    return false;
  }
}

async function copyRights(client: Client, { oid, columns }: Exchange, young: string): Promise<void> {
  const { rows } = await client.query<{ grantee: string; privilege: string; grantable: boolean; column: string | null; owner: string }>(
    `select case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee, a.privilege_type as privilege,
       a.is_grantable as grantable, r.column, quote_ident(pg_get_userbyid(r.owner)) as owner
     from (select relacl as acl, null::name as column, relowner as owner from pg_class where oid = $1
           union all select attacl, attname, null from pg_attribute where attrelid = $1 and attacl is not null and not attisdropped) r
     cross join lateral aclexplode(r.acl) a where a.grantee is distinct from r.owner`,
    [oid],
  );
  for (const { grantee, privilege, grantable, column } of rows) {
    if (column !== null && !columns.has(column)) continue;
    const part = column === null ? "" : ` (${ident(column)})`;
    await client.query(`grant ${privilege}${part} on ${young} to ${grantee}${grantable ? " with grant option" : ""}`);
  }
  const owners = await client.query<{ owner: string }>(
    "select quote_ident(pg_get_userbyid(relowner)) as owner from pg_class where oid = $1 and pg_get_userbyid(relowner) <> current_user",
    [oid],
  );
  if (owners.rows[0] !== undefined) await client.query(`alter table ${young} owner to ${owners.rows[0].owner}`);
}

async function copyComments(client: Client, oid: number, { columns }: Exchange, young: string): Promise<void> {
  const { rows } = await client.query<{ column: string | null; comment: string }>(
    `select a.attname as column, d.description as comment from pg_description d left join pg_attribute a on a.attrelid = d.objoid and a.attnum = d.objsubid and d.objsubid > 0
     where d.objoid = $1 and d.classoid = 'pg_class'::regclass`,
    [oid],
  );
  for (const { column, comment } of rows) {
    if (column === null) await client.query(`comment on table ${young} is ${literal(comment)}`);
    else if (columns.has(column)) await client.query(`comment on column ${young}.${ident(column)} is ${literal(comment)}`);
  }
}
