// A command that carries a run out: progress while it goes on, the exit code of its summary.
import type { RunSummaryAnswer } from "../../model/answers.ts";
import { EXIT } from "../exit.ts";
import type { Output } from "../output.ts";
import { createProgress } from "../progress.ts";

type Observe = Parameters<ReturnType<typeof createProgress>["observe"]>[0];

/** `same`: the command to repeat when it failed or was interrupted, where a normal run would do something else; asked in the end. */
export async function carry(
  output: Output,
  act: (observe: (event: Observe) => void) => Promise<RunSummaryAnswer>,
  same: () => string | undefined = () => undefined,
): Promise<number> {
  const progress = createProgress(output);
  try {
    const summary = await act((event) => progress.observe(event));
    const command = same();
    progress.finish(summary, command === undefined ? {} : { again: command, retry: command });
    if (summary.error?.code === "MR6002") return EXIT.timedOut;
    return summary.status === "succeeded" || summary.status === "skipped" ? EXIT.ok : EXIT.failed;
  } finally {
    progress.close();
  }
}
