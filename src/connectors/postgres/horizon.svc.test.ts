// A cursor load misses no row of a transaction that was open and takes none twice: transactions that overlap with loads, end late, in another order, with
// older cursor values and with savepoints, drawn from a seed, on a real server. The truth is what PostgreSQL holds in the end.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPostgres, type TestPostgres } from "../../../test/postgres.ts";
import { load, startOfLoad } from "../../load/load.ts";
import type { LoadResult } from "../../load/request.ts";
import { sourceSpec } from "../../model/definitions/source.ts";
import { openWarehouse, type Warehouse } from "../../sql/warehouse.ts";
import { randomOf } from "../../testing/random.ts";
import { postgres } from "./index.ts";
import type { PostgresOptions } from "./options.ts";

let server: TestPostgres;
let url = "";
let folder = "";
let warehouse: Warehouse;
let runs = 0;
const clients: Client[] = [];

beforeAll(async () => {
  server = await startPostgres({ fsync: "off" });
  url = await server.createDatabase();
  folder = mkdtempSync(join(tmpdir(), "millrace-horizon-"));
  warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb") });
});
afterAll(async () => {
  for (const client of clients) await client.end();
  warehouse.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function connected(): Promise<Client> {
  const client = new Client(url);
  await client.connect();
  clients.push(client);
  return client;
}

async function loadTable(asset: string, source: object, options: Partial<PostgresOptions>): Promise<LoadResult> {
  const spec = sourceSpec.parse({ from: {}, ...source });
  const start = await startOfLoad(warehouse, { asset, spec, fullRefresh: false });
  return warehouse.session(({ connection }) => {
    const context = {
      connection,
      projectDir: folder,
      tempDir: folder,
      connections: {},
      log: () => {},
      ...start,
      cursor: spec.cursor!,
      signal: new AbortController().signal,
    };
    return load(warehouse, {
      asset,
      spec,
      deliveries: postgres.read!({ url, ...options }, context),
      token: { run: `r${++runs}`, node: asset, attempt: 1 },
      codeHash: "code",
      sourceState: null,
      audit: () => Promise.resolve({ results: [] }),
      repair: "note",
      fullRefresh: false,
      tempDir: folder,
    });
  });
}

function loaded(asset: string): Promise<readonly { id: number; v: number }[]> {
  return warehouse.session((session) => session.rows<{ id: number; v: number }>(`select id, v from ${asset} order by id, v`));
}

const SEEDS = 5;
const STEPS = 60;
const WRITERS = 4;

describe("transactions that overlap with loads", () => {
  for (const keyed of [true, false]) {
    it(`leave every row exactly once, ${keyed ? "merged by key" : "appended without a key"}`, async () => {
      const writers = await Promise.all(Array.from({ length: WRITERS }, connected));
      const observer = await connected();
      for (let seed = 1; seed <= SEEDS; seed++) {
        const random = randomOf(seed);
        const pick = (below: number): number => random.whole(below);
        const table = `events_${keyed ? "keyed" : "bare"}_${seed}`;
        const asset = `raw.${table}`;
        const source = keyed ? { cursor: "at", primaryKey: "id", load: "merge" } : { cursor: "at", load: "append" };
        await observer.query(`create table ${table} (id bigint primary key, at timestamptz, v integer)`);
        if (seed % 2 === 0) await observer.query(`create index on ${table} (at)`);
        /** Who is in a transaction: since when on the clock, and which rows it holds. */
        const open = new Map<Client, { readonly since: number; readonly rows: Set<number> }>();
        const locked = new Set<number>();
        let next = 1;
        let clock = 1_000;
        for (let step = 0; step < STEPS; step++) {
          const writer = writers[pick(WRITERS)]!;
          const mine = open.get(writer);
          const act = pick(10);
          clock += pick(3);
          // As now() does, a row tells when its transaction began, some have no cursor at all.
          const at = pick(8) === 0 ? "null" : `to_timestamp(${mine?.since ?? clock})`;
          if (act < 2) await loadTable(asset, source, { table });
          else if (mine === undefined) {
            await writer.query("begin");
            open.set(writer, { since: clock, rows: new Set() });
          } else if (act < 5) {
            const text = `insert into ${table} values (${next++}, ${at}, 0)`;
            // A savepoint gives the row the number of a sub-transaction; one that is rolled back leaves nothing.
            if (pick(3) === 0)
              await writer.query(`savepoint s; insert into ${table} values (${next++}, ${at}, 1); rollback to s; ${text}; release s`);
            else if (pick(2) === 0) await writer.query(`savepoint s; ${text}; release s`);
            else await writer.query(text);
          } else if (act < 6 && keyed) {
            const id = 1 + pick(next);
            if (!locked.has(id)) {
              const done = await writer.query(`update ${table} set v = v + 1, at = to_timestamp(${mine.since}) where id = ${id}`);
              if ((done.rowCount ?? 0) > 0) {
                locked.add(id);
                mine.rows.add(id);
              }
            }
          } else {
            await writer.query(pick(5) === 0 ? "rollback" : "commit");
            for (const id of mine.rows) locked.delete(id);
            open.delete(writer);
          }
        }
        for (const writer of open.keys()) await writer.query("commit");
        await loadTable(asset, source, { table });
        const truth = await observer.query<{ id: number; v: number }>(`select id::int as id, v from ${table} order by id, v`);
        const result = await loaded(asset);
        const missing = truth.rows.filter((row) => !result.some((found) => found.id === row.id && found.v === row.v));
        expect({ seed, twice: result.length - new Set(result.map(({ id, v }) => `${id}/${v}`)).size }).toEqual({ seed, twice: 0 });
        expect({ seed, missing }).toEqual({ seed, missing: [] });
      }
    });
  }
});
