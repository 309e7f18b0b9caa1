// What an export declares of its table besides columns: primary key, indexes, comments. Made when it is not there; never taken away.
import { createHash } from "node:crypto";
import type { Client } from "pg";
import { indexesOf } from "../../databases/options.ts";
import type { WriteMode } from "../../load/connector.ts";
import { ident, literal } from "../../sql/text.ts";
import type { PostgresOptions } from "./options.ts";

/** Longest name that PostgreSQL keeps whole. */
const NAME_BYTES_MAX = 63;

export interface Declaration {
  readonly schema: string;
  readonly table: string;
  /** Qualified and quoted. */
  readonly into: string;
  readonly options: PostgresOptions;
  readonly mode: WriteMode;
  readonly key: readonly string[];
  /** This export made the table: a merge then gets the unique index that it needs. */
  readonly isNew: boolean;
}

export async function declareTable(client: Client, { schema, table, into, options, mode, key, isNew }: Declaration): Promise<void> {
  const primary = [options.primaryKey ?? []].flat();
  const { rows } = await client.query<{ primary: boolean; columns: readonly string[]; unique: boolean }[]>({
    text: `select i.indisprimary, (select array_agg(a.attname::text) from pg_attribute a where a.attrelid = i.indrelid and a.attnum = any(i.indkey::int2[])), i.indisunique
           from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
           where n.nspname = $1 and c.relname = $2 and i.indexprs is null and i.indpred is null`,
    values: [schema, table],
    rowMode: "array",
  });
  const there = rows as unknown as readonly (readonly [boolean, readonly string[] | null, boolean])[];
  if (primary.length > 0 && !there.some(([isPrimary]) => isPrimary)) {
    await client.query(`alter table ${into} add primary key (${primary.map(ident).join(", ")})`);
  }
  const merged = isNew && mode === "merge" && !same(primary, key) ? [{ columns: key, unique: true }] : [];
  for (const { columns, unique } of [...indexesOf(options), ...merged]) {
    if (there.some(([, found, isUnique]) => same(found ?? [], columns) && (isUnique || !unique))) continue;
    const name = indexName(table, columns, unique ? "key" : "idx");
    await client.query(`create ${unique ? "unique " : ""}index if not exists ${ident(name)} on ${into} (${columns.map(ident).join(", ")})`);
  }
  if (options.comment !== undefined) await client.query(`comment on table ${into} is ${literal(options.comment)}`);
  for (const [column, comment] of Object.entries(options.comments ?? {})) {
    await client.query(`comment on column ${into}.${ident(column)} is ${literal(comment)}`);
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((column) => b.includes(column));
}

function indexName(table: string, columns: readonly string[], ending: string): string {
  const name = `${table}_${columns.join("_")}_${ending}`;
  if (Buffer.byteLength(name) <= NAME_BYTES_MAX) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `${name.slice(0, 40)}_${hash}_${ending}`;
}
