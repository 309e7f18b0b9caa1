// Kept answers that are given before anything else is made of a request: the same as the whole way gives, and never to whom or when that would refuse.
import { request as httpRequest } from "node:http";
import { afterEach, beforeEach, expect, it } from "vitest";
import { realClock } from "../../engine/clock.ts";
import type { RunEvent } from "../../model/events.ts";
import type { WebhookRoute } from "../../model/webhook.ts";
import { accessPort } from "../../operations/access/port.ts";
import { createToken, revokeToken } from "../../operations/access/tokens.ts";
import { createLive, type Live } from "../../operations/live/live.ts";
import type { ApiPort, App } from "../../operations/port.ts";
import { openSqliteStore } from "../../store/sqlite.ts";
import type { EventStore } from "../../store/store.ts";
import { runAnswer } from "../../views/run-fold.ts";
import { listRuns } from "../../views/runs.ts";
import { type RunningServer, startServer } from "../server.ts";

const DAY_MS = 86_400_000;
const HOOK: WebhookRoute = { job: "nightly", trigger: "orders", path: "/hooks/orders", signature: null };

let store: EventStore;
let live: Live;
let server: RunningServer;
let nowMs = Date.UTC(2026, 10, 21, 8);
let carriedOut = 0;
let added = 0;

async function addRun(): Promise<void> {
  added += 1;
  const run = `r_${String(added).padStart(16, "0")}`;
  const plan = { job: "nightly", nodes: [], concurrency: 4, timeoutMs: null, params: {} };
  const started: RunEvent = { type: "run_started", at: added, run, trigger: "schedule", plan, seed: 1, fromRun: null, leaseMs: null };
  await store.append(run, 0, [started]);
}

/** A project of which only this is asked: its runs; and releasing an asset, which begins one. */
function api(): ApiPort {
  const app = {
    runs: async ({ limit }: { readonly limit: number }) => {
      carriedOut += 1;
      return { runs: (await listRuns(store, { limit })).map(runAnswer), next: null };
    },
    rollbackRelease: async (asset: string) => {
      await addRun();
      return { asset, released: true, version: "v1" };
    },
    environmentWord: async () => ({ name: "prod" }),
  };
  return { app: async () => app as unknown as App };
}

async function start(host = "127.0.0.1"): Promise<void> {
  server = await startServer({
    host,
    port: 0,
    token: "token-of-the-engine",
    webhooks: {
      now: () => nowMs,
      route: (path) => (path === HOOK.path ? HOOK : undefined),
      accept: async () => {
        await addRun();
        return { run: null, status: "started", duplicate: false };
      },
    },
    access: accessPort(store.tables, { now: () => nowMs }),
    api: api(),
    live,
  });
}

beforeEach(async () => {
  [carriedOut, added] = [0, 0];
  store = openSqliteStore(":memory:");
  live = createLive({
    store,
    clock: realClock,
    version: "1.2.3",
    environment: "prod",
    logsDir: () => "nowhere",
    onProblem: (error) => {
      throw error;
    },
  });
  await start();
});
afterEach(async () => {
  live.close();
  await server.close();
  await store.close();
});

interface Answered {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

function send(path: string, headers: Readonly<Record<string, string>> = {}, method = "GET"): Promise<Answered> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: hostname, port, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode!, text: Buffer.concat(chunks).toString("latin1"), headers: response.headers }),
      );
    });
    request.on("error", reject);
    request.end(method === "POST" ? "{}" : undefined);
  });
}

const READ = "/api/v1/runs";
const json = { "content-type": "application/json" };
const runsIn = ({ text }: Answered): number => (JSON.parse(text) as { readonly runs: readonly unknown[] }).runs.length;
const codeOf = ({ text }: Answered): string => (JSON.parse(text) as { readonly error: { readonly code: string } }).error.code;

it("is the answer of the whole way: status, headers and body, also when it is known already or travels compressed", async () => {
  for (let run = 0; run < 60; run++) await addRun();
  // A cookie of somebody else's makes a request go the whole way.
  const whole = { cookie: "other=1" };
  await send(READ, { "accept-encoding": "gzip" });
  const plain = await send(READ, whole);
  const etag = String(plain.headers["etag"]);
  for (const headers of [
    {},
    { "accept-encoding": "gzip" },
    { "if-none-match": etag },
    { "accept-encoding": "gzip", "if-none-match": etag },
  ]) {
    const { headers: byWhole, ...answered } = await send(READ, { ...headers, ...whole });
    const { headers: byLane, ...given } = await send(READ, headers);
    expect(given).toEqual(answered);
    expect({ ...byLane, date: "" }).toEqual({ ...byWhole, date: "" });
    expect(byLane["content-security-policy"]).toContain("default-src 'none'");
  }
  expect([plain.status, plain.text.length > 4_000, carriedOut]).toEqual([200, true, 1]);
});

