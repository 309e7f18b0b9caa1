// Resources below others and exports that are waited for: every row once, in order, and the rest after an interruption.
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { sendJson, type TestServer } from "../../../../test/http-server.ts";
import { bodyOf, httpBench } from "../../../../test/http-read.ts";

const bench = httpBench();

/** Seven shops on pages of three; shop n has n orders, on pages of two; shop 4 answers 404. */
async function shops(): Promise<TestServer> {
  return bench.serve(async ({ url, raw }, response) => {
    if (raw.headers.authorization !== "Bearer planted-token") return void response.writeHead(401).end();
    const page = Number(url.searchParams.get("page") ?? 1);
    if (url.pathname === "/shops") {
      const list = Array.from({ length: 7 }, (_, index) => ({ id: index + 1, code: `a/${index + 1}`, town: { name: `t${index + 1}` } }));
      return sendJson(response, { data: list.slice((page - 1) * 3, page * 3) });
    }
    const shop = Number(decodeURIComponent(url.pathname.split("/")[2]!).split("/")[1]);
    if (shop === 4) return void response.writeHead(404).end();
    await sleep((shop * 5) % 7);
    const since = Number(url.searchParams.get("since") ?? 0);
    const orders = Array.from({ length: shop }, (_, index) => ({ id: shop * 100 + index, at: shop * 10 + index })).filter(
      ({ at }) => at > since,
    );
    return sendJson(response, { orders: orders.slice((page - 1) * 2, page * 2) });
  });
}
const children = (server: TestServer, more: object = {}) => ({
  url: `${server.url}/shops/{parent.code}/orders`,
  rows: "orders",
  auth: { bearer: "planted-token" },
  pagination: { page: { param: "page", size: 2 } },
  responses: [{ status: 404, do: "ignore" }],
  parent: { url: "/shops", rows: "data", pagination: { page: { param: "page", size: 3 } }, include: { shop: "id", town: "town.name" } },
  ...more,
});
const expected = [1, 2, 3, 5, 6, 7].flatMap((shop) =>
  Array.from({ length: shop }, (_, index) => ({ shop, town: `t${shop}`, id: shop * 100 + index, at: shop * 10 + index })),
);

describe("a resource below another", () => {
  it("gives the rows of every parent with its fields, in order, one parent at a time or several", async () => {
    const server = await shops();
    for (const parallel of [1, 3, 16]) expect(await bench.rows(children(server, { parallel }))).toEqual(expected);
  });

  it("goes on behind every page: with the rest of that parent, then the others", async () => {
    const server = await shops();
    const pages = await bench.read(children(server, { parallel: 3 }));
    for (const [index, { position }] of pages.entries()) {
      const rest = await bench.read(children(server), { resume: position! });
      expect(rest.flatMap(({ rows }) => rows)).toEqual(pages.slice(index + 1).flatMap(({ rows }) => rows));
    }
    const gone = await bench.failure(children(server, { parent: { values: [1] }, url: `${server.url}/shops/a%2F{parent.value}/orders` }), {
      resume: pages[5]!.position!,
    });
    expect(gone.code).toBe("MR3522");
  });

  it("asks each parent for what is newer than its own last row", async () => {
    const server = await shops();
    const own = children(server, { since: "since" });
    const options = { ...own, parent: { ...own.parent, cursor: "at" } };
    const first = await bench.read(options);
    expect(first.flatMap(({ rows }) => rows)).toEqual(expected);
    expect(await bench.rows(options, { since: 76, position: first.at(-1)!.position! })).toEqual([]);
    // Interrupted after shop 3: the shops behind it are still asked for everything, whatever the newest row of all is.
    const third = first.findLast(({ rows }) => rows[0]?.["shop"] === 3)!;
    const later = await bench.rows(options, { position: third.position! });
    expect(later).toEqual(expected.filter(({ shop }) => shop > 3));
  });

  it("takes a fixed list, a grandparent, a body, and refuses what leads elsewhere", async () => {
    const server = await bench.serve(async ({ url, raw }, response) => {
      if (url.pathname === "/regions") sendJson(response, [{ id: "n" }, { id: "s" }]);
      else if (url.pathname.startsWith("/regions/")) sendJson(response, [{ id: `${url.pathname.split("/")[2]}1` }]);
      else sendJson(response, [{ asked: JSON.parse(await bodyOf(raw)) }]);
    });
    const parent = { url: "/regions/{parent.id}/shops", parent: { url: "/regions" } };
    const found = await bench.rows({ url: `${server.url}/search`, body: { shop: "{parent.id}" }, parent });
    expect(found).toEqual([{ asked: { shop: "n1" } }, { asked: { shop: "s1" } }]);
    expect(await bench.rows({ url: `${server.url}/search`, body: { n: "{parent.value}" }, parent: { values: [7] } })).toEqual([
      { asked: { n: 7 } },
    ]);
    for (const value of ["..", "."]) {
      const error = await bench.failure({ url: `${server.url}/a/{parent.value}`, parent: { values: [value] } });
      expect(error.code).toBe("MR3517");
    }
    await expect(bench.rows({ url: `${server.url}/{parent.id}` })).rejects.toThrow("there is no parent");
  });
});

