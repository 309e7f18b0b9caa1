// The served shop, looked at in a real browser (Chromium): where tests of the page stand. Made once per file of tests.
import type { BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { startBrowser } from "../browser.ts";
import { type ServedShop, serveShop } from "./served.ts";

export interface Stage extends ServedShop {
  /** A browser of its own with nothing remembered; `session`: it may act. What its console says of errors is kept in `errors`. */
  visit(options?: BrowserContextOptions & { readonly session?: boolean }): Promise<Visitor>;
}

export interface Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors of scripts, refused content and failed requests that the page did not mean. */
  readonly errors: string[];
  close(): Promise<void>;
}

export async function openStage(files?: Readonly<Record<string, string>>): Promise<Stage> {
  const browser = await startBrowser();
  const shop = await serveShop(files);
  const visit: Stage["visit"] = async ({ session = false, ...options } = {}) => {
    const context = await browser.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) errors.push(message.text());
    });
    if (session) {
      const begun = page.waitForResponse((answer) => answer.url().endsWith("/api/v1/session") && answer.request().method() === "POST");
      await page.goto(await shop.link());
      if (!(await begun).ok()) throw new Error(`no session: ${(await begun).status()}`);
    }
    return { context, page, errors, close: () => context.close() };
  };
  const close = async (): Promise<void> => {
    await browser.close();
    await shop.close();
  };
  return { ...shop, visit, close };
}
