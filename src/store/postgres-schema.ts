// The tables of the state in PostgreSQL, as steps from version to version. Only forward: a step that was released is never changed. They run in one
// transaction under an advisory lock, so engines that start together do it once. An engine that is older than the schema goes on working beside newer
// ones as long as `oldest` says that it may; functions carry a number so that it finds its own.
import type { PoolClient } from "pg";
import { MillraceError } from "../model/errors.ts";

/**
 * `append_1` is the only writer of batches. It takes the row of the position first and keeps it until the commit is visible, so positions become
 * visible in their order and never late (S4), and everything below it is decided on what is committed. One round trip, so no engine that stops in the
 * middle of it holds the others up. Each append has a token of its own: one that is sent again because its answer was lost is found and answered alike.
 * Its plans are kept by each connection, so they must not be made for the small table that it was at the beginning: by index whatever the statistics say.
 * Measured: one append 0.1 ms beside 0.07 ms for a bare insert; a statement for all appends at once is half as fast for one, a quarter faster for 50.
 */
const migrations: readonly ((schema: string) => string)[] = [
  (s) => `
  create table ${s}.meta (key text primary key, value bigint not null) with (fillfactor = 50);
  insert into ${s}.meta (key, value) values ('position', 0);
  create table ${s}.batches (
    position bigint primary key,
    token bigint not null,
    after integer not null,
    count integer not null,
    stream text collate "C" not null,
    events text not null
  );
  create unique index batches_stream on ${s}.batches (stream, after) include (count);
  create table ${s}.tables (name text collate "C" primary key, position bigint not null) with (fillfactor = 50);
  create table ${s}.rows (
    name text collate "C" not null,
    key text collate "C" not null,
    label text collate "C" not null,
    rank double precision not null,
    body text not null,
    primary key (name, key)
  );
  create index rows_rank on ${s}.rows (name, rank, key);
  create index rows_label on ${s}.rows (name, label, rank, key);
  create table ${s}.engines (
    id text collate "C" primary key,
    host text not null,
    pid integer not null,
    version text not null,
    url text,
    started_at double precision not null,
    holds_warehouse boolean not null,
    beat integer not null
  ) with (fillfactor = 50);
  create function ${s}.append_1(
    streams text[], expected integer[], counts integer[], texts text[], token_base bigint, channel text, sender text
  ) returns boolean[] language plpgsql set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
  declare
    answers boolean[] := '{}';
    place bigint;
    version integer;
    taken boolean;
    anything boolean := false;
  begin
    if current_setting('synchronous_commit') = 'off' then perform set_config('synchronous_commit', 'on', true); end if;
    select m.value into place from ${s}.meta m where m.key = 'position' for update;
    for i in 1 .. cardinality(streams) loop
      version := 0;
      select b.after + b.count into version from ${s}.batches b where b.stream = streams[i] order by b.after desc limit 1;
      taken := coalesce(version, 0) = expected[i];
      if taken and counts[i] > 0 then
        place := place + 1;
        insert into ${s}.batches (position, token, after, count, stream, events)
          values (place, token_base + i, expected[i], counts[i], streams[i], texts[i]);
        anything := true;
      elsif not taken then
        taken := exists (select from ${s}.batches b where b.stream = streams[i] and b.after = expected[i] and b.token = token_base + i);
      end if;
      answers := answers || taken;
    end loop;
    if anything then
      update ${s}.meta m set value = place where m.key = 'position';
      perform pg_notify(channel, sender);
    end if;
    return answers;
  end $$;
  `,
  // 2: claims (S7). `append_2` is `append_1` with the claims of each append as JSON, null where it has none.
  (s) => `
  create table ${s}.claims (name text collate "C" primary key, version integer not null) with (fillfactor = 50);
  create function ${s}.append_2(
    streams text[], expected integer[], counts integer[], texts text[], claims text[], token_base bigint, channel text, sender text
  ) returns boolean[] language plpgsql set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off as $$
  declare
    answers boolean[] := '{}';
    place bigint;
    version integer;
    taken boolean;
    anything boolean := false;
  begin
    if current_setting('synchronous_commit') = 'off' then perform set_config('synchronous_commit', 'on', true); end if;
    select m.value into place from ${s}.meta m where m.key = 'position' for update;
    for i in 1 .. cardinality(streams) loop
      version := 0;
      select b.after + b.count into version from ${s}.batches b where b.stream = streams[i] order by b.after desc limit 1;
      taken := coalesce(version, 0) = expected[i];
      if taken and claims[i] is not null then
        taken := not exists (
          select from jsonb_each_text(claims[i]::jsonb) wanted(name, version)
          left join ${s}.claims c on c.name = wanted.name where coalesce(c.version, 0) <> wanted.version::integer);
        if taken then
          insert into ${s}.claims as c (name, version) select wanted.name, 1 from jsonb_each_text(claims[i]::jsonb) wanted(name, version)
            on conflict (name) do update set version = c.version + 1;
        end if;
      end if;
      if taken and counts[i] > 0 then
        place := place + 1;
        insert into ${s}.batches (position, token, after, count, stream, events)
          values (place, token_base + i, expected[i], counts[i], streams[i], texts[i]);
        anything := true;
      elsif not taken then
        taken := exists (select from ${s}.batches b where b.stream = streams[i] and b.after = expected[i] and b.token = token_base + i);
      end if;
      answers := answers || taken;
    end loop;
    if anything then
      update ${s}.meta m set value = place where m.key = 'position';
      perform pg_notify(channel, sender);
    end if;
    return answers;
  end $$;
  `,
];

