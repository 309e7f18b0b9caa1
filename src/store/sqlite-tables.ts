// Read tables and the table of engines in a SQLite file.
import type { JsonValue } from "../model/answers.ts";
import { decodeName, encodeName } from "./encoded-name.ts";
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
  const newestBelow = database.prepare(
    "select body from rows where name = ? and (rank, key) < (?, ?) order by rank desc, key desc limit ?",
  );
  const labelled = database.prepare(
    // Left to choose, SQLite takes `rows_rank` and reads every row of the table.
    "select body, rank, key from rows indexed by rows_label where name = ? and label = ? and rank >= ? and (rank, key) < (?, ?) order by rank desc, key desc limit ?",
  );
  const nextLabel = database.prepare("select label from rows where name = ? and label > ? order by label limit 1");
  const firstLabel = database.prepare("select label from rows where name = ? and label >= ? order by label limit 1");
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
    async labels(table, prefix) {
      const begin = encodeName(prefix);
      return guarded(() => {
        const found: string[] = [];
        let row = firstLabel.get(table, begin) as { label: string } | undefined;
        while (row?.label.startsWith(begin) === true) {
          found.push(decodeName(row.label));
          row = nextLabel.get(table, row.label) as { label: string } | undefined;
        }
        return found;
      });
    },
    async list(table, { label, labels, below, limit }) {
      const asked = label === undefined ? labels : [label];
      const [rank, key] = below === undefined ? [Number.MAX_VALUE, ""] : [below.rank, encodeName(below.key)];
      const read = (): unknown => {
        if (asked !== undefined)
          return newestOf((each, least) => labelled.all(table, encodeName(each), least, rank, key, limit), asked, limit);
        return below === undefined ? newest.all(table, limit) : newestBelow.all(table, rank, key, limit);
      };
      return (guarded(read) as readonly { body: string }[]).map((row) => JSON.parse(row.body) as JsonValue);
    },
  };
}

interface RankedRow {
  readonly body: string;
  readonly rank: number;
  readonly key: string;
}

/** The highest rows of several labels. Once there are enough, only those as high as the lowest of them are asked for. */
function newestOf(rowsOf: (label: string, least: number) => unknown, labels: readonly string[], limit: number): readonly RankedRow[] {
  let rows: RankedRow[] = [];
  let least = -Number.MAX_VALUE;
  for (const label of labels) {
    const more = rowsOf(label, least) as readonly RankedRow[];
    if (more.length === 0) continue;
    rows =
      rows.length === 0 ? [...more] : [...rows, ...more].toSorted((a, b) => b.rank - a.rank || (a.key < b.key ? 1 : -1)).slice(0, limit);
    if (rows.length >= limit) least = rows.at(-1)?.rank ?? least;
  }
  return rows;
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
