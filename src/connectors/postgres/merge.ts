// Staged rows into a table by key. Columns of the table that the rows lack keep their values. Null keys are equal to null keys.
import type { Client } from "pg";
import { MillraceError } from "../../model/errors.ts";
import { ident } from "../../sql/text.ts";
import type { Fitted } from "./destination.ts";

interface ByKey {
  /** Qualified and quoted. */
  readonly into: string;
  readonly staging: string;
  readonly key: readonly string[];
  readonly fitted: readonly Fitted[];
}

export interface Merge extends ByKey {
  readonly name: string;
  /** Column sets of the table's unique indexes. */
  readonly uniques: readonly (readonly string[])[];
}

/** @throws MR4814. */
export async function mergeRows(client: Client, merge: Merge): Promise<void> {
  const { name, into, staging, key, fitted, uniques } = merge;
  const keys = key.map(ident);
  const twice = await client.query<Record<string, string | null>>(
    `select ${keys.map((column) => `${column}::text`).join(", ")} from ${staging} group by ${keys.map((_, index) => index + 1).join(", ")} having count(*) > 1 limit 1`,
  );
  if (twice.rows[0] !== undefined) {
    const shown = Object.entries(twice.rows[0]).map(([column, value]) => `${column} = ${value ?? "null"}`);
    throw new MillraceError({ code: "MR4814", message: `${name}: two rows have ${shown.join(", ")}` });
  }
  const others = fitted.filter(({ column }) => !key.includes(column.name));
  const names = fitted.map(({ column }) => ident(column.name)).join(", ");
  const values = fitted.map(({ value }) => value).join(", ");
  const hasUnique = uniques.some((unique) => unique.length === key.length && unique.every((column) => key.includes(column)));
  const nullable = await keysWithNulls(client, merge);
  if (hasUnique && nullable.size === 0) {
    const update = others.map(({ column }) => `${ident(column.name)} = excluded.${ident(column.name)}`).join(", ");
    await client.query(
      `insert into ${into} (${names}) select ${values} from ${staging} order by ${keys.join(", ")}
       on conflict (${keys.join(", ")}) do ${update === "" ? "nothing" : `update set ${update}`}`,
    );
    return;
  }
  const source = `(select ${fitted.map(({ value, column }) => `${value} as ${ident(column.name)}`).join(", ")} from ${staging}) s`;
  const same = sameKey(key, nullable);
  if (others.length > 0) {
    const update = others.map(({ column }) => `${ident(column.name)} = s.${ident(column.name)}`).join(", ");
    await client.query(`update ${into} t set ${update} from ${source} where ${same}`);
  }
  await client.query(
    `insert into ${into} (${names}) select ${fitted.map(({ column }) => `s.${ident(column.name)}`).join(", ")} from ${source}
     where not exists (select 1 from ${into} t where ${same})`,
  );
}

export async function deleteRows(client: Client, byKey: ByKey): Promise<void> {
  const { into, staging, key, fitted } = byKey;
  const source = `(select ${fitted.map(({ value, column }) => `${value} as ${ident(column.name)}`).join(", ")} from ${staging}) s`;
  await client.query(`delete from ${into} t using ${source} where ${sameKey(key, await keysWithNulls(client, byKey))}`);
}

/** `is not distinct from` finds no index and no hash, so it stands only where a null is. */
function sameKey(key: readonly string[], nullable: ReadonlySet<string>): string {
  return key.map((column) => `t.${ident(column)} ${nullable.has(column) ? "is not distinct from" : "="} s.${ident(column)}`).join(" and ");
}

async function keysWithNulls(client: Client, { staging, key }: ByKey): Promise<ReadonlySet<string>> {
  const found = await client.query<Record<string, boolean>>(
    `select ${key.map((column, index) => `coalesce(bool_or(${ident(column)} is null), false) as k${index}`).join(", ")} from ${staging}`,
  );
  return new Set(key.filter((_, index) => found.rows[0]?.[`k${index}`] === true));
}
