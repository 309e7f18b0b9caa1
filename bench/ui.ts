// The page, as the issue asks for it: home, graph, status, partitions, runs, logs and events in headless Chromium on made projects, each beside its wall
// of the same run: an empty page, a plain canvas, bytes compressed, a bare server of Node. Neither network nor processor is throttled; times are medians of TURNS unless
// a figure says first.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Browser } from "playwright-core";
import { startBrowser } from "../test/browser.ts";
import { LOG_LINES, LOGGED, writeLogs, writeRuns } from "./api.ts";
import { type Figure, median } from "./figure.ts";
import { bareServer, build, framesPerSecond, heapMegabytes, madeAssets, open, type Served, serve, visit, writeFiles } from "./ui-stage.ts";

const TURNS = 5;
const FRAMES_MS = 3_000;
const TINY_RUNS = 20;
const LINES_PER_SECOND = 10_000;
/** Longer than it takes to open the page and to look at it. */
const LINES_FOR_SECONDS = 40;
const QUERY = "select i, i % 7 as v, 'row ' || i as name, timestamp '2026-01-01' + interval (i) second as at from range(10000000) t(i)";
const QUERY_ROWS = 1_000;
const PARTITIONED = 500;
const DAYS = 10_000;

const rectangles = (count: number): string => `<!doctype html><canvas width=1440 height=900></canvas><script>
const pen = document.querySelector("canvas").getContext("2d", { alpha: false });
let x = 0;
const draw = () => { pen.fillStyle = "#fff"; pen.fillRect(0, 0, 1440, 900); pen.fillStyle = "#357";
  for (let n = 0; n < ${count}; n++) pen.fillRect((n % 50) * 28 + x, Math.floor(n / 50) * 22, 24, 12); };
addEventListener("wheel", ({ deltaX }) => { x += deltaX; }, { passive: true });
const loop = () => { draw(); requestAnimationFrame(loop); }; loop();
</script><p id=there>there</p>`;

const walls = { "/": "<!doctype html><p id=there>there</p>", "/rectangles": rectangles(2_000), "/cells": rectangles(10_000) };

interface Parts {
  readonly browser: Browser;
  readonly bare: string;
}

export async function benchUi(): Promise<Figure[]> {
  const started = await startBrowser();
  const { browser } = started;
  const bare = await bareServer(walls);
  const parts = { browser, bare: bare.url };
  try {
    await open(browser, bare.url, "#there").then(({ page }) => page.context().close()); // the browser's own beginning
    return [...(await within(homeFigures, parts)), ...(await within(largeFigures, parts)), ...(await within(partitionFigures, parts))];
  } finally {
    bare.close();
    await started.close();
  }
}

