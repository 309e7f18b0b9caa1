// `millrace runs`, `run show`, `status`: what ran, how it went, what needs a person.
import { MillraceError } from "../../model/errors.ts";
import type { RunAnswer, RunShowAnswer, RunStatus } from "../../model/answers.ts";
import { parseDurationMs } from "../../model/duration.ts";
import { type Command, text } from "../command.ts";
import { printable, renderTable } from "../table.ts";
import { count, plural, seconds } from "../words.ts";

const RUNS_DEFAULT = 20;
const STATUSES = ["running", "succeeded", "failed", "partial", "canceled", "skipped"] as const;

export const runs: Command = {
  name: "runs",
  summary: "Lists the runs, newest first",
  examples: ["millrace runs", "millrace runs --limit 5 --json", "millrace runs --job nightly --status failed --since 7d"],
  options: [
    ["--limit <n>", `at most so many (default: ${RUNS_DEFAULT})`],
    ["--job <job>", "runs of this job"],
    ["--status <status>", STATUSES.join(", ")],
    ["--asset <asset>", "runs that had a part for this asset or task"],
    ["--trigger <trigger>", "runs that this asked for: manual, schedule, backfill, retry …"],
    ["--since <time>", "begun since: 7d, 12h, 2026-01-31"],
  ],
  async run({ app, global, output }, _args, options) {
    const limit = Number(text(options["limit"]) ?? RUNS_DEFAULT);
    if (!Number.isInteger(limit) || limit < 1)
      throw new MillraceError({ code: "MR7001", message: `--limit ${text(options["limit"])} is no number of runs` });
    const [job, asset, trigger] = [text(options["job"]), text(options["asset"]), text(options["trigger"])];
    const [status, since] = [statusOf(text(options["status"])), sinceOf(text(options["since"]))];
    const answer = await (
      await app()
    ).runs({
      limit,
      ...(job === undefined ? {} : { job }),
      ...(global.select === undefined ? {} : { select: global.select }),
      ...(status === undefined ? {} : { status }),
      ...(asset === undefined ? {} : { asset }),
      ...(trigger === undefined ? {} : { trigger }),
      ...(since === undefined ? {} : { since }),
    });
    if (output.mode === "json") return output.json(answer);
    const isNarrowed = [job, asset, trigger, status, since, global.select].some((each) => each !== undefined);
    if (answer.runs.length === 0) return output.note(isNarrowed ? "there is no such run" : "there were no runs yet: millrace run");
    output.data(renderRuns(answer.runs));
  },
};

function statusOf(given: string | undefined): RunStatus | undefined {
  const found = STATUSES.find((each) => each === given);
  if (given !== undefined && found === undefined)
    throw new MillraceError({ code: "MR7001", message: `--status ${given} is no status of a run`, hint: STATUSES.join(", ") });
  return found;
}

/** A duration before now, or a date. */
function sinceOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const backMs = parseDurationMs(given);
  const at = backMs === undefined ? Date.parse(given) : Date.now() - backMs;
  if (Number.isNaN(at))
    throw new MillraceError({ code: "MR7001", message: `--since ${given} is no time`, hint: "write 7d, 12h or 2026-01-31" });
  return at;
}

