// Firefox for tests of pages: the system's, found or installed, driven by puppeteer-core over WebDriver BiDi. It fails loudly where it cannot be had.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "puppeteer-core";
import { ensureProgram } from "./service.ts";

const PROGRAM = "/usr/bin/firefox-esr";

/** Makes sure that Firefox is there. */
export function ensureFirefox(): void {
  ensureProgram(PROGRAM, "firefox-esr");
}

export interface TestFirefox {
  readonly browser: Browser;
  close(): Promise<void>;
}

export async function startFirefox(): Promise<TestFirefox> {
  ensureFirefox();
  const { launch } = await import("puppeteer-core");
  const home = mkdtempSync(join(tmpdir(), "millrace-firefox-"));
  const browser = await launch({
    browser: "firefox",
    protocol: "webDriverBiDi",
    executablePath: PROGRAM,
    defaultViewport: { width: 1280, height: 800 },
    timeout: 90_000,
    env: { PATH: process.env["PATH"] ?? "", HOME: home, TMPDIR: home, LANG: "C.UTF-8", MOZ_DISABLE_CONTENT_SANDBOX: "1" },
  });
  return {
    browser,
    async close() {
      await browser.close();
      rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    },
  };
}
