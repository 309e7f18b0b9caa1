// The server side of the page: reads of 50 clients while the engine works, how 2,000 assets stand, 100,000 runs filtered, the tail of a log of a million lines,
// from an event to the stream. A whole `serve` on a made project; the walls are a bare server of Node and bare reads of the same files, in the same turns.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync, statSync, writeFileSync } from "node:fs";
import { Agent, createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { readEvents } from "../src/client/events.ts";
import { openSqliteStore } from "../src/store/sqlite.ts";
import type { Append } from "../src/store/store.ts";
import type { RunEvent } from "../src/model/events.ts";
import { type Figure, median } from "./figure.ts";
import { end, entry, urlOf } from "./served.ts";

const ASSETS = 2_000;
const RUNS = 100_000;
export const LOG_LINES = 1_000_000;
const LOG_FILES = 20;
const CLIENTS = 50;
const READ_MS = 4_000;
const TURNS = 5;
const TASKS = 400;
const EVENTS_WANTED = 200;
export const LOGGED = "r_00000000000LOGGED";

export async function benchApi(): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "millrace-bench-api-"));
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const probe = new Agent({ keepAlive: true }); // never behind the clients in a queue
  let served: ChildProcess | undefined;
  try {
    makeProject(dir);
    const { status, stderr } = spawnSync(process.execPath, [entry, "run", "--quiet"], { cwd: dir, encoding: "utf8" });
    if (status !== 0) throw new Error(`the project was not built: ${stderr}`);
    await writeRuns(join(dir, ".millrace/state.sqlite"));
    const bytes = writeLogs(join(dir, ".millrace/logs", LOGGED));
    served = spawn(process.execPath, [entry, "serve", "--port", "0", "--json"], { cwd: dir, stdio: ["ignore", "pipe", "inherit"] });
    const url = await urlOf(served);
    base = url;
    const ask = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answered> =>
      get(probe, `${url}/api/v1${path}`, headers);
    const figures = [
      ...(await statusFigures(ask)),
      ...(await runsFigures(ask)),
      ...(await logFigures(ask, { dir: join(dir, ".millrace/logs", LOGGED), bytes })),
      ...(await eventFigures(url, ask)),
      ...(await readFigures(agent, url, ask)),
    ];
    return figures;
  } finally {
    agent.destroy();
    probe.destroy();
    if (served !== undefined) await end(served);
    rmSync(dir, { recursive: true, force: true });
  }
}

type Ask = (path: string, headers?: Readonly<Record<string, string>>) => Promise<Answered>;

async function statusFigures(ask: Ask): Promise<Figure[]> {
  const cold = await ask("/graph");
  const zipped = gzipSync(cold.body).length;
  const [warm, busy]: number[][] = [[], []];
  for (let turn = 0; turn < TURNS; turn++) {
    await pause(2_500); // longer than a kept answer holds
    warm!.push((await ask("/graph")).ms);
  }
  await startRun(ask);
  for (let turn = 0; turn < TURNS; turn++) {
    await pause(100);
    busy!.push((await ask("/graph")).ms);
  }
  await untilIdle(ask);
  const wall = await bareMs(cold.body);
  const none = { wall: null, ratio: null };
  const beside = (value: number): Pick<Figure, "wall" | "ratio"> => ({ wall, ratio: value / wall });
  const what = `how ${ASSETS} assets stand`;
  return [
    {
      name: `${what}, first request of a server`,
      value: cold.ms,
      unit: "ms",
      ...beside(cold.ms),
      reach: "told: it makes the plan",
      reached: true,
    },
    { name: what, value: median(warm!), unit: "ms", ...beside(median(warm!)), reach: "≤ 100 ms", reached: median(warm!) <= 100 },
    {
      name: `${what}, while a run goes on`,
      value: median(busy!),
      unit: "ms",
      ...beside(median(busy!)),
      reach: "≤ 100 ms",
      reached: median(busy!) <= 100,
    },
    { name: `${what}, compressed`, value: zipped / 1_000, unit: "KB", ...none, reach: "≤ 60 KB", reached: zipped <= 60_000 },
  ];
}

