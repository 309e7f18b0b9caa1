// Who means harm, and what goes wrong, against `serve` as a process: clients that do not read or end what they send, requests in forms that servers understand
// differently, names made to mislead, many who decide at once, engines that are killed in the middle of an act, a state that cannot be written.
import { DatabaseSync } from "@photostructure/sqlite";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { STREAMS_MAX } from "../src/server/live/streams.ts";
import { type Served, serveIn, until } from "./engine.ts";
import { project } from "./millrace.ts";
import { millrace } from "./warm.ts";

const FILES = {
  "millrace.yaml": "name: besieged\n",
  "data/x.csv": "id,v\n1,a\n2,b\n,c\n,d\n",
  "sources/x.yaml": 'from: { files: { path: "data/x.csv" } }\ncolumns: { id: { type: integer, required: true } }\n',
  "models/clean/y.sql": "select * from raw.x\n",
  "jobs/nightly.yaml": 'select: "clean.y"\ntriggers: [ { schedule: { cron: "30 2 * * *" } } ]\n',
  "jobs/ask.yaml": 'select: ""\ntasks: { ok: { approval: { title: Go? } } }\n',
};

let files: ReturnType<typeof project>;
let served: Served;
const sockets = new Set<Socket>();

beforeAll(async () => {
  files = project(FILES);
  await millrace(["run"], files.dir);
  served = await serveIn(files.dir);
}, 60_000);
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  served.child.kill("SIGKILL");
  await served.finished;
  files.remove();
});

