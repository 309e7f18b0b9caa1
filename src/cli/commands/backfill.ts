// `millrace backfill`: builds many partitions of an asset as a durable run of its own, and acts on such runs.
import type { RunSummaryAnswer } from "../../model/answers.ts";
import type { BackfillActAnswer, BackfillAnswer, BackfillStartedAnswer } from "../../model/backfill-answers.ts";
import { MillraceError } from "../../model/errors.ts";
import { type Command, type OptionValues, text } from "../command.ts";
import { EXIT } from "../exit.ts";
import type { Output } from "../output.ts";
import { createProgress, type Progress } from "../progress.ts";
import { CURSOR, pageOf } from "../page.ts";
import { renderTable } from "../table.ts";
import { count, plural, seconds } from "../words.ts";

/** Nodes that `backfill show` lists for people; all of them with --json. */
const NODES_SHOWN_MAX = 50;
const LISTED_DEFAULT = 20;

export const backfill: Command = {
  name: "backfill",
  environment: "made",
  summary: "Builds many partitions of an asset, in a lane of its own, durable and resumable",
  arguments: "<asset>",
  examples: [
    "millrace backfill raw.sales --from 2026-01-01 --to 2026-01-31",
    "millrace backfill raw.sales --last 30d --batch 7d --jobs 4",
    "millrace backfill clean.sales --missing --with-downstream --dry-run",
    "millrace backfill clean.sales --stale",
    "millrace backfill list",
  ],
  options: [
    ["--from <partition>", "the first partition, or a day, month or year"],
    ["--to <partition>", "the last one, included (default: up to now)"],
    ["--last <duration>", "what is over since so long: 30d"],
    ["--partition <keys>", "a key or a range, all dimensions: 2026-01-01..2026-01-31|north"],
    ["--missing", "only partitions that were never built"],
    ["--failed", "only partitions whose last attempt failed"],
    ["--stale", "only partitions whose code or inputs changed"],
    ["--batch <duration>", "adjacent partitions that are built together: 7d"],
    ["--jobs <n>", "partitions at once (default 4)"],
    ["--with-downstream", "and the partitions below that read them"],
    ["--dry-run", "says what it would do and how long it may take"],
    ["--detach", "starts it and does not wait"],
  ],
  async run({ app, output }, [asset], options) {
    const opened = await app();
    return carry(output, (progress) =>
      opened.backfill(
        {
          asset: asset!,
          ...texts(options, ["from", "to", "last", "partition", "batch"]),
          ...jobsOf(options),
          statuses: (["missing", "failed", "stale"] as const).filter((each) => options[each] === true),
          withDownstream: options["withDownstream"] === true,
          dryRun: options["dryRun"] === true,
          detach: options["detach"] === true,
        },
        { observe: (event) => progress.observe(event), tell: (started) => tellStarted(output, started, options["detach"] === true) },
      ),
    );
  },
};

export const backfillList: Command = {
  name: "backfill list",
  summary: "The newest backfills and how they stand",
  examples: ["millrace backfill list", "millrace backfill list --json"],
  options: [["--limit <n>", `at most so many (default: ${LISTED_DEFAULT})`], CURSOR],
  async run({ app, output }, _words, options) {
    const answer = await (await app()).backfillList(pageOf(options, LISTED_DEFAULT));
    if (output.mode === "json") return output.json(answer);
    if (answer.backfills.length === 0) return output.note("there is no backfill yet");
    output.data(
      renderTable(
        ["backfill", "asset", "status", "done", "failed", "left", "jobs", "started"],
        answer.backfills.map((each) => [each.backfill, each.asset, each.status, ...counts(each), each.jobs, each.startedAt]),
      ),
    );
  },
};

export const backfillShow: Command = {
  name: "backfill show",
  summary: "One backfill with its partitions",
  arguments: "<backfill>",
  examples: ["millrace backfill show b_01JD"],
  async run({ app, output }, [id]) {
    const answer = await (await app()).backfillShow(id!);
    if (output.mode === "json") return output.json(answer);
    const { backfill: one, nodes } = answer;
    output.data(
      `${output.colors.bold(one.backfill)}  ${one.asset}  ${one.status}  ${counts(one)[0]} of ${count(one.nodes.total)} done, ${plural(one.jobs, "job")}`,
    );
    if (one.paused !== null) output.data(`paused by ${one.paused.by}${one.paused.why === "" ? "" : `: ${one.paused.why}`}`);
    const told = nodes.toSorted((a, b) => rank(a.status) - rank(b.status)).slice(0, NODES_SHOWN_MAX);
    output.data("");
    output.data(
      renderTable(
        ["asset", "partition", "status", "tries", "seconds", "error"],
        told.map((node) => [node.asset, node.partition, node.status, node.attempts, node.seconds, node.error?.message ?? null]),
      ),
    );
    if (told.length < nodes.length) output.note(`${count(nodes.length - told.length)} more; all of them with --json`);
  },
};

export const backfillPause = act("pause", "Lets what runs end and starts nothing more");
export const backfillCancel = act("cancel", "Ends a backfill; what was built stays");

export const backfillJobs: Command = {
  name: "backfill jobs",
  summary: "Another number of partitions at once, while it runs",
  arguments: "<backfill> <n>",
  examples: ["millrace backfill jobs b_01JD 8"],
  async run({ app, output }, [id, n]) {
    const answer = await (await app()).backfillAct({ backfill: id!, act: "jobs", jobs: wholeNumber("jobs", n!) });
    tellAct(output, answer);
  },
};

