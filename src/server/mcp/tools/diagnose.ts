// `diagnose`: from a failure to its cause and what to do about it.
import { z } from "zod";
import type { Ask } from "../../../client/ask.ts";
import type { RunShowAnswer } from "../../../model/answers.ts";
import type { RunChangesAnswer } from "../../../model/run-answers.ts";
import type { ErrorCode } from "../../../model/errors.ts";
import { codes } from "../../../model/codes/index.ts";
import { maskText } from "../masking.ts";
import { cell, firstOf, lines } from "../text.ts";
import { tool, type ToolContext } from "../tool.ts";
import { errorText, nodeName } from "./run-text.ts";

const FAILED_SHOWN = 5;
const LOG_LINES = 15;
const CHANGES_SHOWN = 30;

export const diagnose = tool({
  name: "diagnose",
  title: "Why it failed",
  description:
    "The cause of a failed run (default: the newest one that failed): the first nodes that failed, error with place in the file, explanation of the code, the last lines they logged, what else is held up, and what changed since the last success. Start here when something is broken; then repair the file and `run` with from_failure.",
  input: z.object({ run: z.string().min(1).exactOptional() }),
  does: "reads",
  run: async ({ run }, context) => {
    const { ask, signal } = context;
    const id = run ?? (await newestFailed(ask));
    if (id === null) return { text: "no run has failed; `overview` shows what else needs attention" };
    const shown = await ask("runs.show", { run: id }, { signal });
    const failed = shown.nodes.filter(({ status }) => status === "failed");
    const [why, changes, logged] = await Promise.all([
      ask("runs.why", { run: id }, { signal }),
      ask("runs.changes", { run: id }, { signal }),
      Promise.all(failed.slice(0, FAILED_SHOWN).map((node) => loggedBy(context, shown.run.run, node))),
    ]);
    const held = shown.nodes.filter(({ status }) => status === "skipped").map(nodeName);
    const text = lines(
      `${shown.run.run}${shown.run.job === null ? "" : ` of ${shown.run.job}`}: ${shown.run.status}, began ${shown.run.startedAt}`,
      why.sentences.map(cell),
      firstOf(failed, FAILED_SHOWN, (node) => causeText(node, logged[failed.indexOf(node)] ?? []), "nodes failed"),
      held.length === 0 ? "" : `held up: ${firstOf(held, 30, (name) => name, "assets").join(", ")}`,
      changesText(changes),
      failed.length === 0 ? "" : `when it is repaired: run with from_failure ${shown.run.run}`,
    );
    return { text, data: { run: shown.run, failed, why, changes } };
  },
});

function changesText({ since, code, schema, params, rows, steps }: RunChangesAnswer): string {
  if (since === null) return "no earlier run went well, so there is nothing to compare with";
  const told = [
    ...code.map(({ node, change, why }) => `- code of ${node} (${change}): ${cell(why)}`),
    ...schema.map(({ asset, at, what }) => `- columns of ${asset} at ${at}: ${cell(what)}`),
    ...params.map(({ name, before, after }) => `- parameter ${name}: ${cell(before)} → ${cell(after)}`),
    ...rows
      .filter(({ before, after }) => before !== after)
      .map(({ node, before, after }) => `- rows of ${node}: ${before} → ${after ?? "none yet"}`),
    ...steps.added.map((node) => `- ${node} is new`),
    ...steps.removed.map((node) => `- ${node} is gone`),
  ];
  return lines(
    `changed since ${since.run} of ${since.startedAt}, which went well:${told.length === 0 ? " nothing that is known" : ""}`,
    firstOf(told, CHANGES_SHOWN, (line) => line, "changes"),
  );
}

async function newestFailed(ask: Ask): Promise<string | null> {
  const lists = await Promise.all((["failed", "partial"] as const).map((status) => ask("runs.list", { status, limit: 1 })));
  const runs = lists.flatMap((list) => list.runs).toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
  return runs[0]?.run ?? null;
}

type Node = RunShowAnswer["nodes"][number];

async function loggedBy({ ask, signal }: ToolContext, run: string, { asset, task }: Node): Promise<readonly string[]> {
  const node = asset ?? task!;
  const { lines: found } = await ask("runs.logs", { run, node, limit: LOG_LINES }, { signal }).catch(() => ({ lines: [] })); // they may be gone
  return found.map(({ level, message }) => `    ${level} ${cell(maskText(message))}`);
}

function causeText(node: Node, logged: readonly string[]): string {
  const explained = node.error === null ? undefined : codes[node.error.code as ErrorCode];
  return lines(
    `- ${nodeName(node)} failed after ${node.attempts.length} attempts`,
    node.error === null ? "" : errorText(node.error, "  "),
    explained === undefined ? "" : [`  why this happens: ${explained.why}`, `  what to do: ${explained.fix}`],
    node.checks.filter(({ status }) => status === "failed").map(({ check, failing }) => `  check ${check}: ${failing} rows`),
    logged.length === 0 ? "" : ["  it logged:", ...logged],
  );
}
