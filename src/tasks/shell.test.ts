import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MillraceError } from "../model/errors.ts";
import { shell } from "./shell.ts";
import { surroundings } from "./surroundings.fixture.ts";

const act = (command: string, given = surroundings(), more: Readonly<Record<string, string>> = {}) =>
  shell.act!({ kind: "shell", command, env: more, dir: "." }, given);

/** Resolves when `test` holds; the test's own time-out ends it otherwise. */
async function until(test: () => boolean): Promise<void> {
  while (!test()) await new Promise((resolve) => setTimeout(resolve, 10));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A killed process that nobody has waited for yet is dead, too.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

describe("a command", () => {
  it("is told what it runs for, logs line by line, and answers the last line when that is JSON", async () => {
    const given = surroundings();
    const command =
      'echo "$MILLRACE_RUN $MILLRACE_TASK $MILLRACE_ATTEMPT $MILLRACE_IDEMPOTENCY_KEY $MILLRACE_PARAM_REGION $X"; echo oh >&2; echo "[1]"';
    expect(await act(command, given, { X: "5" })).toEqual({ output: [1] });
    expect(given.lines.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(["info [1]", "info r_1 t 2 r_1/task:t north 5", "warn oh"]);
  });

  it("answers what it wrote into its output file, without making less of a value", async () => {
    expect(await act('printf "rows=5\\nzip=00501\\nprice=1.10\\nok=true\\nwords=a=b c\\n" > "$MILLRACE_OUTPUT"; echo 7')).toEqual({
      output: { rows: 5, zip: "00501", price: "1.10", ok: true, words: "a=b c" },
    });
    expect(await act('echo \'{"a": [1]}\' > "$MILLRACE_OUTPUT"')).toEqual({ output: { a: [1] } });
    expect(await act("echo done")).toEqual({ output: null });
  });

  it("fails with its exit code and its last words, and may be tried again", async () => {
    await expect(act("for i in 1 2 3 4 5 6 7; do echo line $i >&2; done; exit 9")).rejects.toMatchObject({
      code: "MR6201",
      message: "the command ended with exit code 9: line 3\nline 4\nline 5\nline 6\nline 7",
      retryable: true,
    });
    await expect(act("kill -9 $$")).rejects.toMatchObject({ message: "the command was ended by SIGKILL" });
  });

  it("is ended whole when its attempt is, also what it started and what ignores SIGTERM", async () => {
    const abort = new AbortController();
    const given = surroundings({ signal: abort.signal });
    const running = act('(trap "" TERM; sleep 60) & echo $! > a.pid; sh -c "echo \\$\\$ > b.pid; sleep 60"', given);
    const file = (name: string): string => join(given.projectDir, name);
    await until(() => ["a.pid", "b.pid"].every((name) => existsSync(file(name)) && readFileSync(file(name), "utf8").endsWith("\n")));
    const pids = ["a.pid", "b.pid"].map((name) => Number(readFileSync(file(name), "utf8")));
    expect(pids.map(isAlive)).toEqual([true, true]);
    const reason = new MillraceError({ code: "MR6003", message: "it took too long" });
    abort.abort(reason);
    await expect(running).rejects.toBe(reason);
    await until(() => !pids.some(isAlive));
  });

  it("does not wait for what it left in the background", async () => {
    expect(await act("sleep 60 & echo 1")).toEqual({ output: 1 });
  });

  it("runs in a folder of the project, and says when it cannot be started", async () => {
    await expect(shell.act!({ kind: "shell", command: "true", env: {}, dir: "nowhere" }, surroundings())).rejects.toMatchObject({
      code: "MR6201",
      message: expect.stringContaining("could not be started"),
    });
  });
});
