// The tables of the state file, as steps from version to version. Only forward: a step that was released is never changed, a change is a new step.
// They run in the transaction that opens the file. What a released version wrote is kept in sqlite-released.fixture.ts and migrated by a test.

export const sqliteMigrations: readonly string[] = [
  `
  create table meta (key text primary key, value integer not null) strict, without rowid;
  create table batches (
    position integer primary key,
    stream text not null,
    after integer not null,
    count integer not null,
    events text not null
  ) strict;
  create unique index batches_stream on batches (stream, after, count);
  create table tables (name text primary key, position integer not null) strict, without rowid;
  create table rows (
    name text not null,
    key text not null,
    label text not null,
    rank real not null,
    body text not null,
    primary key (name, key)
  ) strict, without rowid;
  create index rows_rank on rows (name, rank, key);
  create index rows_label on rows (name, label, rank, key);
  `,
  // 2: several engines; positions that are not given out twice when the newest batches are removed.
  `
  create table engines (
    id text primary key,
    host text not null,
    pid integer not null,
    version text not null,
    url text,
    started_at integer not null,
    holds_warehouse integer not null,
    beat integer not null
  ) strict, without rowid;
  insert into meta (key, value) values ('removed', 0);
  `,
  // 3: claims, by which several engines share limits exactly.
  `
  create table claims (name text primary key, version integer not null) strict, without rowid;
  `,
];

export const SCHEMA_VERSION = sqliteMigrations.length;
