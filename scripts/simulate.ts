// `npm run simulate -- [--seeds N] [--from S]`: the control plane under faults, N worlds of the core, a twentieth of it of the real engine loop and of
// the triggers of a job. A seed that fails prints the one command that repeats it: `--seed S` for the core, `--loop S` and `--job S` for the others.
// `npm run simulate -- --project DIR [--from DAY] [--to DAY] [--seed S]`: a span of a project on virtual time (default: the year 2026), summed up by job.
import { parseArgs } from "node:util";
import { messageOf } from "../src/model/errors.ts";
import type { StoreEvent } from "../src/model/store-events.ts";
import { simulateEngine } from "../src/testing/simulate-engine.ts";
import { simulate as simulateProject } from "../src/testing/project/simulate.ts";
import { simulate } from "../src/testing/simulate.ts";
import { simulateJob } from "../src/testing/triggers/simulate.ts";

const LOOP_SHARE = 20;

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    from: { type: "string" },
    seed: { type: "string" },
    loop: { type: "string" },
    job: { type: "string" },
    project: { type: "string" },
    to: { type: "string" },
  },
});
if (values.project !== undefined) await sumUp(values.project, { from: values.from ?? "2026-01-01", to: values.to ?? "2027-01-01" });
else if (values.seed !== undefined) print(simulate(wholeNumber(values.seed)).log);
else if (values.loop !== undefined) print((await simulateEngine(wholeNumber(values.loop))).log);
else if (values.job !== undefined) print((await simulateTriggers(wholeNumber(values.job))).log);
else {
  const from = wholeNumber(values.from ?? "0");
  const seeds = wholeNumber(values.seeds ?? "1000");
  await simulateMany("core", "--seed", from, seeds, async (seed) => simulate(seed));
  await simulateMany("engine loop", "--loop", from, Math.ceil(seeds / LOOP_SHARE), simulateEngine);
  await simulateMany("triggers", "--job", from, Math.ceil(seeds / LOOP_SHARE), simulateTriggers);
}

async function sumUp(project: string, span: { readonly from: string; readonly to: string }): Promise<void> {
  const before = performance.now();
  const { runs, skipped, from, to } = await simulateProject(project, {
    ...span,
    ...(values.seed === undefined ? {} : { world: { seed: wholeNumber(values.seed) } }),
  });
  const seconds = (performance.now() - before) / 1_000;
  for (const job of new Set([...runs, ...skipped].map((each) => each.job))) {
    const counts = new Map<string, number>();
    for (const run of runs) if (run.job === job) counts.set(run.status, (counts.get(run.status) ?? 0) + 1);
    for (const skip of skipped)
      if (skip.job === job) counts.set(`skipped (${skip.reason})`, (counts.get(`skipped (${skip.reason})`) ?? 0) + skip.count);
    console.log(`${job}: ${[...counts].map(([what, count]) => `${count} ${what}`).join(", ")}`);
  }
  const ratio = Math.round((Date.parse(to) - Date.parse(from)) / 1_000 / seconds);
  console.log(`✓ ${from} to ${to}: ${runs.length} runs in ${seconds.toFixed(1)} s, ${ratio.toLocaleString("en")} times as fast`);
}

async function simulateTriggers(seed: number): Promise<{ readonly log: readonly StoreEvent[] }> {
  const { broken, events } = simulateJob(seed);
  if (broken.length > 0) throw new Error(broken.join("\n"));
  return { log: events };
}

async function simulateMany(
  what: string,
  option: string,
  from: number,
  seeds: number,
  one: (seed: number) => Promise<{ readonly log: readonly StoreEvent[] }>,
): Promise<void> {
  const before = performance.now();
  const ends = new Map<string, number>();
  let events = 0;
  for (let seed = from; seed < from + seeds; seed++) {
    try {
      const { log } = await one(seed);
      const last = log.at(-1);
      const end = last?.type === "run_finished" ? last.status : "running";
      events += log.length;
      // The triggers of a job never end.
      if (log[0]?.type === "run_started") ends.set(end, (ends.get(end) ?? 0) + 1);
    } catch (error) {
      console.error(`✗ ${messageOf(error)}\n  repeat: npm run simulate -- ${option} ${seed}`);
      process.exit(1);
    }
  }
  const counts = ends.size === 0 ? "" : ` (${[...ends].map(([end, count]) => `${count} ${end}`).join(", ")})`;
  console.log(`✓ ${what}: ${seeds} seeds, ${events} events, ${((performance.now() - before) / 1_000).toFixed(1)} s${counts}`);
}

function print(log: readonly StoreEvent[]): void {
  for (const event of log) console.log(JSON.stringify(event));
  console.log(`${log.length} events`);
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  console.error(`${text} is no whole number`);
  return process.exit(2);
}
