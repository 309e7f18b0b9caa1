// The way to PostgreSQL breaks: cut, hanging, an answer that is half or lost, drops. Either everything arrives or an error says so; a commit whose answer was
// lost is decided by the ledger.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPostgres, type TestPostgres } from "../../../test/postgres.ts";
import { startTcpProxy, type TcpProxy } from "../../../test/tcp-proxy.ts";
import type { ReadContext, TableDelivery, WriteResult } from "../../load/connector.ts";
import { MillraceError } from "../../model/errors.ts";
import { openWarehouse, type Warehouse } from "../../sql/warehouse.ts";
import { postgres } from "./index.ts";
import type { PostgresOptions } from "./options.ts";

const ROWS = 50_000;
let server: TestPostgres;
let proxy: TcpProxy;
let direct = "";
let url = "";
let client: Client;
let folder = "";
let warehouse: Warehouse;
let tables = 0;

beforeAll(async () => {
  server = await startPostgres({ fsync: "off" });
  proxy = await startTcpProxy(server.port);
  direct = await server.createDatabase();
  url = direct.replace(`:${server.port}`, `:${proxy.port}`);
  client = new Client(direct);
  await client.connect();
  await client.query(`create table source as select n as id, md5(n::text) as t from generate_series(1, ${ROWS}) n`);
  folder = mkdtempSync(join(tmpdir(), "millrace-faults-"));
  warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb") });
});
afterAll(async () => {
  await client.end();
  warehouse.close();
  await proxy.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

function contextOf(connection: ReadContext["connection"], signal = new AbortController().signal): ReadContext {
  return { connection, projectDir: folder, tempDir: folder, since: undefined, signal, connections: {}, log: () => {} };
}

/** Rows of the table that was filled, and whether a table is there. */
function fill(
  options: Partial<PostgresOptions> = {},
  signal?: AbortSignal,
): Promise<{ readonly outcome: unknown; readonly isThere: boolean }> {
  return warehouse.session(async (session) => {
    const { connection } = session;
    const name = `fault_${++tables}`;
    let outcome: unknown;
    for await (const delivery of postgres.read!({ url, table: "source", ...options }, contextOf(connection, signal))) {
      outcome = await (delivery as TableDelivery).fill({ connection, into: `"main"."${name}"` }).then(
        ({ rows }) => rows,
        (error: unknown) => error,
      );
    }
    const found = await session.row<{ n: number }>(`select count(*) as n from duckdb_tables() where table_name = '${name}'`);
    return { outcome, isThere: found!.n > 0 };
  });
}

const ROWS_OF_DUCKDB = `select range as id, md5(range::varchar) as t from range(${ROWS})`;

function write(
  token: string,
  { query = ROWS_OF_DUCKDB, ...options }: Partial<PostgresOptions> & { readonly table: string },
): Promise<WriteResult> {
  return warehouse.session(({ connection }) =>
    postgres.write!(
      { url, ...options },
      {
        ...contextOf(connection),
        query,
        mode: "append",
        key: [],
        token,
      },
    ),
  );
}

/** Waits until the server works on such a statement. */
async function seen(like: string): Promise<void> {
  for (let found: number | null = 0; found === 0;)
    found = (
      await client.query("select from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like $1", [like])
    ).rowCount;
}

async function count(table: string): Promise<number> {
  const { rows } = await client.query<{ n: number }>(`select count(*)::int as n from ${table}`);
  return rows[0]!.n;
}

describe("reading", () => {
  for (const parallel of [1, 3]) {
    for (const bytes of [0, 700, 5_000, 100_000, 1_000_000]) {
      it(`says that the connection was cut after ${bytes} bytes, with ${parallel} at once, and leaves no table`, async () => {
        proxy.afterBytes(bytes, "cut");
        const { outcome, isThere } = await fill({ parallel });
        expect(outcome).toBeInstanceOf(MillraceError);
        expect(outcome).toMatchObject({ retryable: true });
        expect(["MR4800", "MR4803"]).toContain((outcome as MillraceError).code);
        expect(isThere).toBe(false);
        expect((await fill({ parallel })).outcome).toBe(ROWS);
      });
    }
  }

  it("notices that nothing comes any more although the server has more to say", async () => {
    proxy.afterBytes(300_000, "freeze");
    const { outcome, isThere } = await fill({ silence: "1s" });
    expect(outcome).toMatchObject({ code: "MR4803", retryable: true });
    expect(isThere).toBe(false);
  });

  it("waits for a server that is still at work, however long it says nothing", async () => {
    const { outcome } = await fill({ table: undefined, query: "select pg_sleep(2.5)::text as slept", silence: "500ms" });
    expect(outcome).toBe(1);
  });

  it("ends when it is told to, in the middle", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error("enough")), 300);
    const { outcome, isThere } = await fill(
      { table: undefined, query: "select n, pg_sleep(0.01)::text from generate_series(1, 100000) n" },
      stop.signal,
    );
    expect(String(outcome)).toContain("enough");
    expect(isThere).toBe(false);
  });

  it("tells a server that ends in the middle", async () => {
    const filling = fill({ table: undefined, query: "select n, pg_sleep(0.02)::text from generate_series(1, 100000) n" });
    for (let found = 0; found === 0;)
      found =
        (
          await client.query(
            "select pg_terminate_backend(pid) from pg_stat_activity where query like 'copy (%pg_sleep(0.02)%' and state = 'active'",
          )
        ).rowCount ?? 0;
    expect((await filling).outcome).toMatchObject({ code: "MR4803", retryable: true });
  });
});

