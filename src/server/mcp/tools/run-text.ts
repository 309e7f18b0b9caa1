// A run in lines: what failed first, with its error in full.
import type { RunShowAnswer } from "../../../model/answers.ts";
import type { ErrorRecord } from "../../../model/errors.ts";
import { cell, firstOf, lines, plural } from "../text.ts";

const NODES_SHOWN = 60;
const FAILED_SHOWN = 10;

type RunNode = RunShowAnswer["nodes"][number];

export function runText({ run, nodes }: RunShowAnswer): string {
  const failed = nodes.filter(({ status }) => status === "failed");
  const rest = nodes.filter(({ status }) => status !== "failed");
  const { succeeded, skipped, reused, total } = run.nodes;
  return lines(
    `${run.run}${run.job === null ? "" : ` of ${run.job}`}: ${run.status}, by ${run.trigger}, began ${run.startedAt}${run.seconds === null ? "" : `, took ${run.seconds} s`}`,
    `${plural(total, "node")}: ${succeeded} succeeded, ${failed.length} failed, ${skipped} skipped, ${reused} reused`,
    run.asked === null ? "" : `asked for: ${cell(run.asked.why)}`,
    run.canceled === null ? "" : `canceled by ${run.canceled.by}: ${cell(run.canceled.why)}`,
    failed.length === 0 ? "" : "failed:",
    firstOf(failed, FAILED_SHOWN, failedText, "failed"),
    rest.length === 0 ? "" : "others:",
    firstOf(rest, NODES_SHOWN, nodeText, "nodes"),
  );
}

export function nodeName({ asset, task, partition }: Pick<RunNode, "asset" | "task" | "partition">): string {
  return `${asset ?? `task ${task}`}${partition === undefined ? "" : ` [${partition}]`}`;
}

function nodeText(node: RunNode): string {
  const rows =
    node.rows === null ? "" : `, ${node.rows.loaded} rows${node.rows.quarantined === 0 ? "" : `, ${node.rows.quarantined} quarantined`}`;
  const why = node.why ?? node.waitsFor?.why;
  const output = node.output === undefined ? "" : `, answered ${cell(node.output)}`;
  return `- ${nodeName(node)}: ${node.status}${rows}${why === undefined ? "" : `, ${cell(why)}`}${output}`;
}

function failedText(node: RunNode): string {
  const checks = node.checks.filter(({ status }) => status === "failed").map(({ check, failing }) => `  check ${check}: ${failing} rows`);
  return lines(
    `- ${nodeName(node)}, ${plural(node.attempts.length, "attempt")}`,
    node.error === null ? "" : errorText(node.error, "  "),
    checks,
  );
}

export function errorText(error: ErrorRecord, indent = ""): string {
  const { code, message, hint, location, cause, retryable } = error;
  return lines(
    `${indent}error ${code}: ${message}`,
    location === undefined ? "" : `${indent}at ${location.file}:${location.line}:${location.column}`,
    cause === undefined || cause === message ? "" : `${indent}cause: ${cause}`,
    hint === undefined ? "" : `${indent}hint: ${hint}`,
    retryable ? `${indent}trying again may help` : "",
  );
}
