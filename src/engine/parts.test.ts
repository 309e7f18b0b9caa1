// The parts of the engine that touch the machine: logs of attempts, the real clock, names of runs.
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { LogLineAnswer } from "../model/answers.ts";
import { realClock } from "./clock.ts";
import { logPath } from "./log-files.ts";
import { searchLogs } from "./log-search.ts";
import { createFileLogs, MESSAGE_CHARS_MAX } from "./logs.ts";
import { runId } from "./run-id.ts";

const dir = mkdtempSync(join(tmpdir(), "millrace-logs-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function linesOf(run: string): Promise<readonly LogLineAnswer[]> {
  const lines = [];
  for await (const line of searchLogs(dir, { run })) lines.push(line);
  return lines;
}

describe("logs of attempts", () => {
  it("are read back, attempt after attempt in the order of their first lines", async () => {
    const logs = createFileLogs({ dir });
    const later = logs.open("r_1", "raw.b", 1);
    const earlier = logs.open("r_1", "raw.a", 2);
    earlier.write("2026-01-31T00:00:00.000Z", "info", "first");
    later.write("2026-01-31T00:00:01.000Z", "warn", "second");
    earlier.write("2026-01-31T00:00:02.000Z", "error", "third\nline");
    await Promise.all([later.close(), earlier.close()]);
    expect(await linesOf("r_1")).toEqual([
      { at: "2026-01-31T00:00:00.000Z", level: "info", run: "r_1", node: "raw.a", attempt: 2, message: "first" },
      { at: "2026-01-31T00:00:02.000Z", level: "error", run: "r_1", node: "raw.a", attempt: 2, message: "third\nline" },
      { at: "2026-01-31T00:00:01.000Z", level: "warn", run: "r_1", node: "raw.b", attempt: 1, message: "second" },
    ]);
    expect(existsSync(join(dir, "r_1", "raw.a-2.ndjson"))).toBe(true);
  });

  it("never leave their folder and never collide, whatever a node is called", () => {
    const odd = [
      "../../etc/passwd",
      "..",
      ".hidden",
      "a/b",
      "a\\b",
      "a\u0000b",
      "A.b",
      "a.b",
      "x".repeat(500),
      "con",
      "",
      "ü",
      "u\u0308",
      "a:b",
    ];
    const paths = odd.map((node) => logPath(dir, "r_1", node, 1));
    for (const path of paths) {
      expect(dirname(resolve(path))).toBe(join(dir, "r_1"));
      expect(path.slice(join(dir, "r_1").length)).toMatch(/^\/[A-Za-z0-9_][A-Za-z0-9._~-]{0,120}$/);
    }
    expect(new Set(paths.map((path) => path.toLowerCase())).size).toBe(odd.length);
    expect(resolve(logPath(dir, "../..", "a", 1)).startsWith(dir)).toBe(true);
  });

  it("make no file for an attempt that says nothing, and nothing to read for a run without logs", async () => {
    await createFileLogs({ dir }).open("r_silent", "a", 1).close();
    expect(existsSync(join(dir, "r_silent"))).toBe(false);
    expect(await linesOf("r_silent")).toEqual([]);
  });

  it("cut a message that is too long and take secrets out", async () => {
    const log = createFileLogs({ dir, redact: (text) => text.replaceAll("hunter2", "***") }).open("r_2", "a", 1);
    log.write("2026-01-31T00:00:00.000Z", "info", "password is hunter2");
    log.write("2026-01-31T00:00:00.000Z", "info", "x".repeat(MESSAGE_CHARS_MAX * 2));
    await log.close();
    const [first, second] = await linesOf("r_2");
    expect(first!.message).toBe("password is ***");
    expect(second!.message).toHaveLength(MESSAGE_CHARS_MAX + 1);
  });

  it("tell of a log that cannot be written once, and do not hurt the attempt", async () => {
    writeFileSync(join(dir, "r_file"), "");
    const problems: string[] = [];
    const log = createFileLogs({ dir, onProblem: (error) => problems.push(error.code) }).open("r_file", "a", 1);
    log.write("2026-01-31T00:00:00.000Z", "info", "one");
    log.write("2026-01-31T00:00:00.000Z", "info", "two");
    await log.close();
    expect(problems).toEqual(["MR6040"]);
  });

  it("are read up to a line that a crash cut off", async () => {
    const log = createFileLogs({ dir }).open("r_3", "a", 1);
    log.write("2026-01-31T00:00:00.000Z", "info", "whole");
    await log.close();
    writeFileSync(join(dir, "r_3", readdirSync(join(dir, "r_3"))[0]!), '{"at":"2026', { flag: "a" });
    expect((await linesOf("r_3")).map((line) => line.message)).toEqual(["whole"]);
  });
});

describe("the real clock", () => {
  it("calls after a wait, not when it was taken back, and does not fire at once for a wait of a year", async () => {
    const called: string[] = [];
    const takeBack = realClock.after(1, () => called.push("taken back"));
    takeBack();
    const year = realClock.after(365 * 86_400_000, () => called.push("year"));
    await new Promise<void>((done) => void realClock.after(20, done));
    year();
    expect(called).toEqual([]);
  });
});

describe("names of runs", () => {
  it("sort by time and hold nothing but letters and digits", () => {
    const names = [1, 1_000, Date.UTC(2026, 0, 1), Date.UTC(2099, 0, 1)].map((at) => runId(at, Math.random));
    expect(names.toSorted()).toEqual(names);
    for (const name of names) expect(name).toMatch(/^r_[0-9A-HJKMNP-TV-Z]{16}$/);
    expect(new Set(Array.from({ length: 1_000 }, () => runId(0, Math.random))).size).toBeGreaterThan(990);
  });
});
