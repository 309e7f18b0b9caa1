// What a command of the command line is: one file in commands/, one line in its index. Files of commands import nothing heavy:
// `--help` and completion read them all. The work is behind `context.app()`, loaded when a command runs.
import type { App } from "../app.ts";
import type { GlobalOptions, Output } from "./output.ts";

export interface CommandContext {
  readonly output: Output;
  readonly global: GlobalOptions;
  /** All commands, for help and completion. */
  readonly commands: readonly Command[];
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** The project in this folder (or --project), opened lazily; closed by the caller. */
  readonly app: () => Promise<App>;
}

export type OptionValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export interface Command {
  /** `run`, or `run show` for a command below another. */
  readonly name: string;
  readonly summary: string;
  /** Shown first in the help. */
  readonly examples: readonly string[];
  /** `<asset>`, `[job]`, `<file...>`. */
  readonly arguments?: string;
  /** commander's flags with their description: `["--to <dir>", "folder of the outputs"]`; a trailing third `"many"` collects repeats. */
  readonly options?: readonly (readonly [flags: string, description: string, repeat?: "many"])[];
  /** Ctrl-C and SIGTERM are how it ends: the exit code is 0. */
  readonly stopsBySignal?: true;
  /** What becomes of an `--env` that nothing knows: `made` says that it is new, `any` does not look; default: an error. */
  readonly environment?: "made" | "any";
  /** Returns the exit code; 0 when it returns nothing. */
  run(context: CommandContext, args: readonly string[], options: OptionValues): Promise<number | void>;
}

/** An option as text, or undefined when it was not given. */
export function text(value: OptionValues[string]): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function texts(value: OptionValues[string]): readonly string[] {
  return Array.isArray(value) ? value : typeof value === "string" ? [value] : [];
}
