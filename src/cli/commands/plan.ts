// `millrace plan`: what a run would do and why; nothing is done.
import { writeFileSync } from "node:fs";
import { MillraceError, messageOf } from "../../model/errors.ts";
import { type Command, type OptionValues, text, texts } from "../command.ts";
import { EXIT } from "../exit.ts";
import { planMarkdown } from "../plan-markdown.ts";
import { planLines, planSummary } from "../plan-text.ts";
import { RESTATE_OPTIONS, restatingOf } from "../restate.ts";
import { commandLine } from "../words.ts";
import { parametersOf } from "./run.ts";
import type { App } from "../../app.ts";

type PlanRequest = Parameters<App["plan"]>[0];

/** Options that `plan` and `apply` share. */
export const PLAN_OPTIONS = [
  ["--partition <keys>", "a partition or a range of them, as `run` takes it"],
  ["--full-refresh", "as if everything selected had changed"],
  ["--param <key=value>", "a parameter of the job; may be repeated", "many"],
  ...RESTATE_OPTIONS,
] as const;

export function planRequest(job: string | undefined, select: string | undefined, options: OptionValues): PlanRequest {
  const [partition, against, data] = [text(options["partition"]), text(options["against"]), texts(options["data"])];
  return {
    ...(job === undefined ? {} : { job }),
    ...(select === undefined ? {} : { select }),
    ...(partition === undefined ? {} : { partition }),
    ...(against === undefined ? {} : { against }),
    ...(data.length === 0 ? {} : { data }),
    fullRefresh: options["fullRefresh"] === true,
    params: parametersOf(texts(options["param"])),
    ...restatingOf(options),
  };
}

export const plan: Command = {
  name: "plan",
  summary: "Says what a run would do, what changed and why; does nothing",
  arguments: "[job]",
  examples: [
    "millrace plan",
    "millrace plan --select +final.listings",
    "millrace plan --against main               # what this branch changes",
    "millrace plan --out plan.json && millrace apply plan.json",
    "millrace plan --against origin/main --markdown > comment.md",
    "millrace plan --data clean.sales           # how its rows would differ",
    "millrace plan --exit-code                  # exit 4 when something would be done",
  ],
  options: [
    ["--against <name>", "compare the definitions with an environment or a git ref (default: what readers see here)"],
    ["--data <asset>", "compute its new rows beside those that readers see, and compare them; may be repeated", "many"],
    ["--out <file>", "write a plan that `millrace apply` carries out as it is"],
    ["--markdown", "print it as a comment of a pull request"],
    ["--exit-code", "exit with 4 when something would be done"],
    ...PLAN_OPTIONS,
  ],
  async run({ app, global, output }, [job], options) {
    const request = planRequest(job, global.select, options);
    const opened = await app();
    const out = text(options["out"]);
    const { answer, text: plan } = out === undefined ? { answer: await opened.plan(request), text: "" } : await opened.planFile(request);
    if (out !== undefined) writePlan(out, plan);
    // What was removed from the project stays in the warehouse: it is told, and there is nothing to do.
    const isChanging = answer.nodes.some((node) => node.action === "build");
    if (output.mode === "json") output.json(answer);
    else if (options["markdown"] === true) output.data(planMarkdown(answer));
    else {
      for (const line of planLines(answer, output.colors)) output.data(line);
      output.note(`${planSummary(answer)}${isChanging ? `    next: ${nextCommand(job, global.select, out)}` : ""}`);
    }
    return options["exitCode"] === true && isChanging ? EXIT.planHasChanges : EXIT.ok;
  },
};

function nextCommand(job: string | undefined, select: string | undefined, out: string | undefined): string {
  if (out !== undefined) return commandLine(["millrace", "apply", out]);
  return commandLine(["millrace", "run", job, ...(select === undefined ? [] : ["--select", select])]);
}

function writePlan(path: string, plan: string): void {
  try {
    writeFileSync(path, plan);
  } catch (error) {
    throw new MillraceError({ code: "MR7001", message: `${path} cannot be written: ${messageOf(error)}`, cause: error });
  }
}
