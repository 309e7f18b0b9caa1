// Asks a person for the parameters of a job that are required and not given. On a terminal alone: scripts get the error that names them.
import type { ParamSpec } from "../model/definitions/job.ts";
import type { Output } from "./output.ts";

export interface PromptOptions {
  readonly specs: Readonly<Record<string, ParamSpec>>;
  readonly given: Readonly<Record<string, string>>;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** What was given and what was answered; an empty answer asks again. Whether it has the right type is checked with all the others. */
export async function askForParameters({ specs, given, output, signal }: PromptOptions): Promise<Readonly<Record<string, string>>> {
  const missing = Object.entries(specs).filter(
    ([name, { required, default: value }]) => required === true && value === undefined && given[name] === undefined,
  );
  if (missing.length === 0 || output.mode !== "tty" || !process.stdin.isTTY) return given;
  const { createInterface } = await import("node:readline/promises");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C in the prompt is Ctrl-C for the command.
  terminal.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const answers: Record<string, string> = { ...given };
  try {
    for (const [name, spec] of missing) {
      let answer = "";
      while (answer === "") answer = (await terminal.question(questionFor(name, spec), { signal })).trim();
      answers[name] = answer;
    }
    return answers;
  } finally {
    terminal.close();
  }
}

/** Yes or no, on a terminal; elsewhere nobody says yes. */
export async function askYes({
  question,
  output,
  signal,
}: {
  readonly question: string;
  readonly output: Output;
  readonly signal: AbortSignal;
}): Promise<boolean> {
  if (output.mode !== "tty" || !process.stdin.isTTY) return false;
  const { createInterface } = await import("node:readline/promises");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  terminal.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    terminal.close();
  }
}

function questionFor(name: string, { type, enum: values, description }: ParamSpec): string {
  const kind = values === undefined ? type : values.join(" | ");
  return `${description === undefined ? "" : `${description}\n`}${name} (${kind}): `;
}

/** Asks for settings, one after the other; what is secret is not shown. An empty answer leaves a setting out. */
export async function askFor(
  questions: readonly { readonly key: string; readonly description: string | null; readonly isSecret: boolean }[],
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  if (questions.length === 0) return {};
  const { isCancel, password, text } = await import("@clack/prompts");
  const answers: Record<string, string> = {};
  for (const { key, description, isSecret } of questions) {
    const message = description === null ? key : `${key}: ${description}`;
    const answer = isSecret ? await password({ message, signal }) : await text({ message, signal });
    if (isCancel(answer)) throw interrupted();
    if (answer !== undefined && answer.trim() !== "") answers[key] = answer.trim();
  }
  return answers;
}

/** Lets a person pick some of a list. */
export async function chooseSome(message: string, names: readonly string[]): Promise<readonly string[]> {
  const { isCancel, multiselect } = await import("@clack/prompts");
  const chosen = await multiselect({ message, options: names.map((name) => ({ value: name, label: name })), maxItems: 15 });
  if (isCancel(chosen)) throw interrupted();
  return chosen;
}

/** Ctrl-C in a prompt is Ctrl-C for the command. */
function interrupted(): Error {
  process.kill(process.pid, "SIGINT");
  return new Error("interrupted");
}
