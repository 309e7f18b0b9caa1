// Every way of proving who asks, against servers that check it; tokens are shared, renewed, kept without being readable, and never shown.
import { createHmac } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { sendJson, type TestServer } from "../../../../test/http-server.ts";
import { bodyOf, httpBench } from "../../../../test/http-read.ts";
import { sign } from "./hmac.ts";

const bench = httpBench();
const pages = { page: { param: "page", size: 2 } };

/** Three pages of two rows each for those who are let in. */
function guarded(isLetIn: (raw: IncomingMessage, url: URL) => boolean) {
  return (url: URL, raw: IncomingMessage, response: ServerResponse): unknown => {
    if (!isLetIn(raw, url)) return response.writeHead(401).end("who are you?");
    const page = Number(url.searchParams.get("page") ?? 1);
    return sendJson(response, page > 3 ? [] : [{ id: page * 2 }, { id: page * 2 + 1 }]);
  };
}

describe("an API key", () => {
  it("goes into a header or into the address, where no name shows it", async () => {
    const answer = guarded((raw, url) => raw.headers["x-key"] === "planted-key" || url.searchParams.get("key") === "planted-key");
    const server = await bench.serve(({ url, raw }, response) => answer(url, raw, response));
    for (const apiKey of [
      { name: "X-Key", value: "planted-key" },
      { name: "key", value: "planted-key", in: "query" },
    ]) {
      const read = await bench.read({ url: server.url, auth: { apiKey }, pagination: pages });
      expect(read.flatMap(({ rows }) => rows)).toHaveLength(6);
      expect(JSON.stringify(read.map(({ name, position }) => [name, position]))).not.toContain("planted-key");
    }
  });
});

describe("OAuth", () => {
  it("takes a token by client credentials, once for all pages, and another when it is refused", async () => {
    let granted = 0;
    const answer = guarded(
      (raw) => raw.headers.authorization === `Bearer access-${granted}` && !(granted === 1 && server.asked.length > 3),
    );
    const server: TestServer = await bench.serve(async ({ url, raw }, response) => {
      if (url.pathname !== "/token") return answer(url, raw, response);
      expect(raw.headers.authorization).toBe(`Basic ${Buffer.from("me:planted-secret").toString("base64")}`);
      expect(await bodyOf(raw)).toBe("audience=api&grant_type=client_credentials&scope=read");
      granted += 1;
      return sendJson(response, { access_token: `access-${granted}`, expires_in: 3600 });
    });
    const oauth2 = { tokenUrl: "/token", clientId: "me", clientSecret: "planted-secret", scope: "read", params: { audience: "api" } };
    expect(await bench.rows({ url: server.url, auth: { oauth2 }, pagination: pages, parallel: 3 })).toHaveLength(6);
    expect(granted).toBe(2);
  });

  it("keeps a rotated refresh token for the next run, unreadable, and never uses the old one again", async () => {
    const used: string[] = [];
    const server: TestServer = await bench.serve(async ({ url, raw }, response) => {
      if (url.pathname !== "/token") {
        if (raw.headers.authorization !== `Bearer access-${used.length}`) return response.writeHead(401).end();
        return sendJson(response, [{ id: 1 }]);
      }
      const form = new URLSearchParams(await bodyOf(raw));
      const expected = used.length === 0 ? "first-refresh" : `refresh-${used.length}`;
      if (form.get("refresh_token") !== expected) return response.writeHead(400).end("invalid_grant");
      used.push(form.get("refresh_token")!);
      return sendJson(response, { access_token: `access-${used.length}`, refresh_token: `refresh-${used.length}`, expires_in: 1 });
    });
    const oauth2 = { tokenUrl: `${server.url}/token`, clientId: "me", refreshToken: "first-refresh" };
    for (let run = 0; run < 3; run += 1) expect(await bench.rows({ url: server.url, auth: { oauth2 } })).toEqual([{ id: 1 }]);
    expect(used).toEqual(["first-refresh", "refresh-1", "refresh-2"]);
    for (const name of readdirSync(join(bench.folder, ".millrace"))) {
      const bytes = readFileSync(join(bench.folder, ".millrace", name));
      for (const text of ["first-refresh", "refresh-1", "refresh-3", "access-3"]) expect(bytes.includes(text)).toBe(false);
    }
  });

  it("refreshes once for two reads at the same time", async () => {
    const used: string[] = [];
    const server = await bench.serve(async ({ url, raw }, response) => {
      if (url.pathname !== "/token") return sendJson(response, [{ id: 1 }]);
      used.push(new URLSearchParams(await bodyOf(raw)).get("refresh_token")!);
      setTimeout(() => sendJson(response, { access_token: `a-${used.length}`, refresh_token: `r-${used.length}`, expires_in: 3600 }), 60);
    });
    const options = { url: server.url, auth: { oauth2: { tokenUrl: "/token", clientId: "two", refreshToken: "at-once" } } };
    await Promise.all([bench.rows(options), bench.rows(options)]);
    expect(used).toEqual(["at-once"]);
  });
});

