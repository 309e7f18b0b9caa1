// Rows to an API that keeps what it takes: every row once, whatever breaks, and what it refuses is counted and named.
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sendJson, type TestServer } from "../../../../test/http-server.ts";
import { bodyOf, httpBench } from "../../../../test/http-read.ts";
import type { WriteContext, WriteResult } from "../../../load/connector.ts";
import { http } from "../index.ts";

const bench = httpBench();
let instance: DuckDBInstance;
let connection: DuckDBConnection;
beforeAll(async () => {
  instance = await DuckDBInstance.create(":memory:");
  connection = await instance.connect();
});
afterAll(() => {
  connection.closeSync();
  instance.closeSync();
});

let tokens = 0;
function write(options: Record<string, unknown>, query: string, more: Partial<WriteContext> = {}): Promise<WriteResult> {
  const context = { ...bench.context(), connection, query, mode: "append", key: ["id"], token: `t${++tokens}`, ...more } as WriteContext;
  return http.write!(http.options.parse(options), context);
}
const rows = (count: number): string => `select i as id, 'row ' || i as name from range(${count}) t(i)`;

interface Api extends TestServer {
  readonly stored: any[];
  readonly bodies: string[];
}

/** Takes a batch once for each idempotency key. `breaks` says what happens to a request before or after it is taken. */
async function api(breaks: (count: number) => "before" | "after" | undefined = () => undefined): Promise<Api> {
  const stored: any[] = [];
  const bodies: string[] = [];
  const asked: string[] = [];
  const keys = new Set<string>();
  const server = await bench.serve(async ({ raw, count }, response) => {
    asked.push(`${raw.method} ${raw.url}`);
    const body = await bodyOf(raw);
    const fate = breaks(count);
    if (fate === "before") return response.destroy();
    const key = raw.headers["idempotency-key"] as string;
    if (!keys.has(key)) {
      keys.add(key);
      bodies.push(body);
      const given = raw.headers["content-type"] === "application/json" ? (JSON.parse(body) as unknown) : undefined;
      if (given !== undefined) stored.push(...[given].flat());
    }
    return fate === "after" ? response.destroy() : sendJson(response, {});
  });
  return { ...server, asked, stored, bodies };
}

describe("batches", () => {
  it("are cut by rows and by bytes, in order, with a key each", async () => {
    const server = await api();
    expect(await write({ url: server.url, write: { rows: 40 } }, rows(100))).toMatchObject({ rows: 100, refused: 0 });
    expect(server.stored.map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, id) => id));
    expect(server.asked).toEqual(["POST /", "POST /", "POST /"]);
    await write({ url: server.url, write: { bytes: "1KB" } }, rows(100));
    expect(Math.max(...server.bodies.slice(3).map(({ length }) => length))).toBeLessThanOrEqual(1_002);
    expect(server.stored).toHaveLength(200);
    await expect(write({ url: server.url, write: { bytes: "10B" } }, rows(1))).rejects.toMatchObject({ code: "MR3531" });
  });

  it("whose answer is lost are sent again with the same key: no row twice, none lost", async () => {
    for (const parallel of [1, 4]) {
      const server = await api((count) => (count % 3 === 1 ? "after" : count % 5 === 2 ? "before" : undefined));
      expect(await write({ url: server.url, write: { rows: 10, parallel } }, rows(80))).toMatchObject({ rows: 80 });
      expect(server.stored.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 80 }, (_, id) => id));
    }
  });

  it("that were taken are not sent again by the next try of the same export", async () => {
    let isDown = true;
    const server = await api((count) => (isDown && count > 3 ? "before" : undefined));
    const options = { url: server.url, attempts: 1, write: { rows: 10 } };
    await expect(write(options, rows(60), { token: "same" })).rejects.toMatchObject({ code: "MR3501", retryable: true });
    isDown = false;
    const before = server.asked.length;
    expect(await write(options, rows(60), { token: "same" })).toMatchObject({ rows: 60 });
    expect(server.asked.length - before).toBe(3);
    expect(server.stored).toHaveLength(60);
    await write(options, rows(60), { token: "another" });
    expect(server.stored).toHaveLength(120);
  });

  it("without a key are not repeated, since nobody knows whether they were taken", async () => {
    const server = await api(() => "before");
    await expect(write({ url: server.url, write: { idempotencyHeader: false } }, rows(3))).rejects.toMatchObject({ code: "MR3501" });
    expect(server.asked).toHaveLength(1);
  });

  it("are JSON by a template, lines, or CSV", async () => {
    const server = await api();
    const query = `select 1 as id, 'a "b", c' as name, 12.50::decimal(9,2) as price, null as note, ['x'] as tags`;
    const row = { id: 1, name: 'a "b", c', price: "12.50", note: null, tags: ["x"] };
    await write({ url: server.url, write: { append: { body: { data: { records: "{rows}" }, source: "us" } } } }, query);
    await write({ url: server.url, write: { format: "ndjson" } }, query);
    await write({ url: server.url, write: { format: "csv" } }, query);
    expect(JSON.parse(server.bodies[0]!)).toEqual({ data: { records: [row] }, source: "us" });
    expect(JSON.parse(server.bodies[1]!)).toEqual(row);
    expect(server.bodies[2]).toBe('id,name,price,note,tags\r\n1,"a ""b"", c",12.50,,"[""x""]"\r\n');
  });
});