async function within(measure: (dir: string, parts: Parts) => Promise<Figure[]>, parts: Parts): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "millrace-bench-ui-"));
  try {
    return await measure(dir, parts);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function homeFigures(dir: string, { browser, bare }: Parts): Promise<Figure[]> {
  writeFiles(dir, { "millrace.yaml": "name: bench\n", ...madeAssets(1_000), "jobs/tiny.yaml": 'tasks:\n  one: { sql: "select 1" }\n' });
  build(dir);
  const served = await serve(dir);
  try {
    const first = await open(browser, served.url, ".standing");
    const [again, wall]: number[][] = [[], []];
    for (let turn = 0; turn < TURNS; turn++) {
      const empty = await open(browser, bare, "#there");
      wall!.push(empty.paintedMs);
      await empty.page.context().close();
      const home = await open(browser, served.url, ".standing");
      again!.push(home.paintedMs);
      await home.page.context().close();
    }
    await first.page.context().close();
    return [
      atMost(
        "home of 1,000 assets, first page of a server that just listens, against an empty page",
        first.paintedMs,
        1_000,
        "ms",
        median(wall!),
      ),
      atMost("home of 1,000 assets, nothing in the browser's cache", median(again!), 1_000, "ms", median(wall!)),
      ...(await eventFigures(served, browser)),
    ];
  } finally {
    await served.close();
  }
}

/** Runs in the page: when each run was first seen in each status. */
const NOTE_ROWS = `{
  const seen = (globalThis.seen = {});
  new MutationObserver(() => {
    for (const { textContent } of document.querySelectorAll("tr")) {
      const [run] = /r_[0-9A-Z]{16,32}/.exec(textContent) ?? [];
      const status = /succeeded|running/.exec(textContent)?.[0];
      if (run === undefined) continue;
      seen[run] ??= Date.now();
      seen[run + " " + status] ??= Date.now();
    }
  }).observe(document, { childList: true, subtree: true, characterData: true, attributes: true });
}`;

/** From the time in an event (a run began, a run ended) to the paint of the row that tells it. */
async function eventFigures(served: Served, browser: Browser): Promise<Figure[]> {
  const { page } = await open(browser, `${served.url}/runs`, "table");
  await page.evaluate(NOTE_ROWS);
  const late: number[] = [];
  for (let turn = 0; turn < TINY_RUNS; turn++) {
    const run = await served.start("tiny");
    const seen = await untilSeen(page, `${run} succeeded`);
    const { run: told } = JSON.parse((await served.ask(`/runs/${run}`)).body) as {
      readonly run: { readonly startedAt: string; readonly seconds: number };
    };
    const began = Date.parse(told.startedAt);
    late.push(seen[run]! - began, seen[`${run} succeeded`]! - (began + told.seconds * 1_000));
  }
  await page.context().close();
  const p95 = late.toSorted((a, b) => a - b)[Math.floor(late.length * 0.95)]!;
  return [
    atMost(`an event in the engine until it is seen, p95 of ${late.length} (median ${Math.round(median(late))} ms)`, p95, 250, "ms", null),
  ];
}

async function untilSeen(page: Awaited<ReturnType<typeof open>>["page"], what: string): Promise<Readonly<Record<string, number>>> {
  for (let tries = 0; tries < 3_000; tries++) {
    const seen = await page.evaluate<Record<string, number>>("globalThis.seen");
    if (seen[what] !== undefined) return seen;
    await pause(10);
  }
  throw new Error(`${what} was never seen`);
}

async function largeFigures(dir: string, parts: Parts): Promise<Figure[]> {
  const chatter = `let n = 0; const write = () => { let text = ""; for (let m = 0; m < ${LINES_PER_SECOND / 20}; m++) text += "line " + n++ + " of the chatter\\n"; process.stdout.write(text); if (n < ${LINES_PER_SECOND * LINES_FOR_SECONDS}) setTimeout(write, 50 - ((Date.now() - began) % 50)); }; const began = Date.now(); setTimeout(write, 4000);`;
  writeFiles(dir, {
    "millrace.yaml": "name: bench\n",
    ...madeAssets(2_000),
    "chatter.mjs": chatter,
    "jobs/chatter.yaml": 'tasks:\n  talk: { shell: "node chatter.mjs" }\n',
  });
  build(dir);
  await writeRuns(join(dir, ".millrace/state.sqlite"));
  writeLogs(join(dir, ".millrace/logs", LOGGED));
  const served = await serve(dir);
  try {
    return [
      ...(await statusFigures(served, parts)),
      ...(await graphFigures(served, parts)),
      ...(await runsFigures(served, parts)),
      ...(await logFigures(served, parts)),
      ...(await queryFigures(served, parts)),
    ];
  } finally {
    await served.close();
  }
}

async function statusFigures(served: Served, { bare }: Parts): Promise<Figure[]> {
  const soon = "/graph?soon=true";
  const first = await served.ask(soon);
  const began = performance.now();
  const plannedMs = await untilPlanned(served, soon, began);
  const [times, standing, wall]: number[][] = [[], [], []];
  for (let turn = 0; turn < TURNS; turn++) {
    await pause(2_500); // longer than a kept answer holds
    const before = performance.now();
    await (await fetch(bare)).text();
    wall!.push(performance.now() - before);
    times!.push((await served.ask(soon)).ms);
    standing!.push((await served.ask("/status?soon=true")).ms);
  }
  const zipped = gzipSync(first.body, { level: 9 }).length / 1_000;
  return [
    atMost("how 2,000 assets stand, one request, against a bare server", median(times!), 100, "ms", median(wall!)),
    atMost("the same, first request of a server that just listens: partial, by definitions and runs", first.ms, 500, "ms", null),
    atMost("from then on until a plan has told the rest, behind the answers", plannedMs, 5_000, "ms", null),
    atMost("the same, in bytes, against the tightest compression", first.bytes / 1_000, 60, "KB", zipped),
    atMost("status of 2,000 assets as home asks for it", median(standing!), 100, "ms", median(wall!)),
  ];
}

async function untilPlanned(served: Served, path: string, beganMs: number): Promise<number> {
  for (let tries = 0; tries < 600; tries++) {
    const { partial } = JSON.parse((await served.ask(path)).body) as { readonly partial?: string };
    if (partial === undefined) return performance.now() - beganMs;
    await pause(50);
  }
  throw new Error("no plan was ever told");
}

async function graphFigures(served: Served, { browser, bare }: Parts): Promise<Figure[]> {
  const stage = ".graph-stage";
  const plain = await open(browser, `${bare}/rectangles`, "#there");
  const wallFrames = await framesPerSecond(plain.page, FRAMES_MS, "pan");
  const wallHeap = await heapMegabytes(plain.page);
  const url = `${served.url}/graph?open=*`;
  const [cold, painted, laid]: number[][] = [[], [], []];
  for (let turn = 0; turn < TURNS; turn++) {
    const once = await open(browser, url, stage);
    cold!.push(once.paintedMs);
    await once.page.context().close();
  }
  const graph = await open(browser, url, stage);
  for (let turn = 0; turn < TURNS; turn++) {
    painted!.push(await visit(graph.page, url, stage));
    laid!.push(Number(await graph.page.getAttribute(stage, "data-took-ms")));
  }
  const pan = await framesPerSecond(graph.page, FRAMES_MS, "pan", `${stage} canvas`);
  const zoom = await framesPerSecond(graph.page, FRAMES_MS, "zoom", `${stage} canvas`);
  const heap = await heapMegabytes(graph.page);
  await Promise.all([plain.page.context().close(), graph.page.context().close()]);
  return [
    atMost("graph of 2,000 assets laid out, the way to the worker and back included", median(laid!), 300, "ms", null),
    atMost(
      "graph of 2,000 assets from the address to its first paint, against a plain canvas of 2,000 rectangles",
      median(painted!),
      500,
      "ms",
      plain.paintedMs,
    ),
    atMost("the same, nothing in the browser's cache", median(cold!), 1_000, "ms", plain.paintedMs),
    atLeast("graph of 2,000 assets panned", pan, 55, wallFrames),
    atLeast("graph of 2,000 assets zoomed", zoom, 55, wallFrames),
    atMost("what the graph's page holds", heap, 60, "MB", wallHeap),
  ];
}

async function runsFigures(served: Served, { browser, bare }: Parts): Promise<Figure[]> {
  const filters = ["status=failed", "job=j7", "job=j7&status=failed", "trigger=webhook", "job=none"];
  const [times, wall, painted, empty]: number[][] = [[], [], [], []];
  const { page } = await open(browser, `${served.url}/runs`, "tbody tr");
  for (let turn = 0; turn < TURNS; turn++) {
    for (const filter of filters) times!.push((await served.ask(`/runs?limit=${100 + turn}&${filter}`)).ms);
    const before = performance.now();
    await (await fetch(bare)).text();
    wall!.push(performance.now() - before);
    painted!.push(await visit(page, `${served.url}/runs?status=failed&job=j${turn * 5 + 3}`, "tbody tr"));
    empty!.push(await visit(page, bare, "#there"));
  }
  await page.context().close();
  return [
    atMost("100,000 runs filtered, slowest filter, against a bare server", Math.max(...times!), 150, "ms", median(wall!)),
    atMost(
      "100,000 runs filtered, from the address to the first rows on the page, against an empty page",
      median(painted!),
      500,
      "ms",
      median(empty!),
    ),
  ];
}

/** Rows of ten million, of which the first are shown. */
async function queryFigures(served: Served, { bare }: Parts): Promise<Figure[]> {
  const [times, wall]: number[][] = [[], []];
  for (let turn = 0; turn < TURNS; turn++) {
    const before = performance.now();
    const answer = await fetch(`${served.url}/api/v1/query`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ sql: QUERY, rows: QUERY_ROWS }),
    });
    const { rows, cutBy } = (await answer.json()) as { readonly rows: readonly unknown[]; readonly cutBy: string | null };
    if (rows.length !== QUERY_ROWS || cutBy !== "rows") throw new Error(`the query answered ${rows.length} rows, cut by ${cutBy}`);
    times!.push(performance.now() - before);
    const bareBefore = performance.now();
    await (await fetch(bare)).text();
    wall!.push(performance.now() - bareBefore);
  }
  return [atMost("the first 1,000 of 10 M rows of a query, from asking to the last byte", median(times!), 200, "ms", median(wall!))];
}

