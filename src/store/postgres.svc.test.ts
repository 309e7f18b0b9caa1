// The store in PostgreSQL (a real one, started here) against its suite and against the store in memory; several writers, lost connections, versions.
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPostgres, type TestPostgres } from "../../test/postgres.ts";
import { startTcpProxy, type TcpProxy } from "../../test/tcp-proxy.ts";
import { eventNamed, storeSuite } from "../testing/store.suite.ts";
import { answersAlike } from "./differential.suite.ts";
import { watchPostgres } from "./postgres-changes.ts";
import { createLink } from "./postgres-link.ts";
import { openPostgresStore, type PostgresStoreOptions } from "./postgres.ts";
import type { EventStore } from "./store.ts";

let server: TestPostgres;
let url: string;
let schemas = 0;
beforeAll(async () => {
  server = await startPostgres({ fsync: "off" });
  url = await server.createDatabase();
});
afterAll(() => server.stop());

const newSchema = (): string => `s${++schemas}`;
const open = (schema: string, more: Partial<PostgresStoreOptions> = {}): Promise<EventStore> =>
  openPostgresStore({ connection: { connectionString: url }, schema, ...more });

storeSuite("PostgreSQL", async () => {
  const schema = newSchema();
  return { store: await open(schema), reopen: () => open(schema), remove: () => {} };
});
answersAlike("PostgreSQL", async () => ({ store: await open(newSchema()), remove: () => {} }));

