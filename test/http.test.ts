// The HTTP connector against real servers on loopback: pagination, auth, retries, limits, and everything a server can do wrong.
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { httpClient } from "../src/connectors/http/client.ts";
import { http } from "../src/connectors/http/index.ts";
import type { Delivery, ReadContext, RowsDelivery } from "../src/load/connector.ts";
import { MillraceError } from "../src/model/errors.ts";
import { type Handler, sendJson, startServer, type TestServer } from "./http-server.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-http-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
async function serve(handler: Handler): Promise<TestServer> {
  const server = await startServer(handler);
  servers.push(server);
  return server;
}

const logged: string[] = [];
function contextOf(more: Partial<ReadContext> = {}): ReadContext {
  logged.length = 0;
  return {
    connection: undefined as never,
    projectDir: folder,
    tempDir: folder,
    since: undefined,
    signal: new AbortController().signal,
    connections: {},
    log: (level, message) => logged.push(`${level} ${message}`),
    ...more,
  };
}
async function read(options: Record<string, unknown>, more: Partial<ReadContext> = {}): Promise<RowsDelivery[]> {
  const deliveries: Delivery[] = [];
  for await (const delivery of http.read!(http.options.parse(options), contextOf(more))) deliveries.push(delivery);
  return deliveries as RowsDelivery[];
}
async function rowsRead(options: Record<string, unknown>, more: Partial<ReadContext> = {}): Promise<readonly unknown[]> {
  return (await read(options, more)).flatMap((delivery) => delivery.rows);
}
async function failure(options: Record<string, unknown>, more: Partial<ReadContext> = {}): Promise<MillraceError> {
  const thrown: unknown = await read(options, more).then(
    () => new Error("nothing was thrown"),
    (error: unknown) => error,
  );
  if (!(thrown instanceof MillraceError)) throw thrown;
  return thrown;
}
const items = (from: number, count: number): readonly { id: number }[] =>
  Array.from({ length: count }, (_, index) => ({ id: from + index }));
const all = Array.from({ length: 25 }, (_, index) => ({ id: index }));

