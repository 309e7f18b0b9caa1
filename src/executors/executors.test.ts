// The executors against their suite, and what only threads have to cope with.
import { afterAll, describe, expect, it } from "vitest";
import { MillraceError } from "../model/errors.ts";
import { suiteAttempt } from "../testing/executor-attempts.ts";
import { attemptNamed, executorSuite } from "../testing/executor.suite.ts";
import { createInlineExecutor } from "./inline.ts";
import { createWorkerThreadExecutor } from "./worker-thread.ts";

const module = new URL("../testing/executor-thread.ts", import.meta.url);
executorSuite(createInlineExecutor(suiteAttempt));
executorSuite(createWorkerThreadExecutor({ module, threads: 2 }));

describe("threads", () => {
  let closedStreams = 0;
  const executor = createWorkerThreadExecutor({
    module,
    threads: 1,
    abortGraceMs: 100,
    payload: ({ node }) => ({ for: node }),
    calls: {
      double: (argument: number) => argument * 2,
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
    },
  });
  afterAll(() => executor.close());

  for (const node of ["dies", "explodes"])
    it(`T1 an attempt whose thread ${node} is lost, and the next one finds a living thread`, async () => {
      await expect(executor.run(attemptNamed(node))).rejects.toMatchObject({ code: "MR6004", retryable: true });
      expect(await executor.run(attemptNamed("reuses"))).toEqual({ reused: true });
    });

  it("T1 an attempt that waits for a thread gets another when that one dies", async () => {
    const [first, second] = await Promise.allSettled([executor.run(attemptNamed("dies")), executor.run(attemptNamed("reuses"))]);
    expect(first.status).toBe("rejected");
    expect(second).toMatchObject({ status: "fulfilled", value: { reused: true } });
  });

  it("T2 an attempt that does not heed its abort is ended with its thread", async () => {
    const attempt = attemptNamed("spins");
    const ended = executor.run(attempt);
    await new Promise((resolve) => setTimeout(resolve, 300));
    attempt.controller.abort(new MillraceError({ code: "MR6007", message: "the run was canceled" }));
    await expect(ended).rejects.toMatchObject({ code: "MR6007" });
    expect(await executor.run(attemptNamed("reuses"))).toEqual({ reused: true });
  });

  it("an attempt that is aborted while it waits for a thread never begins", async () => {
    const busy = attemptNamed("waits");
    const waiting = attemptNamed("dies");
    const first = executor.run(busy);
    const second = executor.run(waiting);
    waiting.controller.abort(new MillraceError({ code: "MR6007", message: "the run was canceled" }));
    await expect(second).rejects.toMatchObject({ code: "MR6007" });
    busy.controller.abort(new MillraceError({ code: "MR6007", message: "the run was canceled" }));
    await expect(first).rejects.toMatchObject({ code: "MR6007" });
  });

  it("T3 what an attempt prints stands in its log", async () => {
    const attempt = attemptNamed("prints");
    await executor.run(attempt);
    expect(attempt.lines).toEqual(expect.arrayContaining(["info to stdout", "warn to stderr"]));
  });

  it("a result that cannot be handed over is MR6008", async () => {
    await expect(executor.run(attemptNamed("returns a function"))).rejects.toMatchObject({ code: "MR6008" });
  });

  it("a thread may ask the main thread, and read from it at its own speed", async () => {
    expect(await executor.run(attemptNamed("asks"))).toEqual({
      output: { doubled: 42, refused: "MR6101", streamed: [0, 1, 2], payload: { for: "asks" } },
    });
    expect(closedStreams).toBe(2);
  });
});
