// The service connector against a real HTTP server: one request for each distinct key, kept answers, misses, fallbacks, and nothing guessed.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sendJson, startServer, type TestServer } from "../../../test/http-server.ts";
import { load } from "../../load/load.ts";
import { sourceSpec } from "../../model/definitions/source.ts";
import { openWarehouse, type Warehouse } from "../../sql/warehouse.ts";
import { service } from "./index.ts";
import type { ServiceOptions } from "./options.ts";

const PLACES: Readonly<Record<string, number>> = { Oslo: 59.9, Rome: 41.9, "São Paulo": -23.5 };

let folder: string;
let warehouse: Warehouse;
let server: TestServer;
let isDown = false;
let bodies: unknown[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-service-"));
  warehouse = await openWarehouse({ path: join(folder, "w.duckdb") });
  [isDown, bodies] = [false, []];
  server = await startServer(({ url, raw }, response) => {
    if (isDown) {
      response.writeHead(503).end();
      return;
    }
    if (raw.method === "POST") {
      let text = "";
      raw
        .on("data", (part: Buffer) => (text += part.toString()))
        .on("end", () => {
          const body = JSON.parse(text) as { q: { city: string }[] };
          bodies.push(body);
          sendJson(response, { results: body.q.flatMap(({ city }) => (city in PLACES ? [{ name: city, lat: PLACES[city] }] : [])) });
        });
      return;
    }
    const city = url.searchParams.get("q") ?? "";
    sendJson(response, city in PLACES ? { result: { lat: PLACES[city], note: "of the service" } } : { result: null });
  });
  await warehouse.session((session) =>
    session.run(
      `create schema clean; create table clean.visits as select * from (values (1, 'Oslo'), (2, 'Rome'), (3, 'Oslo'), (4, 'Nowhere'), (5, null)) t(id, city)`,
    ),
  );
});
afterEach(async () => {
  await server.close();
  warehouse.close();
  rmSync(folder, { recursive: true, force: true });
});

let runs = 0;
function ask(given: Partial<ServiceOptions>): ReturnType<typeof load> {
  const options = service.options.parse({ keys: { from: "clean.visits", columns: ["city"] }, ...given });
  return warehouse.session(async ({ connection }) => {
    const signal = new AbortController().signal;
    const context = {
      connection,
      projectDir: folder,
      tempDir: folder,
      asset: "raw.places",
      since: undefined,
      signal,
      connections: {},
      log: () => {},
    };
    return load(warehouse, {
      asset: "raw.places",
      spec: sourceSpec.parse({ from: {}, load: "merge", primaryKey: "city" }),
      deliveries: service.read!(options, context),
      token: { run: `r${++runs}`, node: "raw.places", attempt: 1 },
      codeHash: "code",
      sourceState: null,
      audit: () => Promise.resolve({ results: [] }),
      repair: "note",
      fullRefresh: false,
      tempDir: folder,
    });
  });
}

function places(): Promise<readonly unknown[]> {
  return warehouse.session((session) => session.rows("select city, lat, answer from raw.places order by city"));
}

describe("one request for each key", () => {
  const single = (): Partial<ServiceOptions> => ({ url: `${server.url}/at?q={row.city}`, rows: "result" });

  it("asks once for each distinct key, and never again for what was answered", async () => {
    expect((await ask(single())).rows).toMatchObject({ read: 3, loaded: 3 });
    expect(server.asked).toEqual(["GET /at?q=Nowhere", "GET /at?q=Oslo", "GET /at?q=Rome"]);
    await warehouse.session((session) => session.run("insert into clean.visits values (6, 'São Paulo')"));
    await ask(single());
    expect(server.asked.slice(3)).toEqual(["GET /at?q=S%C3%A3o%20Paulo"]);
    expect(await places()).toMatchObject([
      { city: "Nowhere", answer: "miss" },
      { city: "Oslo" },
      { city: "Rome" },
      { city: "São Paulo", lat: -23.5, answer: "found" },
    ]);
  });

  it("asks again for what is older than it may be", async () => {
    await ask(single());
    expect(server.asked).toHaveLength(3);
    await ask({ ...single(), cache: "1h", misses: "0ms" });
    expect(server.asked).toHaveLength(4); // the miss
    await ask({ ...single(), cache: "0ms" });
    expect(server.asked).toHaveLength(7);
  });

  it("gives the fallback while the service fails, and asks again afterwards", async () => {
    isDown = true;
    await expect(ask({ ...single(), attempts: 1 })).rejects.toMatchObject({ retryable: true });
    await ask({ ...single(), attempts: 1, fallback: { lat: 0 } });
    expect(await places()).toEqual([
      { city: "Nowhere", lat: 0, answer: "fallback" },
      { city: "Oslo", lat: 0, answer: "fallback" },
      { city: "Rome", lat: 0, answer: "fallback" },
    ]);
  });
});

describe("batches", () => {
  const batched = (): Partial<ServiceOptions> => ({
    url: `${server.url}/batch`,
    method: "POST",
    body: { q: "{rows}" },
    rows: "results",
    batch: 2,
    match: { city: "name" },
  });

  it("put many keys into one request, and tell answers apart by what repeats the key", async () => {
    await ask(batched());
    expect(bodies).toEqual([{ q: [{ city: "Nowhere" }, { city: "Oslo" }] }, { q: [{ city: "Rome" }] }]);
    expect(await places()).toEqual([
      { city: "Nowhere", lat: null, answer: "miss" },
      { city: "Oslo", lat: 59.9, answer: "found" },
      { city: "Rome", lat: 41.9, answer: "found" },
    ]);
  });

  it("are refused where an answer could be of any key", async () => {
    const { match: _match, ...unmatched } = batched();
    await expect(ask(unmatched)).rejects.toMatchObject({ code: "MR8602" });
    await expect(ask({ ...batched(), keys: { from: "clean.nothing", columns: ["city"] } })).rejects.toMatchObject({ code: "MR8601" });
  });
});