describe("pages", () => {
  it("are the body, the only list in it, or the list at `rows`", async () => {
    const server = await serve(({ url }, response) => {
      if (url.pathname === "/list") sendJson(response, [{ id: 1 }]);
      else if (url.pathname === "/only") sendJson(response, { total: 1, data: { items: [{ id: 2 }] } });
      else sendJson(response, { data: { items: [{ id: 3 }] }, errors: [] });
    });
    expect(await rowsRead({ url: `${server.url}/list` })).toEqual([{ id: 1 }]);
    expect(await rowsRead({ url: `${server.url}/only` })).toEqual([{ id: 2 }]);
    expect(await rowsRead({ url: `${server.url}/path`, rows: "data.items" })).toEqual([{ id: 3 }]);
  });

  it("carry a name without secrets", async () => {
    const server = await serve((_, response) => sendJson(response, [{ id: 1 }]));
    const [page] = await read({ url: `${server.url.replace("//", "//ann:hush-hush@")}/a?api_key=hidden`, params: { region: "north" } });
    expect(page!.name).toBe(`page 1 of ${server.url}/a?api_key=***&region=north`);
    expect(server.requests[0]!.headers.authorization).toBe(`Basic ${Buffer.from("ann:hush-hush").toString("base64")}`);
  });

  it("follow the next address in the body, relative or absolute", async () => {
    const server = await serve(({ url }, response) => {
      const from = Number(url.searchParams.get("from") ?? 0);
      const next = from < 20 ? (from === 0 ? `/items?from=10` : `${server.url}/items?from=20`) : null;
      sendJson(response, { rows: all.slice(from, from + 10), links: { next } });
    });
    const pages = await read({ url: `${server.url}/items`, pagination: { next: "links.next" } });
    expect(pages.map((page) => page.rows.length)).toEqual([10, 10, 5]);
    expect(pages.map((page) => page.name)).toEqual([1, 2, 3].map((number) => `page ${number} of ${server.url}/items`));
  });

  it("follow the Link header, also when no pagination is set", async () => {
    const server = await serve(({ url }, response) => {
      const page = Number(url.searchParams.get("page") ?? 1);
      const links = [
        `<${server.url}/?page=1>; rel="first"`,
        ...(page < 3 ? [`<${server.url}/?page=${page + 1}>; title="a, b"; rel=next`] : []),
      ];
      sendJson(response, items(page * 10, 10), { link: links.join(", ") });
    });
    expect(await rowsRead({ url: `${server.url}/`, pagination: { link: true } })).toHaveLength(30);
    expect(await rowsRead({ url: `${server.url}/` })).toHaveLength(30);
  });

  it("follow a cursor until it is missing, and warn when it never was there", async () => {
    const server = await serve(({ url }, response) => {
      const after = Number(url.searchParams.get("after") ?? 0);
      sendJson(response, { data: all.slice(after, after + 10), ...(after < 20 ? { meta: { cursor: after + 10 } } : {}) });
    });
    expect(await rowsRead({ url: server.url, pagination: { cursor: { param: "after", from: "meta.cursor" } } })).toEqual(all);
    await read({ url: server.url, pagination: { cursor: { param: "after", from: "meta.curser" } } });
    expect(logged).toEqual([expect.stringContaining('the first page has no "meta.curser"')]);
  });

  it("count pages until one is short or empty, and ask for the size", async () => {
    const server = await serve(({ url }, response) => {
      const [page, size] = [Number(url.searchParams.get("page")), Number(url.searchParams.get("size"))];
      sendJson(response, all.slice((page - 1) * size, page * size));
    });
    expect(await rowsRead({ url: server.url, pagination: { page: { param: "page", size: 10 } } })).toEqual(all);
    expect(server.asked).toEqual(["GET /?page=1&size=10", "GET /?page=2&size=10", "GET /?page=3&size=10"]);
    expect(await rowsRead({ url: server.url, pagination: { page: { param: "page", size: 5 } } })).toEqual(all);
    expect(server.asked.at(-1)).toBe("GET /?page=6&size=5");
  });

  it("lose nothing when the server caps the size, and end at its 404", async () => {
    const server = await serve(({ url }, response) => {
      const page = Number(url.searchParams.get("page"));
      if (page > 3) response.writeHead(404).end("no such page");
      else sendJson(response, items(page * 10, 10));
    });
    expect(await rowsRead({ url: `${server.url}?per_page=100`, pagination: { page: { param: "page", size: 100 } } })).toHaveLength(30);
    expect(server.asked[0]).toBe("GET /?per_page=100&page=1");
  });

  it("count rows by offset and limit, from what really came", async () => {
    const server = await serve(({ url }, response) => {
      const offset = Number(url.searchParams.get("offset"));
      sendJson(response, all.slice(offset, offset + Math.min(Number(url.searchParams.get("limit")), 8)));
    });
    expect(await rowsRead({ url: server.url, pagination: { offset: { param: "offset", limit: 10 } } })).toEqual(all);
  });

  it("that come twice are an error, by content and by address", async () => {
    const ignoring = await serve((_, response) => sendJson(response, items(0, 10)));
    const same = await failure({ url: ignoring.url, pagination: { page: { param: "page", size: 10 } } });
    expect(same.code).toBe("MR3508");
    expect(same.message).toContain("page 2 of");
    const circle = await serve(({ url, count }, response) =>
      sendJson(response, { rows: items(count * 10, 2), next: url.pathname === "/a" ? "/b" : "/a" }),
    );
    expect((await failure({ url: `${circle.url}/a`, pagination: { next: "next" } })).code).toBe("MR3508");
  });

  it("that never end are an error at the limit", async () => {
    const server = await serve(({ count }, response) => sendJson(response, { rows: [{ id: count }], next: `/?at=${count}` }));
    const error = await failure({ url: server.url, pagination: { next: "next" }, maxPages: 7 });
    expect([error.code, server.asked.length]).toEqual(["MR3509", 7]);
  });

  it("may be empty in the middle of a cursor", async () => {
    const server = await serve(({ count }, response) =>
      sendJson(response, { rows: count === 2 ? [] : [{ id: count }], cursor: count < 4 ? count : "" }),
    );
    expect(await rowsRead({ url: server.url, pagination: { cursor: { param: "c", from: "cursor" } } })).toHaveLength(3);
  });

  it("warn when the body names more pages and nothing says how to get them", async () => {
    const server = await serve((_, response) => sendJson(response, { rows: [{ id: 1 }], next: "/?page=2" }));
    await read({ url: server.url });
    expect(logged).toEqual([expect.stringContaining('the body has "next", but no `pagination` is set')]);
  });
});

