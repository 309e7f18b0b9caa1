import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { request as httpRequest } from "node:http";
import type { Scope } from "../model/access.ts";
import { accessPort } from "../operations/access/port.ts";
import { createToken, revokeToken, TOKENS_TABLE } from "../operations/access/tokens.ts";
import type { ApiPort, App } from "../operations/port.ts";
import { createMemoryStore } from "../store/memory.ts";
import { type RunningServer, startServer } from "./server.ts";

const DAY_MS = 86_400_000;
const ENGINE = "token-of-the-engine";

let store: ReturnType<typeof createMemoryStore>;
let nowMs: number;
let acts: string[];
let server: RunningServer;

/** A project of which only this is asked: who acts, and what is listed. */
function api(): ApiPort {
  const app = {
    envList: async () => ({ current: { environment: "prod", kind: "prod", reason: "" }, environments: [], promotions: [] }),
    rollbackRelease: async (asset: string) => {
      acts.push(asset);
      if (asset === "missing") throw new Error("there is no such asset");
      return { asset, released: true, version: "v1" };
    },
    tokenList: async () => ({ tokens: [] }),
    environmentWord: async () => ({ name: "prod" }),
  };
  return { app: async () => app as unknown as App };
}

async function start(host = "127.0.0.1"): Promise<RunningServer> {
  return startServer({
    host,
    port: 0,
    token: ENGINE,
    webhooks: { now: () => nowMs, route: () => undefined, accept: () => Promise.reject(new Error("there are none")) },
    access: accessPort(store.tables, { now: () => nowMs }),
    api: api(),
  });
}

beforeEach(async () => {
  store = createMemoryStore();
  nowMs = Date.UTC(2026, 10, 21, 8);
  acts = [];
  server = await start();
});
afterEach(() => server.close());

