// Whether what lies on the server has changed. Every row carries the number of the transaction that wrote it, and numbers are not given twice: a table
// is as it was exactly when its columns and the set of those numbers are. That is one scan, which reads no values. What has no such numbers (views,
// foreign tables, queries) cannot tell.
import type { Client } from "pg";
import { createHash } from "node:crypto";
import type { PostgresOptions } from "../../connectors/postgres/options.ts";
import type { Origin } from "../../connectors/postgres/select.ts";

const DIGITS = 24;

export async function stateOfTable(
  client: Client,
  { relation, hasXmin, from }: Origin,
  { where, columns }: PostgresOptions,
): Promise<{ readonly token: string; readonly rows: number } | null> {
  if (relation === null || !hasXmin) return null;
  const { rows: declared } = await client.query<{ text: string }>(
    `select string_agg(format('%s %s %s %s', attnum, attname, atttypid, atttypmod), ',' order by attnum) as text
     from pg_catalog.pg_attribute where attrelid = $1 and attnum > 0 and not attisdropped`,
    [relation],
  );
  const { rows } = await client.query<{ rows: string; numbers: string }>(
    `select count(*) as rows, concat(sum(hashint8extended(xmin::text::int8, 1)), ' ', sum(hashint8extended(xmin::text::int8, 2)), ' ', max(tableoid::int8)) as numbers
     from ${from}${where === undefined ? "" : ` where (${where}\n)`}`,
  );
  const { rows: count, numbers } = rows[0]!;
  const what = JSON.stringify([from, relation, declared[0]?.text, count, numbers, where ?? null, columns ?? null]);
  return { token: createHash("sha256").update(what).digest("hex").slice(0, DIGITS), rows: Number(count) };
}