interface Answered {
  readonly status: number;
  readonly body: any;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

function send(method: string, path: string, { headers = {}, body, url = served.url, agent }: Sending = {}): Promise<Answered> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request({ host: hostname, port, method, path, headers, agent }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      answer.on("end", () =>
        resolve({ status: answer.statusCode!, body: text.startsWith("{") ? JSON.parse(text) : text, headers: answer.headers }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

interface Sending {
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly url?: string;
  readonly agent?: Agent;
}

const json = { "content-type": "application/json" };
const bearer = (token = served.token): Record<string, string> => ({ ...json, authorization: `Bearer ${token}` });
const act = (path: string, input: object, headers: Record<string, string> = {}): Promise<Answered> =>
  send("POST", `/api/v1${path}`, { headers: { ...bearer(), ...headers }, body: JSON.stringify(input) });
const read = async (path: string): Promise<any> => (await send("GET", `/api/v1${path}`, { headers: bearer() })).body;
const tokenOf = async (name: string): Promise<string> => (await act("/tokens", { name, scope: "operate" })).body.token;

/** A connection that sends this; `heard`: what came back so far. */
function dial(text: string, { reads }: { readonly reads: boolean }): { readonly socket: Socket; heard(): string } {
  const socket = connect(Number(new URL(served.url).port), "127.0.0.1");
  let heard = "";
  sockets.add(socket);
  socket.on("error", () => {});
  socket.once("close", () => sockets.delete(socket));
  if (reads) socket.setEncoding("utf8").on("data", (chunk: string) => (heard += chunk));
  else socket.pause();
  socket.write(text);
  return { socket, heard: () => heard };
}

/** All that comes back until the other side ends it. */
async function spoken(text: string): Promise<string> {
  const { socket, heard } = dial(text, { reads: true });
  await new Promise((resolve) => socket.once("close", resolve));
  return heard();
}

const head = (): string => `Host: ${new URL(served.url).host}\r\n`;
const memoryMb = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${served.pid}/status`, "utf8"))![1]) / 1_000;

describe("memory", () => {
  it("stays bounded when many ask for much and read nothing, and others are answered", async () => {
    await send("GET", "/api/openapi.json");
    const before = memoryMb();
    const asked = `GET /api/openapi.json HTTP/1.1\r\n${head()}\r\n`;
    const clients = Array.from({ length: 300 }, () => dial(asked.repeat(40), { reads: false })); // 3 GB in all
    for (let looks = 0; looks < 20; looks++) expect((await send("GET", "/api/v1/runs")).status).toBe(200);
    expect(memoryMb() - before).toBeLessThan(900);
    for (const { socket } of clients) socket.destroy();
  });

  it("and streams are not lost to HEAD, which nobody could end", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 20 });
    const heads = Array.from({ length: STREAMS_MAX + 1 }, () => send("HEAD", "/api/v1/live?topics=runs", { agent }));
    for (const { status } of await Promise.all(heads)) expect(status).toBe(200);
    agent.destroy();
    const { socket, heard } = dial(`GET /api/v1/live?topics=runs HTTP/1.1\r\n${head()}\r\n`, { reads: true });
    await until(() => heard().includes("event: hello") || undefined);
    socket.destroy();
  });

  it("is left to others while hundreds send headers and bodies without an end", async () => {
    const slow = Array.from({ length: 300 }, () => dial(`GET /api/v1/runs HTTP/1.1\r\n${head()}X-a: `, { reads: true }));
    const bodies = Array.from({ length: 100 }, () =>
      dial(`POST /api/v1/runs HTTP/1.1\r\n${head()}Content-Type: application/json\r\nContent-Length: 3000000\r\n\r\n{`, { reads: true }),
    );
    for (let drops = 0; drops < 20; drops++) {
      for (const { socket } of [...slow, ...bodies]) socket.write(" ");
      expect((await send("GET", "/api/v1/runs")).status).toBe(200);
    }
    for (const { socket } of [...slow, ...bodies]) socket.destroy();
  });
});

describe("a request in a form that servers understand differently", () => {
  const GET = "GET /healthz HTTP/1.1\r\n";
  it.each([
    ["two ways to tell its length", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["two lengths", "Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}"],
    ["chunks that are none", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"],
    ["chunks and something after", "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"],
    ["a length below zero", "Content-Length: -1\r\n\r\n"],
    ["a space before the colon", "Content-Length : 2\r\n\r\n{}"],
    ["a header that goes on in the next line", "X-A: b\r\n c\r\n\r\n"],
  ])("is answered once, with 400: %s", async (_, rest) => {
    const text = await spoken(`POST /api/v1/runs HTTP/1.1\r\n${head()}Content-Type: application/json\r\n${rest}${GET}${head()}\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it("that names two hosts, or none, or wants another protocol for another page, is refused", async () => {
    expect(await spoken(`GET /api/v1/runs HTTP/1.1\r\n${head()}Host: evil.example\r\nConnection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 403 /,
    );
    expect(await spoken("GET /api/v1/runs HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
    const socket = `Origin: http://evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n`;
    const { heard } = dial(`GET /api/v1/live?topics=runs HTTP/1.1\r\n${head()}${socket}`, { reads: true });
    await until(() => heard().startsWith("HTTP/1.1 403 ") || undefined);
  });

  it("that is sent before the one before was answered is answered in its turn, a few deep", async () => {
    const { heard } = dial(`GET /healthz HTTP/1.1\r\n${head()}\r\n`.repeat(8), { reads: true });
    await until(() => heard().split("HTTP/1.1 200").length === 9 || undefined);
  });

  it.each(["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])(
    "with a method that a path does not take says which it takes: %s",
    async (method) => {
      const { status, headers, body } = await send(method, "/api/v1/runs");
      expect([status, headers["allow"], body.error.code]).toEqual([405, "GET, POST", "MR8171"]);
      expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    },
  );
});

describe("names made to mislead", () => {
  const NAMES = [
    "..%2F..%2Fsecrets.env",
    "%2e%2e%2f%2e%2e%2fmillrace.yaml",
    "%252e%252e%252fmillrace.yaml",
    "..%5c..%5cmillrace.yaml",
    "r_%00",
    "raw%252Ex",
    "%E2%80%AEx.war",
    "cafe%CC%81",
    "%F0%9F%98%80",
    "a%0Ab",
    "x".repeat(1_000),
    "%E0%A4%A",
    "%",
    "__proto__",
    "constructor",
  ];
  it.each(NAMES)("find nothing, in whatever they are the name of: %s", async (name) => {
    for (const path of ["/assets/NAME", "/assets/NAME/rows", "/runs/NAME", "/runs/NAME/logs", "/jobs/NAME/parameters", "/backfills/NAME"]) {
      const { status, body } = await send("GET", `/api/v1${path.replace("NAME", name)}`);
      expect([path, status]).toEqual([path, 404]);
      expect(body.error.code).toMatch(/^MR\d{4}$/);
    }
    for (const path of [`/${name}/../../package.json`, `/app/${name}`, `/%2e%2e/${name}`]) {
      const { body } = await send("GET", path);
      expect(JSON.stringify(body)).not.toContain("besieged");
    }
  });

  it("name no token, and no environment that there is not is asked", async () => {
    for (const name of ["a\u202Eb", "cafe\u0301", "😀", "../x", "a\nb", "x".repeat(1_000)])
      expect((await act("/tokens", { name, scope: "read" })).body.error.code).toBe("MR8112");
    expect(await send("GET", "/api/v1/assets?env=nowhere")).toMatchObject({ status: 404, body: { error: { code: "MR8702" } } });
    expect((await act("/runs?env=..%2Fx", { job: "nightly" })).status).toBeGreaterThanOrEqual(400);
  });

  it("stand in the audit log as they were sent, and in a terminal as what they are", async () => {
    const why = "\u001B]0;owned\u0007\u001B[2Jfine\u202Egnp.exe\r\nroot  command  tokens.create";
    await act("/jobs/nightly/pause", { why });
    const [entry] = (await read("/audit?limit=1")).entries;
    expect(entry.why).toBe(why);
    const { stdout } = await millrace(["audit", "--limit", "1"], files.dir);
    expect(stdout).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
    await act("/jobs/nightly/resume", {});
  });
});

describe("a cookie", () => {
  const page = (url = served.url): Record<string, string> => ({ ...json, origin: url, "x-millrace": "page" });
  const begin = async (dir: string, url: string, cookie = ""): Promise<string> => {
    const { stdout } = await millrace(["token", "link"], dir);
    const headers = { ...page(url), cookie };
    const { headers: told } = await send("POST", "/api/v1/session", {
      url,
      headers,
      body: JSON.stringify({ key: stdout.trim().split("#key=")[1] }),
    });
    return String(told["set-cookie"]![0]).split(";")[0]!;
  };
  const isIn = async (url: string, cookie: string): Promise<boolean> =>
    (await send("GET", "/api/v1/session", { url, headers: { ...page(url), cookie } })).body.signedIn;

  it("that was planted is never taken up: who signs in has a new one, and the ended one is dead", async () => {
    const name = `millrace_${new URL(served.url).port}`;
    const planted = `${name}=mlr_s_AAAAAAAA_${"A".repeat(43)}`;
    const own = await begin(files.dir, served.url, planted);
    expect(own).not.toContain(planted.split("=")[1]);
    expect([await isIn(served.url, planted), await isIn(served.url, own)]).toEqual([false, true]);
    const second = await begin(files.dir, served.url, own);
    expect(second).not.toBe(own);
    await send("POST", "/api/v1/session/end", { headers: { ...page(), cookie: second }, body: "{}" });
    expect([await isIn(served.url, second), await isIn(served.url, own)]).toEqual([false, true]);
  });

  it("of one project is not another's: pages on two ports sign neither out", async () => {
    const other = project({ "millrace.yaml": "name: other\n" });
    const beside = await serveIn(other.dir);
    const jar = `${await begin(files.dir, served.url)}; ${await begin(other.dir, beside.url)}`;
    expect([await isIn(served.url, jar), await isIn(beside.url, jar)]).toEqual([true, true]);
    await send("POST", "/api/v1/session/end", { url: beside.url, headers: { ...page(beside.url), cookie: jar }, body: "{}" });
    expect([await isIn(served.url, jar), await isIn(beside.url, jar)]).toEqual([true, false]);
    beside.child.kill("SIGKILL");
    await beside.finished;
    other.remove();
  });
});

describe("an act", () => {
  it("that is sent fifty times at once with one key is done once", async () => {
    const key = { "idempotency-key": "fifty" };
    const answers = await Promise.all(Array.from({ length: 50 }, () => act("/runs", { job: "nightly" }, key)));
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.run}`)).size).toBe(1);
    const { entries } = await read("/audit?act=runs.start&limit=100");
    expect(entries.filter(({ after }: any) => after?.run === answers[0]!.body.run)).toHaveLength(1);
  });

  it("that two decide at once is decided by one, and the other is told by whom", async () => {
    const [ana, bob] = [await tokenOf("ana"), await tokenOf("bob")];
    const { run } = (await act("/runs", { job: "ask" })).body;
    await until(async () => JSON.stringify(await read("/approvals")).includes(run) || undefined);
    const both = await Promise.all([
      act(`/approvals/${run}/ok`, { accept: true }, bearer(ana)),
      act(`/approvals/${run}/ok`, { accept: true }, bearer(bob)),
    ]);
    const [won, lost] = both.toSorted((one, other) => one.status - other.status);
    expect([won!.status, lost!.status]).toEqual([200, 409]);
    expect(lost!.body.error.message).toContain(`${won!.body.by} approved it`);
    const [{ id }] = (await read("/quarantine")).items;
    const discards = await Promise.all([ana, bob].map((who) => act("/quarantine/discard", { named: [id] }, bearer(who))));
    const [first, second] = discards.toSorted((one, other) => one.status - other.status);
    expect([first!.status, second!.status]).toEqual([200, 409]);
    expect(second!.body.error.message).toContain(`discarded by ${first!.body.by}`);
  });

  it("of a plan is refused when the world has moved, and says what moved", async () => {
    const { text } = (await act("/plan", { select: "clean.y" })).body;
    files.write("models/clean/y.sql", "select *, 1 as one from raw.x\n");
    const moved = await act("/plan/apply?wait=true", { plan: text });
    expect(moved).toMatchObject({ status: 409 });
    expect(moved.body.error.message + moved.body.error.hint).toContain("clean.y");
    expect((await act("/plan/apply", { plan: text.slice(0, -20) })).status).toBe(422);
  });
});

describe("an engine that ends in the middle of an act", () => {
  const again = async (): Promise<void> => {
    served = await serveIn(files.dir);
  };
  const audited = async (): Promise<readonly any[]> => (await read("/audit?limit=1000")).entries;

  it.each([
    ["SIGKILL", 5],
    ["SIGKILL", 30],
    ["SIGKILL", 150],
    ["SIGTERM", 30],
  ] as const)("by %s after %i ms has done it once or not at all, and the audit log tells of it", async (signal, afterMs) => {
    const key = { "idempotency-key": `${signal} ${afterMs}` };
    const known = new Set((await read("/runs?limit=1000")).runs.map(({ run }: any) => run));
    const sent = act("/runs", { job: "nightly" }, key).catch(() => null);
    await pause(afterMs);
    served.child.kill(signal);
    const first = await sent;
    await served.finished;
    await again();
    const second = await act("/runs", { job: "nightly" }, key);
    const made = (await read("/runs?limit=1000")).runs.map(({ run }: any) => run as string).filter((run: string) => !known.has(run));
    if (second.status === 202) expect(made).toEqual([second.body.run]);
    else expect([second.body.error.code, made.length]).toEqual(["MR8118", expect.toSatisfy((runs: number) => runs <= 1)]);
    if (first?.status === 202) expect(second.body.run).toBe(first.body.run);
    const entries = await until(async () => {
      const found = await audited();
      const told = made.every((run: string) => found.some(({ after }) => after?.run === run));
      return told || found[0]!.error === "MR8195" ? found : undefined;
    });
    expect(new Set(entries.map(({ entry }) => entry)).size).toBe(entries.length);
  });

  it("has let nobody do anything that could not be noted", async () => {
    const state = new DatabaseSync(join(files.dir, ".millrace/state.sqlite"));
    const broken = (table: string): void =>
      state.exec(
        `create trigger full before insert on rows when new.name = '${table}' begin select raise(abort, 'database or disk is full'); end`,
      );
    const pausedNow = async (): Promise<boolean> => JSON.stringify(await read("/triggers?job=nightly")).includes('"why":"disk');
    broken("access.1:begun");
    expect((await act("/jobs/nightly/pause", { why: "disk is full" })).status).toBeGreaterThanOrEqual(400);
    expect(await pausedNow()).toBe(false);
    state.exec("drop trigger full");
    broken("access.1:audit");
    const done = await act("/jobs/nightly/pause", { why: "disk is full" }, { "idempotency-key": "unnoted" });
    expect(done).toMatchObject({ status: 500, body: { error: { code: "MR8194" } } });
    expect(await pausedNow()).toBe(true);
    expect((await act("/jobs/nightly/pause", { why: "disk is full" }, { "idempotency-key": "unnoted" })).body.error.code).toBe("MR8118");
    state.exec("drop trigger full");
    state.close();
    served.child.kill("SIGKILL");
    await served.finished;
    await again();
    const left = await until(async () => (await audited()).find(({ why }) => why === "disk is full"));
    expect(left).toMatchObject({ act: "triggers.pause", subject: "nightly", error: "MR8195" });
  });

  it("tells a thousand streams so, and had memory for all of them, also those that read nothing", async () => {
    const before = memoryMb();
    const asked = `GET /api/v1/live?topics=runs,assets,jobs HTTP/1.1\r\n${head()}\r\n`;
    const followers = Array.from({ length: 500 }, () => dial(asked, { reads: true }));
    const deaf = Array.from({ length: 500 }, () => dial(asked, { reads: false }));
    await until(() => followers.every(({ heard }) => heard().includes("event: hello")) || undefined);
    const { run } = (await act("/runs?wait=true", { job: "nightly" })).body;
    await until(() => followers.every(({ heard }) => heard().includes(run)) || undefined);
    expect(memoryMb() - before).toBeLessThan(200);
    served.child.kill("SIGTERM");
    await until(() => followers.every(({ socket, heard }) => socket.destroyed && heard().includes("event: end")) || undefined);
    expect((await served.finished).exitCode).toBe(0);
    for (const { socket } of deaf) socket.destroy();
    await again();
  });
});
