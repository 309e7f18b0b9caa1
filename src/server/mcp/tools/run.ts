// `run` and `backfill`: the acts that build. What takes longer than an agent should wait goes on, and is told by its id.
import { z } from "zod";
import { setTimeout as pause } from "node:timers/promises";
import type { Ask } from "../../../client/ask.ts";
import { lines } from "../text.ts";
import { tool, type ToolAnswer } from "../tool.ts";
import { runText } from "./run-text.ts";

const WAIT_SECONDS_MAX = 55;
const LOOK_MS = 300;
const SETTLED: ReadonlySet<string> = new Set(["succeeded", "failed", "partial", "canceled", "skipped"]);

const wait = z.number().int().min(0).max(WAIT_SECONDS_MAX).default(30).describe("seconds to wait for its end; it goes on after that");

export const run = tool({
  name: "run",
  title: "Build",
  description:
    "Carries out a job, a selection of assets, or what failed in an earlier run (`from_failure`). Exactly one of the three. Look at `plan` first. Answers how it ended, or its id when it takes longer than `wait`: then `describe` the id.",
  input: z.object({
    job: z.string().min(1).exactOptional(),
    select: z.string().min(1).exactOptional().describe("in the selection grammar: clean.sales, +final.listings, status:failed"),
    from_failure: z.string().min(1).exactOptional().describe("a run: tries again what failed in it and what depends on that"),
    params: z.record(z.string(), z.string()).exactOptional().describe("parameters of the job"),
    partition: z.string().min(1).exactOptional(),
    full_refresh: z.boolean().exactOptional(),
    wait,
  }),
  does: "acts",
  run: async ({ job, select, from_failure: failed, params, partition, full_refresh: fullRefresh, wait: seconds }, { ask, signal }) => {
    if ([job, select, failed].filter((each) => each !== undefined).length !== 1)
      return { text: "give exactly one of job, select, from_failure" };
    const wish = {
      ...(job === undefined ? {} : { job }),
      ...(select === undefined ? {} : { select }),
      ...(params === undefined ? {} : { params }),
      ...(partition === undefined ? {} : { partition }),
      ...(fullRefresh === undefined ? {} : { fullRefresh }),
    };
    const begun = failed === undefined ? await ask("runs.start", wish, { signal }) : await ask("runs.retry", { run: failed }, { signal });
    if (begun.run === "") return { text: "the request led to no run: the job was busy; `describe` it" };
    return outcome(ask, { id: begun.run, seconds, signal });
  },
});

export const backfill = tool({
  name: "backfill",
  title: "Build many partitions",
  description:
    "Builds partitions of an asset: from/to, last, or those that are missing, failed or stale. With `dry_run` (the default) only says what it would do and how long that may take. A backfill is durable: it can be paused and goes on after a restart; `describe` its id (`b_…`).",
  input: z.object({
    asset: z.string().min(1),
    from: z.string().exactOptional().describe("the first partition, or a day, month or year"),
    to: z.string().exactOptional().describe("the last one, included"),
    last: z.string().exactOptional().describe("what is over since so long: 30d"),
    statuses: z.array(z.enum(["missing", "failed", "stale"])).default([]),
    jobs: z.number().int().min(1).max(64).exactOptional().describe("partitions at once"),
    with_downstream: z.boolean().default(false),
    dry_run: z.boolean().default(true),
    wait,
  }),
  does: "acts",
  run: async ({ with_downstream: withDownstream, dry_run: dryRun, wait: seconds, ...wish }, { ask, signal }) => {
    const input = { ...wish, withDownstream };
    if (dryRun) {
      const told = await ask("backfills.preview", input, { signal });
      const { estimate } = told;
      const text = lines(
        `would build ${told.partitions} partitions of ${told.asset}${told.from === null ? "" : `, ${told.from} to ${told.to}`}, ${told.jobs} at once`,
        told.assets.map(({ asset, partitions }) => `- ${asset}: ${partitions}`),
        estimate.seconds === null
          ? "it was never built, so there is no estimate"
          : `about ${estimate.seconds} s, ${estimate.rows ?? "?"} rows`,
        told.partitions === 0 ? "" : "to start it: dry_run false",
      );
      return { text, data: { ...told } };
    }
    const begun = await ask("backfills.start", input, { signal });
    const id = "run" in begun ? begun.run : undefined;
    if (id === undefined || id === "") return { text: "there is no partition to build" };
    return outcome(ask, { id, seconds, signal });
  },
});

/** Waits for its end, not for ever. */
export async function outcome(
  ask: Ask,
  { id, seconds, signal }: { readonly id: string; readonly seconds: number; readonly signal: AbortSignal },
): Promise<ToolAnswer> {
  const untilMs = performance.now() + seconds * 1_000;
  for (;;) {
    const shown = await ask("runs.show", { run: id }, { signal }).catch(() => null); // it may wait for its turn
    if (shown !== null && SETTLED.has(shown.run.status)) return { text: runText(shown), data: { ...shown } };
    if (performance.now() >= untilMs) return goesOn(id, shown === null ? "waits for its turn" : "goes on");
    await pause(LOOK_MS, undefined, { signal });
  }
}

function goesOn(id: string, how: string): ToolAnswer {
  return { text: `${id} ${how}; look at it again with \`describe\` ${id}, or read \`logs\``, data: { run: id, status: "running" } };
}