export const backfillResume: Command = {
  name: "backfill resume",
  summary: "Goes on with a backfill that was paused or interrupted",
  arguments: "<backfill>",
  examples: ["millrace backfill resume b_01JD", "millrace backfill resume b_01JD --detach"],
  options: [
    ["--allow-code-change", "go on with the code that is there now"],
    ["--detach", "only take the pause away: an engine that runs goes on"],
  ],
  async run({ app, output }, [id], options) {
    const opened = await app();
    const request = { backfill: id!, allowCodeChange: options["allowCodeChange"] === true, detach: options["detach"] === true };
    return carry(output, (progress) =>
      opened.backfillResume(request, { observe: (event) => progress.observe(event), tell: (answer) => tellAct(output, answer) }),
    );
  },
};

export const backfillRetry: Command = {
  name: "backfill retry",
  summary: "A new backfill of what failed, was skipped or canceled in one that ended",
  arguments: "<backfill>",
  examples: ["millrace backfill retry b_01JD"],
  options: [
    ["--allow-code-change", "build with the code that is there now"],
    ["--detach", "starts it and does not wait"],
  ],
  async run({ app, output }, [id], options) {
    const opened = await app();
    const detach = options["detach"] === true;
    const request = { backfill: id!, allowCodeChange: options["allowCodeChange"] === true, detach };
    return carry(output, (progress) =>
      opened.backfillRetry(request, {
        observe: (event) => progress.observe(event),
        tell: (started) => tellStarted(output, started, detach),
      }),
    );
  },
};

function act(name: "pause" | "cancel", summary: string): Command {
  return {
    name: `backfill ${name}`,
    summary,
    arguments: "<backfill>",
    examples: [`millrace backfill ${name} b_01JD`],
    options: [["--why <text>", "stands in the run"]],
    async run({ app, output }, [id], options) {
      const why = text(options["why"]);
      tellAct(output, await (await app()).backfillAct({ backfill: id!, act: name, ...(why === undefined ? {} : { why }) }));
    },
  };
}

async function carry(output: Output, work: (progress: Progress) => Promise<RunSummaryAnswer | null>): Promise<number> {
  const progress = createProgress(output);
  try {
    const summary = await work(progress);
    if (summary === null) return EXIT.ok;
    progress.finish(summary);
    if (summary.status === "running") output.note(`  next: millrace backfill resume ${summary.run}`);
    if (summary.error?.code === "MR6002") return EXIT.timedOut;
    return summary.status === "succeeded" || summary.status === "skipped" ? EXIT.ok : EXIT.failed;
  } finally {
    progress.close();
  }
}

function tellStarted(output: Output, started: BackfillStartedAnswer, detached: boolean): void {
  if (output.mode === "json") return output.json(started);
  const { backfill: id, asset, partitions, from, to, estimate, jobs, assets } = started;
  if (partitions === 0) return output.data(`${output.symbol("reused")} ${asset}: nothing to do, no partition fits`);
  const range = from === null || to === null || from === to ? (from ?? "") : `${from} to ${to}`;
  const about =
    estimate.seconds === null
      ? "no history to estimate from"
      : `about ${seconds(estimate.seconds)} and ${plural(estimate.rows ?? 0, "row")}`;
  const below = assets.filter((each) => each.asset !== asset).map((each) => `${each.asset} (${count(each.partitions)})`);
  const line = `${asset}: ${plural(partitions, "partition")} ${range}, ${plural(jobs, "job")} at once, ${about}`;
  if (id === null) output.data(`would build ${line}`);
  else output.note(`${output.symbol("running")} ${id}  ${line}`);
  if (below.length > 0) output.note(`  and below: ${below.join(", ")}`);
  if (id !== null && detached) {
    output.data(id);
    output.note(`  it goes on in \`millrace serve\`, or with: millrace backfill resume ${id}`);
  }
}

function tellAct(output: Output, answer: BackfillActAnswer): void {
  if (output.mode === "json") return output.json({ type: "act", ...answer });
  output.note(
    `${output.symbol(answer.changed ? "ok" : "reused")} ${answer.backfill}: ${answer.act}${answer.changed ? "" : " changed nothing"}`,
  );
}

function counts({ nodes }: BackfillAnswer): readonly [string, number, number] {
  return [count(nodes.succeeded + nodes.reused), nodes.failed, nodes.pending + nodes.running];
}

const ORDER: readonly string[] = ["failed", "retrying", "running", "waiting", "pending", "skipped", "canceled", "succeeded", "reused"];

function rank(status: string): number {
  return ORDER.indexOf(status);
}

function texts<Name extends string>(options: OptionValues, names: readonly Name[]): Partial<Record<Name, string>> {
  const given: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const value = text(options[name]);
    if (value !== undefined) given[name] = value;
  }
  return given;
}

function jobsOf(options: OptionValues): { readonly jobs?: number } {
  const given = text(options["jobs"]);
  return given === undefined ? {} : { jobs: wholeNumber("--jobs", given) };
}

/** @throws MR7001 */
function wholeNumber(option: string, given: string): number {
  const number = Number(given);
  const most = 1_000;
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  throw new MillraceError({ code: "MR7001", message: `${option} ${given} is no number of jobs`, hint: `1 to ${most}` });
}