describe("writing", () => {
  it("says that the connection was cut while the rows were sent, and leaves nothing", async () => {
    for (const word of ["_millrace_exports", "create table", "PGCOPY"]) {
      proxy.whenSaid(word, "cutBefore");
      const error = (await write(`cut ${word}`, { table: "cut" }).then(
        () => null,
        (thrown: unknown) => thrown,
      )) as MillraceError;
      expect(error).toMatchObject({ code: "MR4803", retryable: true });
      const { rows } = await client.query("select to_regclass('cut')::text as found");
      expect(rows).toEqual([{ found: null }]);
    }
  });

  for (const [what, how] of [
    ["takes nothing any more", "stall"],
    ["never answers", "freeze"],
  ] as const) {
    it(`notices that the way ${what} while the rows are sent, and leaves nothing`, async () => {
      // So many that the server is seen at it; then it waits for rows that never come.
      const query = "select range as id, md5(range::varchar) as t from range(5_000_000)";
      const writing = write(how, { table: how, query, silence: "1s" }).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      await seen(`copy %"${how}"% from stdin%`);
      proxy[how]();
      expect(await writing).toMatchObject({ code: "MR4803", retryable: true });
      await client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'millrace' and pid <> pg_backend_pid()",
      );
      expect((await client.query("select to_regclass($1)::text as found", [how])).rows).toEqual([{ found: null }]);
    });
  }

  it("waits for a server that is still at work, and for rows that DuckDB takes long to make", async () => {
    await client.query(`create table slow (id int, t text);
      create function wait() returns trigger language plpgsql as 'begin perform pg_sleep(2.5); return new; end';
      create trigger wait before insert on slow for each row execute function wait()`);
    expect(await write("slow server", { table: "slow", query: "select 1 as id, 'x' as t", silence: "500ms" })).toMatchObject({ rows: 1 });
    const query = "select count(*) as id, 'x' as t from range(400_000_000) where hash(range) % 7 < 3";
    expect(await write("slow rows", { table: "late", query, silence: "100ms" })).toMatchObject({ rows: 1 });
  });

  it("finds in the ledger that a commit was done whose answer was lost", async () => {
    await write("first", { table: "lost" });
    proxy.whenSaid("commit", "loseAnswer");
    expect(await write("second", { table: "lost" })).toMatchObject({ rows: ROWS });
    expect(await count("lost")).toBe(2 * ROWS);
  });

  it("writes again what was never committed", async () => {
    proxy.whenSaid("commit", "cutBefore");
    expect(await write("third", { table: "again" })).toMatchObject({ rows: ROWS });
    expect(await count("again")).toBe(ROWS);
    expect(await write("third", { table: "again" })).toMatchObject({ rows: ROWS });
    expect(await count("again")).toBe(ROWS);
  });
});
