// What every executor must do with the attempts of executor-attempts.ts.
import { afterAll, describe, expect, it } from "vitest";
import type { Attempt, Executor } from "../model/attempt.ts";
import { MillraceError } from "../model/errors.ts";
import { attemptLike } from "./executor-attempts.ts";

export interface AttemptUnderTest extends Attempt {
  readonly controller: AbortController;
  readonly lines: readonly string[];
}

export function attemptNamed(node: string): AttemptUnderTest {
  const controller = new AbortController();
  const lines: string[] = [];
  const log: Attempt["log"] = (level, message) => lines.push(`${level} ${message}`);
  return { ...attemptLike(node), signal: controller.signal, log, controller, lines };
}

function canceled(): MillraceError {
  return new MillraceError({ code: "MR6007", message: "the run was canceled" });
}

export function executorSuite(executor: Executor): void {
  describe(`the ${executor.name} executor`, () => {
    afterAll(() => executor.close());

    it("gives the attempt its names and returns its result", async () => {
      expect(await executor.run(attemptNamed("succeeds"))).toEqual({
        rows: { read: 4, loaded: 3, quarantined: 1, filtered: 0 },
        output: { run: "r_1", node: "succeeds", attempt: 2, token: "r_1/succeeds#2" },
      });
      expect(await executor.run(attemptNamed("reuses"))).toEqual({ reused: true });
    });

    it("rejects with the error of the attempt, all of it", async () => {
      const error = await executor.run(attemptNamed("fails")).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(MillraceError);
      expect((error as MillraceError).toJSON()).toEqual({
        code: "MR6004",
        message: "try again",
        hint: "later",
        retryable: true,
        retryAfterMs: 250,
        cause: "busy",
      });
    });

    it("rejects with what else was thrown, its message kept", async () => {
      await expect(executor.run(attemptNamed("throws"))).rejects.toThrow("x is not a function");
    });

    it("hands on log lines in their order", async () => {
      const attempt = attemptNamed("logs");
      await executor.run(attempt);
      expect(attempt.lines).toEqual(["info one", "warn two", "error three"]);
    });

    it("hands on an abort with its reason", async () => {
      const attempt = attemptNamed("waits");
      const ended = executor.run(attempt);
      attempt.controller.abort(canceled());
      await expect(ended).rejects.toMatchObject({ code: "MR6007" });
    });

    it("returns what an attempt still achieves after its abort", async () => {
      const attempt = attemptNamed("heeds");
      const ended = executor.run(attempt);
      await new Promise((resolve) => setTimeout(resolve, 20));
      attempt.controller.abort(canceled());
      expect(await ended).toEqual({ output: "done all the same" });
    });

    it("carries out many attempts at once, each with its own result", async () => {
      const attempts = Array.from({ length: 20 }, (_, index) => ({ ...attemptNamed("succeeds"), run: `r_${index}` }));
      const results = await Promise.all(attempts.map((attempt) => executor.run(attempt)));
      expect(results.map((result) => (result.output as { run: string }).run)).toEqual(attempts.map((attempt) => attempt.run));
    });
  });
}
