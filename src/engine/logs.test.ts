// Logs of attempts: what is kept, what is cut, what is found, what is followed.
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { LogLineAnswer } from "../model/answers.ts";
import { logFolder } from "./log-files.ts";
import { followLogs, type LogQuery, searchLogs } from "./log-search.ts";
import { createFileLogs } from "./logs.ts";

const dir = mkdtempSync(join(tmpdir(), "millrace-logs-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
let folders = 0;
const newDir = (): string => join(dir, String(folders++));
const at = (second: number): string => new Date(Date.UTC(2026, 0, 31, 0, 0, second)).toISOString();
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function found(from: string, query: LogQuery): Promise<readonly LogLineAnswer[]> {
  const lines: LogLineAnswer[] = [];
  for await (const line of searchLogs(from, query)) lines.push(line);
  return lines;
}
const messages = async (from: string, query: LogQuery): Promise<readonly string[]> =>
  (await found(from, query)).map((line) => line.message);
const bytesIn = (folder: string): number => readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);

describe("limits", () => {
  it("cut an attempt's log, say how much was cut, and keep the error at its end", async () => {
    const logs = newDir();
    const log = createFileLogs({ dir: logs, attemptBytesMax: 10_000 }).open("r_1", "a", 1);
    for (let n = 0; n < 1_000; n++) log.write(at(1), "info", `line ${n} ${"x".repeat(80)}`);
    log.write(at(2), "error", "MR4018 it failed");
    await log.close();
    const all = await messages(logs, {});
    expect(all[0]).toBe(`line 0 ${"x".repeat(80)}`);
    expect(all.at(-2)).toBe("MR4018 it failed");
    const kept = all.length - 2;
    expect(all.at(-1)).toBe(
      `${1_000 - kept} more lines (${Array.from({ length: 1_000 - kept }, (_, n) => `line ${kept + n} `.length + 80).reduce((a, b) => a + b)} bytes) were not kept: the log of an attempt keeps 10000 bytes`,
    );
    expect(bytesIn(logFolder(logs, "r_1"))).toBeLessThan(11_000);
  });

  it("hold for all attempts of a run together, also when another process wrote some of them", async () => {
    const logs = newDir();
    for (let attempt = 1; attempt <= 5; attempt++) {
      const log = createFileLogs({ dir: logs, attemptBytesMax: 4_000, runBytesMax: 10_000 }).open("r_1", "a", attempt);
      for (let n = 0; n < 100; n++) log.write(at(attempt), "info", "x".repeat(100));
      await log.close();
    }
    expect(bytesIn(logFolder(logs, "r_1"))).toBeLessThan(12_000);
    expect((await messages(logs, { level: "warn" })).at(-1)).toMatch(/^100 more lines .* a run keeps 10000 bytes$/);
  });

  it("a million lines neither grow the heap nor the disk beyond them", async () => {
    const logs = newDir();
    const log = createFileLogs({ dir: logs }).open("r_1", "a", 1);
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 1_000_000; n++) log.write(at(1), "info", "a line as programs print them in a loop without an end");
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(150_000_000);
    await log.close();
    expect(bytesIn(logFolder(logs, "r_1"))).toBeLessThan(16_100_000);
  });
});

describe("fields", () => {
  it("stand beside the message, without secrets, and never in place of the line's own", async () => {
    const logs = newDir();
    const log = createFileLogs({ dir: logs, redact: (text) => text.replaceAll("hunter2", "***") }).open("r_1", "a", 1);
    log.write(at(1), "warn", "slow", { ms: 1_200, url: "https://x/?key=hunter2", node: "another", level: "info" });
    await log.close();
    expect(await found(logs, {})).toEqual([
      { at: at(1), level: "warn", run: "r_1", node: "a", attempt: 1, message: "slow", ms: 1_200, url: "https://x/?key=***" },
    ]);
  });
});

describe("search", () => {
  const logs = newDir();
  const written = (async () => {
    const files = createFileLogs({ dir: logs });
    const rows: readonly (readonly [string, string, number, "debug" | "info" | "warn" | "error", string])[] = [
      ["r_1", "raw.sales", 10, "info", "Rate limit reached"],
      ["r_1", "raw.sales", 40, "error", "gave up"],
      ["r_1", "task:train", 20, "debug", "step 1"],
      ["r_1", "task:train[7]", 30, "warn", "step 7 is slow"],
      ["r_2", "raw.sales", 50, "warn", "rate limit again"],
    ];
    for (const [run, node, second, level, message] of rows) {
      const log = files.open(run, node, 1);
      log.write(at(second), level, message, message === "gave up" ? { status: 429 } : undefined);
      await log.close();
    }
  })();
  const cases: readonly (readonly [string, LogQuery, readonly string[]])[] = [
    ["one run, attempt after attempt", { run: "r_1" }, ["Rate limit reached", "gave up", "step 1", "step 7 is slow"]],
    ["by level and worse", { level: "warn" }, ["gave up", "step 7 is slow", "rate limit again"]],
    ["of a node in all runs", { node: "raw.sales" }, ["Rate limit reached", "gave up", "rate limit again"]],
    ["of a task with its mapped children", { node: "train" }, ["step 1", "step 7 is slow"]],
    ["by text", { matches: (text) => text.toLowerCase().includes("rate limit") }, ["Rate limit reached", "rate limit again"]],
    ["by a field", { matches: (text) => text.includes("429") }, ["gave up"]],
    ["since a time", { sinceMs: Date.parse(at(40)) }, ["gave up", "rate limit again"]],
    ["the last by time", { run: "r_1", tail: 2 }, ["step 7 is slow", "gave up"]],
    ["a run without logs", { run: "r_9" }, []],
  ];
  for (const [what, query, expected] of cases)
    it(`finds ${what}`, async () => {
      await written;
      expect(await messages(logs, query)).toEqual(expected);
    });
});

describe("following", () => {
  it("tells what there is, then what is added, each line once, in new files too", async () => {
    const logs = newDir();
    const files = createFileLogs({ dir: logs });
    const first = files.open("r_1", "a", 1);
    first.write(at(1), "info", "one");
    first.write(at(2), "info", "two");
    await turn();
    const follower = followLogs(logs, { run: "r_1", tail: 1 });
    const next = async (): Promise<readonly string[]> => (await follower.next()).map((line) => line.message);
    expect(await next()).toEqual(["two"]);
    expect(await next()).toEqual([]);
    const second = files.open("r_1", "b", 1);
    second.write(at(4), "warn", "four");
    first.write(at(3), "info", "three é");
    await turn();
    await turn();
    expect(await next()).toEqual(["three é", "four"]);
    await Promise.all([first.close(), second.close()]);
    expect(await next()).toEqual([]);
  });
});