describe("an export that is waited for", () => {
  const start = async (body: (page: string) => Buffer | string, type: string): Promise<TestServer> => {
    let looks = 0;
    return bench.serve(async ({ url, raw }, response) => {
      if (raw.method === "POST") return sendJson(response, { job: { id: `j ${JSON.parse(await bodyOf(raw)).kind}` } });
      if (raw.method === "DELETE") return void response.writeHead(204).end();
      if (url.pathname.startsWith("/jobs/")) {
        looks += 1;
        return sendJson(response, looks % 3 === 0 ? { state: "ready", files: ["/f/1", "/f/2"] } : { state: "working" });
      }
      return void response.writeHead(200, { "content-type": type }).end(body(url.pathname));
    });
  };
  const options = (server: TestServer, format: string) => ({
    url: server.url,
    format,
    export: {
      create: { url: "/jobs", body: { kind: "all" } },
      poll: { url: "/jobs/{created.job.id}", status: "state", done: ["ready"], failed: ["broken"], every: "10ms" },
      download: { url: "{file}", each: "files" },
      cleanUp: { url: "/jobs/{created.job.id}", method: "DELETE" },
    },
  });

  it("is ordered, looked after, downloaded and cleaned up, whatever its format", async () => {
    const csv = (path: string): string => `id,name\n${path.at(-1)},"a ""b"", c"\n${path.at(-1)}0,é\n`;
    const rows = [1, 10, 2, 20].map((id) => ({ id, name: id < 10 ? 'a "b", c' : "é" }));
    const text = (path: string): string =>
      rows
        .filter(({ id }) => String(id)[0] === path.at(-1))
        .map((row) => JSON.stringify(row))
        .join("\n");
    for (const [format, body] of [
      ["csv", csv],
      ["csv", (path: string) => gzipSync(csv(path))],
      ["ndjson", text],
      ["json", (path: string) => `[${text(path).replace("\n", ",")}]`],
    ] as const) {
      const server = await start(body, "application/octet-stream");
      expect(await bench.rows(options(server, format))).toEqual(rows);
      expect(server.asked.filter((line) => line.startsWith("DELETE"))).toEqual(["DELETE /jobs/j%20all"]);
    }
  });

  it("goes on behind a part without ordering again", async () => {
    const big = (path: string): string => `id\n${Array.from({ length: 12_000 }, (_, index) => `${path.at(-1)}${index}`).join("\n")}\n`;
    const server = await start(big, "text/csv");
    const parts = await bench.read(options(server, "csv"));
    expect(parts.length).toBe(6);
    const rest = await bench.read(options(server, "csv"), { resume: parts[1]!.position! });
    expect(rest.map(({ rows }) => rows)).toEqual(parts.slice(2).map(({ rows }) => rows));
    expect(server.asked.filter((line) => line.startsWith("POST"))).toHaveLength(1);
  });

  it("that fails, or is not ready in time, says so and is cleaned up", async () => {
    const server = await bench.serve(({ raw }, response) =>
      sendJson(response, raw.method === "POST" ? { job: { id: 1 } } : { state: "broken" }),
    );
    const failed = await bench.failure(options(server, "csv"));
    expect([failed.code, failed.message]).toEqual(["MR3523", 'the export: its status is "broken"']);
    expect(server.asked.at(-1)).toBe("DELETE /jobs/1");
    const slow = options(server, "csv");
    const late = await bench.failure({ ...slow, export: { ...slow.export, poll: { ...slow.export.poll, failed: [], timeout: "30ms" } } });
    expect([late.code, late.retryable]).toEqual(["MR3523", true]);
  });
});
