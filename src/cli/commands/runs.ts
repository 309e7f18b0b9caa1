// `millrace runs`, `run show`, `status`: what ran, how it went, what needs a person.
import { MillraceError } from "../../model/errors.ts";
import type { RunAnswer } from "../../model/answers.ts";
import { type Command, text } from "../command.ts";
import { printable, renderTable } from "../table.ts";
import { count, plural, seconds } from "../words.ts";

const RUNS_DEFAULT = 20;

export const runs: Command = {
  name: "runs",
  summary: "Lists the runs, newest first",
  examples: ["millrace runs", "millrace runs --limit 5 --json"],
  options: [["--limit <n>", `at most so many (default: ${RUNS_DEFAULT})`]],
  async run({ app, output }, _args, options) {
    const limit = Number(text(options["limit"]) ?? RUNS_DEFAULT);
    if (!Number.isInteger(limit) || limit < 1)
      throw new MillraceError({ code: "MR7001", message: `--limit ${text(options["limit"])} is no number of runs` });
    const answer = await (await app()).runs({ limit });
    if (output.mode === "json") return output.json(answer);
    output.data(renderRuns(answer.runs));
  },
};

export const runShow: Command = {
  name: "run show",
  summary: "Shows one run: its nodes, attempts, rows, checks and errors",
  arguments: "<run>",
  examples: ["millrace run show r_01JD", "millrace run show r_01JD --json"],
  async run({ app, output }, [run]) {
    const answer = await (await app()).runShow(run!);
    if (output.mode === "json") return output.json(answer);
    output.data(renderRuns([answer.run]));
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
      output.data(`\n${output.symbol("failed")} ${node.asset ?? node.task}  ${node.error!.code}  ${printable(node.error!.message)}`);
    const failed = answer.nodes.some((node) => node.error !== null);
    if (failed) output.note(`\nretry: millrace run --from-failure ${answer.run.run}    log: millrace logs ${answer.run.run}`);
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
    if (answer.runs.length > 0) output.data(`\n${renderRuns(answer.runs)}`);
    for (const need of answer.needs) output.data(`${output.symbol("warn")} ${need.what}: ${printable(need.why)}\n    ${need.command}`);
    if (answer.needs.length === 0) output.note("nothing needs you");
  },
};

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
