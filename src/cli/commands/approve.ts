// `millrace approve`: decides what a run waits for. On a terminal it asks for what was not given.
import { createInterface } from "node:readline/promises";
import type { PendingApproval } from "../../model/approval-answers.ts";
import { MillraceError } from "../../model/errors.ts";
import type { FormField } from "../../model/task.ts";
import { type Command, text, texts } from "../command.ts";
import { printable } from "../table.ts";

export const approve: Command = {
  name: "approve",
  summary: "Decides an approval that a run waits for",
  arguments: "<run> <task>",
  examples: [
    "millrace status                       # lists what waits for a decision",
    "millrace approve r_01JD publish --field reason='prices checked'",
    "millrace approve r_01JD publish --reject --why 'wrong month'",
  ],
  options: [
    ["--field <key=value>", "a field of the form; may be repeated", "many"],
    ["--reject", "say no: the task fails"],
    ["--why <text>", "stands in the history of the run"],
    ["--by <name>", "who decides (default: the user of this process)"],
  ],
  async run(context, [run, task], options) {
    const { output, global } = context;
    const app = await context.app();
    const [by, why, accept] = [text(options["by"]), text(options["why"]), options["reject"] !== true];
    const given = fieldsOf(texts(options["field"]));
    const mayAsk = output.mode === "tty" && process.stdin.isTTY && global.yes !== true && accept;
    const fields = mayAsk ? await ask(await app.approvalForm({ run: run!, task: task! }), given, context.signal) : given;
    if (fields === undefined) {
      output.note("nothing was decided");
      return;
    }
    const answer = await app.approve({
      run: run!,
      task: task!,
      accept,
      fields,
      ...(by === undefined ? {} : { by }),
      ...(why === undefined ? {} : { why }),
    });
    if (output.mode === "json") return output.json(answer);
    const verb = answer.accepted ? "approved" : "rejected";
    output.data(`${output.symbol(answer.accepted ? "ok" : "failed")} ${answer.by} ${verb} ${answer.task} of ${answer.run}`);
    for (const [name, value] of Object.entries(answer.fields))
      output.data(`  ${name}: ${printable(typeof value === "string" ? value : JSON.stringify(value))}`);
    if (answer.why !== "") output.data(`  why: ${printable(answer.why)}`);
  },
};

function fieldsOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) throw new MillraceError({ code: "MR7001", message: `--field ${pair} is no key=value`, hint: "write --field reason='…'" });
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** Asks for every field that was not given, then for the decision itself; undefined when it is not made. */
async function ask(
  { title, description, fields }: PendingApproval,
  given: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>> | undefined> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    process.stderr.write(`${printable(title)}\n${description === null ? "" : `${printable(description)}\n`}`);
    const answers: Record<string, string> = { ...given };
    for (const [name, field] of Object.entries(fields)) {
      if (Object.hasOwn(given, name)) continue;
      const answer = await lines.question(question(name, field), { signal });
      if (answer.trim() !== "") answers[name] = answer;
    }
    const decision = await lines.question("approve? [y/N] ", { signal });
    return /^y(es)?$/i.test(decision.trim()) ? answers : undefined;
  } finally {
    lines.close();
  }
}

function question(name: string, { title, type, enum: allowed, default: otherwise, required }: FormField): string {
  const values = allowed === undefined ? type : allowed.join("|");
  const rest = otherwise === undefined ? (required === true ? "" : ", may be empty") : `, empty: ${otherwise}`;
  return `${printable(title ?? name)} (${values}${rest}): `;
}