interface Answered {
  readonly status: number;
  readonly code: string | undefined;
  readonly body: any;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** As it is written: fetch would not send another Host, an Origin, or a path with dots. */
function send(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Answered> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: hostname, port, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const parsed = text.startsWith("{") ? JSON.parse(text) : text;
        resolve({ status: response.statusCode!, code: parsed?.error?.code, body: parsed, headers: response.headers });
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

const READ = "/api/v1/environments";
const ACT = "/api/v1/assets/raw.x/release";
const json = { "content-type": "application/json" };
const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const page = (): Record<string, string> => ({ ...json, origin: server.url, "x-millrace": "page" });
const tokenOf = async (scope: Scope, expires = "30d"): Promise<string> =>
  (await createToken(store.tables, { name: `${scope} ${expires}`, scope, expires }, nowMs)).token;
const cookieFrom = ({ headers }: Answered): string => String(headers["set-cookie"]?.[0]).split(";")[0]!;
const keyOf = (link: string): string => /#key=(.+)$/.exec(link)![1]!;

async function session(key = keyOf(server.link!)): Promise<string> {
  return cookieFrom(await send("POST", "/api/v1/session", page(), JSON.stringify({ key })));
}

describe("on loopback", () => {
  it("answers a program that sends no Origin, for reads and acts, and gives nobody access", async () => {
    expect((await send("GET", READ)).status).toBe(200);
    expect((await send("POST", ACT, json, "{}")).status).toBe(200);
    expect(await send("GET", "/api/v1/tokens")).toMatchObject({ status: 401, code: "MR8110" });
  });

  it("answers a page that has no session what it reads, and does nothing for it", async () => {
    expect((await send("GET", READ, page())).status).toBe(200);
    expect(await send("POST", ACT, page(), "{}")).toMatchObject({ status: 401, code: "MR8110" });
    expect(acts).toEqual([]);
  });

  it.each(["evil.example", "evil.example:4400", "127.0.0.1.evil.example", "localhost.evil.example:80", "10.0.0.5:4400", "[::2]:80"])(
    "refuses the Host %j, to which a name of another site may lead (DNS rebinding)",
    async (host) => {
      expect(await send("GET", READ, { host })).toMatchObject({ status: 403, code: "MR8115" });
      expect(await send("POST", ACT, { ...json, host, ...bearer(ENGINE) }, "{}")).toMatchObject({ status: 403 });
      expect(acts).toEqual([]);
    },
  );

  it.each(["http://evil.example", "null", "https://127.0.0.1", "http://localhost:1"])("refuses a page of %s", async (origin) => {
    expect(await send("GET", READ, { origin })).toMatchObject({ status: 403, code: "MR8115" });
    expect(await send("POST", ACT, { ...json, origin }, "{}")).toMatchObject({ status: 403, code: "MR8115" });
  });

  it("refuses what a page of another site, or of another port, loads as a script or picture, and lets a person follow a link", async () => {
    expect((await send("GET", READ, { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" })).status).toBe(403);
    expect((await send("GET", READ, { "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" })).status).toBe(403);
    expect((await send("GET", "/healthz", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" })).status).toBe(200);
  });

  it("never answers a preflight, so that no other site may send what is not simple", async () => {
    const answer = await send("OPTIONS", ACT, { origin: "http://evil.example", "access-control-request-method": "POST" });
    expect(answer.status).toBe(403);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });
});

describe("on another address", () => {
  beforeEach(async () => {
    await server.close();
    server = await start("0.0.0.0");
  });

  it("answers nothing of the project without a token, and prints no link that others could read", async () => {
    for (const path of [READ, "/healthz", "/api/openapi.json", "/mcp", "/api/v1/live?topics=runs"])
      expect((await send("GET", path)).status).toBe(401);
    expect((await send("POST", ACT, json, "{}")).status).toBe(401);
    expect(server.link).toBeNull();
  });

  it("answers who shows a token or the engine's own", async () => {
    expect((await send("GET", READ, bearer(await tokenOf("read")))).status).toBe(200);
    expect((await send("GET", READ, bearer(ENGINE))).status).toBe(200);
  });

  it("begins a session for who shows a token, which the page then acts with", async () => {
    const cookie = await session(await tokenOf("operate"));
    expect((await send("GET", READ, { cookie })).status).toBe(200);
    expect((await send("POST", ACT, { ...page(), cookie }, "{}")).status).toBe(200);
    expect((await send("GET", "/api/v1/tokens", { cookie })).status).toBe(403);
  });
});

describe("a token", () => {
  it("does what its scope includes and nothing else", async () => {
    const [reads, operates, administers] = [await tokenOf("read"), await tokenOf("operate"), await tokenOf("admin")];
    const asked = async (token: string): Promise<readonly number[]> => [
      (await send("GET", READ, bearer(token))).status,
      (await send("POST", ACT, { ...json, ...bearer(token) }, "{}")).status,
      (await send("GET", "/api/v1/tokens", bearer(token))).status,
    ];
    expect(await asked(reads)).toEqual([200, 403, 403]);
    expect(await asked(operates)).toEqual([200, 200, 403]);
    expect(await asked(administers)).toEqual([200, 200, 200]);
  });

  it("opens nothing once it has expired or was revoked, also where it would not be needed", async () => {
    const [short, taken] = [await tokenOf("read", "1h"), await tokenOf("operate", "2d")];
    expect((await send("GET", READ, bearer(short))).status).toBe(200);
    expect((await send("GET", READ, bearer(taken))).status).toBe(200);
    await revokeToken(store.tables, "operate 2d", nowMs);
    nowMs += 3_600_000;
    expect(await send("GET", READ, bearer(short))).toMatchObject({ status: 401, code: "MR8110" });
    expect(await send("GET", READ, bearer(taken))).toMatchObject({ status: 401, code: "MR8110" });
    expect((await send("GET", READ)).status).toBe(200);
  });

  it("is kept as a hash: what lies in the state opens nothing", async () => {
    const token = await tokenOf("admin");
    const secret = token.slice(-43);
    const kept = JSON.stringify(await store.tables.list(TOKENS_TABLE, { limit: 10 }));
    expect(kept).not.toContain(secret);
    const { hash, id } = JSON.parse(kept)[0] as { hash: string; id: string };
    expect(await send("GET", READ, bearer(hash))).toMatchObject({ status: 401 });
    expect(await send("GET", READ, bearer(`mlr_${id}_${hash.slice(0, 43)}`))).toMatchObject({ status: 401 });
  });

  it.each(["", "x", "mlr_", "mlr_t_________", "'; drop table rows; --", "ü", "a".repeat(8_000)])("%j opens nothing", async (text) => {
    const headers = { authorization: `Bearer ${encodeURI(text)}` };
    expect([200, 401]).toContain((await send("GET", READ, headers)).status);
    expect((await send("GET", "/api/v1/tokens", headers)).status).toBe(401);
  });

  it("is guessed at so often and then no more for a while", async () => {
    const guess = (): Promise<Answered> => send("GET", READ, bearer("mlr_t_AAAAAAAA_guess"));
    const statuses: number[] = [];
    for (let tries = 0; tries < 30; tries++) statuses.push((await guess()).status);
    expect(statuses.slice(0, 20)).toEqual(Array(20).fill(401));
    expect(statuses.slice(20)).toEqual(Array(10).fill(429));
    expect(Number((await guess()).headers["retry-after"])).toBeGreaterThan(0);
    expect((await send("GET", READ, bearer(await tokenOf("read")))).status).toBe(200);
    nowMs += 60_000;
    expect((await guess()).status).toBe(401);
  });

  it("acts so often and then waits, as Retry-After says", async () => {
    const token = await tokenOf("operate");
    const act = (): Promise<Answered> => send("POST", ACT, { ...json, ...bearer(token) }, "{}");
    const statuses = (await Promise.all(Array.from({ length: 210 }, act))).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(200);
    expect(await act()).toMatchObject({ status: 429, code: "MR8116", headers: { "retry-after": "1" } });
    nowMs += 1_000;
    expect((await act()).status).toBe(200);
  });
});

describe("a session of the page", () => {
  it("begins with the key of the link, once", async () => {
    const key = keyOf(server.link!);
    const begun = await send("POST", "/api/v1/session", page(), JSON.stringify({ key }));
    expect(begun).toMatchObject({ status: 200, body: { v: 1, scope: "admin", signedIn: true } });
    expect(begun.headers["set-cookie"]![0]).toMatch(/^millrace_\d+=mlr_s_.+; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(await send("POST", "/api/v1/session", page(), JSON.stringify({ key }))).toMatchObject({ status: 401, code: "MR8110" });
    expect((await send("GET", "/api/v1/session")).body).toMatchObject({ signedIn: false, scope: "operate" });
    expect((await send("GET", "/api/v1/session", page())).body).toMatchObject({ signedIn: false, scope: "read" });
    expect((await send("GET", "/api/v1/session", { ...page(), cookie: cookieFrom(begun) })).body).toMatchObject({ signedIn: true });
  });

  it("has a key that is good for hours, not for days", async () => {
    nowMs += DAY_MS;
    expect((await send("POST", "/api/v1/session", page(), JSON.stringify({ key: keyOf(server.link!) }))).status).toBe(401);
  });

  it("acts only for our own page, as JSON and with its header: no form and no other site can make it act", async () => {
    const cookie = await session();
    const { origin, ...noOrigin } = page();
    const { "x-millrace": _, ...noHeader } = page();
    const forged: Record<string, string>[] = [
      noOrigin,
      noHeader,
      { ...page(), origin: "http://evil.example" },
      { ...page(), origin: origin!.replace("127.0.0.1", "localhost") },
      { ...page(), "content-type": "text/plain" },
      { ...page(), "content-type": "application/x-www-form-urlencoded" },
    ];
    for (const headers of forged)
      expect(await send("POST", ACT, { ...headers, cookie }, "{}")).toMatchObject({ status: 403, code: "MR8115" });
    expect(acts).toEqual([]);
    expect((await send("POST", ACT, { ...page(), cookie }, "{}")).status).toBe(200);
    expect(acts).toEqual(["raw.x"]);
  });

  it("outlives a restart of the server, and ends when it is ended", async () => {
    const cookie = await session();
    const { port } = new URL(server.url);
    await server.close();
    server = await start();
    const there = cookie.replace(port, new URL(server.url).port);
    expect((await send("POST", ACT, { ...page(), cookie: there }, "{}")).status).toBe(200);
    const ended = await send("POST", "/api/v1/session/end", { ...page(), cookie: there }, "{}");
    expect(ended.headers["set-cookie"]![0]).toContain("Max-Age=0");
    expect((await send("POST", ACT, { ...page(), cookie: there }, "{}")).status).toBe(401);
  });

  it("ends with the token that it was made of", async () => {
    const cookie = await session(await tokenOf("operate", "1h"));
    expect((await send("POST", ACT, { ...page(), cookie }, "{}")).status).toBe(200);
    nowMs += 3_600_000;
    expect((await send("POST", ACT, { ...page(), cookie }, "{}")).status).toBe(401);
    const other = await session(await tokenOf("admin"));
    await revokeToken(store.tables, "admin 30d", nowMs);
    nowMs += 1_000;
    expect((await send("POST", ACT, { ...page(), cookie: other }, "{}")).status).toBe(401);
  });

  it("does not open what only a token's bearer header may", async () => {
    const cookie = await session();
    expect((await send("GET", READ, bearer(cookie.split("=")[1]!))).status).toBe(401);
  });

  it("is given new links by the engine's own token alone", async () => {
    const made = await send("POST", "/api/v1/session/link", { ...json, ...bearer(ENGINE) }, "{}");
    expect(made.status).toBe(200);
    expect((await send("GET", "/api/v1/session", { cookie: await session(keyOf(made.body.link)) })).body).toMatchObject({ signedIn: true });
    expect((await send("POST", "/api/v1/session/link", json, "{}")).status).toBe(401);
    expect((await send("POST", "/api/v1/session/link", { ...json, ...bearer(await tokenOf("operate")) }, "{}")).status).toBe(403);
  });
});

describe("an idempotency key", () => {
  const release = (key: string, asset = "raw.x", headers: Record<string, string> = {}): Promise<Answered> =>
    send("POST", `/api/v1/assets/${asset}/release`, { ...json, "idempotency-key": key, ...headers }, "{}");

  it("lets an act be sent again and be done once, also at the same time and after a restart", async () => {
    const answers = await Promise.all([release("k1"), release("k1"), release("k1")]);
    expect(answers.map(({ status, body }) => [status, body])).toEqual(
      Array(3).fill([200, { v: 1, asset: "raw.x", released: true, version: "v1" }]),
    );
    await server.close();
    server = await start();
    const again = await release("k1");
    expect(again).toMatchObject({ status: 200, headers: { "idempotency-replayed": "true" } });
    expect(acts).toEqual(["raw.x"]);
  });

  it("stands for one request of one caller", async () => {
    await release("k1");
    expect(await release("k1", "raw.y")).toMatchObject({ status: 409, code: "MR8117" });
    expect((await release("k1", "raw.y", bearer(await tokenOf("operate")))).status).toBe(200);
    expect(acts).toEqual(["raw.x", "raw.y"]);
  });

  it("is free again when the act failed, and after a day", async () => {
    expect((await release("k1", "missing")).status).toBe(500);
    expect((await release("k1", "raw.x")).status).toBe(200);
    nowMs += DAY_MS + 1;
    expect((await release("k1", "raw.y")).status).toBe(200);
  });

  it("says that the outcome is unknown when the engine died in the middle", async () => {
    const port = accessPort(store.tables, { now: () => nowMs });
    expect(await port.takeKey("k", "f")).toEqual({ state: "new" });
    expect(await port.takeKey("k", "f")).toEqual({ state: "unknown" });
  });

  it("is 1 to 200 characters", async () => {
    expect(await release("k".repeat(201))).toMatchObject({ status: 400, code: "MR8109" });
    expect(acts).toEqual([]);
  });
});

describe("what is sent wrongly", () => {
  it.each([
    ["malformed JSON", "{", 400],
    ["no object", "[1]", 400],
    ["bytes that are no UTF-8", '{"a":"\uFFFF'.slice(0, 6), 400],
    ["a field that there is not", '{"asset":1,"nonsense":2}', 400],
    ["a prototype", '{"__proto__":{"asset":"y"},"constructor":1}', 400],
    ["JSON nested too deeply", `{"x":${"[".repeat(50_000)}${"]".repeat(50_000)}}`, 400],
  ])("answers %s with 400", async (_name, body, status) => {
    expect((await send("POST", ACT, json, body)).status).toBe(status);
    expect(acts).toEqual([]);
  });

  it("answers 413 to a body that is too long, and reads on afterwards", async () => {
    expect(await send("POST", ACT, json, `{"x":"${"y".repeat(5_000_000)}"}`)).toMatchObject({ status: 413, code: "MR8172" });
    expect((await send("GET", READ)).status).toBe(200);
  });

  it("answers 404 with a code to routes that there are not, and 4xx to a wrong method", async () => {
    expect((await send("GET", "/api/v1/nonsense")).status).toBe(404);
    expect((await send("DELETE", READ)).status).toBeGreaterThanOrEqual(404);
    expect((await send("POST", "/nonsense", json, "{}")).status).toBe(404);
  });

  it("answers headers that are too long with 431", async () => {
    expect((await send("GET", READ, { cookie: "x".repeat(100_000) })).status).toBe(431);
  });
});

describe("every answer", () => {
  it("keeps browsers from running, framing, sniffing and storing what is in it", async () => {
    for (const path of [READ, "/healthz", "/nonsense", "/api/v1/tokens"]) {
      const { headers } = await send("GET", path);
      const policy = String(headers["content-security-policy"]);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
      expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "x-frame-options": "DENY", "referrer-policy": "no-referrer" });
      expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
    }
  });
});
