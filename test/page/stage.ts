// The shop, served by a process of its own and looked at in a real browser: where tests of the page stand. Made once per file of tests.
import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { startBrowser } from "../browser.ts";
import { type Finished, millrace, project, start } from "../millrace.ts";
import { shopFiles } from "./shop.ts";

export interface Stage {
  readonly dir: string;
  url(): string;
  write(path: string, content: string): void;
  millrace(args: readonly string[]): Promise<Finished>;
  /** A browser of its own with nothing remembered; `session`: it may act. What its console says of errors is kept in `errors`. */
  visit(options?: BrowserContextOptions & { readonly session?: boolean }): Promise<Visitor>;
  /** Ends the server as it ends by itself or as it dies, and starts it again at the same address. */
  restart(signal: "SIGTERM" | "SIGKILL", meanwhile?: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export interface Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors of scripts, refused content and failed requests that the page did not mean. */
  readonly errors: string[];
  close(): Promise<void>;
}

const STARTS_WITHIN_MS = 30_000;

/** The shop has a run that failed, one that waits for an approval, and rows set aside. */
export async function openStage(files: Readonly<Record<string, string>> = shopFiles): Promise<Stage> {
  const made = project(files);
  const command = (args: readonly string[]): Promise<Finished> => millrace(args, made.dir);
  if (files === shopFiles) {
    await command(["run"]);
    await command(["run", "broken"]);
  }
  const browser = await startBrowser();
  let served = await serve(made.dir, "0");
  if (files === shopFiles) await submit(served.url, made.dir);
  const visit: Stage["visit"] = async ({ session = false, ...options } = {}) => {
    const context = await browser.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) errors.push(message.text());
    });
    if (session) {
      const link =
        (await command(["token", "link"])).stdout
          .trim()
          .split("\n")
          .find((line) => line.includes("#key=")) ?? "";
      await page.goto(link);
      await page.waitForURL((url) => !url.hash.includes("key="));
    }
    return { context, page, errors, close: () => context.close() };
  };
  return {
    dir: made.dir,
    url: () => served.url,
    write: made.write,
    millrace: command,
    visit,
    async restart(signal, meanwhile) {
      const { port } = new URL(served.url);
      await stop(served.child, signal);
      await meanwhile?.();
      served = await serve(made.dir, port);
    },
    async close() {
      await browser.close();
      await stop(served.child, "SIGKILL");
      made.remove();
    },
  };
}

interface Served {
  readonly child: ChildProcess;
  readonly url: string;
}

async function serve(dir: string, port: string): Promise<Served> {
  const { child } = start(["serve", "--port", port], dir);
  const path = join(dir, ".millrace/engine.json");
  for (let waitedMs = 0; waitedMs < STARTS_WITHIN_MS; waitedMs += 50) {
    if (child.exitCode !== null) throw new Error(`serve ended with ${child.exitCode}`);
    const engine = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as { readonly pid: number; readonly url: string }) : null;
    if (engine?.pid === child.pid) return { child, url: engine!.url };
    await pause(50);
  }
  child.kill("SIGKILL");
  throw new Error("serve did not start");
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  child.kill(signal);
  await ended;
}

/** A run of `publish` that waits for a person. */
async function submit(url: string, dir: string): Promise<void> {
  const { token } = JSON.parse(readFileSync(join(dir, ".millrace/engine.json"), "utf8")) as { readonly token: string };
  const answer = await fetch(`${url}/api/v1/runs`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ job: "publish" }),
  });
  if (!answer.ok) throw new Error(`publish: ${answer.status} ${await answer.text()}`);
}
