// `millrace logs`: what attempts logged, of a run or of all.
import type { LogLineAnswer } from "../../model/answers.ts";
import type { LogLevel } from "../../model/attempt.ts";
import { MillraceError } from "../../model/errors.ts";
import { type Command, text } from "../command.ts";
import { printable } from "../table.ts";

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];
const OWN_KEYS: ReadonlySet<string> = new Set(["at", "level", "run", "node", "attempt", "message"]);

export const logs: Command = {
  name: "logs",
  summary: "Prints or searches what attempts logged",
  arguments: "[run]",
  examples: [
    "millrace logs r_01JD",
    "millrace logs r_01JD --node raw.sales --level warn",
    'millrace logs --grep "rate limit" --since 1d',
    "millrace logs r_01JD --follow",
    "millrace logs r_01JD --json | jq .message",
  ],
  options: [
    ["--node <name>", "only this asset or task"],
    ["--level <level>", `this level and worse: ${LEVELS.join(", ")}`],
    ["--grep <text>", "lines that hold this text, or match /this pattern/"],
    ["--since <time>", "not older: 1h, 2d, or a time"],
    ["--tail <n>", "only the last so many, by their time"],
    ["--follow", "go on with what is logged, until the run ends"],
  ],
  async run({ app, output }, [run], options) {
    const request = {
      run,
      node: text(options["node"]),
      level: levelOf(text(options["level"])),
      grep: text(options["grep"]),
      since: text(options["since"]),
      tail: numberOf(text(options["tail"])),
      follow: options["follow"] === true,
    };
    for await (const line of (await app()).logs(request)) {
      if (output.mode === "json") output.json(line);
      else output.data(lineText(line, run === undefined));
    }
  },
};

export function lineText(line: LogLineAnswer, withRun: boolean): string {
  const more = Object.entries(line).filter(([key]) => !OWN_KEYS.has(key));
  const fields = more.map(([key, value]) => `  ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`).join("");
  const whose = withRun ? `${line.at.slice(0, 10)} ${line.at.slice(11, 23)} ${line.run}` : line.at.slice(11, 23);
  return `${whose} ${line.level.toUpperCase().padEnd(5)} ${line.node}  ${printable(line.message)}${printable(fields)}`;
}

function levelOf(level: string | undefined): LogLevel | undefined {
  if (level === undefined) return undefined;
  const found = LEVELS.find((each) => each === level.toLowerCase());
  if (found !== undefined) return found;
  throw new MillraceError({ code: "MR7001", message: `there is no level ${JSON.stringify(level)}`, hint: `one of: ${LEVELS.join(", ")}` });
}

function numberOf(tail: string | undefined): number | undefined {
  if (tail === undefined) return undefined;
  const count = Number(tail);
  if (Number.isInteger(count) && count > 0) return count;
  throw new MillraceError({ code: "MR7001", message: `--tail ${tail} is no number of lines` });
}
