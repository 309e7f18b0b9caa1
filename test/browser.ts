// A real browser for tests of pages: the system's Chromium, found or installed, driven by playwright-core. It fails loudly where it cannot be had.
import { createRequire } from "node:module";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserType } from "playwright-core";
import { ensureProgram } from "./service.ts";

const PROGRAM = "/usr/bin/chromium";

/** Makes sure that the browser is there. */
export function ensureBrowser(): void {
  ensureProgram(PROGRAM, "chromium");
}

export interface TestBrowser {
  readonly browser: Browser;
  close(): Promise<void>;
}

export async function startBrowser(): Promise<TestBrowser> {
  ensureBrowser();
  // Required: who runs benchmarks through a loader of TypeScript would have it translated for minutes.
  const { chromium } = createRequire(import.meta.url)("playwright-core") as { readonly chromium: BrowserType };
  const home = mkdtempSync(join(tmpdir(), "millrace-browser-"));
  const browser = await chromium.launch({
    executablePath: PROGRAM,
    // In a container there is no room for its own sandbox, and it opens nothing but files of the test.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
    env: { PATH: process.env["PATH"] ?? "", HOME: home, LANG: "C.UTF-8" },
  });
  return {
    browser,
    async close() {
      await browser.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
