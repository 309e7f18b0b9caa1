// `millrace apply`: carries out a plan that was looked at; without a file it plans, shows and asks.
import { readFileSync } from "node:fs";
import { MillraceError, messageOf } from "../../model/errors.ts";
import { type Command, type CommandContext, text } from "../command.ts";
import { EXIT } from "../exit.ts";
import { planLines, planSummary } from "../plan-text.ts";
import { createProgress } from "../progress.ts";
import { askYes } from "../prompt.ts";
import { PLAN_OPTIONS, planRequest } from "./plan.ts";
import type { App } from "../../app.ts";

type PlanRequest = Parameters<App["plan"]>[0];

export const apply: Command = {
  name: "apply",
  environment: "made",
  summary: "Carries out exactly a plan; refuses when the world has moved since",
  arguments: "[plan]",
  examples: [
    "millrace plan --out plan.json && millrace apply plan.json",
    "millrace apply                  # plans, shows, asks",
    "millrace apply --select +final.listings --yes",
  ],
  options: [["--job <name>", "without a file: the job to plan"], ...PLAN_OPTIONS],
  async run(context, [file], options) {
    const { output } = context;
    const request = planRequest(text(options["job"]), context.global.select, options);
    if (file !== undefined && isAsking(request))
      throw new MillraceError({
        code: "MR7001",
        message: "a plan says itself what is to be done: leave out --select, --job and the others",
      });
    const app = await context.app();
    const plan = file === undefined ? await agreedPlan(context, app, request) : readPlanFile(file);
    if (plan === null) return EXIT.ok;
    const progress = createProgress(output);
    try {
      const summary = await app.apply({ plan }, (event) => progress.observe(event));
      progress.finish(summary, { again: file === undefined ? "millrace apply" : `millrace apply ${file}` });
      return summary.status === "succeeded" || summary.status === "skipped" ? EXIT.ok : EXIT.failed;
    } finally {
      progress.close();
    }
  },
};

function isAsking({ params = {}, fullRefresh, forwardOnly, restate, job, select, partition }: PlanRequest): boolean {
  return (
    fullRefresh === true ||
    forwardOnly === true ||
    restate !== undefined ||
    Object.keys(params).length > 0 ||
    [job, select, partition].some((each) => each !== undefined)
  );
}

function readPlanFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new MillraceError({ code: "MR8801", message: `the plan ${path} cannot be read: ${messageOf(error)}`, cause: error });
  }
}

/** The plan that was shown and agreed to; null where there is nothing to do. @throws MR8808 */
async function agreedPlan({ output, global, signal }: CommandContext, app: App, request: PlanRequest): Promise<string | null> {
  const { answer, text: plan } = await app.planFile(request);
  if (output.mode === "json") output.json({ type: "plan", ...answer });
  else {
    for (const line of planLines(answer, output.colors)) output.data(line);
    output.note(planSummary(answer));
  }
  if (!answer.nodes.some(({ action }) => action === "build")) return null;
  if (global.yes === true || (await askYes({ question: "Carry it out?", output, signal }))) return plan;
  throw new MillraceError({ code: "MR8808", message: "nobody said yes to the plan: nothing was done" });
}