describe("HMAC", () => {
  const spec = {
    secret: "a2V5LW9mLXRlc3Q=",
    secretEncoding: "base64",
    message: "{method}\\n{path}\\n{query}\\n{timestamp}\\n{body}",
    encoding: "base64",
    headers: { "X-Time": "{timestamp}", "X-Signature": "v1={signature}" },
  } as const;

  it("signs by the template, with an answer that is known", () => {
    const request = { url: new URL("https://h/a?b=1"), method: "POST", headers: {}, body: '{"x":1}' } as const;
    const signed = sign(spec, request, { nowMs: 1_700_000_000_999, nonce: "n" });
    const known = createHmac("sha256", "key-of-test").update('POST\n/a\nb=1\n1700000000\n{"x":1}').digest("base64");
    expect(signed.headers).toEqual({ "x-time": "1700000000", "x-signature": `v1=${known}` });
  });

  it("signs every page anew, and a template that sends no signature is found when it is read", async () => {
    const answer = guarded((raw, url) => {
      const text = `GET\n${url.pathname}\n${url.search.slice(1)}\n${raw.headers["x-time"] as string}\n`;
      return raw.headers["x-signature"] === `v1=${createHmac("sha256", "key-of-test").update(text).digest("base64")}`;
    });
    const server = await bench.serve(({ url, raw }, response) => answer(url, raw, response));
    expect(await bench.rows({ url: server.url, auth: { hmac: spec }, pagination: pages })).toHaveLength(6);
    await expect(bench.rows({ url: server.url, auth: { hmac: { ...spec, headers: {} } } })).rejects.toThrow("sends no {signature}");
  });
});

describe("a session", () => {
  it("logs in once, again after a 401, and shows neither password nor token", async () => {
    let logins = 0;
    const answer = guarded((raw) => raw.headers["x-session"] === `planted-token-${logins}` && !(logins === 1 && server.asked.length > 2));
    const server: TestServer = await bench.serve(async ({ url, raw }, response) => {
      if (url.pathname !== "/login") return answer(url, raw, response);
      expect(JSON.parse(await bodyOf(raw))).toEqual({ user: "ann", password: "planted-word" });
      logins += 1;
      return sendJson(response, { session: { token: `planted-token-${logins}` } });
    });
    const session = { url: "/login", body: { user: "ann", password: "planted-word" }, token: "session.token", header: "X-Session" };
    expect(await bench.rows({ url: server.url, auth: { session }, pagination: pages })).toHaveLength(6);
    expect(logins).toBe(2);
  });

  it("carries cookies, and says where no token stands", async () => {
    const server = await bench.serve(({ url, raw }, response) => {
      if (url.pathname === "/login") response.writeHead(200, { "set-cookie": ["a=1; Path=/", "b=2"] }).end("{}");
      else sendJson(response, [{ cookie: raw.headers.cookie }]);
    });
    const session = { url: "/login", method: "POST", cookie: true };
    expect(await bench.rows({ url: server.url, auth: { session } })).toEqual([{ cookie: "a=1; b=2" }]);
    expect((await bench.failure({ url: server.url, auth: { session: { url: "/login", token: "t" } } })).code).toBe("MR3518");
  });

  it("hides a token that a server says aloud", async () => {
    const server = await bench.serve(({ url, raw }, response) => {
      if (url.pathname === "/login") sendJson(response, { token: "planted-token" });
      else response.writeHead(403).end(`no entry with ${raw.headers.authorization}`);
    });
    const error = await bench.failure({ url: server.url, auth: { session: { url: "/login", token: "token" } } });
    expect(error.message).toContain("no entry with Bearer ***");
  });
});

describe("several tokens", () => {
  it("are used in turn, each by its own limit, and one that is used up rests", async () => {
    const by: Record<string, number> = {};
    const server = await bench.serve(({ url, raw }, response) => {
      const token = raw.headers.authorization!;
      by[token] = (by[token] ?? 0) + 1;
      if (by[token] > 2 && token.endsWith("one")) return response.writeHead(429, { "retry-after": "60" }).end();
      const page = Number(url.searchParams.get("page"));
      return sendJson(response, page > 5 ? [] : [{ id: page * 2 }, { id: page * 2 + 1 }]);
    });
    const tokens = { values: ["token-one", "token-two"], rate: "1000/s", burst: 1 };
    expect(await bench.rows({ url: server.url, auth: { tokens }, pagination: pages })).toHaveLength(10);
    expect(by["Bearer token-one"]).toBeLessThanOrEqual(3);
    expect(by["Bearer token-two"]).toBeGreaterThanOrEqual(3);
  });

  it("hand the wait to the run when all of them are used up", async () => {
    const server = await bench.serve((_, response) => response.writeHead(429, { "retry-after": "300" }).end());
    const error = await bench.failure({ url: server.url, auth: { tokens: { values: ["token-a", "token-b"] } } });
    expect([error.code, error.retryable, server.asked.length]).toEqual(["MR3503", true, 2]);
    expect(error.retryAfterMs).toBeGreaterThan(290_000);
  });
});

it("two ways at once, or none, are found when the project is read", async () => {
  await expect(bench.rows({ url: "http://h", auth: { bearer: "a", basic: { user: "u", password: "p" } } })).rejects.toThrow(
    "keep one of them",
  );
  await expect(bench.rows({ url: "http://h", auth: {} })).rejects.toThrow("one of its keys is needed");
});