export const POSTGRES_SCHEMA_VERSION = migrations.length;
/** Engines that know the schema up to this version may go on beside ours. Raised by a step that takes away what they use. */
const OLDEST_VERSION = 1;

interface Known {
  readonly schema: number;
  readonly oldest: number;
}

/** Brings the schema up to our version. Errors: MR6021 when a newer Millrace made it and says that we may not use it. */
export async function migratePostgres(client: PoolClient, name: string): Promise<void> {
  const schema = client.escapeIdentifier(name);
  const known = await readVersion(client, name);
  if (known !== null && known.schema >= POSTGRES_SCHEMA_VERSION) return refuseNewer(known, name);
  await client.query("begin");
  try {
    await client.query("select pg_advisory_xact_lock(hashtextextended('millrace:' || $1, 0))", [name]);
    await migrateLocked(client, { name, schema });
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => {}); // a lost connection has rolled back by itself
    throw error;
  }
}

async function migrateLocked(client: PoolClient, { name, schema }: { readonly name: string; readonly schema: string }): Promise<void> {
  const known = await readVersion(client, name);
  if (known !== null && known.schema >= POSTGRES_SCHEMA_VERSION) return refuseNewer(known, name);
  const { rowCount } = await client.query("select from pg_namespace where nspname = $1", [name]);
  if (rowCount === 0) await client.query(`create schema ${schema}`);
  for (const migration of migrations.slice(known?.schema ?? 0)) await client.query(migration(schema));
  await client.query(
    `insert into ${schema}.meta (key, value) values ('schema', $1), ('oldest', $2) on conflict (key) do update set value = excluded.value`,
    [POSTGRES_SCHEMA_VERSION, OLDEST_VERSION],
  );
}

/** Null when there is nothing yet. The catalogue is read as a table: its functions answer from a cache that may not know yet what was just made. */
async function readVersion(client: PoolClient, name: string): Promise<Known | null> {
  const { rowCount } = await client.query(
    "select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = 'meta'",
    [name],
  );
  if (rowCount === 0) return null;
  const { rows } = await client.query<{ key: string; value: string }>(`select key, value from ${client.escapeIdentifier(name)}.meta`);
  const values = new Map(rows.map(({ key, value }) => [key, Number(value)]));
  const version = values.get("schema") ?? 0;
  return { schema: version, oldest: values.get("oldest") ?? version };
}

function refuseNewer({ schema, oldest }: Known, name: string): void {
  if (oldest <= POSTGRES_SCHEMA_VERSION) return;
  throw new MillraceError({
    code: "MR6021",
    message: `schema ${name} has version ${schema}; this Millrace knows versions up to ${POSTGRES_SCHEMA_VERSION}`,
    hint: "use the Millrace that wrote it, or a newer one",
  });
}
