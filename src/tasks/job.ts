// A sub-job: a run of another job with parameters, whose outputs become this task's. It is started once, whatever happens here meanwhile.
import { MillraceError } from "../model/errors.ts";
import type { JobAction } from "../model/task.ts";
import type { TaskKind } from "../load/task-port.ts";

export const job: TaskKind<JobAction> = {
  name: "job",
  summary: "A run of another job; its outputs are the output.",
  async act(action, { attempt, fill, idempotencyKey, jobs }) {
    if (jobs === undefined) throw new MillraceError({ code: "MR9001", message: "assertion: an engine that starts sub-jobs" });
    const filled = Object.entries(fill.value(action.params) as Readonly<Record<string, unknown>>);
    const params = Object.fromEntries(filled.map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]));
    const sub = await jobs.submit({
      job: fill.text(action.job),
      params,
      key: idempotencyKey,
      parent: { run: attempt.run, node: attempt.node },
    });
    if (!sub.isFinished)
      return { wait: { kind: "job", until: attempt.now() + jobs.pollMs, why: `run ${sub.run} of ${action.job}`, run: sub.run } };
    if (sub.status === "succeeded") return { output: { run: sub.run, status: sub.status, ...sub.outputs } };
    throw new MillraceError({
      code: "MR6208",
      message: `run ${sub.run} of ${action.job} ended as ${sub.status}${sub.error === null ? "" : `: ${sub.error}`}`,
      hint: `millrace run show ${sub.run}`,
    });
  },
};
