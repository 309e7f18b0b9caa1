// What `serve` and `dev` have in common: their port, and what the engine tells.
import { type ErrorRecord, MillraceError } from "../../model/errors.ts";
import type { ServeProgress } from "../../model/progress.ts";
import { type OptionValues, text } from "../command.ts";
import type { Output } from "../output.ts";
import { printable } from "../table.ts";
import { plural, seconds, shortCommit } from "../words.ts";

export const PORT_DEFAULT = 4400;
/** What users' code left open must not keep a stopped engine alive. */
export const LEAVE_MS = 300;

/** @throws MR7001 */
export function portOf(given: OptionValues[string]): number {
  const port = Number(text(given) ?? PORT_DEFAULT);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new MillraceError({ code: "MR7001", message: `--port ${text(given)} is no port` });
  return port;
}

export function tellServe(progress: ServeProgress, output: Output): void {
  const line = (symbol: string, words: string): void => output.note(`${new Date().toISOString().slice(11, 19)} ${symbol} ${words}`);
  switch (progress.type) {
    case "serving":
      return output.data(
        `${output.symbol("ok")} ${progress.url}  ${plural(progress.jobs, "job")}, ${plural(progress.triggers, "trigger")}  ${seconds(progress.seconds)}`,
      );
    case "page": // a secret for whoever sits here: not for what reads stdout
      return output.note(`  page: ${progress.link}`);
    case "reloaded":
      return line(
        output.symbol("ok"),
        `the project was read again: ${plural(progress.jobs, "job")}, ${plural(progress.triggers, "trigger")}`,
      );
    case "waiting":
      return line(output.symbol("waiting"), `runs wait: ${printable(progress.why)}`);
    case "runStarted":
      return line(
        output.symbol(progress.resumed ? "retrying" : "running"),
        `${progress.job ?? "run"}  ${progress.resumed ? "going on with" : `by ${progress.trigger}:`} ${progress.run}`,
      );
    case "runFinished": {
      const good = progress.status === "succeeded" || progress.status === "skipped";
      return line(
        output.symbol(good ? "ok" : "failed"),
        `${progress.job ?? "run"}  ${progress.status}  ${seconds(progress.seconds)}  ${progress.run}`,
      );
    }
    case "deployed": {
      const { branch, environment, commit, status } = progress;
      const what = commit === null ? `${branch} is gone` : `${branch} ${shortCommit(commit)}`;
      const where = environment === null ? "" : `  ${environment} ${status}`;
      return line(output.symbol(status === "failed" ? "failed" : "ok"), `push of ${printable(what)}${where}  ${seconds(progress.seconds)}`);
    }
    case "problem":
      return output.warn(
        `${new Date().toISOString().slice(11, 19)} ${output.symbol("warn")} ${progress.what}: ${progress.error.code} ${placeOf(progress.error)}${printable(progress.error.message)}`,
      );
    default:
      return progress satisfies never;
  }
}

function placeOf({ location }: ErrorRecord): string {
  return location === undefined ? "" : `${location.file}:${location.line} `;
}
