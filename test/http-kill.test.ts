// kill -9 while an API is being read: the next run goes on at the page (or parent) where the last one was, and the rows are those of an undisturbed run.
// The server decides the moment, so nothing depends on time.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sendJson, startServer, type TestServer } from "./http-server.ts";
import { project, rows, start } from "./millrace.ts";
import { millrace } from "./warm.ts";

const PAGES = 12;
const PAGE_ROWS = 50;
/** The raw zone gathers what comes faster than this; each page is slower, so each is on the disk before the next one is there. */
const PAGE_MS = 230;

let server: TestServer;
/** Called with each request; may kill, and then there is no answer. */
let onRequest: (asked: string) => boolean = () => true;
beforeAll(async () => {
  server = await startServer(async ({ url }, response) => {
    if (!onRequest(`${url.pathname}${url.search}`)) return undefined;
    const page = Number(url.searchParams.get("page") ?? 1);
    if (url.pathname === "/parents") return sendJson(response, page > 2 ? [] : [{ id: page * 2 - 1 }, { id: page * 2 }]);
    await sleep(PAGE_MS);
    const parent = Number(/^\/children\/(\d+)/.exec(url.pathname)?.[1] ?? 0);
    const count = page > (parent === 0 ? PAGES : 3) ? 0 : PAGE_ROWS;
    return sendJson(
      response,
      Array.from({ length: count }, (_, index) => ({ id: parent * 100_000 + page * 1_000 + index })),
    );
  });
});
afterAll(() => server.close());

const sources = (url: string): Readonly<Record<string, string>> => ({
  pages: `{ url: "${url}/pages", pagination: { page: { param: page, size: ${PAGE_ROWS} } } }`,
  children: `{ url: "${url}/children/{parent.id}", pagination: { page: { param: page, size: ${PAGE_ROWS} } }, parent: { url: /parents, pagination: { page: { param: page, size: 2 } } } }`,
});

describe("a load of an API that is killed", { timeout: 120_000 }, () => {
  it.each([
    ["pages", [4, 7, 10].map((page) => `/pages?page=${page}&size=50`)],
    ["children", [2, 3, 4].map((parent) => `/children/${parent}?page=1&size=50`)],
  ])("goes on where it was: %s", async (kind, kills) => {
    const made = project({ "millrace.yaml": "name: kill\n", "sources/raw/t.yaml": `from:\n  http: ${sources(server.url)[kind]!}\n` });
    try {
      const asked: string[] = [];
      for (const killAt of kills) {
        const { child, finished } = start(["run"], made.dir);
        onRequest = (what) => {
          asked.push(what);
          if (what === killAt) child.kill("SIGKILL");
          return what !== killAt;
        };
        expect((await finished).signal).toBe("SIGKILL");
      }
      onRequest = (what) => asked.push(what) > 0;
      const run = await millrace(["run"], made.dir);
      expect(run.exitCode, run.stdout + run.stderr).toBe(0);
      const count = kind === "pages" ? PAGES * PAGE_ROWS : 4 * 3 * PAGE_ROWS;
      expect(await rows(made.dir, "select count(*), count(distinct id) from raw.t")).toEqual([[count, count]]);
      // Four processes, and what the first of them had taken was asked for once.
      expect(asked.filter((what) => what === `/${kind === "pages" ? kind : "children/1"}?page=1&size=50`)).toHaveLength(1);
    } finally {
      onRequest = () => true;
      made.remove();
    }
  });
});
