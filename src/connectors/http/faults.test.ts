// A network that breaks: cut in the middle, half an answer, silence, a slow drip. What comes through is the whole, or an error; never half a page.
// And a read that is killed between pages: the next one goes on at the page, and the rows are the same.
import { connect, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { sendJson, type TestServer } from "../../../test/http-server.ts";
import { httpBench } from "../../../test/http-read.ts";
import { startTcpProxy, type TcpProxy } from "../../../test/tcp-proxy.ts";

const bench = httpBench();
const all = Array.from({ length: 60 }, (_, id) => ({ id, text: "x".repeat(500) }));
const pagination = { page: { param: "page", size: 10 } };
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Six pages of ten rows. */
const pages = (): Promise<TestServer> =>
  bench.serve(({ url }, response) => {
    const page = Number(url.searchParams.get("page"));
    sendJson(response, all.slice((page - 1) * 10, page * 10));
  });

async function proxied(server: TestServer): Promise<TcpProxy & { readonly url: string }> {
  const proxy = await startTcpProxy(Number(new URL(server.url).port));
  closing.push(() => proxy.close());
  return Object.assign(proxy, { url: `http://127.0.0.1:${proxy.port}` });
}

describe("a connection", () => {
  it("that is cut again and again gives every row once", async () => {
    for (const parallel of [1, 4]) {
      const server = await pages();
      const proxy = await proxied(server);
      const rows: unknown[] = [];
      const { http } = await import("./index.ts");
      for await (const page of http.read!(http.options.parse({ url: proxy.url, pagination, parallel }), bench.context())) {
        if (page.kind === "rows") rows.push(...page.rows);
        if (rows.length % 20 === 0) proxy.cut();
        else proxy.loseNextAnswer();
      }
      expect(rows).toEqual(all);
    }
  });

  it("that falls silent is given up in time and asked again on another", async () => {
    const server = await pages();
    const proxy = await proxied(server);
    const rows: unknown[] = [];
    const { http } = await import("./index.ts");
    let isFrozen = false;
    for await (const page of http.read!(
      http.options.parse({ url: proxy.url, pagination, timeouts: { response: "200ms" } }),
      bench.context(),
    )) {
      if (page.kind === "rows") rows.push(...page.rows);
      if (!isFrozen && rows.length === 20) proxy.freeze();
      isFrozen ||= rows.length === 20;
    }
    expect(rows).toEqual(all);
  });
});

/** Passes `bytes` of each of the first `times` answers on, at `perMs`, and then cuts. */
async function lossy(server: TestServer, { bytes, times, slowly }: { bytes: number; times: number; slowly: boolean }): Promise<string> {
  const sockets = new Set<Socket>();
  let answers = 0;
  const proxy = createServer((near) => {
    const far = connect(Number(new URL(server.url).port), "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => (near.destroy(), far.destroy()));
    }
    near.pipe(far);
    far.on("data", (data: Buffer) => {
      if (answers >= times) return near.write(data);
      answers += 1;
      near.write(data.subarray(0, bytes));
      return slowly ? undefined : near.end();
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => proxy.close(resolve));
  });
  return `http://127.0.0.1:${(proxy.address() as { port: number }).port}`;
}

describe("half an answer", () => {
  it("at any byte is asked for again: the rows are whole", async () => {
    const server = await pages();
    for (const bytes of [0, 1, 40, 200, 1_000, 5_000]) {
      const url = await lossy(server, { bytes, times: 2, slowly: false });
      expect(await bench.rows({ url, pagination })).toEqual(all);
    }
  });

  it("that never ends, or always breaks, is an error and no page", async () => {
    const server = await pages();
    const slow = await lossy(server, { bytes: 2_000, times: Infinity, slowly: true });
    const stalled = await bench.failure({ url: slow, pagination, attempts: 2, timeouts: { body: "150ms" } });
    expect([stalled.code, stalled.retryable]).toEqual(["MR3504", true]);
    const broken = await bench.failure({
      url: await lossy(server, { bytes: 2_000, times: Infinity, slowly: false }),
      pagination,
      attempts: 2,
    });
    expect([broken.code, broken.retryable]).toEqual(["MR3505", true]);
  });
});

it("a read that ended at any page goes on there: the same rows as one that did not", async () => {
  const server = await pages();
  const { http } = await import("./index.ts");
  const options = http.options.parse({ url: server.url, pagination, parallel: 3 });
  for (let stopAt = 1; stopAt <= 6; stopAt += 1) {
    const rows: unknown[] = [];
    let resume: any;
    for await (const page of http.read!(options, bench.context())) {
      if (page.kind === "rows") [resume] = [page.position, rows.push(...page.rows)];
      if (rows.length === stopAt * 10) break;
    }
    for await (const page of http.read!(options, bench.context({ resume }))) if (page.kind === "rows") rows.push(...page.rows);
    expect(rows).toEqual(all);
  }
});

it("a planted secret stands in no name, position, message, log or file", async () => {
  const secret = "planted/secret+value";
  const seen: unknown[] = [];
  const server = await bench.serve(({ url, raw, count }, response) => {
    const said = `${raw.headers.authorization} ${url.search}`;
    if (count % 3 === 0) return response.writeHead(500).end(`failed for ${said}`);
    if (count > 4) return response.writeHead(403).end(`no: ${said}`);
    return sendJson(response, { rows: [{ id: count }], next: `/?token=${encodeURIComponent(secret)}&page=${count + 1}` });
  });
  const options = {
    url: `${server.url}/?token=${encodeURIComponent(secret)}`,
    auth: { bearer: secret },
    rate: "1000/s",
    pagination: { next: "next" },
  };
  const { http } = await import("./index.ts");
  const context = bench.context();
  try {
    for await (const page of http.read!(http.options.parse(options), context))
      if (page.kind === "rows") seen.push(page.name, page.position);
  } catch (error) {
    seen.push((error as Error).message, (error as { hint?: string }).hint, String((error as Error).cause));
  }
  expect(seen.length).toBeGreaterThan(5);
  const text = JSON.stringify([seen, bench.logged]);
  for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]) expect(text).not.toContain(form);
  const { readdirSync, readFileSync } = await import("node:fs");
  for (const name of readdirSync(`${bench.folder}/.millrace`))
    expect(readFileSync(`${bench.folder}/.millrace/${name}`).includes(secret)).toBe(false);
});
