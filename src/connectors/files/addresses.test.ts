// Files at addresses against a real HTTP server: found, resumed, changed, packed, refused, with no secret shown anywhere.
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { FileDelivery, ReadContext } from "../../load/connector.ts";
import { type Handler, startServer, type TestServer } from "../../../test/http-server.ts";
import { files } from "./index.ts";

const TEXT = `id,name\n${Array.from({ length: 40_000 }, (_, i) => `${i},row ${i}\n`).join("")}`;
const HASH = createHash("sha256").update(TEXT).digest("hex");
const temp = mkdtempSync(join(tmpdir(), "millrace-addresses-"));
let connection: DuckDBConnection;
let server: TestServer | undefined;

beforeAll(async () => {
  connection = await (await DuckDBInstance.create(":memory:")).connect();
});
afterEach(async () => {
  await server?.close();
  server = undefined;
});
afterAll(() => {
  connection.closeSync();
  rmSync(temp, { recursive: true, force: true });
});

async function serve(handler: Handler): Promise<string> {
  server = await startServer(handler);
  return server.url;
}

function context(tempDir: string = temp): ReadContext {
  const { signal } = new AbortController();
  return { connection, projectDir: temp, tempDir, since: undefined, signal, connections: {}, log: () => {} };
}

async function deliveries(options: Record<string, unknown>, tempDir: string = temp): Promise<readonly FileDelivery[]> {
  const all: FileDelivery[] = [];
  for await (const one of files.read!(files.options.parse(options), context(tempDir))) all.push(one as FileDelivery);
  return all;
}

/** Bytes of the one file that is being fetched into `folder`, as they stand on the disk. */
function keptBytes(folder: string): number {
  const kept = (readdirSync(folder, { recursive: true }) as string[]).filter((path) => basename(path) === "file");
  expect(kept.length).toBeLessThanOrEqual(1);
  return kept[0] === undefined ? 0 : statSync(join(folder, kept[0])).size;
}

let stages = 0;
async function stage(delivery: FileDelivery): Promise<{ readonly rows: number; readonly hash: string }> {
  const request = {
    connection,
    into: `"s${++stages}"`,
    rejectedInto: `"r${stages}"`,
    columns: new Map(),
    otherwise: "text",
    repair: "note",
  } as const;
  return delivery.stage(request);
}

/** Breaks a connection whose bytes are all written. Without `kept` the client may lose some of them; with it, once it has kept them. */
async function breakOff(response: ServerResponse, kept: () => boolean = () => true): Promise<void> {
  while (!kept() && !response.destroyed) await pause(5);
  response.destroy();
}

