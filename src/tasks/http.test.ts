import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sendRequest } from "../connectors/http/request.ts";
import { http } from "./http.ts";
import { surroundings } from "./surroundings.fixture.ts";

interface Seen {
  readonly method: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

const seen: Seen[] = [];
let server: Server;
let base = "";

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      seen.push({ method: request.method, headers: request.headers, body });
      const status = Number(/\/status\/(\d+)/.exec(request.url ?? "")?.[1] ?? 200);
      response.statusCode = status;
      if (request.url?.startsWith("/text") === true) response.end("plain words");
      else if (request.url?.startsWith("/stall") === true) response.write("no entry, because");
      else if (request.url?.startsWith("/large") === true) response.end(JSON.stringify({ id: 7, rows: "x".repeat(50_000) }));
      else if (status === 204) response.end();
      else response.setHeader("content-type", "application/json").end(JSON.stringify({ data: { id: 1, big: "9007199254740993" } }));
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  return new Promise((done) => server.close(done));
});

const act = (request: Readonly<Record<string, unknown>>, given = surroundings()) =>
  http.act!(
    { kind: "http", request: { url: base, ...request } },
    { ...given, request: (asked) => sendRequest(asked, {}, { signal: given.attempt.signal, log: given.attempt.log }) },
  );

describe("an HTTP request", () => {
  it("sends values with their types, and a key by which a second try is known", async () => {
    const given = surroundings({ values: { "outputs.a.n": 3, "param:who": "O'Hara", "secret:T": "s3cret" } });
    const request = { method: "PUT", body: { n: "${outputs.a.n}", who: "for ${param:who}" }, auth: { bearer: "${secret:T}" } };
    expect(await act(request, given)).toEqual({ output: { data: { id: 1, big: "9007199254740993" } } });
    const last = seen.at(-1)!;
    expect(last.method).toBe("PUT");
    expect(JSON.parse(last.body)).toEqual({ n: 3, who: "for O'Hara" });
    expect(last.headers).toMatchObject({
      "content-type": "application/json",
      "idempotency-key": "r_1/task:t",
      authorization: "Bearer s3cret",
    });
  });

  it("that is refused fails at once and for good, also when the words of the refusal never end", { timeout: 20_000 }, async () => {
    for (const path of ["/status/403", "/stall/status/403"]) {
      const before = seen.length;
      await expect(act({ url: `${base}${path}` })).rejects.toMatchObject({ code: "MR3514", retryable: false });
      expect(seen.length).toBe(before + 1);
    }
  });

  it("answers the part that is wanted, text as text, and nothing as null", async () => {
    expect(await act({ output: "data.id" })).toEqual({ output: 1 });
    expect(await act({ url: `${base}/text` })).toEqual({ output: "plain words" });
    expect(await act({ url: `${base}/status/204`, method: "DELETE" })).toEqual({ output: null });
    await expect(act({ output: "data.nothing" })).rejects.toMatchObject({ code: "MR6202" });
  });

  it("of a large answer keeps its size, or the part that is wanted", async () => {
    const given = surroundings();
    expect(await act({ url: `${base}/large` }, given)).toEqual({ output: { status: 200, bytes: 50_018, cut: true } });
    expect(given.lines.at(-1)).toContain("output: names the part");
    expect(await act({ url: `${base}/large`, output: "id" })).toEqual({ output: 7 });
    await expect(act({ url: `${base}/large`, maxSize: "10KB" })).rejects.toMatchObject({ code: "MR3510" });
  });

  it("fails for a status that is not expected; 5xx may be tried again", async () => {
    await expect(act({ url: `${base}/status/404` })).rejects.toMatchObject({ code: "MR3502", retryable: false });
    await expect(act({ url: `${base}/status/503`, method: "POST" })).rejects.toMatchObject({ code: "MR3502", retryable: true });
    expect(await act({ url: `${base}/status/404`, expect: [200, 404] })).toEqual({ output: { data: { id: 1, big: "9007199254740993" } } });
    await expect(act({ expect: 201 })).rejects.toMatchObject({ code: "MR3502" });
  });

  it("sends text as it is", async () => {
    await act({ body: "a,b\n1,2\n", headers: { "Content-Type": "text/csv" } });
    expect(seen.at(-1)).toMatchObject({ method: "POST", body: "a,b\n1,2\n", headers: { "content-type": "text/csv" } });
  });
});
