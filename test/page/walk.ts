// Every address of the page, found by itself: the patterns of ui/src/routes.tsx, filled in with what the shop has, and the tabs that those pages show.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page, Request } from "playwright-core";
import { repository } from "../millrace.ts";

/** Goes from page to page inside of the app, and knows when all that was asked for is there. */
export interface Walker {
  go(address: string): Promise<void>;
  /** As soon as the page itself is there, whether its answers are or not. */
  open(address: string): Promise<void>;
  /** Everything that the page asked for is answered and shown. */
  settled(): Promise<void>;
}

const SETTLES_WITHIN_MS = 30_000;

export function walkOn(page: Page): Walker {
  const asked = new Set<Request>();
  page.on("request", (request) => {
    // Streams and workers go on.
    if (request.resourceType() !== "eventsource" && !request.url().includes("worker")) asked.add(request);
  });
  page.on("requestfinished", (request) => asked.delete(request));
  page.on("requestfailed", (request) => asked.delete(request));
  const settled = async (): Promise<void> => {
    const until = Date.now() + SETTLES_WITHIN_MS;
    for (let quiet = 0; quiet < 2;) {
      const isBusy = await page.evaluate(async () => {
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
        return document.querySelector("h1") === null || document.querySelector('.skeleton, main [aria-busy="true"]') !== null;
      });
      quiet = isBusy || asked.size > 0 ? 0 : quiet + 1;
      if (Date.now() > until) throw new Error(`${page.url()} waits for ${[...asked].map((request) => request.url()).join(" ")}`);
    }
  };
  const open = async (address: string): Promise<void> => {
    await page.evaluate((to) => history.pushState({}, "", to), address);
    const isLoading = (): boolean => [...asked].some((request) => !request.url().includes("/api/"));
    for (let quiet = 0; quiet < 2; quiet = isLoading() ? 0 : quiet + 1)
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0))));
  };
  return {
    settled,
    open,
    async go(address) {
      await open(address);
      await settled();
    },
  };
}

/** Of the routes' table, so that a new page is seen without a word here; a parameter that is new needs its values. */
export function addresses(values: Readonly<Record<string, readonly string[]>>): readonly string[] {
  const source = readFileSync(join(repository, "ui/src/routes.tsx"), "utf8");
  return [...source.matchAll(/\bpage\("([^"]+)"/g)].flatMap(([, pattern]) => filled(pattern!, values));
}

function filled(pattern: string, values: Readonly<Record<string, readonly string[]>>): readonly string[] {
  const parameter = /\$(\w+)/.exec(pattern);
  if (parameter === null) return [pattern];
  const known = values[parameter[1]!];
  if (known === undefined) throw new Error(`the route ${pattern}: what is ${parameter[0]}?`);
  return known.flatMap((value) => filled(pattern.replace(parameter[0], value), values));
}
