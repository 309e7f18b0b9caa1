// How fast pages of an API become rows: 200 pages of 500 rows from a server that takes 10 ms for each, beside the
// bare requests: as many at once, from the same server in the same turns, with what comes thrown away. That is the latency, and the machine as it is.
import { Agent, get } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type * as httpOf from "../src/connectors/http/index.ts";
import type { Delivery, ReadContext } from "../src/load/connector.ts";
import type * as loadOf from "../src/load/load.ts";
import type * as sourceOf from "../src/model/definitions/source.ts";
import type * as warehouseOf from "../src/sql/warehouse.ts";
import { builtModule } from "./built.ts";
import { type Figure, median } from "./figure.ts";

// What users run, not a loader's view of it.
const { http } = (await import(builtModule("connectors/http/index"))) as typeof httpOf;
const { load } = (await import(builtModule("load/load"))) as typeof loadOf;
const { sourceSpec } = (await import(builtModule("model/definitions/source"))) as typeof sourceOf;
const { openWarehouse } = (await import(builtModule("sql/warehouse"))) as typeof warehouseOf;

const PAGES = 200;
const ROWS = 500;
const LATENCY_MS = 10;
const TURNS = 5;

/** A server in a thread of its own, with its pages made beforehand. */
const SERVER = `
  const { createServer } = require("node:http");
  const { parentPort } = require("node:worker_threads");
  const bodies = Array.from({ length: ${PAGES} }, (_, page) => Buffer.from(JSON.stringify({
    data: Array.from({ length: ${ROWS} }, (_, index) => ({ id: page * ${ROWS} + index, name: "customer " + index, email: "c" + index + "@example.com",
      amount: index / 4, active: index % 3 === 0, city: ["Berlin", "New York", "Kyoto"][index % 3], updated_at: "2026-01-31T10:00:00Z", tags: ["a", "b"] })),
    next: page + 1 < ${PAGES} ? page + 2 : null,
  })));
  const empty = Buffer.from('{"data":[],"next":null}');
  const server = createServer((request, response) => setTimeout(() => {
    const page = Number(new URL(request.url, "http://h").searchParams.get("page") ?? 1);
    const body = bodies[page - 1] ?? empty;
    response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
    response.end(body);
  }, ${LATENCY_MS}));
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
`;

export async function benchHttpPages(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-http-"));
  const warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb"), memoryLimit: "512MB" });
  const worker = new Worker(SERVER, { eval: true });
  const port = await new Promise<number>((resolve) => worker.once("message", resolve));
  const url = `http://127.0.0.1:${port}/`;
  const cursor = { url, rows: "data", pagination: { cursor: { param: "page", from: "next" } } };
  const pages = { url, rows: "data", pagination: { page: { param: "page", size: ROWS } } };
  try {
    const figures: Figure[] = [];
    for (const [name, options, parallel] of [
      ["by cursor, one after the other", cursor, 1],
      ["by number, 4 at once", { ...pages, parallel: 4 }, 4],
      ["by number, 8 at once", { ...pages, parallel: 8 }, 8],
    ] as const) {
      const times: { bare: number[]; read: number[]; load: number[] } = { bare: [], read: [], load: [] };
      for (let turn = 0; turn < TURNS; turn++) {
        times.bare.push(await seconds(() => bare(url, parallel)));
        times.read.push(await seconds(() => readAll(options, folder)));
        times.load.push(await seconds(() => loadAll(warehouse, options, folder)));
      }
      const wall = median(times.bare);
      const what = `${PAGES} pages × ${ROWS} rows at ${LATENCY_MS} ms ${name}`;
      figures.push(figure(`${what}, read`, median(times.read), wall, 1.3));
      figures.push(figure(`${what}, read, checked and committed`, median(times.load), wall, parallel === 8 ? null : 1.3));
    }
    return figures;
  } finally {
    warehouse.close();
    await worker.terminate();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The wall: the latency of all pages. */
async function bare(url: string, parallel: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: parallel });
  let page = 0;
  const ask = async (): Promise<void> => {
    while (page < PAGES) {
      page += 1;
      await new Promise<void>((resolve, reject) => {
        get(`${url}?page=${page}`, { agent }, (response) => response.resume().once("end", resolve)).once("error", reject);
      });
    }
  };
  await Promise.all(Array.from({ length: parallel }, ask));
  agent.destroy();
}

function contextOf(folder: string): ReadContext {
  const { signal } = new AbortController();
  return { connection: undefined as never, projectDir: folder, tempDir: folder, since: undefined, signal, connections: {}, log: () => {} };
}

function deliveriesOf(options: object, folder: string): AsyncIterable<Delivery> {
  return http.read!(http.options.parse(options), contextOf(folder));
}

async function readAll(options: object, folder: string): Promise<void> {
  let rows = 0;
  for await (const delivery of deliveriesOf(options, folder)) if (delivery.kind === "rows") rows += delivery.rows.length;
  if (rows !== PAGES * ROWS) throw new Error(`${rows} rows were read`);
}

let runs = 0;
async function loadAll(warehouse: warehouseOf.Warehouse, options: object, folder: string): Promise<void> {
  const result = await load(warehouse, {
    asset: `raw.pages_${++runs}`, // the same contents again would be no new version
    spec: sourceSpec.parse({ from: {} }),
    deliveries: deliveriesOf(options, folder),
    token: { run: `r${runs}`, node: "raw.pages", attempt: 1 },
    codeHash: "code",
    sourceState: null,
    audit: () => Promise.resolve({ results: [] }),
    repair: "note",
    fullRefresh: true,
    tempDir: folder,
  });
  if (result.rows.loaded !== PAGES * ROWS) throw new Error(`${result.rows.loaded} rows were loaded`);
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (performance.now() - startedMs) / 1000;
}

function figure(name: string, value: number, wall: number, most: number | null): Figure {
  const ratio = value / wall;
  const reach = most === null ? "no bound" : `≤ ${most}× the bare requests`;
  return { name, value, unit: "s", wall, ratio, reach, reached: most === null || ratio <= most };
}