async function runsFigures(ask: Ask): Promise<Figure[]> {
  const filters = ["status=failed", "job=j7", "job=j7&status=failed", "trigger=webhook", "job=none"];
  const wall = await bareMs((await ask("/runs?limit=50")).body);
  const times: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) for (const filter of filters) times.push((await ask(`/runs?limit=${50 + turn}&${filter}`)).ms);
  const value = Math.max(...times);
  return [
    {
      name: `${RUNS} runs filtered, slowest filter`,
      value,
      unit: "ms",
      wall,
      ratio: value / wall,
      reach: "≤ 150 ms",
      reached: value <= 150,
    },
  ];
}

async function logFigures(ask: Ask, { dir, bytes }: { readonly dir: string; readonly bytes: number }): Promise<Figure[]> {
  const before = performance.now();
  const buffer = Buffer.alloc(1 << 20);
  for (let file = 0; file < LOG_FILES; file++) {
    const handle = openSync(join(dir, `t${file}-1.ndjson`), "r");
    while (readSync(handle, buffer) > 0);
    closeSync(handle);
  }
  const wall = performance.now() - before;
  const first = await ask(`/runs/${LOGGED}/logs?limit=500`);
  const { total, lines } = JSON.parse(first.body) as { readonly total: number; readonly lines: readonly unknown[] };
  if (total !== LOG_LINES || lines.length !== 500) throw new Error(`the log has ${total} lines, ${lines.length} were shown`);
  const again = await ask(`/runs/${LOGGED}/logs?limit=500`);
  const middle = await ask(`/runs/${LOGGED}/logs?limit=500&line=${LOG_LINES / 2}`);
  const figure = (name: string, value: number, most: number, against: number | null): Figure => ({
    name,
    value,
    unit: "ms",
    wall: against,
    ratio: against === null ? null : value / against,
    reach: `≤ ${most} ms`,
    reached: value <= most,
  });
  const what = `log of ${LOG_LINES / 1e6} M lines (${Math.round(bytes / 1e6)} MB)`;
  return [
    figure(`${what} opened at its tail, against reading it`, first.ms, 500, wall),
    figure(`${what} opened again`, again.ms, 100, null),
    figure(`${what} opened in the middle`, middle.ms, 500, null),
  ];
}

/** From the time in the event to the arrival of what the stream tells of it. */
async function eventFigures(url: string, ask: Ask): Promise<Figure[]> {
  const controller = new AbortController();
  const { run } = await startRun(ask);
  const response = await fetch(`${url}/api/v1/live?topics=run:${run}`, { signal: controller.signal });
  const late: number[] = [];
  const events = readEvents(response.body!);
  const deadline = setTimeout(() => controller.abort(), 60_000);
  try {
    for await (const { event, data } of events) {
      if (event !== "message") continue;
      const { changed } = JSON.parse(data) as {
        readonly changed: { readonly run: { readonly status: string }; readonly nodes: readonly { readonly at: string }[] | null } | null;
      };
      for (const { at } of changed?.nodes ?? []) late.push(Date.now() - Date.parse(at));
      if (late.length >= EVENTS_WANTED || changed?.run.status !== "running") break;
    }
  } finally {
    clearTimeout(deadline);
    controller.abort();
  }
  await untilIdle(ask);
  const p95 = late.toSorted((a, b) => a - b)[Math.floor(late.length * 0.95)] ?? Number.POSITIVE_INFINITY;
  return [
    {
      name: `from an event to the stream, p95 of ${late.length}`,
      value: p95,
      unit: "ms",
      wall: null,
      ratio: null,
      reach: "≤ 250 ms",
      reached: p95 <= 250,
    },
  ];
}