async function logFigures(served: Served, { browser, bare }: Parts): Promise<Figure[]> {
  const empty = await open(browser, bare, "#there");
  const log = await open(browser, `${served.url}/r/${LOGGED}`, ".log-line");
  const text = await log.page.textContent(".log");
  if (text === null || !text.includes(LOG_LINES.toLocaleString("en-US").replaceAll(",", "")))
    throw new Error("the log is not shown at its tail");
  const again = await visit(log.page, `${served.url}/r/${LOGGED}`, ".log-line");
  const idle = await framesPerSecond(empty.page, FRAMES_MS, "nothing");
  await log.page.context().close();
  const run = await served.start("chatter");
  const live = await open(browser, `${served.url}/r/${run}`, ".log-line");
  const atEnd = async (): Promise<{ readonly shown: number; readonly written: number; readonly ms: number }> => {
    const shown = await shownTotal(live.page);
    const { total } = JSON.parse((await served.ask(`/runs/${run}/logs?limit=1`)).body) as { readonly total: number };
    return { shown, written: total, ms: performance.now() };
  };
  const before = await atEnd();
  const frames = await framesPerSecond(live.page, FRAMES_MS, "nothing");
  const after = await atEnd();
  const perSecond = (lines: number): number => (lines / (after.ms - before.ms)) * 1_000;
  const lines = perSecond(after.shown - before.shown);
  const written = perSecond(after.written - before.written);
  const { status } = JSON.parse((await served.ask(`/runs/${run}`)).body).run as { readonly status: string };
  if (status !== "running") throw new Error(`the chatter was over before it was looked at: ${status}`);
  await Promise.all([live.page.context().close(), empty.page.context().close()]);
  return [
    atMost(
      "a log of 1 M lines opened at its tail, from the address to its paint, against an empty page",
      log.paintedMs,
      500,
      "ms",
      empty.paintedMs,
    ),
    atMost("the same, opened again", again, 500, "ms", empty.paintedMs),
    {
      ...atLeast("lines appended and shown, against those that the engine wrote meanwhile", lines, LINES_PER_SECOND * 0.9, written),
      unit: "/s",
      reach: `all of ${LINES_PER_SECOND}/s`,
      reached: lines >= written * 0.95 && written >= LINES_PER_SECOND * 0.9,
    },
    atLeast("frames while they are appended, against an empty page", frames, 55, idle),
  ];
}

