// `millrace audit`: every act with who, what, before, after and why.
import type { AuditEntryAnswer } from "../../model/access.ts";
import { MillraceError } from "../../model/errors.ts";
import type { JsonValue } from "../../model/json.ts";
import { type Command, text } from "../command.ts";
import { printable } from "../table.ts";

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 1_000;

export const audit: Command = {
  name: "audit",
  summary: "Lists what was done, newest first: who, how, what, before, after, why",
  examples: ["millrace audit", "millrace audit --by ci --act runs", "millrace audit --subject nightly --json"],
  options: [
    ["--limit <n>", `at most so many (default: ${LIMIT_DEFAULT})`],
    ["--by <name>", "only what this one did"],
    ["--act <act>", "only this: runs.cancel, or runs for all of them"],
    ["--subject <name>", "only what was done to this"],
    ["--cursor <text>", "`next` of the answer before"],
  ],
  async run({ app, output }, _args, options) {
    const limit = Number(text(options["limit"]) ?? LIMIT_DEFAULT);
    if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX)
      throw new MillraceError({ code: "MR7001", message: `--limit ${text(options["limit"])} is no number from 1 to ${LIMIT_MAX}` });
    const given = Object.fromEntries(
      ["by", "act", "subject", "cursor"].flatMap((name) => {
        const value = text(options[name]);
        return value === undefined ? [] : [[name, value] as const];
      }),
    );
    const answer = await (await app()).audit({ limit, ...given });
    if (output.mode === "json") return output.json(answer);
    if (answer.entries.length === 0) return output.note("nothing was done yet");
    for (const entry of answer.entries) for (const line of linesOf(entry)) output.data(printable(line).replaceAll(/[\n\t]/g, "␤"));
    if (answer.next !== null) output.note(`more: --cursor ${answer.next}`);
  },
};

function linesOf({ at, by, via, act, subject, environment, before, after, why, error }: AuditEntryAnswer): readonly string[] {
  const what = subject === null ? act : `${act} ${subject}`;
  return [
    `${at.slice(0, 19).replace("T", " ")}  ${by} (${via})  ${what}  ${environment}${error === null ? "" : `  failed: ${error}`}`,
    ...(before === null ? [] : [`  before: ${short(before)}`]),
    ...(after === null ? [] : [`  after:  ${short(after)}`]),
    ...(why === null ? [] : [`  why:    ${why}`]),
  ];
}

const SHORT_CHARS_MAX = 200;

function short(value: JsonValue): string {
  const text = JSON.stringify(value);
  return text.length <= SHORT_CHARS_MAX ? text : `${text.slice(0, SHORT_CHARS_MAX)}…`;
}