export const runShow: Command = {
  name: "run show",
  summary: "Shows one run: its nodes, attempts, rows, checks and errors",
  arguments: "<run>",
  examples: ["millrace run show r_01JD", "millrace run show r_01JD --json"],
  async run({ app, output }, [run]) {
    const answer = await (await app()).runShow(run!);
    if (output.mode === "json") return output.json(answer);
    output.data(renderRuns([answer.run]));
    for (const line of detailsOf(answer.run)) output.data(printable(line));
    output.data("");
    output.data(
      renderTable(
        ["node", "status", "attempts", "read", "loaded", "quarantined", "filtered"],
        answer.nodes.map((node) => [
          node.asset ?? `task:${node.task}`,
          node.status,
          node.attempts.length,
          node.rows?.read,
          node.rows?.loaded,
          node.rows?.quarantined,
          node.rows?.filtered,
        ]),
      ),
    );
    for (const node of answer.nodes) {
      const name = node.asset ?? node.task ?? "";
      if (node.waitsFor !== undefined)
        output.data(`\n${output.symbol("waiting")} ${name} waits for ${node.waitsFor.kind}: ${printable(node.waitsFor.why)}`);
      if (node.waitsFor?.kind === "approval") output.note(`    millrace approve ${answer.run.run} ${name}`);
      if (node.why !== undefined) output.data(`\n${output.symbol("skipped")} ${name}  ${printable(node.why)}`);
    }
    for (const node of answer.nodes.filter((each) => each.error !== null))
      output.data(
        `\n${output.symbol("failed")} ${node.asset ?? node.task}  ${node.error!.code}  ${printable(node.error!.message)}${node.error!.hint === undefined ? "" : `\n    = ${printable(node.error!.hint)}`}`,
      );
    const failed = answer.nodes.some((node) => node.error !== null);
    // Of repairs of the quarantine and replays a normal run would do something else.
    const act = answer.nodes.find(({ reason }) => /^millrace (quarantine|replay)\b/.test(reason));
    const retry =
      act === undefined ? `millrace run --from-failure ${answer.run.run}` : `${act.reason} ${act.asset ?? ""} …, as it was asked`;
    if (failed) output.note(`\nretry: ${retry}    log: millrace logs ${answer.run.run}`);
  },
};

export const status: Command = {
  name: "status",
  summary: "How things stand and what needs a person",
  examples: ["millrace status", "millrace status --json"],
  async run({ app, output }) {
    const answer = await (await app()).status();
    if (output.mode === "json") return output.json(answer);
    const { assets } = answer;
    output.data(
      `${plural(assets.total, "asset")}: ${count(assets.current)} current, ${count(assets.stale)} stale, ${count(assets.failed)} failed, ${count(assets.missing)} never built`,
    );
    for (const { url, host, pid, holdsWarehouse } of answer.engines ?? [])
      output.data(`engine ${url ?? "without an address"} on ${host}, process ${pid}${holdsWarehouse ? ", holds the warehouse" : ""}`);
    if (answer.runs.length > 0) output.data(`\n${renderRuns(answer.runs)}`);
    for (const need of answer.needs) output.data(`${output.symbol("warn")} ${need.what}: ${printable(need.why)}\n    ${need.command}`);
    if (answer.needs.length === 0) output.note("nothing needs you");
  },
};

/** What asked for it, and what somebody did with it. */
function detailsOf({ trigger, asked, fromRun, parent, params, paused, canceled }: RunShowAnswer["run"]): readonly string[] {
  const why =
    asked === null
      ? ""
      : ` ${asked.trigger ?? asked.by ?? ""}${asked.scheduledFor === null ? "" : ` for ${asked.scheduledFor}`}${asked.why === "" ? "" : `: ${asked.why}`}`;
  const given = Object.entries(params).map(([name, value]) => `${name}=${value}`);
  return [
    `asked for by ${trigger}${why}`,
    ...(fromRun === null ? [] : [`after ${fromRun}`]),
    ...(parent === null ? [] : [`a part of ${parent.run}, ${parent.node} waits for it`]),
    ...(given.length === 0 ? [] : [`with ${given.join(" ")}`]),
    ...(paused === null ? [] : [`paused by ${paused.by}${paused.why === "" ? "" : `: ${paused.why}`}`]),
    ...(canceled === null ? [] : [`canceled by ${canceled.by}${canceled.why === "" ? "" : `: ${canceled.why}`}`]),
  ];
}

function renderRuns(list: readonly RunAnswer[]): string {
  return renderTable(
    ["run", "job", "status", "started", "took", "ok", "failed", "skipped", "reused"],
    list.map((run) => [
      run.run,
      run.job,
      run.status,
      run.startedAt,
      run.seconds === null ? null : seconds(run.seconds),
      run.nodes.succeeded,
      run.nodes.failed,
      run.nodes.skipped,
      run.nodes.reused,
    ]),
  );
}
