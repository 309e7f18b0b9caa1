// The effects of the engines' chaos, in tables of a database: an attempt says that it begins, which fences off every earlier one of its node; an effect is
// committed together with its entry in a ledger, which a later attempt finds. No constraint hides an effect that comes twice.
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import pg from "pg";
import { MillraceError } from "../../src/model/errors.ts";
import type { Place } from "./place.ts";

export interface Effect {
  readonly run: string;
  readonly node: string;
  readonly attempt: number;
  readonly engine: string;
}

export interface Effects {
  create(): Promise<void>;
  begin(effect: Effect): Promise<void>;
  /** @throws MR6003 for an attempt that a later one has fenced off. */
  commit(effect: Effect): Promise<void>;
  rows(sql: string): Promise<readonly { readonly run: string; readonly node: string; readonly attempt: number }[]>;
  close(): Promise<void>;
}

type Values = readonly (string | number)[];
/** Does one statement and answers its rows. */
type Query = (sql: string, values: Values) => Promise<readonly any[]>;

interface Database {
  readonly inTransaction: (work: (query: Query) => Promise<void>) => Promise<void>;
  readonly close: () => Promise<void>;
}

const TABLES = [
  "create table begun (run text, node text, attempt integer, engine text)",
  "create table fence (run text, node text, attempt integer, primary key (run, node))",
  "create table ledger (run text, node text, primary key (run, node))",
  "create table effects (run text, node text, attempt integer, engine text)",
  "create table refused (run text, node text, attempt integer, engine text)",
];

export async function openEffects(place: Place): Promise<Effects> {
  const database = place.kind === "sqlite" ? sqlite(place.dir) : postgres(place.url, place.schema);
  return {
    create: () =>
      database.inTransaction(async (query) => {
        for (const table of TABLES) await query(table, []);
      }),
    begin: ({ run, node, attempt, engine }) =>
      database.inTransaction(async (query) => {
        await query("insert into begun values ($1, $2, $3, $4)", [run, node, attempt, engine]);
        const later = "update set attempt = excluded.attempt where excluded.attempt > f.attempt";
        await query(`insert into fence as f values ($1, $2, $3) on conflict (run, node) do ${later}`, [run, node, attempt]);
      }),
    async commit({ run, node, attempt, engine }) {
      let isStale = false;
      await database.inTransaction(async (query) => {
        const lock = place.kind === "sqlite" ? "" : "for update"; // a transaction of SQLite is alone
        const [fence] = await query(`select attempt from fence where run = $1 and node = $2 ${lock}`, [run, node]);
        isStale = fence.attempt > attempt;
        const row = [run, node, attempt, engine];
        if (isStale) await query("insert into refused values ($1, $2, $3, $4)", row);
        else if ((await query("insert into ledger values ($1, $2) on conflict do nothing returning run", [run, node])).length === 1)
          await query("insert into effects values ($1, $2, $3, $4)", row);
      });
      if (isStale) throw new MillraceError({ code: "MR6003", message: "a later attempt has begun", retryable: true });
    },
    async rows(sql) {
      let found: readonly any[] = [];
      await database.inTransaction(async (query) => {
        found = await query(sql, []);
      });
      return found;
    },
    close: () => database.close(),
  };
}

function postgres(url: string, schema: string): Database {
  const pool = new pg.Pool({ connectionString: url, max: 4, options: `-c search_path=${schema}` });
  pool.on("error", () => {}); // lost while idle
  return {
    async inTransaction(work) {
      try {
        const client = await pool.connect();
        client.on("error", () => {}); // its query hears of it
        try {
          await client.query("begin");
          await work(async (sql, values) => (await client.query(sql, [...values])).rows);
          await client.query("commit");
          client.release();
        } catch (error) {
          client.release(true); // which rolls back
          throw error;
        }
      } catch (error) {
        throw new MillraceError({ code: "MR9001", message: String(error), retryable: true });
      }
    },
    close: () => pool.end(),
  };
}

function sqlite(dir: string): Database {
  const database = new DatabaseSync(join(dir, "effects.sqlite"), { timeout: 10_000 });
  database.exec("pragma journal_mode = wal; pragma synchronous = normal;");
  /** One after the other: there is one connection. */
  let last: Promise<unknown> = Promise.resolve();
  const turn = async (work: (query: Query) => Promise<void>): Promise<void> => {
    database.exec("begin immediate");
    try {
      await work(async (sql, values) => database.prepare(sql.replaceAll("$", "?")).all(...values));
      database.exec("commit");
    } catch (error) {
      database.exec("rollback");
      throw error;
    }
  };
  return {
    inTransaction(work) {
      const done = last.then(() => turn(work));
      last = done.catch(() => {});
      return done;
    },
    async close() {
      await last;
      database.close();
    },
  };
}
