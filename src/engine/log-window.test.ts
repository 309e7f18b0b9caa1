// Windows on the logs of a run show what sorting all its lines shows, from wherever they begin.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { logIndexOf } from "./log-index.ts";
import { windowOf } from "./log-window.ts";
import { createFileLogs } from "./logs.ts";

it("walks over all attempts by time, back from the tail, on from a line, and on from where a window ended", async () => {
  const dir = mkdtempSync(join(tmpdir(), "millrace-window-"));
  const logs = createFileLogs({ dir });
  const files = [0, 1, 2].map((n) => logs.open("r_1", `t${n}`, 1));
  const wanted: string[] = [];
  for (let n = 0; n < 5_000; n++) {
    files[(n * 7) % 3]!.write(new Date(1_000 * n).toISOString(), n % 100 === 0 ? "error" : "info", `line ${n}`);
    wanted.push(`line ${n}`);
  }
  for (const file of files) await file.close();
  const indexed = await logIndexOf(dir, "r_1").update();
  const tail = await windowOf(indexed, { start: { kind: "tail" }, limit: 10, fits: undefined });
  expect(tail.total).toBe(5_000);
  expect(tail.lines.map(({ message }) => message)).toEqual(wanted.slice(-10));
  const before = await windowOf(indexed, { start: { kind: "before", cursor: tail.previous! }, limit: 10, fits: undefined });
  expect(before.lines.map(({ line }) => line)).toEqual(Array.from({ length: 10 }, (_, n) => 4_980 + n));
  const middle = await windowOf(indexed, { start: { kind: "line", line: 2_345 }, limit: 3, fits: undefined });
  expect(middle.lines.map(({ message }) => message)).toEqual(wanted.slice(2_345, 2_348));
  const errors = await windowOf(indexed, {
    start: { kind: "after", cursor: middle.next },
    limit: 2,
    fits: ({ level }) => level === "error",
  });
  expect(errors.lines.map(({ message }) => message)).toEqual(["line 2400", "line 2500"]);
  rmSync(dir, { recursive: true, force: true });
});
