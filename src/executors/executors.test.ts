// The executors against their suite, and what only workers have to cope with.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { Executor } from "../model/attempt.ts";
import { MillraceError } from "../model/errors.ts";
import { suiteAttempt } from "../testing/executor-attempts.ts";
import { attemptNamed, executorSuite } from "../testing/executor.suite.ts";
import { createChildProcessExecutor } from "./child-process.ts";
import { createInlineExecutor } from "./inline.ts";
import { fromBuffer, toBuffer } from "./rows-buffer.ts";
import type { WorkerPool, WorkerPoolOptions } from "./worker-pool.ts";
import { createWorkerThreadExecutor } from "./worker-thread.ts";

const module = new URL("../testing/executor-worker.ts", import.meta.url);
executorSuite(createInlineExecutor(suiteAttempt));
executorSuite(createWorkerThreadExecutor({ module, workers: 2 }));
executorSuite(createChildProcessExecutor({ module, workers: 2 }));

const kinds: readonly (readonly [string, (options: WorkerPoolOptions) => Executor & WorkerPool])[] = [
  ["threads", (options) => createWorkerThreadExecutor({ module, ...options })],
  ["processes", (options) => createChildProcessExecutor({ module, ...options })],
];

describe.each(kinds)("%s", (kind, create) => {
  let closedStreams = 0;
  const taken: unknown[] = [];
  const executor = create({
    workers: 1,
    abortGraceMs: 100,
    payload: ({ node }) => ({ for: node }),
    calls: {
      double: (argument: number) => argument * 2,
      take: (argument: Uint8Array) => void taken.push(...(fromBuffer(argument) as readonly unknown[])),
      refuse: () => {
        throw new MillraceError({ code: "MR6101", message: "no" });
      },
    },
    streams: {
      async *count(to: number) {
        try {
          for (let n = 0; n < to; n++) yield n;
        } finally {
          closedStreams++;
        }
      },
      async *rows(rows: number) {
        for (let first = 0; first < rows; first += 2_048)
          yield toBuffer(
            Array.from({ length: Math.min(2_048, rows - first) }, (_, index) => ({ id: first + index, name: `name ${index}` })),
          );
      },
    },
  });
  const small = create({ workers: 1, limits: { memoryBytes: 200e6, cpuMs: null } });
  const brief = create({ workers: 1, limits: { memoryBytes: null, cpuMs: 600 } });
  afterAll(() => Promise.all([executor.close(), small.close(), brief.close()]));

  for (const [node, why] of [
    ["dies", "exit code 3"],
    ["explodes", "thrown where nobody catches it"],
    ["rejects", "rejected where nobody catches it"],
  ] as const)
    it(`P1 an attempt whose worker ${node} is lost, and the next one finds a living worker`, async () => {
      await expect(executor.run(attemptNamed(node))).rejects.toMatchObject({
        code: "MR6004",
        retryable: true,
        message: expect.stringContaining(why) as string,
      });
      expect(await executor.run(attemptNamed("reuses"))).toEqual({ reused: true });
    });

  it("P1 an attempt that waits for a worker gets another when that one dies", async () => {
    const [first, second] = await Promise.allSettled([executor.run(attemptNamed("dies")), executor.run(attemptNamed("reuses"))]);
    expect(first.status).toBe("rejected");
    expect(second).toMatchObject({ status: "fulfilled", value: { reused: true } });
  });

  it("P2 an attempt that does not heed its abort is ended with its worker", async () => {
    const attempt = attemptNamed("spins");
    const ended = executor.run(attempt);
    await new Promise((resolve) => setTimeout(resolve, 300));
    attempt.controller.abort(new MillraceError({ code: "MR6007", message: "the run was canceled" }));
    await expect(ended).rejects.toMatchObject({ code: "MR6007" });
    expect(await executor.run(attemptNamed("reuses"))).toEqual({ reused: true });
  });

  it("an attempt that is aborted while it waits for a worker never begins", async () => {
    const busy = attemptNamed("waits");
    const waiting = attemptNamed("dies");
    const first = executor.run(busy);
    const second = executor.run(waiting);
    waiting.controller.abort(new MillraceError({ code: "MR6007", message: "the run was canceled" }));
    await expect(second).rejects.toMatchObject({ code: "MR6007" });
    busy.controller.abort(new MillraceError({ code: "MR6007", message: "the run was canceled" }));
    await expect(first).rejects.toMatchObject({ code: "MR6007" });
  });

  it("P3 all that an attempt prints stands in its log when it has ended, records of pino with their level", async () => {
    for (let round = 0; round < 3; round++) {
      const attempt = attemptNamed("prints");
      await executor.run(attempt);
      expect(attempt.lines.toSorted()).toEqual([
        "error from pino",
        "error to stderr",
        "info to stdout",
        "info without an end",
        "info written",
      ]);
    }
  });

  it("P3 10,000 lines arrive, in their order", async () => {
    const attempt = attemptNamed("prints much");
    await executor.run(attempt);
    expect(attempt.lines).toEqual(Array.from({ length: 10_000 }, (_, n) => `info line ${n}`));
  });

  it("a result that cannot be handed over is MR6008", async () => {
    await expect(executor.run(attemptNamed("returns a function"))).rejects.toMatchObject({ code: "MR6008" });
  });

  it("a worker may ask the engine's side, and read from it at its own speed", async () => {
    closedStreams = 0;
    expect(await executor.run(attemptNamed("asks"))).toEqual({
      output: { doubled: 42, refused: "MR6101", streamed: [0, 1, 2], payload: { for: "asks" } },
    });
    expect(closedStreams).toBe(2);
  });

  it("200,000 rows go to a worker and back, each once, with their exact values", async () => {
    taken.length = 0;
    expect(await executor.run(attemptNamed("moves rows"))).toEqual({ output: { rows: 200_000, sum: 19_999_900_000 } });
    expect(taken).toHaveLength(200_000);
    expect(taken.at(-1)).toEqual({ id: 199_999, big: 7999880000599999n, at: new Date(199_999) });
  });

  it("an attempt that takes more memory than it may is ended and says so", async () => {
    await expect(small.run(attemptNamed("eats heap"))).rejects.toMatchObject({
      code: "MR6050",
      message: "eats heap took more memory than 200 MB",
      retryable: false,
    });
  });

  it("an attempt that computes for longer than it may is ended and says so", async () => {
    await expect(brief.run(attemptNamed("spins"))).rejects.toMatchObject({
      code: "MR6051",
      message: "spins took more processor time than 600 ms",
      retryable: false,
    });
    expect(await brief.run(attemptNamed("reuses"))).toEqual({ reused: true });
  });

  it(`P4 ${kind} are used again, and replaced after their number of attempts`, async () => {
    const worn = create({ workers: 1, attemptsMax: 2 });
    try {
      for (let n = 0; n < 5; n++) expect(await worn.run(attemptNamed("reuses"))).toEqual({ reused: true });
    } finally {
      await worn.close();
    }
  });
});

