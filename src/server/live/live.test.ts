// The live stream and the kept answers, on a real server, a real socket and a real store.
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readEvents, type ServerEvent } from "../../client/events.ts";
import { realClock } from "../../engine/clock.ts";
import { createFileLogs } from "../../engine/logs.ts";
import type { RunEvent } from "../../model/events.ts";
import type { PlanNode } from "../../model/plan.ts";
import { createLive, type Live } from "../../operations/live/live.ts";
import { openSqliteStore } from "../../store/sqlite.ts";
import type { EventStore } from "../../store/store.ts";
import { type RunningServer, startServer } from "../server.ts";
import type { LiveStreams } from "./streams.ts";

const RUN = "r_01K742SG0EJYAP2E";

describe("the live stream", () => {
  let dir: string;
  let store: EventStore;
  let live: Live;
  let server: RunningServer;
  let streams: LiveStreams;
  const problems: unknown[] = [];
  const heard: (() => void)[] = [];
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "millrace-live-"));
    await start(0);
  });
  afterEach(async () => {
    for (const stop of heard.splice(0)) stop();
    await stop();
    rmSync(dir, { recursive: true, force: true });
    expect(problems).toEqual([]);
  });
  async function start(port: number): Promise<void> {
    store = openSqliteStore(join(dir, "state.sqlite"));
    live = createLive({
      store,
      clock: realClock,
      version: "1.2.3",
      environment: "prod",
      logsDir: () => join(dir, "logs"),
      onProblem: (error) => problems.push(error),
    });
    server = await startServer({
      host: "127.0.0.1",
      port,
      token: null,
      webhooks: { now: () => 0, route: () => undefined, accept: () => Promise.reject(new Error("no webhook")) },
      live,
      onStreams: (opened) => {
        streams = opened;
      },
    });
  }
  async function stop(): Promise<void> {
    live.close();
    await server.close();
    await store.close();
  }
  async function listen(query: string, headers: Readonly<Record<string, string>> = {}): Promise<AsyncGenerator<ServerEvent>> {
    const controller = new AbortController();
    const response = await fetch(`${server.url}/api/v1/live?${query}`, { headers, signal: controller.signal });
    expect(response.status).toBe(200);
    // Held until the end: a response that is collected before it is read is canceled.
    heard.push(() => controller.abort(response.status));
    return readEvents(response.body!);
  }
  const next = async (events: AsyncGenerator<ServerEvent>): Promise<ServerEvent> => {
    const { value } = (await events.next()) as { value: ServerEvent };
    return value;
  };
  const message = async (events: AsyncGenerator<ServerEvent>): Promise<{ topic: string; changed: any }> =>
    JSON.parse((await next(events)).data) as { topic: string; changed: any };
  const until = async (
    events: AsyncGenerator<ServerEvent>,
    is: (told: { topic: string; changed: any }) => boolean,
  ): Promise<{ topic: string; changed: any }> => {
    for (;;) {
      const told = await message(events);
      if (is(told)) return told;
    }
  };

  it("begins with hello, then tells each change of its topics and nothing of others", async () => {
    const events = await listen(`topics=runs,run:${RUN}`);
    const hello = await next(events);
    expect(hello.event).toBe("hello");
    expect(JSON.parse(hello.data)).toEqual({ v: 1, version: "1.2.3", position: hello.id });
    await store.append("job:nightly", 0, [{ type: "trigger_paused", at: 1, trigger: "a", by: "ana", why: "" } as never]);
    await store.append(RUN, 0, [started(RUN)]);
    const [one, other] = [await message(events), await message(events)];
    const byTopic = Object.fromEntries([one, other].map(({ topic, changed }) => [topic, changed]));
    expect(byTopic["runs"]).toMatchObject([{ run: RUN, job: "nightly", status: "running" }]);
    expect(byTopic[`run:${RUN}`]).toMatchObject({ run: { run: RUN }, nodes: [] });
    await store.append(RUN, 1, [attempt("raw.a")]);
    expect((await until(events, ({ topic }) => topic === `run:${RUN}`)).changed.nodes).toMatchObject([
      { node: "raw.a", status: "running" },
    ]);
  });

  it("tells how assets change, per environment", async () => {
    const [prod, branch] = [await listen("topics=assets"), await listen("topics=assets&env=dev")];
    await Promise.all([next(prod), next(branch)]);
    await store.append("r_0000000000000001", 0, [started("r_0000000000000001", "dev"), attempt("raw.a")]);
    await store.append("r_0000000000000002", 0, [started("r_0000000000000002"), attempt("raw.b")]);
    expect((await message(branch)).changed).toMatchObject([{ asset: "raw.a", status: "running" }]);
    expect((await message(prod)).changed).toMatchObject([{ asset: "raw.b", status: "running" }]);
    await store.append("r_0000000000000002", 2, [
      { type: "node_succeeded", at: 3, node: "raw.b", attempt: 1, tookMs: 5, rows: { read: 7, loaded: 6, quarantined: 1, filtered: 0 } },
    ]);
    expect((await message(prod)).changed).toMatchObject([{ asset: "raw.b", status: "current", rows: 6 }]);
  });

  it("goes on behind what was heard last, after the network as after a restart of the server", async () => {
    const events = await listen("topics=runs,project");
    await next(events);
    await store.append("r_0000000000000001", 0, [started("r_0000000000000001")]);
    const last = await next(events);
    expect(JSON.parse(last.data).changed).toMatchObject([{ run: "r_0000000000000001" }]);
    const port = Number(new URL(server.url).port);
    await stop();
    await start(port);
    await store.append("r_0000000000000002", 0, [started("r_0000000000000002")]);
    const again = await listen("topics=runs,project", { "last-event-id": last.id! });
    expect((await next(again)).event).toBe("hello");
    const missed = [await message(again), await message(again)];
    expect(missed.find(({ topic }) => topic === "runs")!.changed.map(({ run }: { run: string }) => run)).toEqual(["r_0000000000000002"]);
    expect(missed.find(({ topic }) => topic === "project")!.changed).toBeNull(); // this server cannot know
  });

  it("says so when what was missed cannot be told: a position of another store, or one too far back", async () => {
    for (const after of ["999999.0.x", "nonsense"]) {
      const events = await listen(`topics=runs&after=${after}`);
      expect((await next(events)).event, after).toBe("hello");
      expect((await next(events)).event, after).toBe("reset");
    }
    for (let n = 0; n < 2_001; n++)
      await store.append("r_0000000000000001", n, [n === 0 ? started("r_0000000000000001") : attempt("raw.a")]);
    const events = await listen("topics=runs&after=1.0.x");
    await next(events);
    expect((await next(events)).event).toBe("reset");
    // What was removed is no loss: what there is now is read anew anyway.
    await store.remove(["r_0000000000000001"]);
    const later = await listen("topics=runs&after=1.0.x");
    expect((await next(later)).event).toBe("hello");
  });

  it("refuses topics that are none, and more of them than it takes", async () => {
    for (const topics of ["", "nonsense", "run:../../etc", Array.from({ length: 101 }, (_, n) => `run:${n}`).join(",")]) {
      const response = await fetch(`${server.url}/api/v1/live?topics=${encodeURIComponent(topics)}`);
      expect(response.status, topics).toBe(400);
      expect(await response.json()).toMatchObject({ v: 1, error: { code: "MR8109" } });
    }
  });

  it("cuts off a client that never reads, and everybody else goes on", async () => {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => {});
    socket.write("GET /api/v1/live?topics=project HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
    await new Promise((resolve) => socket.once("readable", resolve));
    socket.pause();
    const events = await listen("topics=project");
    await next(events);
    const large = "x".repeat(200_000);
    for (let n = 0; streams.count() > 1; n++) {
      live.changed("project", { n, large });
      expect((await message(events)).changed.n).toBe(n);
      expect(n).toBeLessThan(500);
    }
    socket.resume();
    await gone;
    live.changed("project", { n: -1 });
    expect((await message(events)).changed.n).toBe(-1);
  });

  it("serves 1,000 streams at once, and forgets those that end", async () => {
    const all = await Promise.all(Array.from({ length: 1_000 }, () => listen("topics=runs")));
    await Promise.all(all.map(next));
    expect(streams.count()).toBe(1_000);
    await store.append("r_0000000000000001", 0, [started("r_0000000000000001")]);
    const told = await Promise.all(all.map(message));
    expect(new Set(told.map(({ changed }) => changed[0].run))).toEqual(new Set(["r_0000000000000001"]));
    for (const end of heard.splice(0)) end();
    while (streams.count() > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  it("is ended with its reason", async () => {
    const events = await listen("topics=runs");
    await next(events);
    streams.end("revoked");
    expect(await next(events)).toMatchObject({ event: "end", data: '{"why":"revoked"}' });
    expect((await events.next()).done).toBe(true);
  });

  it("tells what attempts log", async () => {
    const logs = createFileLogs({ dir: join(dir, "logs") });
    const file = logs.open(RUN, "raw.a", 1);
    file.write("2026-01-01T00:00:00.000Z", "info", "before");
    await file.close();
    const events = await listen(`topics=logs:${RUN}`);
    await next(events);
    await new Promise((resolve) => setTimeout(resolve, 250)); // the first look, which tells nothing
    const more = logs.open(RUN, "raw.a", 1);
    more.write("2026-01-01T00:00:01.000Z", "warn", "after");
    await more.close();
    expect((await message(events)).changed).toMatchObject({ total: 2, lines: [{ line: 1, level: "warn", message: "after" }] });
    const many = logs.open(RUN, "raw.a", 1);
    for (let n = 0; n < 1_000; n++) many.write("2026-01-01T00:00:02.000Z", "info", `line ${n}`);
    await many.close();
    expect((await message(events)).changed).toMatchObject({ total: 1_002, lines: null });
  });
});

function started(run: string, environment?: string): RunEvent {
  const plan = { job: "nightly", nodes: [node("raw.a"), node("raw.b")], concurrency: 4, timeoutMs: null, params: {} };
  const place = environment === undefined ? {} : { environment };
  return { type: "run_started", at: 1, run, trigger: "schedule", plan: { ...plan, ...place }, seed: 1, fromRun: null, leaseMs: null };
}

function node(id: string): PlanNode {
  const retry = { attempts: 1, delayMs: 1_000, factor: 2, maxDelayMs: 60_000, jitter: true };
  return { id, kind: "model", needs: [], action: "build", reason: "new", change: "none", retry, timeoutMs: null };
}

function attempt(id: string): RunEvent {
  return { type: "attempt_started", at: 2, node: id, attempt: 1, owner: "e_1", leaseUntil: null };
}
