// What figures of the page stand on: a made project served by a process of its own, Chromium, and a bare server of Node whose pages are the walls.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { end, entry, urlOf } from "./served.ts";

const SEEN_WITHIN_MS = 120_000;

export function writeFiles(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
}

/** Models of which a fifth reads nothing and each other one two before it; in ten groups. */
export function madeAssets(count: number): Readonly<Record<string, string>> {
  const name = (n: number): string => `g${n % 10}.m${n}`;
  const text = (n: number): string =>
    n < count / 5
      ? `select ${n} as id, ${n % 7} as v\n`
      : `select a.id, a.v + coalesce(b.v, 0) as v from ${name((n * 7_919) % n)} as a left join ${name((n * 104_729 + 13) % n)} as b on a.id = b.id\n`;
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`models/g${n % 10}/m${n}.sql`, text(n)]));
}

export function build(dir: string, ...words: readonly string[]): void {
  const { status, stderr, stdout } = spawnSync(process.execPath, [entry, "run", "--quiet", ...words], { cwd: dir, encoding: "utf8" });
  if (status !== 0) throw new Error(`the project was not built: ${stderr}${stdout}`);
}

export interface Served {
  readonly url: string;
  /** A read of the API. */
  ask(path: string): Promise<{ readonly body: string; readonly bytes: number; readonly ms: number }>;
  start(job: string): Promise<string>;
  close(): Promise<void>;
}

export async function serve(dir: string): Promise<Served> {
  const child = spawn(process.execPath, [entry, "serve", "--port", "0", "--json"], { cwd: dir, stdio: ["ignore", "pipe", "inherit"] });
  const url = await urlOf(child);
  return {
    url,
    async ask(path) {
      const before = performance.now();
      const response = await fetch(`${url}/api/v1${path}`);
      const body = await response.text();
      if (!response.ok) throw new Error(`${path} answered ${response.status}: ${body}`);
      return { body, bytes: Number(response.headers.get("content-length") ?? body.length), ms: performance.now() - before };
    },
    async start(job) {
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${url}/api/v1/runs`, { method: "POST", headers, body: JSON.stringify({ job }) });
      if (!response.ok) throw new Error(`${job} was not started: ${await response.text()}`);
      return ((await response.json()) as { readonly run: string }).run;
    },
    close: () => end(child),
  };
}

/** A server that answers each path with the same text each time. */
export async function bareServer(pages: Readonly<Record<string, string>>): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = createServer(({ url }, response) => response.setHeader("content-type", "text/html").end(pages[url ?? "/"] ?? ""));
  const port = await new Promise<number>((done) => server.listen(0, "127.0.0.1", () => done((server.address() as { port: number }).port)));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

/** A page that notes when `selector` first stands in the document and was painted, in milliseconds since it was navigated to. */
export async function open(browser: Browser, url: string, selector: string): Promise<{ readonly page: Page; readonly paintedMs: number }> {
  const context = await browser.newContext({ viewport: { width: 1_440, height: 900 } });
  const page = await context.newPage();
  return { page, paintedMs: await visit(page, url, selector) };
}

/** Runs in the page: notes when what is wanted stands in the document and was painted. */
const notePaint = (selector: string): string => `{
  const observer = new MutationObserver(() => {
    if (document.querySelector(${JSON.stringify(selector)}) === null) return;
    observer.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => { globalThis.paintedMs = performance.now(); }));
  });
  observer.observe(document, { childList: true, subtree: true });
}`;

export async function visit(page: Page, url: string, selector: string): Promise<number> {
  await page.addInitScript({ content: notePaint(selector) });
  await page.goto(url, { waitUntil: "commit" });
  for (let waitedMs = 0; waitedMs < SEEN_WITHIN_MS; waitedMs += 10) {
    const ms = await page.evaluate<number | null>("globalThis.paintedMs ?? null").catch(() => null);
    if (ms !== null) return ms;
    await pause(10);
  }
  throw new Error(`${url} never showed ${selector}: ${(await page.textContent("body"))?.slice(0, 500)}`);
}

/** Frames a second while `each` is done before every frame. */
export function framesPerSecond(page: Page, forMs: number, each: "pan" | "zoom" | "nothing", canvas = "canvas"): Promise<number> {
  const wheel = each === "pan" ? "{ deltaX: way * 20, deltaY: way * 9 }" : "{ deltaY: way * 6, ctrlKey: true }";
  return page.evaluate<number>(`new Promise((done) => {
    const target = document.querySelector(${JSON.stringify(canvas)});
    const frame = target?.getBoundingClientRect();
    const place = frame === undefined ? {} : { clientX: frame.left + frame.width / 2, clientY: frame.top + frame.height / 2 };
    const began = performance.now();
    let frames = 0;
    const next = () => {
      const spent = performance.now() - began;
      if (spent > ${forMs}) return done((frames / spent) * 1000);
      frames += 1;
      const way = Math.sin(frames / 15);
      ${each === "nothing" ? "" : `target.dispatchEvent(new WheelEvent("wheel", { ...${wheel}, ...place, bubbles: true, cancelable: true }));`}
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  })`);
}

/** What scripts of a page hold after a collection, in megabytes. */
export async function heapMegabytes(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = (await session.send("Runtime.getHeapUsage")) as { readonly usedSize: number };
  await session.detach();
  return usedSize / 1e6;
}
