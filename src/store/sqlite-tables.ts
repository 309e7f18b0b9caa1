// Read tables and the table of engines in a SQLite file.
import type { JsonValue } from "../model/answers.ts";
import { encodeName } from "./encoded-name.ts";
import type { Database } from "./sqlite-database.ts";
import type { EngineEntry, EngineTable, ReadTables } from "./store.ts";

interface Guards {
  readonly guarded: <T>(work: () => T) => T;
  readonly transact: <T>(work: () => T) => T;
}

export function sqliteTables(database: Database, { guarded, transact }: Guards): ReadTables {
  const position = database.prepare("select position from tables where name = ?");
  const move = database.prepare(
    "insert into tables (name, position) values (?, ?) on conflict (name) do update set position = excluded.position",
  );
  const put = database.prepare(`
    insert into rows (name, key, label, rank, body) values (?, ?, ?, ?, ?)
    on conflict (name, key) do update set label = excluded.label, rank = excluded.rank, body = excluded.body`);
  const take = database.prepare("delete from rows where name = ? and key = ?");
  const one = database.prepare("select body from rows where name = ? and key = ?");
  const newest = database.prepare("select body from rows where name = ? order by rank desc, key desc limit ?");
  const labelled = database.prepare("select body from rows where name = ? and label = ? order by rank desc, key desc limit ?");
  const positionOf = (table: string): number => (position.get(table) as { position: number } | undefined)?.position ?? 0;
  return {
    position: async (table) => guarded(() => positionOf(table)),
    save: async (table, change) =>
      transact(() => {
        if (positionOf(table) !== change.expectedPosition) return false;
        move.run(table, change.position);
        for (const { key, label, rank, body } of change.rows)
          put.run(table, encodeName(key), encodeName(label), rank, JSON.stringify(body));
        return true;
      }),
    async get(table, key) {
      const row = guarded(() => one.get(table, encodeName(key))) as { body: string } | undefined;
      return row === undefined ? undefined : (JSON.parse(row.body) as JsonValue);
    },
    many: async (table, keys) =>
      guarded(() => {
        const found = new Map<string, JsonValue>();
        for (const key of keys) {
          const row = one.get(table, encodeName(key)) as { body: string } | undefined;
          if (row !== undefined) found.set(key, JSON.parse(row.body) as JsonValue);
        }
        return found;
      }),
    async remove(table, keys) {
      transact(() => {
        for (const key of keys) take.run(table, encodeName(key));
      });
    },
    async list(table, { label, limit }) {
      const rows = guarded(() => (label === undefined ? newest.all(table, limit) : labelled.all(table, encodeName(label), limit)));
      return (rows as unknown as readonly { body: string }[]).map((row) => JSON.parse(row.body) as JsonValue);
    },
  };
}

interface EngineRow extends Omit<EngineEntry, "startedAt" | "holdsWarehouse"> {
  readonly started_at: number;
  readonly holds_warehouse: number;
}

export function sqliteEngines(database: Database, { guarded, transact }: Guards): EngineTable {
  const beat = database.prepare(`
    insert into engines (id, host, pid, version, url, started_at, holds_warehouse, beat) values (?, ?, ?, ?, ?, ?, ?, 1)
    on conflict (id) do update set host = excluded.host, pid = excluded.pid, version = excluded.version, url = excluded.url,
      started_at = excluded.started_at, holds_warehouse = excluded.holds_warehouse, beat = beat + 1
    returning beat`);
  const all = database.prepare("select * from engines order by id");
  const remove = database.prepare("delete from engines where id = ?");
  return {
    beat: async ({ id, host, pid, version, url, startedAt, holdsWarehouse }) => {
      const row = guarded(() => beat.get(id, host, pid, version, url, startedAt, holdsWarehouse ? 1 : 0)) as { beat: number };
      return row.beat > 1;
    },
    async list() {
      const rows = guarded(() => all.all()) as unknown as readonly EngineRow[];
      return rows.map(({ started_at: startedAt, holds_warehouse: holds, ...row }) => ({ ...row, startedAt, holdsWarehouse: holds === 1 }));
    },
    async remove(ids) {
      transact(() => {
        for (const id of ids) remove.run(id);
      });
    },
  };
}