describe("requests", () => {
  it("carry auth, headers, params and the cursor, from the source and its connection", async () => {
    const server = await serve((_, response) => sendJson(response, []));
    const connections = {
      api: { http: { url: `${server.url}/v2`, auth: { bearer: "tok-123" }, headers: { "X-Team": "data" }, params: { region: "all" } } },
    };
    await read({ connection: "api", url: "/sales", params: { year: 2020 }, since: "updated_after" }, { connections, since: "2026-01-31" });
    expect(server.asked).toEqual(["GET /v2/sales?region=all&year=2020&updated_after=2026-01-31"]);
    expect(server.requests[0]!.headers).toMatchObject({ authorization: "Bearer tok-123", "x-team": "data" });
    await read({ url: server.url, auth: { header: { name: "X-Api-Key", value: "key-1234" } } });
    expect(server.requests[1]!.headers["x-api-key"]).toBe("key-1234");
  });

  it("name a connection that does not exist", async () => {
    const error = await failure({ connection: "apo", url: "/x" }, { connections: { api: {} } });
    expect([error.code, error.hint]).toEqual(["MR3515", "connections of this project: api"]);
  });

  it("refuse what is no URL and what is no HTTP", async () => {
    for (const url of ["data/x.json", "file:///etc/passwd"]) expect(() => http.options.parse({ url })).toThrow("http:// or https://");
    const connections = { api: { url: "file:///etc" } };
    expect((await failure({ connection: "api" }, { connections })).message).toContain("http:// or https://");
    expect((await failure({ url: "http://h", headers: { "x-a": "1\r\nx-b: 2" } })).code).toBe("MR3515");
  });

  it("keep the pace of `rate`", async () => {
    const times: number[] = [];
    const server = await serve(({ count }, response) => {
      times.push(performance.now());
      sendJson(response, { rows: [{ id: count }], cursor: count < 4 ? count : null });
    });
    // Counted from the start, not from the first arrival: a slow machine can only make it longer.
    const start = performance.now();
    await read({ url: server.url, rate: "20/s", pagination: { cursor: { param: "c", from: "cursor" } } });
    expect(times).toHaveLength(4);
    expect(times.at(-1)! - start).toBeGreaterThanOrEqual(145);
  });

  it("are sent by POST with a body, and then never repeated", async () => {
    const server = await serve((_, response) => response.writeHead(500).end("no"));
    expect((await failure({ url: server.url, method: "POST", body: { q: 1 } })).code).toBe("MR3502");
    expect(server.asked).toEqual(["POST /"]);
  });
});

describe("failures that pass", () => {
  it("500 once, 429 with seconds and 503 with a date are waited out", async () => {
    const server = await serve(({ count }, response) => {
      if (count === 1) response.writeHead(500).end("oops");
      else if (count === 2) response.writeHead(429, { "retry-after": "0.2" }).end();
      else if (count === 3) response.writeHead(503, { "retry-after": new Date(Date.now() - 5_000).toUTCString() }).end();
      else sendJson(response, [{ id: 1 }]);
    });
    const started = performance.now();
    expect(await rowsRead({ url: server.url })).toEqual([{ id: 1 }]);
    expect(performance.now() - started).toBeGreaterThanOrEqual(200);
    expect(logged).toHaveLength(3);
    expect(logged[0]).toContain("answers 500: oops; try 2 of 5 in 0.");
  });

  it("a Retry-After beyond the limit is handed to the run", async () => {
    const server = await serve((_, response) => response.writeHead(429, { "retry-after": "120" }).end());
    const error = await failure({ url: server.url });
    expect([error.code, error.retryable, error.retryAfterMs, server.asked.length]).toEqual(["MR3503", true, 120_000, 1]);
  });

  it("a connection that drops in the middle of the body", async () => {
    const server = await serve(({ count }, response) => {
      const body = JSON.stringify(all);
      if (count > 1) return sendJson(response, body);
      response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
      response.write(body.slice(0, 50), () => response.destroy());
      return undefined;
    });
    expect(await rowsRead({ url: server.url })).toEqual(all);
    expect(logged[0]).toContain("broke off after 50 bytes");
  });

  it("a chunked body without its end, a cut gzip, cut JSON and an empty body", async () => {
    const server = await serve(({ url, count }, response) => {
      if (count % 2 === 0) return sendJson(response, [{ id: 1 }]);
      const packed = gzipSync(JSON.stringify(all));
      if (url.pathname === "/chunked") {
        response.writeHead(200, { "content-type": "application/json" });
        response.write("[", () => response.destroy());
      } else if (url.pathname === "/gzip") {
        response
          .writeHead(200, { "content-encoding": "gzip", "content-type": "application/json" })
          .end(packed.subarray(0, packed.length - 12));
      } else if (url.pathname === "/json") sendJson(response, '[{"id":1},{"id":2');
      else sendJson(response, "");
      return undefined;
    });
    for (const path of ["chunked", "gzip", "json", "empty"]) {
      expect(await rowsRead({ url: `${server.url}/${path}` })).toEqual([{ id: 1 }]);
      expect(logged).toHaveLength(1);
    }
  });

  it("that do not pass end with the error, after the tries", async () => {
    const server = await serve((_, response) => sendJson(response, '{"rows": [{"id": 1}'));
    const error = await failure({ url: server.url, attempts: 3 });
    expect([error.code, error.retryable, server.asked.length]).toEqual(["MR3505", true, 3]);
  });

  it("a server that failed many times in a row is left alone", async () => {
    const server = await serve((_, response) => response.writeHead(502).end());
    const codes: string[] = [];
    for (let tries = 0; tries < 4; tries += 1) codes.push((await failure({ url: server.url, attempts: 3 })).code);
    expect(codes).toEqual(["MR3502", "MR3502", "MR3502", "MR3512"]);
    expect(server.asked).toHaveLength(10);
  });

  it("nothing listens: said with the address", async () => {
    const server = await startServer(() => undefined);
    await server.close();
    const error = await failure({ url: `${server.url}/x`, attempts: 1 });
    expect([error.code, error.retryable]).toEqual(["MR3501", true]);
    expect(error.message).toContain("nothing listens at 127.0.0.1:");
  });
});