const until = async (what: () => boolean): Promise<void> => {
  for (const end = Date.now() + 30_000; !what();) {
    if (Date.now() > end) throw new Error(`never: ${what.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
};
/** Work beside the store's own, as somebody else on the server. */
const admin = async (sql: string): Promise<void> => {
  const client = new Client(url);
  await client.connect();
  await client.query(sql);
  await client.end();
};
const through = (proxy: TcpProxy): string => url.replace(`:${server.port}/`, `:${proxy.port}/`);

describe("several writers", () => {
  it("S4 show a reader who follows them everything, in the order in which it reads all of it later", async () => {
    const schema = newSchema();
    const writers = await Promise.all([1, 2, 3, 4].map(() => open(schema)));
    const reader = await open(schema);
    let writing = true;
    const written = Promise.all(
      writers.map(async (store, writer) => {
        for (let version = 0; version < 150; version++)
          await store.commit([
            { stream: `w${writer}`, expectedVersion: version, events: [eventNamed(`${version}`)] },
            { stream: "shared", expectedVersion: version, events: [eventNamed(`${writer}`)] },
          ]);
      }),
    ).finally(() => (writing = false));
    const followed: number[] = [];
    for (let last = false; ;) {
      const batches = await reader.readAll(followed.at(-1) ?? 0, 7);
      followed.push(...batches.map((batch) => batch.position));
      if (batches.length === 0 && last) break;
      last = !writing;
    }
    await written;
    const all = await reader.readAll(0, 10_000);
    expect(followed).toEqual(all.map((batch) => batch.position));
    expect(all.filter((batch) => batch.stream !== "shared")).toHaveLength(600);
    expect((await reader.read("shared")).length).toBeLessThanOrEqual(150);
    for (const store of [...writers, reader]) await store.close();
  });

  it("share one transaction for what is appended while another is under way", async () => {
    const store = await open(newSchema());
    let told = 0;
    const stop = store.changes(() => told++);
    const answers = await Promise.all(Array.from({ length: 500 }, (_, index) => store.append(`r${index}`, 0, [eventNamed("a")])));
    expect(answers.every(Boolean)).toBe(true);
    expect(told).toBeLessThan(10);
    stop();
    await store.close();
  });
});

describe("a lost connection", () => {
  it("does not lose or double an append whose answer was lost", async () => {
    const proxy = await startTcpProxy(server.port);
    const store = await open(newSchema(), { connection: { connectionString: through(proxy) } });
    for (let version = 0; version < 20; version++) {
      if (version % 2 === 1) proxy.loseNextAnswer();
      expect(await store.append("r", version, [eventNamed(`${version}`)])).toBe(true);
    }
    proxy.loseNextAnswer();
    const both = await Promise.all([store.append("r", 20, [eventNamed("first")]), store.append("r", 20, [eventNamed("second")])]);
    expect(both.filter(Boolean)).toHaveLength(1);
    expect(await store.read("r")).toHaveLength(21);
    await store.close();
    await proxy.close();
  });

  it("is made again when the server ends connections in the middle of anything", async () => {
    const schema = newSchema();
    const store = await open(schema);
    let working = true;
    const killing = (async () => {
      while (working)
        await admin(
          `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'millrace' and pid <> pg_backend_pid()`,
        );
    })();
    for (let version = 0; version < 100; version++) expect(await store.append("r", version, [eventNamed(`${version}`)])).toBe(true);
    for (let position = 0; position < 30; position++)
      expect(
        await store.tables.save("t", { expectedPosition: await store.tables.position("t"), position: position + 1, rows: [] }),
      ).toBeTypeOf("boolean");
    working = false;
    await killing;
    expect((await store.read("r")).map((event) => "node" in event && event.node)).toEqual(
      Array.from({ length: 100 }, (_, index) => `${index}`),
    );
    await store.close();
  });

  it("that hangs without a word is given up after a while and made again", async () => {
    const proxy = await startTcpProxy(server.port);
    const store = await open(newSchema(), { connection: { connectionString: through(proxy) }, answerMs: 150 });
    await store.append("r", 0, [eventNamed("a")]);
    proxy.freeze();
    expect(await store.append("r", 1, [eventNamed("b")])).toBe(true);
    expect(await store.read("r")).toHaveLength(2);
    await store.close();
    await proxy.close();
  });

  it("waits for a database that is gone for a while, says so once, and goes on", async () => {
    const states: string[] = [];
    const store = await open(newSchema(), { onState: (lost) => states.push(lost?.code ?? "back") });
    await store.append("r", 0, [eventNamed("a")]);
    await server.halt();
    const appended = store.append("r", 1, [eventNamed("b")]);
    const read = store.read("r");
    await until(() => states.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await server.resume();
    expect(await appended).toBe(true);
    expect([1, 2]).toContain((await read).length);
    expect(states).toEqual(["MR6030", "back"]);
    await store.close();
  });

  it("is given up when the patience is over, and at once when the store is closed", async () => {
    const store = await open(newSchema(), { patienceMs: 200 });
    const patient = await open(newSchema());
    await server.halt();
    await expect(store.read("r")).rejects.toMatchObject({ code: "MR6030", retryable: true });
    const waiting = expect(patient.append("r", 0, [eventNamed("a")])).rejects.toMatchObject({ code: "MR6030" });
    await patient.close();
    await waiting;
    await server.resume();
    expect(await store.append("r", 0, [eventNamed("a")])).toBe(true);
    await store.close();
  });
});

describe("changes", () => {
  it("are heard again after the listening connection was lost", async () => {
    const schema = newSchema();
    const proxy = await startTcpProxy(server.port);
    const store = await open(schema, { connection: { connectionString: through(proxy) }, pollMs: 20 });
    const other = await open(schema);
    let told = 0;
    const stop = store.changes(() => told++);
    for (let version = 0; version < 20; version++) {
      const before = told;
      if (version % 5 === 4) proxy.cut();
      await other.append("r", version, [eventNamed("a")]);
      await until(() => told > before);
    }
    stop();
    await store.close();
    await other.close();
    await proxy.close();
  });

  it("are found by looking where nothing can be heard, as behind a pooler", async () => {
    const schema = newSchema();
    const store = await open(schema);
    const elsewhere = await server.createDatabase();
    const link = await createLink({ connection: { connectionString: url }, patienceMs: 1_000 });
    // NOTIFY stays within a database: this listener hears as little as one behind a pooler.
    const deaf = { ...link, client: async () => new Client(elsewhere) };
    let told = 0;
    const stop = watchPostgres({ link: deaf, schema, channel: "c", sender: "x", tell: () => told++, pollMs: 10 });
    for (let version = 0; version < 5; version++) {
      const before = told;
      await store.append("r", version, [eventNamed("a")]);
      await until(() => told > before);
    }
    stop();
    await link.close();
    await store.close();
  });
});

describe("opening", () => {
  it("makes the schema once, however many do it at the same time", async () => {
    const schema = newSchema();
    const stores = await Promise.all(Array.from({ length: 8 }, () => open(schema)));
    expect(await stores[0]!.append("r", 0, [eventNamed("a")])).toBe(true);
    expect(await stores[7]!.read("r")).toHaveLength(1);
    for (const store of stores) await store.close();
  });

  it("works beside a newer Millrace that says it may, and is refused by one that does not", async () => {
    const schema = newSchema();
    const store = await open(schema);
    await admin(`update ${schema}.meta set value = 1000 where key = 'schema'`);
    const beside = await open(schema);
    expect(await beside.append("r", 0, [eventNamed("a")])).toBe(true);
    await beside.close();
    await admin(`update ${schema}.meta set value = 1000 where key = 'oldest'`);
    await expect(open(schema)).rejects.toMatchObject({ code: "MR6021" });
    await admin(`drop function ${schema}.append_2`);
    await expect(store.append("r", 1, [eventNamed("a")])).rejects.toMatchObject({ code: "MR6021" });
    await store.close();
  });

  it("says what is wrong: nobody there, no such database, not allowed", async () => {
    const opening = (connectionString: string) => openPostgresStore({ connection: { connectionString } });
    await expect(opening("postgres://millrace@127.0.0.1:1/d1")).rejects.toMatchObject({ code: "MR6030" });
    await expect(opening(url.replace(/\/\w+$/, "/nothing"))).rejects.toMatchObject({ code: "MR6031" });
    await admin("create role guest login");
    await expect(opening(url.replace("millrace@", "guest@"))).rejects.toMatchObject({ code: "MR6031" });
  });

  it("uses a schema that was made for it by somebody who may", async () => {
    await admin(`create role plain login; create schema "Given One" authorization plain`);
    const store = await openPostgresStore({ connection: { connectionString: url.replace("millrace@", "plain@") }, schema: "Given One" });
    expect(await store.append("r", 0, [eventNamed("a")])).toBe(true);
    await store.close();
  });
});