async function shownTotal(page: Awaited<ReturnType<typeof open>>["page"]): Promise<number> {
  const numbers = await page.locator(".log-number").allTextContents();
  return Math.max(0, ...numbers.map(Number));
}

async function partitionFigures(dir: string, { browser, bare }: Parts): Promise<Figure[]> {
  const start = "1999-01-01";
  const end = new Date(Date.parse(start) + DAYS * 86_400_000).toISOString().slice(0, 10);
  const model = `/*---\nmaterialize: table\npartition: { by: day, column: day, start: ${start}, end: ${end} }\n---*/\nselect $start as day, 1 as amount\n`;
  const models = Array.from({ length: PARTITIONED }, (_, n) => [`models/p/p${n}.sql`, model] as const);
  writeFiles(dir, { "millrace.yaml": "name: bench\n", ...Object.fromEntries(models) });
  mkdirSync(join(dir, ".millrace"), { recursive: true });
  build(dir, "--partition", start);
  await fillLedger(join(dir, ".millrace/warehouse.duckdb"), start);
  const served = await serve(dir);
  try {
    const first = await served.ask("/partitions");
    const zipped = gzipSync(first.body, { level: 9 }).length / 1_000;
    const cells = await open(browser, `${bare}/cells`, "#there");
    const [answers, painted]: number[][] = [[], []];
    const page = await open(browser, `${served.url}/partitions`, ".pt-parts canvas");
    for (let turn = 0; turn < TURNS; turn++) {
      answers!.push((await served.ask("/partitions")).ms);
      painted!.push(await visit(page.page, `${served.url}/partitions`, ".pt-parts canvas"));
    }
    await Promise.all([page.page.context().close(), cells.page.context().close()]);
    return [
      atMost(
        "500 × 10,000 partitions from the address to the first paint, against a plain canvas",
        median(painted!),
        300,
        "ms",
        cells.paintedMs,
      ),
      atMost("500 × 10,000 partitions, first request of a server", first.ms, 3_000, "ms", null),
      atMost("500 × 10,000 partitions, request", median(answers!), 300, "ms", null),
      atMost("500 × 10,000 partitions in bytes, against the tightest compression", first.bytes / 1_000, 200, "KB", zipped),
    ];
  } finally {
    await served.close();
  }
}

/** Of every asset 97 of 100 partitions stand, as the first one does. */
async function fillLedger(path: string, start: string): Promise<void> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  await connection.run(`insert into _millrace.partitions by name
    select p.* replace (strftime(date '${start}' + d::integer, '%Y-%m-%d') as partition)
    from _millrace.partitions p, range(1, ${DAYS}) t(d) where p.partition = '${start}' and hash(p.asset, d // 60) % 100 < 97`);
  await connection.run("checkpoint");
  connection.closeSync();
  instance.closeSync();
}

function atMost(name: string, value: number, most: number, unit: string, wall: number | null): Figure {
  return { name, value, unit, wall, ratio: wall === null ? null : value / wall, reach: `≤ ${most} ${unit}`, reached: value <= most };
}

function atLeast(name: string, value: number, least: number, wall: number | null): Figure {
  return { name, value, unit: "fps", wall, ratio: wall === null ? null : value / wall, reach: `≥ ${least} fps`, reached: value >= least };
}