describe("limits", () => {
  it("a server that sends no answer, and one whose body never ends", async () => {
    const server = await serve(({ url }, response) => {
      if (url.pathname === "/silent") return;
      response.writeHead(200, { "content-type": "application/json" });
      const drip = setInterval(() => response.write(" "), 20);
      response.on("close", () => clearInterval(drip));
    });
    const silent = await failure({ url: `${server.url}/silent`, attempts: 1, timeouts: { response: "100ms" } });
    expect([silent.code, silent.message]).toEqual(["MR3504", expect.stringContaining("sent no answer within 0.1 s")]);
    const drip = await failure({ url: `${server.url}/drip`, attempts: 1, timeouts: { body: "150ms" } });
    expect([drip.code, drip.retryable]).toEqual(["MR3504", true]);
  });

  it("a page larger than the limit, announced, streamed or unpacked from a small gzip", async () => {
    const large = JSON.stringify([{ text: "x".repeat(200_000) }]);
    const server = await serve(({ url }, response) => {
      if (url.pathname === "/gzip") {
        response.writeHead(200, { "content-encoding": "gzip", "content-type": "application/json" }).end(gzipSync(large));
      } else if (url.pathname === "/announced") sendJson(response, large, { "content-length": String(large.length) });
      else {
        response.writeHead(200, { "content-type": "application/json" });
        response.write(large.slice(0, 150_000));
        response.end(large.slice(150_000));
      }
    });
    for (const path of ["gzip", "announced", "streamed"]) {
      expect((await failure({ url: `${server.url}/${path}`, maxPageSize: "100KB" })).code).toBe("MR3510");
    }
  });

  it("an abort ends a wait and a body at once, with its reason", async () => {
    const server = await serve(({ url }, response) => {
      if (url.pathname === "/wait") response.writeHead(429, { "retry-after": "20" }).end();
      else response.writeHead(200, { "content-type": "application/json" }).write("[");
    });
    for (const path of ["wait", "body"]) {
      const abort = new AbortController();
      const reason = new Error("cancelled");
      setTimeout(() => abort.abort(reason), 80);
      const started = performance.now();
      await expect(read({ url: `${server.url}/${path}` }, { signal: abort.signal })).rejects.toBe(reason);
      expect(performance.now() - started).toBeLessThan(5_000);
    }
  });
});