/** Answers with ranges as RFC 9110 says; `cutAt` bytes of an answer pass, then the connection breaks: once `kept` says that the client has so many. */
function ranged(
  text: string,
  etag: () => string,
  cutAt: (count: number) => number = () => Infinity,
  kept: () => number = () => Infinity,
): Handler {
  return ({ count, raw }, response) => {
    const bytes = Buffer.from(text);
    const range =
      raw.headers["if-range"] === undefined || raw.headers["if-range"] === etag() ? /^bytes=(\d+)-/.exec(raw.headers.range ?? "") : null;
    const from = Number(range?.[1] ?? 0);
    response.writeHead(range === null ? 200 : 206, {
      etag: etag(),
      "content-length": bytes.length - from,
      ...(range === null ? {} : { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
    });
    if (raw.method === "HEAD") return void response.end();
    const cut = cutAt(count);
    if (cut >= bytes.length - from) return void response.end(bytes.subarray(from));
    response.write(bytes.subarray(from, from + cut), () => void breakOff(response, () => kept() >= from + cut));
  };
}

describe("a file at an address", () => {
  it("is loaded whole, under its name without what is secret", async () => {
    const url = await serve(ranged(TEXT, () => '"a"'));
    const [file] = await deliveries({ path: `${url.replace("http://", "http://me:hunter2@")}/sales.csv?token=hunter2&year=2024` });
    expect(file!.name).toBe(`${url}/sales.csv?token=***&year=2024`);
    expect(await stage(file!)).toMatchObject({ rows: 40_000, hash: HASH });
    expect(server!.requests.at(-1)!.headers.authorization).toBe(`Basic ${Buffer.from("me:hunter2").toString("base64")}`);
  });

  it("goes on at the byte where the connection broke", async () => {
    const folder = mkdtempSync(join(temp, "broken-"));
    const resumedAt: { readonly range: string | undefined; readonly keptBytes: number }[] = [];
    const kept = (): number => keptBytes(folder);
    const answer = ranged(
      TEXT,
      () => '"a"',
      (count) => (count <= 4 ? 100_000 : Infinity),
      kept,
    );
    const url = await serve((request, response) => {
      const { method, headers } = request.raw;
      if (method === "GET") resumedAt.push({ range: headers.range, keptBytes: kept() });
      answer(request, response);
    });
    const [file] = await deliveries({ path: `${url}/sales.csv` }, folder);
    expect(await stage(file!)).toMatchObject({ rows: 40_000, hash: HASH });
    expect(resumedAt).toEqual([
      { range: undefined, keptBytes: 0 },
      { range: "bytes=100000-", keptBytes: 100_000 },
      { range: "bytes=200000-", keptBytes: 200_000 },
      { range: "bytes=300000-", keptBytes: 300_000 },
    ]);
  });

  it("is never joined of two versions", async () => {
    let etag = '"a"';
    const handler = ranged(
      TEXT,
      () => etag,
      (count) => (count === 2 ? 50_000 : Infinity),
    );
    const url = await serve((request, response) => {
      if (request.count === 3) etag = '"b"';
      handler(request, response);
    });
    const [file] = await deliveries({ path: `${url}/sales.csv` });
    await expect(stage(file!)).rejects.toMatchObject({
      code: "MR3303",
      retryable: true,
      message: expect.stringContaining("/sales.csv") as string,
    });
  });

  it("is loaded from a server that knows no ranges and no HEAD", async () => {
    const url = await serve(({ count, raw }, response) => {
      if (raw.method === "HEAD") return void response.writeHead(405).end();
      response.writeHead(200, { "last-modified": "Sat, 21 Nov 2026 10:00:00 GMT", "content-length": TEXT.length });
      if (count === 3) response.write(TEXT.slice(0, 90_000), () => void breakOff(response));
      else response.end(TEXT);
    });
    const [file] = await deliveries({ path: `${url}/sales.csv` });
    expect(await stage(file!)).toMatchObject({ rows: 40_000, hash: HASH });
  });

  it("is an error when it never comes whole, goes away, is forbidden, or is not there", async () => {
    const url = await serve(({ url: { pathname }, raw }, response) => {
      if (pathname === "/no.csv") return void response.writeHead(404).end();
      if (pathname === "/mine.csv") return void response.writeHead(403).end();
      if (raw.method === "HEAD") return void response.writeHead(200, { "content-length": 1000, etag: '"x"' }).end();
      if (pathname === "/gone.csv") return void response.writeHead(404).end();
      response.writeHead(200, { etag: '"x"', connection: "close" });
      response.end("short");
    });
    await expect(deliveries({ path: `${url}/no.csv` })).rejects.toMatchObject({ code: "MR3100" });
    await expect(deliveries({ path: `${url}/mine.csv` })).rejects.toMatchObject({ code: "MR3301" });
    await expect(deliveries({ path: `${url}/*.csv` })).rejects.toMatchObject({ code: "MR3309" });
    const [gone] = await deliveries({ path: `${url}/gone.csv` });
    await expect(stage(gone!)).rejects.toMatchObject({ code: "MR3302", retryable: true });
    const [short] = await deliveries({ path: `${url}/short.csv` });
    await expect(stage(short!)).rejects.toMatchObject({ code: "MR3304" });
  }, 20_000);

  it("stalls: the download is begun again where it ended", async () => {
    const handler = ranged(TEXT, () => '"a"');
    const url = await serve((request, response) => {
      if (request.raw.method === "HEAD" || request.count > 2) return handler(request, response);
      response.writeHead(200, { etag: '"a"', "content-length": TEXT.length });
      response.write(TEXT.slice(0, 70_000)); // and then nothing
    });
    const [file] = await deliveries({ path: `${url}/sales.csv`, silence: "300ms" });
    expect(await stage(file!)).toMatchObject({ rows: 40_000, hash: HASH });
  });

  it("may be many by braces, carries headers only home, and tells its state without being fetched", async () => {
    const url = await serve(ranged("a\n1\n", () => '"a"'));
    const found = await deliveries({ path: `${url}/{2023,2024}.csv`, headers: { "x-api-key": "hunter2" } });
    expect(found.map(({ name }) => name)).toEqual([`${url}/2023.csv`, `${url}/2024.csv`]);
    expect(server!.requests.every(({ headers }) => headers["x-api-key"] === "hunter2")).toBe(true);
    const options = files.options.parse({ path: `${url}/2023.csv` });
    const before = server!.asked.length;
    expect(await files.state!(options, context())).toBe(await files.state!(options, context()));
    expect(server!.asked.slice(before)).toEqual(["HEAD /2023.csv", "HEAD /2023.csv"]);
  });
});
