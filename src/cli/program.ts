// Parses the words of the command line, runs one command, turns every error into its message and exit code, and Ctrl-C into an orderly end.
import { Command as Commander, CommanderError, Option } from "commander";
import type { App, OpenOptions } from "../app.ts";
import { asMillraceError, MillraceError } from "../model/errors.ts";
import { version } from "../model/version.ts";
import type { Command, CommandContext, OptionValues } from "./command.ts";
import { commands } from "./commands/index.ts";
import { EXIT, exitCodeOf } from "./exit.ts";
import { createOutput, type GlobalOptions, type Output } from "./output.ts";

/** The longest that a timer of Node takes. */
const ALIVE_MS = 2 ** 31 - 1;

const GLOBAL_OPTIONS: readonly (readonly [string, string])[] = [
  ["--project <dir>", "folder of the project (default: the nearest one upwards with millrace.yaml)"],
  ["--env <name>", "environment (default: the git branch's)"],
  ["--select <expr>", "which assets: clean.sales, +final.*, tag:county, kind:source and not raw.x"],
  ["--json", "answer as JSON: one object, or one event a line while something runs"],
  ["--yes", "answer every question with yes"],
  ["--quiet", "no notes on stderr"],
  ["--no-color", "no colour"],
];

/** Runs the command that `argv` (without node and script) asks for and returns the exit code. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.ok;
  const root = new Commander("millrace");
  root
    .description("Pull, check, merge, transform and share data; never silently wrong, never stuck.")
    .version(version, "-V, --version")
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeErr: (message) => process.stderr.write(message) })
    .addHelpText("before", rootExamples);
  for (const command of commands) {
    const parts = command.name.split(" ");
    const parent = parts.length === 1 ? root : (root.commands.find((each) => each.name() === parts[0]) ?? root.command(parts[0]!));
    const node = parent.command(parts.at(-1)!);
    describe(node, command);
    node.action(async () => {
      const options = node.optsWithGlobals<GlobalOptions & OptionValues>();
      exitCode = await execute(command, node.args, options);
    });
  }
  try {
    await root.parseAsync(globalsLast(argv), { from: "user" });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) return EXIT.ok;
    return EXIT.usage;
  }
  return exitCode;
}

/** Global options may stand in front of the command too: `millrace --project shop ls`. */
function globalsLast(argv: readonly string[]): string[] {
  let at = 0;
  while (at < argv.length) {
    const [word, value] = argv[at]!.split("=", 2);
    const known = GLOBAL_OPTIONS.find(([flags]) => flags.split(" ")[0] === word);
    if (known === undefined) break;
    at += known[0].includes("<") && value === undefined ? 2 : 1;
  }
  const [front, rest] = [argv.slice(0, at), argv.slice(at)];
  if (rest.length === 0) return [...argv];
  const end = rest.includes("--") ? rest.indexOf("--") : rest.length;
  return [...rest.slice(0, end), ...front, ...rest.slice(end)];
}

function rootExamples(): string {
  return [
    "Examples:",
    "  millrace init my-data && cd my-data && millrace run",
    "  millrace plan",
    "  millrace run --select +final.listings",
    "  millrace quarantine list",
    '  millrace query "from clean.sales limit 5"',
    "",
  ].join("\n");
}

function describe(node: Commander, command: Command): void {
  node.description(command.summary).exitOverride().showSuggestionAfterError();
  if (command.examples.length > 0)
    node.addHelpText("before", `Examples:\n${command.examples.map((example) => `  ${example}`).join("\n")}\n`);
  if (command.arguments !== undefined) for (const argument of command.arguments.split(" ")) node.argument(argument);
  for (const [flags, description, repeat] of command.options ?? []) {
    const option = new Option(flags, description);
    if (repeat === "many") option.argParser((value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value]);
    node.addOption(option);
  }
  const own = new Set(node.options.map((option) => option.long));
  for (const [flags, description] of GLOBAL_OPTIONS) {
    const option = new Option(flags, description);
    if (!own.has(option.long)) node.addOption(option.helpGroup("Global options:"));
  }
  node.addOption(
    new Option("--output <mode>", "tty, plain, ci, agent or json")
      .choices(["tty", "plain", "ci", "agent", "json"])
      .helpGroup("Global options:"),
  );
}

/** Runs one command with an app that is closed whatever happens. */
async function execute(command: Command, args: readonly string[], options: GlobalOptions & OptionValues): Promise<number> {
  const output = createOutput(options);
  const interrupt = new AbortController();
  const onSignal = (): void => {
    if (interrupt.signal.aborted) process.exit(EXIT.interrupted);
    output.note("\nfinishing what is in flight; press Ctrl-C again to stop at once");
    interrupt.abort(new MillraceError({ code: "MR7090", message: "interrupted", retryable: true }));
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  // A command that waits for somebody (an approval) has nothing else that keeps the process alive.
  const alive = setInterval(() => {}, ALIVE_MS);
  let app: App | undefined;
  const context: CommandContext = {
    output,
    global: options,
    commands,
    signal: interrupt.signal,
    app: async () => {
      if (app !== undefined) return app;
      const { openApp } = await import("../app.ts");
      app = await openApp({ ...place(options), signal: interrupt.signal });
      if (typeof options.env === "string") await tellUnknown(app, command, output);
      return app;
    },
  };
  try {
    const code = await command.run(context, args, options);
    return interrupt.signal.aborted && command.stopsBySignal !== true ? EXIT.interrupted : (code ?? EXIT.ok);
  } catch (thrown) {
    if (interrupt.signal.aborted) return EXIT.interrupted;
    const error = asMillraceError(thrown);
    output.error(error);
    if (error.code === "MR9001" && process.env["MILLRACE_DEBUG"] !== undefined) console.error(thrown);
    return exitCodeOf(error);
  } finally {
    await app?.close();
    clearInterval(alive);
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}

/** A slip in `--env` must not be answered with prod's data. @throws MR8702 */
async function tellUnknown(app: App, command: Command, output: Output): Promise<void> {
  if (command.environment === "any") return;
  const { environment, unknown } = await app.environmentWord();
  if (unknown === undefined) return;
  if (command.environment !== "made") throw unknown;
  output.note(`${output.symbol("warn")} the environment ${environment} is new: this makes it`);
}

function place(options: GlobalOptions): OpenOptions {
  return {
    ...(options.project === undefined ? {} : { dir: options.project }),
    ...(typeof options.env === "string" ? { env: options.env } : {}),
  }; // diff takes several
}