describe("answers that are not what was asked for", () => {
  it("HTML is told by its first words", async () => {
    const page = "<!doctype html><html><head><title>Sign in</title><style>p{}</style></head><body><p>Please log in</p></body></html>";
    const server = await serve(({ url }, response) => {
      response.writeHead(200, { "content-type": url.pathname === "/lie" ? "application/json" : "text/html; charset=utf-8" }).end(page);
    });
    for (const path of ["html", "lie"]) {
      const error = await failure({ url: `${server.url}/${path}` });
      expect([error.code, error.retryable]).toEqual(["MR3506", false]);
      expect(error.message).toContain('answers HTML, not JSON: "Sign in Please log in"');
    }
  });

  it("XML, CSV and pictures are refused; JSON under a text type is read with a warning", async () => {
    const server = await serve(({ url }, response) => {
      const [type, body] = {
        "/xml": ["application/xml", '<?xml version="1.0"?><a>1</a>'],
        "/csv": ["text/csv", "a,b\n1,2\n"],
        "/png": ["image/png", "[1]"],
        "/text": ["text/html", '[{"id":1}]'],
      }[url.pathname]!;
      response.writeHead(200, { "content-type": type! }).end(body);
    });
    for (const path of ["xml", "csv", "png"]) expect((await failure({ url: `${server.url}/${path}` })).code).toBe("MR3506");
    expect(await rowsRead({ url: `${server.url}/text` })).toEqual([{ id: 1 }]);
    expect(logged).toEqual([expect.stringContaining('calls its JSON "text/html"')]);
  });

  it("a missing list is told with the keys that are there", async () => {
    const server = await serve((_, response) => sendJson(response, { count: 2, result: { rows: [], more: false } }));
    const error = await failure({ url: server.url, rows: "data.items" });
    expect(error.code).toBe("MR3507");
    expect(error.message).toContain('there is no "data.items"');
    expect(error.message).toContain("keys there: count (number), result (object)");
    expect(error.hint).toBe("lists are at: result.rows");
    expect((await failure({ url: server.url, rows: "count" })).message).toContain('"count" is number, not a list');
  });

  it("malformed JSON and broken UTF-8 are refused at once", async () => {
    const server = await serve(({ url }, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(url.pathname === "/utf8" ? Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d]) : '[{"a": 1,}]');
    });
    for (const path of ["json", "utf8"]) {
      expect((await failure({ url: `${server.url}/${path}` })).code).toBe("MR3516");
    }
    expect(server.asked).toHaveLength(2);
  });

  it("401 and 404 are not repeated, and the server's words are shown without the secret", async () => {
    const server = await serve(({ url }, response) => {
      const packed = url.pathname === "/404";
      const words = "bad token tok-secret";
      response.writeHead(Number(url.pathname.slice(1)), packed ? { "content-encoding": "gzip" } : {}).end(packed ? gzipSync(words) : words);
    });
    const refused = await failure({ url: `${server.url}/401`, auth: { bearer: "tok-secret" } });
    expect([refused.code, refused.message]).toEqual(["MR3514", `${server.url}/401 refuses access with 401: bad token ***`]);
    expect((await failure({ url: `${server.url}/404` })).message).toBe(`${server.url}/404 answers 404: bad token tok-secret`);
    expect(server.asked).toHaveLength(2);
  });
});

