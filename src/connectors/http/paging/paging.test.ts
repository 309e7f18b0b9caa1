// Paginations beyond the plain ones, asking ahead, guards and positions: always the same rows, whatever the way to them.
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { sendJson } from "../../../../test/http-server.ts";
import { bodyOf, httpBench } from "../../../../test/http-read.ts";

const bench = httpBench();
const all = Array.from({ length: 25 }, (_, index) => ({ id: index + 1 }));

describe("a pagination", () => {
  it("sends its cursor in a header and finds the next one in a header", async () => {
    const server = await bench.serve(({ raw }, response) => {
      const from = Number(raw.headers["x-after"] ?? 0);
      sendJson(response, all.slice(from, from + 10), from + 10 < 25 ? { "x-next": String(from + 10) } : {});
    });
    expect(await bench.rows({ url: server.url, pagination: { cursor: { param: "X-After", fromHeader: "X-Next", in: "header" } } })).toEqual(
      all,
    );
  });

  it("puts its cursor into the body, and ends when the answer says that there is no more", async () => {
    const server = await bench.serve(async ({ raw }, response) => {
      const asked = JSON.parse(await bodyOf(raw)) as { query: { from?: number; region: string } };
      const from = asked.query.from ?? 0;
      expect(asked.query.region).toBe("north");
      sendJson(response, { items: all.slice(from, from + 10), next: from + 10, more: from + 10 < 25 });
    });
    const pagination = { cursor: { param: "query.from", from: "next", in: "body", more: "more" } };
    expect(await bench.rows({ url: server.url, body: { query: { region: "north" } }, pagination })).toEqual(all);
  });

  it("goes on behind the last row: keyset", async () => {
    const server = await bench.serve(({ url }, response) => {
      const after = Number(url.searchParams.get("after_id") ?? 0);
      sendJson(response, all.filter(({ id }) => id > after).slice(0, 10));
    });
    expect(await bench.rows({ url: server.url, pagination: { keyset: { param: "after_id", field: "id" } } })).toEqual(all);
    expect(server.asked.at(-1)).toBe("GET /?after_id=25");
    expect(await bench.rows({ url: server.url, pagination: { keyset: { param: "after_id", field: "id", size: 10 } } })).toEqual(all);
    expect(server.asked.at(-1)).toBe("GET /?after_id=20");
    expect((await bench.failure({ url: server.url, pagination: { keyset: { param: "after", field: "key" } } })).code).toBe("MR3516");
  });

  it("follows a GraphQL connection in nodes or edges, and repeats a query that broke", async () => {
    for (const shape of ["nodes", "edges"]) {
      const server = await bench.serve(async ({ raw, count }, response) => {
        const { variables } = JSON.parse(await bodyOf(raw)) as { variables: { first: number; after?: string } };
        if (count === 2) return response.destroy();
        const from = Number(variables.after ?? 0);
        const list = all.slice(from, from + variables.first);
        const pageInfo = { hasNextPage: from + 10 < 25, endCursor: String(from + 10) };
        return sendJson(response, { data: { orders: { pageInfo, [shape]: shape === "nodes" ? list : list.map((node) => ({ node })) } } });
      });
      const body = { query: "query ($first: Int, $after: String) { orders { nodes { id } } }", variables: { first: 10 } };
      expect(await bench.rows({ url: server.url, body, pagination: { relay: { connection: "data.orders" } } })).toEqual(all);
    }
  });

  it("counts in the body, until a page is empty, or until the total", async () => {
    const server = await bench.serve(async ({ raw }, response) => {
      const { page, size } = JSON.parse(await bodyOf(raw)) as { page: number; size: number };
      // Pages of its own lengths: only an empty one is the end.
      const rows = page === 2 ? all.slice(10, 13) : page === 1 ? all.slice(0, 10) : page === 3 ? all.slice(13) : [];
      sendJson(response, { rows, size, pages: 3 });
    });
    const page = { param: "page", size: 10, in: "body" };
    expect(await bench.rows({ url: server.url, body: {}, rows: "rows", pagination: { page: { ...page, until: "empty" } } })).toEqual(all);
    expect(server.asked).toHaveLength(4);
    const total = { ...page, until: "empty", total: "pages" };
    expect(await bench.rows({ url: server.url, body: {}, rows: "rows", pagination: { page: total } })).toEqual(all);
    expect(server.asked).toHaveLength(7);
  });
});

describe("pages asked for ahead", () => {
  it("come in their order, no more at once than allowed, and end where they end", async () => {
    let [now, most] = [0, 0];
    const server = await bench.serve(async ({ url }, response) => {
      most = Math.max(most, (now += 1));
      const page = Number(url.searchParams.get("page"));
      await sleep((page * 7) % 5);
      now -= 1;
      if (page > 12) response.writeHead(404).end();
      else
        sendJson(
          response,
          Array.from({ length: 10 }, (_, index) => ({ id: page * 10 + index })),
        );
    });
    const rows = await bench.rows({ url: server.url, parallel: 4, pagination: { page: { param: "page", size: 10 } } });
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 120 }, (_, index) => index + 10));
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
  });

  it("lose nothing when the server gives less than it was asked for", async () => {
    const server = await bench.serve(({ url }, response) => {
      const offset = Number(url.searchParams.get("offset"));
      sendJson(response, all.slice(offset, offset + (offset === 7 ? 3 : 7)));
    });
    const pagination = { offset: { param: "offset", limit: 10, until: "empty" } };
    expect(await bench.rows({ url: server.url, parallel: 5, pagination })).toEqual(all);
  });
});

describe("an only page", () => {
  it("that looks full is warned of, refused or left alone", async () => {
    const server = await bench.serve((_, response) =>
      sendJson(
        response,
        Array.from({ length: 100 }, (_, id) => ({ id })),
      ),
    );
    expect(await bench.rows({ url: server.url })).toHaveLength(100);
    expect(bench.logged).toEqual([expect.stringContaining("the only page has 100 rows, which looks like a full one")]);
    expect((await bench.failure({ url: server.url, fullPage: "stop" })).code).toBe("MR3520");
    await bench.rows({ url: server.url, fullPage: "ignore" });
    expect(bench.logged).toEqual([]);
  });
});

describe("a position", () => {
  it("gives exactly the rest, holds no secret and asks for nothing twice", async () => {
    const server = await bench.serve(({ url }, response) => {
      const from = Number(url.searchParams.get("from") ?? 0);
      const next = from < 20 ? `/?from=${from + 10}&api_key=${url.searchParams.get("api_key")}` : null;
      sendJson(response, { rows: all.slice(from, from + 10), next });
    });
    const options = { url: `${server.url}/?api_key=planted-secret`, pagination: { next: "next" } };
    const pages = await bench.read(options);
    expect(JSON.stringify(pages.map(({ position }) => position))).not.toContain("planted-secret");
    for (const [index, { position }] of pages.entries()) {
      const before = server.asked.length;
      const rest = await bench.read(options, { resume: position! });
      expect(rest).toEqual(pages.slice(index + 1));
      expect(server.asked.length - before).toBe(pages.length - index - 1);
    }
  });
});
