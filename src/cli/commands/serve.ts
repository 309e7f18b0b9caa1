// `millrace serve`: the engine that keeps running, with triggers and webhooks.
import { type ErrorRecord, MillraceError } from "../../model/errors.ts";
import type { ServeProgress } from "../../model/progress.ts";
import { type Command, text } from "../command.ts";
import type { Output } from "../output.ts";
import { printable } from "../table.ts";
import { plural, seconds, shortCommit } from "../words.ts";

const PORT_DEFAULT = 4400;
/** What users' code left open must not keep a stopped engine alive. */
const LEAVE_MS = 300;

export const serve: Command = {
  name: "serve",
  environment: "made",
  summary: "Keeps running: starts jobs by their triggers, takes webhooks, goes on with what was interrupted",
  examples: ["millrace serve", "millrace serve --port 4500", "MILLRACE_TOKEN=… millrace serve --host 0.0.0.0"],
  options: [
    ["--port <port>", `port to listen on; 0 for any (default: ${PORT_DEFAULT})`],
    ["--host <host>", "address to listen on; any but loopback wants a token in MILLRACE_TOKEN (default: 127.0.0.1)"],
  ],
  stopsBySignal: true,
  async run({ app, output }, _args, options) {
    const port = Number(text(options["port"]) ?? PORT_DEFAULT);
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      throw new MillraceError({ code: "MR7001", message: `--port ${text(options["port"])} is no port` });
    const token = process.env["MILLRACE_TOKEN"];
    const request = { host: text(options["host"]) ?? "127.0.0.1", port, token: token === undefined || token === "" ? null : token };
    await (await app()).serve(request, (progress) =>
      output.mode === "json" && progress.type !== "page" ? output.json(progress) : tell(progress, output),
    );
    setTimeout(() => process.exit(), LEAVE_MS).unref();
  },
};

function tell(progress: ServeProgress, output: Output): void {
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