describe("bodies", () => {
  it("are unpacked from gzip, deflate with and without head, and br", async () => {
    const text = JSON.stringify(all);
    const packers = { gzip: gzipSync, deflate: deflateSync, raw: deflateRawSync, br: brotliCompressSync };
    const server = await serve(({ url }, response) => {
      const name = url.pathname.slice(1) as keyof typeof packers;
      const encoding = name === "raw" ? "deflate" : name;
      response.writeHead(200, { "content-type": "application/json", "content-encoding": encoding }).end(packers[name](text));
    });
    for (const name of Object.keys(packers)) expect(await rowsRead({ url: `${server.url}/${name}` })).toEqual(all);
  });

  it("keep every digit of long numbers", async () => {
    const body =
      '[{"id": 9007199254740993, "small": 12, "note": "id 9007199254740993, \\"12345678901234567890\\"", "rate": 0.1, "exact": 0.1234567890123456789, "list": [-12345678901234567890]}]';
    const server = await serve((_, response) => sendJson(response, body));
    expect(await rowsRead({ url: server.url })).toEqual([
      {
        id: 9007199254740993n,
        small: 12,
        note: 'id 9007199254740993, "12345678901234567890"',
        rate: 0.1,
        exact: "0.1234567890123456789",
        list: [-12345678901234567890n],
      },
    ]);
  });

  it("of JSON lines are rows", async () => {
    const server = await serve((_, response) =>
      response.writeHead(200, { "content-type": "application/x-ndjson" }).end('{"id":1}\n{"id":2}\n'),
    );
    expect(await rowsRead({ url: server.url })).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it("of plain values are rows with one column", async () => {
    const server = await serve((_, response) => sendJson(response, ["a", "b"]));
    expect(await rowsRead({ url: server.url })).toEqual([{ value: "a" }, { value: "b" }]);
  });

  it("hand a broken record on among sound ones", async () => {
    const server = await serve((_, response) => sendJson(response, [{ id: 1 }, null, "what", { id: 2 }]));
    expect(await rowsRead({ url: server.url })).toEqual([{ id: 1 }, null, "what", { id: 2 }]);
  });

  it("of some size come through whole", async () => {
    const rows = Array.from({ length: 20_000 }, (_, id) => ({ id, text: createHash("sha256").update(String(id)).digest("hex") }));
    const server = await serve((_, response) => sendJson(response, rows));
    expect(await rowsRead({ url: server.url })).toEqual(rows);
  });
});

describe("other hosts", () => {
  it("a next link to one is refused, unless it is allowed", async () => {
    const other = await serve((_, response) => sendJson(response, { rows: [{ id: 2 }], next: null }));
    const server = await serve((_, response) => sendJson(response, { rows: [{ id: 1 }], next: `${other.url}/steal` }));
    const options = { url: server.url, auth: { bearer: "tok-secret" }, pagination: { next: "next" } };
    const error = await failure(options);
    expect([error.code, error.hint, other.asked.length]).toEqual(["MR3511", expect.stringContaining(new URL(other.url).host), 0]);
    expect(await rowsRead({ ...options, allowHosts: [new URL(other.url).host] })).toEqual([{ id: 1 }, { id: 2 }]);
    expect(other.requests[0]!.headers.authorization).toBe("Bearer tok-secret");
  });

  it("a redirect to one carries no credentials; one on the same host does", async () => {
    const other = await serve((_, response) => sendJson(response, [{ id: 1 }]));
    const server = await serve(({ url }, response) => {
      if (url.pathname === "/there") response.writeHead(302, { location: `${other.url}/x` }).end();
      else if (url.pathname === "/here") response.writeHead(308, { location: "/end" }).end();
      else sendJson(response, [{ id: 2 }]);
    });
    const secrets = { auth: { bearer: "tok-secret" }, headers: { cookie: "session=1", "x-tenant": "acme" } };
    expect(await rowsRead({ url: `${server.url}/there`, ...secrets })).toEqual([{ id: 1 }]);
    const { headers } = other.requests[0]!;
    expect([headers.authorization, headers.cookie, headers["x-tenant"]]).toEqual([undefined, undefined, undefined]);
    expect(await rowsRead({ url: `${server.url}/here`, ...secrets })).toEqual([{ id: 2 }]);
    expect(server.requests.at(-1)!.headers.authorization).toBe("Bearer tok-secret");
  });

  it("redirects in a circle end", async () => {
    const server = await serve((_, response) => response.writeHead(302, { location: "/" }).end());
    expect((await failure({ url: server.url })).code).toBe("MR3513");
  });
});

describe("http in pipelines/", () => {
  it("yields rows and body of every page, with `since`", async () => {
    const server = await serve(({ url }, response) =>
      sendJson(response, { rows: [{ id: url.search }], next: url.searchParams.has("p") ? null : "/?p=2", total: 2 }),
    );
    const client = httpClient(contextOf());
    const pages = [];
    for await (const page of client.pages(server.url, { since: "2026-01-01", pagination: { next: "next" } })) pages.push(page);
    expect(pages).toEqual([
      { rows: [{ id: "?since=2026-01-01" }], body: expect.objectContaining({ total: 2 }) },
      { rows: [{ id: "?p=2" }], body: expect.objectContaining({ total: 2 }) },
    ]);
    expect(await client.get(`${server.url}/?p=1`)).toMatchObject({ total: 2 });
    await expect(client.get("nonsense")).rejects.toMatchObject({ code: "MR3515" });
  });
});

describe("peek", () => {
  it("tells columns of the first page, and nothing when there is no answer", async () => {
    const server = await serve(({ url }, response) => {
      if (url.pathname === "/no") response.writeHead(500).end();
      else
        sendJson(response, [
          { id: 1, price: 1, note: null },
          { id: 2, price: 1.5, tags: ["a"] },
        ]);
    });
    const columns = await http.peek!(http.options.parse({ url: server.url }), contextOf());
    expect(columns!.map((column) => [column.name, column.type])).toEqual([
      ["id", "BIGINT"],
      ["price", "DOUBLE"],
      ["note", "VARCHAR"],
      ["tags", "JSON"],
    ]);
    expect(await http.peek!(http.options.parse({ url: `${server.url}/no` }), contextOf())).toBeNull();
  });
});