async function readFigures(agent: Agent, url: string, ask: Ask): Promise<Figure[]> {
  const paths = ["/runs?limit=20", `/runs/${LOGGED}`, "/graph", "/run-strip", "/runs?status=failed&limit=20"];
  const bodies = await Promise.all(paths.slice(0, 1).map(async (path) => (await ask(path)).body));
  const bare = createServer((_, response) => response.setHeader("content-type", "application/json").end(bodies[0]));
  const port = await new Promise<number>((done) => bare.listen(0, "127.0.0.1", () => done((bare.address() as { port: number }).port)));
  const wall = await readsPerSecond(agent, [`http://127.0.0.1:${port}/`]);
  bare.close();
  const alone = await runSeconds(ask);
  const over = new AbortController();
  const busy = (async () => {
    while (!over.signal.aborted) await runSeconds(ask);
  })();
  const reads = await readsPerSecond(
    agent,
    paths.map((path) => `${url}/api/v1${path}`),
  );
  over.abort();
  await busy;
  // At 2,000 reads a second, not at as many as there can be.
  const paced = readsPerSecond(
    agent,
    paths.map((path) => `${url}/api/v1${path}`),
    2_000,
    10_000,
  );
  await pause(200);
  const beside = await runSeconds(ask);
  paced.catch(() => {});
  const falls = (1 - alone / beside) * 100;
  return [
    {
      name: `reads of ${CLIENTS} clients, engine busy, against a bare server`,
      value: reads,
      unit: "/s",
      wall,
      ratio: reads / wall,
      reach: "≥ 2,000/s",
      reached: reads >= 2_000,
    },
    {
      name: `the engine's tasks/s fall by, at 2,000 reads/s (${TASKS} tasks in ${alone.toFixed(1)} s alone)`,
      value: falls,
      unit: "%",
      wall: null,
      ratio: null,
      reach: "≤ 10 %",
      reached: falls <= 10,
    },
  ];
}

/** How long a bare server takes to send the same text; median of TURNS. */
async function bareMs(body: string): Promise<number> {
  const bare = createServer((_, response) => response.setHeader("content-type", "application/json").end(body));
  const port = await new Promise<number>((done) => bare.listen(0, "127.0.0.1", () => done((bare.address() as { port: number }).port)));
  const agent = new Agent({ keepAlive: true });
  const times: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) times.push((await get(agent, `http://127.0.0.1:${port}/`)).ms);
  agent.destroy();
  bare.close();
  return median(times);
}

interface Answered {
  readonly body: string;
  readonly etag: string | undefined;
  readonly status: number;
  readonly ms: number;
}

function get(agent: Agent, url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answered> {
  const before = performance.now();
  return new Promise((done, fail) => {
    request(url, { agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("end", () => {
        const { statusCode: status = 0 } = response;
        if (status >= 400) return fail(new Error(`${url} answered ${status}: ${Buffer.concat(chunks).toString()}`));
        done({ body: Buffer.concat(chunks).toString(), etag: response.headers.etag, status, ms: performance.now() - before });
      });
    })
      .once("error", fail)
      .end();
  });
}

/** As pages read: again and again, with what they know already. */
async function readsPerSecond(
  agent: Agent,
  urls: readonly string[],
  perSecond = Number.POSITIVE_INFINITY,
  forMs = READ_MS,
): Promise<number> {
  const known = new Map<string, string>();
  const began = performance.now();
  let reads = 0;
  const client = async (first: number): Promise<void> => {
    for (let at = first; performance.now() - began < forMs; at++) {
      const aheadMs = (reads / perSecond) * 1_000 - (performance.now() - began);
      if (aheadMs > 1) await pause(aheadMs);
      const url = urls[at % urls.length]!;
      const etag = known.get(url);
      const answer = await get(agent, url, etag === undefined ? {} : { "if-none-match": etag });
      if (answer.etag !== undefined) known.set(url, answer.etag);
      reads += 1;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, first) => client(first)));
  return (reads / (performance.now() - began)) * 1_000;
}

async function startRun(ask: Ask): Promise<{ readonly run: string }> {
  const { run } = (await (await post(ask)).json()) as { readonly run: string };
  return { run };
}