describe("processes only", () => {
  const executor = createChildProcessExecutor({ module, workers: 1, limits: { memoryBytes: 250e6, cpuMs: null } });
  afterAll(() => executor.close());
  const pidOf = async (): Promise<number> => (await executor.run(attemptNamed("says its pid"))).output as number;

  it("P4 one process carries out many attempts", async () => {
    expect(await pidOf()).toBe(await pidOf());
    expect(await pidOf()).not.toBe(process.pid);
  });

  it("P4 a process that has grown makes place for another", async () => {
    const roomy = createChildProcessExecutor({ module, workers: 1 });
    try {
      const { output: grown } = await roomy.run(attemptNamed("keeps memory"));
      expect((await roomy.run(attemptNamed("says its pid"))).output).not.toBe(grown);
    } finally {
      await roomy.close();
    }
  });

  it("memory outside of V8's heap counts, too", async () => {
    await expect(executor.run(attemptNamed("eats buffers"))).rejects.toMatchObject({ code: "MR6050" });
  });

  it("P1 an attempt whose process is killed from outside is lost", async () => {
    const pid = await pidOf();
    const attempt = attemptNamed("waits");
    const ended = executor.run(attempt);
    process.kill(pid, "SIGKILL");
    await expect(ended).rejects.toMatchObject({ code: "MR6004", retryable: true });
    expect(await pidOf()).not.toBe(pid);
  });

  it("W1 Ctrl-C is the engine's to act on", async () => {
    const pid = await pidOf();
    const attempt = attemptNamed("heeds");
    const ended = executor.run(attempt);
    process.kill(pid, "SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 200));
    attempt.controller.abort(new MillraceError({ code: "MR6005", message: "the engine is stopping", retryable: true }));
    expect(await ended).toEqual({ output: "done all the same" });
    expect(await pidOf()).toBe(pid);
  });

  for (const node of ["waits", "spins"])
    it(`W1 no process that ${node} outlives an engine that was killed`, async () => {
      const script = fileURLToPath(new URL("../testing/executor-parent.ts", import.meta.url));
      const parent = spawn(process.execPath, ["--import", import.meta.resolve("jiti/register"), script, node], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [said] = (await once(parent.stdout, "data")) as [Buffer];
      const pid = Number(said.toString());
      expect(isThere(pid)).toBe(true);
      parent.kill("SIGKILL");
      await once(parent, "exit");
      const deadline = Date.now() + 20_000;
      while (isThere(pid) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
      expect(isThere(pid)).toBe(false);
    });
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
