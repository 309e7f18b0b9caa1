// Answers that are kept: given again while nothing changes, made anew after each change, told once to all who ask at once, sent compressed.
import { afterEach, beforeEach, expect, it } from "vitest";
import { gunzipSync } from "node:zlib";
import { realClock } from "../../engine/clock.ts";
import type { RunEvent } from "../../model/events.ts";
import type { LiveMessage } from "../../model/live.ts";
import { createLive, type Live } from "../../operations/live/live.ts";
import { toldCalls } from "../../operations/live/told-calls.ts";
import { openSqliteStore } from "../../store/sqlite.ts";
import type { EventStore } from "../../store/store.ts";
import { listRuns } from "../../views/runs.ts";
import { anyRoutes } from "../api.ts";
import type { Asking, Reply } from "../handlers.ts";
import { keepAnswers } from "./answers.ts";

let store: EventStore;
let live: Live;
let carriedOut = 0;
const problems: unknown[] = [];

beforeEach(() => {
  carriedOut = 0;
  store = openSqliteStore(":memory:");
  live = createLive({
    store,
    clock: realClock,
    version: "1.2.3",
    environment: "prod",
    logsDir: () => "nowhere",
    onProblem: (error) => problems.push(error),
  });
});
afterEach(async () => {
  live.close();
  await store.close();
  expect(problems).toEqual([]);
});

function asking(id: string, headers: Readonly<Record<string, string>> = {}): Asking {
  const route = anyRoutes.find((each) => each.id === id)!;
  const holder = { by: "ana", via: "api", scope: "admin", kind: "machine", id: null, expiresAt: null } as const;
  return { route, input: { limit: 100 }, environment: undefined, wait: true, headers: new Headers(headers), holder, address: id };
}

async function runs(): Promise<Reply> {
  carriedOut += 1;
  return { status: 200, body: JSON.stringify({ v: 1, runs: await listRuns(store, { limit: 100 }) }) };
}

async function addRun(n: number): Promise<void> {
  const run = `r_${String(n).padStart(16, "0")}`;
  const plan = { job: "nightly", nodes: [], concurrency: 4, timeoutMs: null, params: {} };
  const started: RunEvent = { type: "run_started", at: n, run, trigger: "schedule", plan, seed: 1, fromRun: null, leaseMs: null };
  await store.append(run, 0, [started]);
}

/** What is appended counts a moment later. */
async function untilOther(etag: string | undefined, ask: () => Promise<Reply>): Promise<Reply> {
  for (;;) {
    const reply = await ask();
    if (reply.headers!["etag"] !== etag) return reply;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

it("are given again with 304 until something changes, and then made anew", async () => {
  const around = keepAnswers(live).around;
  const first = await around(asking("runs.list"), runs);
  const etag = first.headers!["etag"]!;
  const again = await around(asking("runs.list", { "if-none-match": `"other", W/${etag}` }), runs);
  expect([first.status, again.status, again.body, again.headers!["etag"], carriedOut]).toEqual([200, 304, null, etag, 1]);
  await addRun(1);
  const changed = await untilOther(etag, () => around(asking("runs.list", { "if-none-match": etag }), runs));
  expect([changed.status, (JSON.parse(changed.body!) as { runs: unknown[] }).runs.length, carriedOut]).toEqual([200, 1, 2]);
});

it("are there at once for whoever asks at an address again, until something changes", async () => {
  const { around, now } = keepAnswers(live);
  const nothing = new Headers();
  expect(now("runs.list", nothing)).toBeUndefined();
  const made = await around(asking("runs.list"), runs);
  expect(now("runs.list", nothing)).toEqual(made);
  expect(now("runs.list", new Headers({ "if-none-match": made.headers!["etag"]! }))).toMatchObject({ status: 304, body: null });
  expect(now("elsewhere", nothing)).toBeUndefined();
  await addRun(1);
  while (now("runs.list", nothing) !== undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  expect((await around(asking("runs.list"), runs)).headers!["etag"]).not.toBe(made.headers!["etag"]);
});

it("are made once for all who ask at once", async () => {
  const around = keepAnswers(live).around;
  const replies = await Promise.all(Array.from({ length: 50 }, () => around(asking("runs.list"), runs)));
  expect([new Set(replies.map(({ body }) => body)).size, carriedOut]).toEqual([1, 1]);
});

it("travel compressed to who takes that, and are the same for who does not", async () => {
  const around = keepAnswers(live).around;
  for (let n = 1; n <= 60; n++) await addRun(n);
  const plain = await around(asking("runs.list"), runs);
  const zipped = await around(asking("runs.list", { "accept-encoding": "br, gzip" }), runs);
  expect(plain.bytes).toBeUndefined();
  expect(zipped.headers).toMatchObject({ "content-encoding": "gzip", vary: "accept-encoding", etag: plain.headers!["etag"] });
  expect(gunzipSync(zipped.bytes!).toString()).toBe(plain.body);
  expect(zipped.bytes!.length).toBeLessThan(plain.body!.length / 3);
  const known = await around(asking("runs.list", { "accept-encoding": "gzip", "if-none-match": plain.headers!["etag"]! }), runs);
  expect([known.status, known.bytes]).toEqual([304, undefined]);
});

it("are made anew after an act, also one that failed", async () => {
  const around = keepAnswers(live).around;
  await around(asking("runs.list"), runs);
  await around(asking("quarantine.decide"), () => Promise.resolve({ status: 200, body: "{}" }));
  await around(asking("runs.list"), runs);
  const failing = around(asking("quarantine.decide"), () => Promise.reject(new Error("it broke off")));
  await expect(failing).rejects.toThrow("it broke off");
  await around(asking("runs.list"), runs);
  expect(carriedOut).toBe(3);
});

it("acts that commands carry out through the engine are told to who follows; what they read is not", async () => {
  const told: LiveMessage[] = [];
  await live.open({ topics: ["data"], environment: "prod", after: null }, (message) => told.push(message));
  const calls = toldCalls({ call: (method) => (method === "rollback" ? Promise.reject(new Error("no")) : Promise.resolve(method)) }, live);
  expect(await calls.call("status", [], undefined)).toBe("status");
  expect(await calls.call("quarantineDecide", [], undefined)).toBe("quarantineDecide");
  await expect(calls.call("rollback", [], undefined)).rejects.toThrow("no");
  await expect.poll(() => told.length).toBe(2);
  expect(told.map(({ topic, changed }) => [topic, changed])).toEqual([
    ["data", { act: "quarantineDecide" }],
    ["data", { act: "rollback" }],
  ]);
});