it("shows an act to everybody once it is answered, and a delivery to a webhook", async () => {
  for (let act = 1; act <= 20; act++) {
    const path = act % 2 === 0 ? HOOK.path : "/api/v1/assets/raw.x/release";
    expect((await send(path, json, "POST")).status).toBeLessThan(300);
    const answers = await Promise.all(Array.from({ length: 5 }, () => send(READ)));
    expect(answers.map(runsIn)).toEqual([act, act, act, act, act]);
  }
});

it("shows what others append a moment later, made once for all who ask", async () => {
  expect(runsIn(await send(READ))).toBe(0);
  await addRun();
  while (runsIn(await send(READ)) === 0);
  const before = carriedOut;
  await Promise.all(Array.from({ length: 200 }, () => send(READ)));
  expect(carriedOut).toBe(before);
});

it("says from where on a stream tells the rest", async () => {
  await send(READ);
  await addRun();
  const place = String((await send(READ)).headers["millrace-live"]);
  await addRun();
  const stream = await fetch(`${server.url}/api/v1/live?topics=runs&after=${place}`);
  const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
  let told = "";
  while (!told.includes("r_0000000000000002")) told += (await reader.read()).value;
  await reader.cancel();
});

it.each([
  ["another Host (DNS rebinding)", { host: "evil.example" }],
  ["another Origin", { origin: "http://evil.example" }],
  ["another site's page", { "sec-fetch-site": "cross-site" }],
])("refuses %s as the whole way does, whatever is kept", async (_, headers) => {
  expect([(await send(READ)).status, (await send(READ)).status]).toEqual([200, 200]);
  const refused = await send(READ, headers);
  expect(refused.status).toBeGreaterThanOrEqual(400);
  expect(refused.text).not.toContain("runs");
});

it("gives nothing for a token that is unknown, revoked or expired", async () => {
  const { token, id } = await createToken(store.tables, { name: "a", scope: "read", expires: "30d" }, nowMs);
  const other = await createToken(store.tables, { name: "b", scope: "read", expires: "1d" }, nowMs);
  const bearer = (secret: string): Record<string, string> => ({ authorization: `Bearer ${secret}` });
  await send(READ);
  expect((await send(READ, bearer(token))).status).toBe(200);
  expect((await send(READ, bearer(other.token))).status).toBe(200);
  await revokeToken(store.tables, id, nowMs);
  nowMs += 2 * DAY_MS;
  for (const secret of [token, other.token, "mr_nothing"]) {
    const refused = await send(READ, bearer(secret));
    expect([refused.status, codeOf(refused)]).toEqual([401, "MR8110"]);
  }
  expect((await send(READ)).status).toBe(200);
});

it("limits a token that reads too often, also what is kept", async () => {
  const { token } = await createToken(store.tables, { name: "c", scope: "read", expires: "30d" }, nowMs);
  await send(READ);
  const statuses: number[] = [];
  while (statuses.length < 2_100) {
    const answers = await Promise.all(Array.from({ length: 70 }, () => send(READ, { authorization: `Bearer ${token}` })));
    statuses.push(...answers.map(({ status }) => status));
  }
  expect(statuses.filter((status) => status === 429)).toHaveLength(100);
});

it("gives other machines nothing without a token", async () => {
  await server.close();
  await start("0.0.0.0");
  const bearer = { authorization: "Bearer token-of-the-engine" };
  expect([(await send(READ, bearer)).status, (await send(READ, bearer)).status]).toEqual([200, 200]);
  expect((await send(READ)).status).toBe(401);
});

it("tells environments apart, by header and by query", async () => {
  await send(READ);
  await send(READ, { "millrace-environment": "dev" });
  await send(`${READ}?env=qa`);
  await send(`${READ}?env=qa`, { "millrace-environment": "dev" });
  expect(carriedOut).toBe(3);
});
