// The output contract: stdout carries the data asked for, stderr everything else; one of five modes, detected and overridable.
// Broken pipes end the process quietly; colour is never the only carrier of a meaning.
import { writeSync } from "node:fs";
import pc from "picocolors";
import type { ErrorRecord, MillraceError } from "../model/errors.ts";
import { renderError } from "./frame.ts";

export type OutputMode = "tty" | "plain" | "ci" | "agent" | "json";

export interface GlobalOptions {
  readonly project?: string;
  readonly env?: string;
  readonly json?: boolean;
  readonly output?: string;
  readonly select?: string;
  readonly yes?: boolean;
  readonly quiet?: boolean;
  readonly color?: boolean;
}

const MODES: readonly OutputMode[] = ["tty", "plain", "ci", "agent", "json"];
const SYMBOLS = { ok: "✓", failed: "✗", warn: "!", running: "●", waiting: "○", retrying: "↻", skipped: "–", reused: "=" } as const;
const ASCII = {
  ok: "ok",
  failed: "FAIL",
  warn: "warn",
  running: "run",
  waiting: "wait",
  retrying: "retry",
  skipped: "skip",
  reused: "same",
} as const;
export type Symbol = keyof typeof SYMBOLS;

export interface Output {
  readonly mode: OutputMode;
  readonly colors: ReturnType<typeof pc.createColors>;
  /** Data, to stdout, with a line end. */
  data(text: string): void;
  bytes(data: Uint8Array): void;
  /** One JSON object, versioned, to stdout. */
  json(answer: object): void;
  /** A note for people, to stderr; silent with --quiet. */
  note(text: string): void;
  /** To stderr, also with --quiet. */
  warn(text: string): void;
  error(error: MillraceError): void;
  symbol(name: Symbol): string;
}

export function detectMode(global: GlobalOptions, env: NodeJS.ProcessEnv = process.env): OutputMode {
  if (global.json === true) return "json";
  const asked = global.output ?? env["MILLRACE_OUTPUT"];
  const known = MODES.find((mode) => mode === asked);
  if (known !== undefined) return known;
  if (env["CI"] !== undefined && env["CI"] !== "" && env["CI"] !== "false") return "ci";
  if ((env["AGENT"] ?? env["AI_AGENT"]) !== undefined) return "agent";
  return process.stderr.isTTY && env["TERM"] !== "dumb" ? "tty" : "plain";
}

export function createOutput(global: GlobalOptions, env: NodeJS.ProcessEnv = process.env): Output {
  const mode = detectMode(global, env);
  const forced = env["FORCE_COLOR"] !== undefined && env["FORCE_COLOR"] !== "0";
  const colored = global.color !== false && (env["NO_COLOR"] ?? "") === "" && (forced || mode === "tty");
  const colors = pc.createColors(colored);
  const ascii = env["TERM"] === "dumb" || /^(C|POSIX)$/.test(env["LC_ALL"] ?? "");
  return {
    mode,
    colors,
    data: (text) => write(1, `${text}\n`),
    bytes: (data) => write(1, data),
    json: (answer) => write(1, `${JSON.stringify({ v: 1, ...answer })}\n`),
    note: (text) => {
      if (global.quiet !== true) write(2, `${text}\n`);
    },
    warn: (text) => write(2, `${text}\n`),
    error: (error) => {
      if (mode === "json")
        write(
          1,
          `${JSON.stringify({ v: 1, type: "error", error: error.toJSON(), errors: error.errors.map((each): ErrorRecord => each.toJSON()) })}\n`,
        );
      write(2, `${renderError(error, { colors, mode })}\n`);
    },
    symbol: (name) => (ascii ? ASCII : SYMBOLS)[name],
  };
}

/** Writes everything, also to a pipe that is full; a reader that went away ends the process as other tools do. */
function write(descriptor: number, data: string | Uint8Array): void {
  const buffer = typeof data === "string" ? Buffer.from(data) : data;
  let offset = 0;
  while (offset < buffer.length) {
    try {
      offset += writeSync(descriptor, buffer, offset);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EAGAIN") {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
        continue;
      }
      if (code === "EPIPE") process.exit(0);
      throw error;
    }
  }
}