describe("rows by themselves", () => {
  it("are merged and deleted at an address of their own", async () => {
    const server = await bench.serve(async ({ raw }, response) => {
      const body = await bodyOf(raw);
      if (raw.url === "/c/2" && raw.method === "DELETE") return response.writeHead(404).end();
      return sendJson(response, { body });
    });
    const options = {
      url: server.url,
      write: { merge: { url: "/c/{row.id}", method: "PATCH", body: { name: "{row.name}" } }, delete: { url: "/c/{row.id}" } },
    };
    expect(await write(options, rows(2), { mode: "merge" })).toMatchObject({ rows: 2 });
    expect(await write(options, rows(3), { mode: "delete" })).toMatchObject({ rows: 3 });
    expect(server.asked).toEqual(["PATCH /c/0", "PATCH /c/1", "DELETE /c/0", "DELETE /c/1", "DELETE /c/2"]);
    await expect(write(options, "select '..' as id", { mode: "delete" })).rejects.toMatchObject({ code: "MR3517" });
    await expect(write(options, "select 1 as other", { mode: "delete" })).rejects.toMatchObject({ code: "MR3531" });
  });
});

describe("refused rows", () => {
  it("are counted, named and tolerated up to a share", async () => {
    const server = await bench.serve(async ({ raw }, response) => {
      const given = JSON.parse(await bodyOf(raw)) as { id: number }[];
      const errors = given.flatMap(({ id }, place) => (id % 10 === 3 ? [{ row: place, why: `no ${id} for planted-token` }] : []));
      sendJson(response, { errors });
    });
    const refused = { path: "errors", index: "row", message: "why" };
    const options = { url: server.url, auth: { bearer: "planted-token" }, write: { rows: 25, refused } };
    await expect(write(options, rows(50))).rejects.toMatchObject({
      code: "MR3530",
      message: expect.stringContaining("refused 5 of 50 rows"),
    });
    expect(bench.logged).toHaveLength(5);
    expect(bench.logged[4]).toBe("warn row 44 was refused: no 43 for ***");
    const tolerant = { ...options, write: { ...options.write, tolerate: "10%" } };
    expect(await write(tolerant, rows(50), { token: "tolerant" })).toMatchObject({ rows: 45, refused: 5 });
    // Counted again from what was noted, without asking.
    const before = server.asked.length;
    expect(await write(tolerant, rows(50), { token: "tolerant" })).toMatchObject({ rows: 45, refused: 5 });
    expect(server.asked.length).toBe(before);
  });

  it("of a batch that is refused as a whole are found by halving it", async () => {
    const stored: number[] = [];
    const server = await bench.serve(async ({ raw }, response) => {
      const given = JSON.parse(await bodyOf(raw)) as { id: number }[];
      if (given.some(({ id }) => id === 5 || id === 11)) return response.writeHead(422).end("a bad row");
      stored.push(...given.map(({ id }) => id));
      return sendJson(response, {});
    });
    const options = { url: server.url, write: { rows: 16, tolerate: 2, refused: { split: true } } };
    expect(await write(options, rows(20))).toMatchObject({ rows: 18, refused: 2 });
    expect(stored).toEqual(Array.from({ length: 20 }, (_, id) => id).filter((id) => id !== 5 && id !== 11));
  });
});