let base = "";

function post(_ask: Ask): Promise<Response> {
  return fetch(`${base}/api/v1/runs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ job: "busy" }),
  });
}

async function runSeconds(ask: Ask): Promise<number> {
  const { run } = await startRun(ask);
  for (;;) {
    await pause(25);
    // The list, for showing a run reads all its events.
    const { runs } = JSON.parse((await ask("/runs?limit=1&job=busy")).body) as {
      readonly runs: readonly { readonly run: string; readonly status: string; readonly seconds: number }[];
    };
    const [shown] = runs;
    if (shown?.run === run && shown.status !== "running") return shown.seconds;
  }
}

async function untilIdle(ask: Ask): Promise<void> {
  while ((JSON.parse((await ask("/runs?status=running&limit=1")).body) as { readonly runs: readonly unknown[] }).runs.length > 0)
    await pause(100);
}

/** Assets that depend on one or two before them, and a job of many small tasks that keeps the engine busy. */
function makeProject(dir: string): void {
  mkdirSync(join(dir, "models/g"), { recursive: true });
  mkdirSync(join(dir, "jobs"));
  writeFileSync(join(dir, "millrace.yaml"), "name: bench\n");
  for (let n = 0; n < ASSETS; n++) {
    const joined = `select a.id, a.v + coalesce(b.v, 0) as v from g.m${(n * 7_919) % n} as a left join g.m${(n * 104_729 + 13) % n} as b on a.id = b.id`;
    writeFileSync(join(dir, `models/g/m${n}.sql`), `${n < ASSETS / 5 ? `select ${n} as id, ${n % 7} as v` : joined}\n`);
  }
  const tasks = Array.from({ length: TASKS }, (_, n) => `  t${n}: { sql: "select ${n}"${n >= 8 ? `, after: [t${n - 8}]` : ""} }`);
  writeFileSync(join(dir, "jobs/busy.yaml"), `tasks:\n${tasks.join("\n")}\n`);
}

export async function writeRuns(path: string): Promise<void> {
  const store = openSqliteStore(path);
  const T0 = Date.parse("2026-01-01T00:00:00Z");
  const ends = ["succeeded", "succeeded", "succeeded", "failed", "partial"] as const;
  for (let first = 0; first < RUNS; first += 1_000) {
    const appends = Array.from({ length: 1_000 }, (_, at): Append => {
      const n = first + at;
      const run = n === RUNS - 1 ? LOGGED : `r_${String(n).padStart(16, "0")}`;
      const plan = { job: `j${n % 50}`, nodes: [], concurrency: 4, timeoutMs: null, params: {} };
      const started: RunEvent = {
        type: "run_started",
        at: T0 + n * 60_000,
        run,
        trigger: n % 3 === 0 ? "webhook.orders" : "schedule",
        plan,
        seed: n,
        fromRun: null,
        leaseMs: null,
      };
      return {
        stream: run,
        expectedVersion: 0,
        events: [started, { type: "run_finished", at: T0 + n * 60_000 + 5_000, status: ends[n % ends.length]! }],
      };
    });
    await store.commit(appends);
  }
  await store.close();
}

export function writeLogs(folder: string): number {
  mkdirSync(folder, { recursive: true });
  const T0 = Date.parse("2026-01-01T00:00:00Z");
  let bytes = 0;
  for (let file = 0; file < LOG_FILES; file++) {
    const lines = Array.from({ length: LOG_LINES / LOG_FILES }, (_, n) =>
      JSON.stringify({
        at: new Date(T0 + n * 20 + file).toISOString(),
        level: n % 100 === 0 ? "warn" : "info",
        run: LOGGED,
        node: `task:t${file}`,
        attempt: 1,
        message: `row ${n} was read`,
      }),
    );
    const path = join(folder, `t${file}-1.ndjson`);
    writeFileSync(path, `${lines.join("\n")}\n`);
    bytes += statSync(path).size;
  }
  return bytes;
}
