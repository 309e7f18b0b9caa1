// A command in a shell. Values reach it as environment variables, never as text of the command; what it prints is the attempt's log.
//   S1. The command and everything that it started is one process group, which is ended whole: SIGTERM, then SIGKILL.
//   S2. The output is what stands in the file $MILLRACE_OUTPUT (JSON, or lines key=value), else the last line of stdout when that is JSON.
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { messageOf, MillraceError } from "../model/errors.ts";
import type { JsonValue } from "../model/json.ts";
import type { ShellAction } from "../model/task.ts";
import { logOutput } from "../platform/log-lines.ts";
import { tooMuch, watchUsage } from "../platform/process-usage.ts";
import type { TaskKind, TaskSurroundings } from "../load/task-port.ts";

/** Between SIGTERM and SIGKILL. The engine waits 5 s for an aborted attempt. */
const TERM_GRACE_MS = 2_000;
/** How long pipes may stay open when the command itself has ended: somebody in the background holds them. */
const PIPES_GRACE_MS = 500;
const LINE_CHARS_MAX = 8_000;
const LAST_LINES = 5;
const OUTPUT_FILE_BYTES_MAX = 1_000_000;

export const shell: TaskKind<ShellAction> = {
  name: "shell",
  summary: "A command in a shell, in a process group of its own.",
  async act(action, surroundings) {
    const { attempt, projectDir, tempDir, fill } = surroundings;
    attempt.signal.throwIfAborted();
    await mkdir(tempDir, { recursive: true });
    const outputFile = join(tempDir, `output-${randomUUID()}`);
    try {
      const { command, env } = process.platform === "win32" ? { command: action.command, env: {} } : fill.command(action.command);
      const own = Object.fromEntries(Object.entries(action.env).map(([name, value]) => [name, fill.text(String(value))]));
      const last = await runCommand(command, {
        surroundings,
        shell: action.shell,
        dir: resolve(projectDir, fill.text(action.dir)),
        env: { ...process.env, ...variables(surroundings, outputFile), ...own, ...env },
      });
      return { output: (await outputIn(outputFile)) ?? jsonIn(last) };
    } finally {
      await rm(outputFile, { force: true });
    }
  },
};

/** What every command is told. */
function variables(surroundings: TaskSurroundings, outputFile: string): Record<string, string> {
  const { attempt, projectDir, params, item, idempotencyKey } = surroundings;
  const named = Object.entries(params).map(([name, value]) => [
    `MILLRACE_PARAM_${name.toUpperCase().replaceAll(/\W/g, "_")}`,
    textOf(value),
  ]);
  return {
    MILLRACE_RUN: attempt.run,
    MILLRACE_TASK: attempt.node.replace(/^task:/, ""),
    MILLRACE_ATTEMPT: String(attempt.attempt),
    MILLRACE_ATTEMPT_TOKEN: attempt.token,
    MILLRACE_IDEMPOTENCY_KEY: idempotencyKey,
    MILLRACE_PROJECT_DIR: projectDir,
    MILLRACE_OUTPUT: outputFile,
    MILLRACE_ROUND: String(attempt.waits + 1),
    ...(attempt.partition === undefined ? {} : { MILLRACE_PARTITION: attempt.partition }),
    ...(item === undefined ? {} : { MILLRACE_ITEM: textOf(item) }),
    ...Object.fromEntries(named),
  };
}

interface CommandRequest {
  readonly surroundings: TaskSurroundings;
  readonly shell: string | undefined;
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Runs it to its end and answers the last line of stdout. @throws MR6201; the signal's reason when aborted. */
async function runCommand(command: string, request: CommandRequest): Promise<string> {
  const { attempt } = request.surroundings;
  const { signal } = attempt;
  const isWindows = process.platform === "win32";
  const [file, args] = isWindows ? ["cmd.exe", ["/d", "/s", "/c", command]] : [request.shell ?? "/bin/sh", ["-c", command]];
  const child = spawn(file, args, { cwd: request.dir, env: request.env, stdio: ["ignore", "pipe", "pipe"], detached: !isWindows });
  const ended = new Promise<{ readonly code: number | null; readonly by: NodeJS.Signals | null }>((done, fail) => {
    child.once("error", fail);
    child.once("exit", (code, by) => done({ code, by }));
  });
  let kill: NodeJS.Timeout | undefined;
  const stop = (): void => {
    signalGroup(child, "SIGTERM");
    kill = setTimeout(() => signalGroup(child, "SIGKILL"), TERM_GRACE_MS);
  };
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  let over: MillraceError | undefined;
  const watch = watchUsage(child.pid, request.surroundings.limits, (what) => {
    over = tooMuch(attempt.node, what, request.surroundings.limits!);
    signalGroup(child, "SIGKILL");
  });
  const lastOut: string[] = [];
  const lastErr: string[] = [];
  const pipes = Promise.all([
    readLines(child.stdout, (line) => note(attempt, "info", "stdout", line, lastOut)),
    readLines(child.stderr, (line) => note(attempt, "warn", "stderr", line, lastErr)),
  ]);
  try {
    const { code, by } = await ended;
    await Promise.race([pipes, new Promise((done) => setTimeout(done, PIPES_GRACE_MS).unref())]);
    if (over !== undefined) throw over;
    if (signal.aborted) throw signal.reason;
    if (code !== 0) throw failed(code, by, lastErr.length > 0 ? lastErr : lastOut);
    return lastOut.findLast((line) => line.trim() !== "") ?? "";
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    if (thrown instanceof MillraceError) throw thrown;
    throw new MillraceError({ code: "MR6201", message: `the command could not be started: ${messageOf(thrown)}`, cause: thrown });
  } finally {
    watch.stop();
    signal.removeEventListener("abort", stop);
    clearTimeout(kill);
    signalGroup(child, "SIGKILL"); // S1: what it left in the background
    child.stdout.destroy();
    child.stderr.destroy();
  }
}

function signalGroup({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, name);
  } catch {
    // ESRCH: nobody is left.
  }
}

async function readLines(stream: Readable, take: (line: string) => void): Promise<void> {
  let rest = "";
  stream.setEncoding("utf8");
  try {
    for await (const chunk of stream as AsyncIterable<string>) {
      const lines = (rest + chunk).split(/\r?\n/);
      rest = lines.pop()!;
      for (const line of lines) take(line);
      if (rest.length > LINE_CHARS_MAX) {
        take(rest);
        rest = "";
      }
    }
  } catch {
    // The pipe was closed because the command is over.
  }
  if (rest !== "") take(rest);
}

function note(attempt: TaskSurroundings["attempt"], level: "info" | "warn", stream: string, line: string, last: string[]): void {
  logOutput((own, message, fields) => attempt.log(own, message, { stream, ...fields }), level, line.slice(0, LINE_CHARS_MAX));
  last.push(line);
  if (last.length > LAST_LINES) last.shift();
}

function failed(code: number | null, by: NodeJS.Signals | null, last: readonly string[]): MillraceError {
  const how = code === null ? `was ended by ${by ?? "a signal"}` : `ended with exit code ${code}`;
  const words = last.join("\n").trim();
  return new MillraceError({ code: "MR6201", message: `the command ${how}${words === "" ? "" : `: ${words}`}`, retryable: true });
}

async function outputIn(file: string): Promise<JsonValue | undefined> {
  let text: string;
  try {
    const { size } = await stat(file);
    if (size > OUTPUT_FILE_BYTES_MAX) throw outputTooLarge(size);
    text = (await readFile(file, "utf8")).trim();
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    return undefined; // it wrote none
  }
  if (text === "") return undefined;
  const whole = parsed(text);
  if (whole !== undefined) return whole;
  const pairs = text.split(/\r?\n/).flatMap((line) => {
    const at = line.indexOf("=");
    return at < 1 ? [] : [[line.slice(0, at).trim(), scalar(line.slice(at + 1))] as const];
  });
  return Object.fromEntries(pairs);
}

/** Half of an output would be another output. */
function outputTooLarge(bytes: number): MillraceError {
  const most = OUTPUT_FILE_BYTES_MAX.toLocaleString("en-US");
  return new MillraceError({
    code: "MR6201",
    message: `the command wrote ${bytes.toLocaleString("en-US")} bytes to $MILLRACE_OUTPUT; an output has at most ${most}`,
    hint: "write the data to a file and its path to $MILLRACE_OUTPUT",
  });
}

function jsonIn(line: string): JsonValue {
  return parsed(line.trim()) ?? null;
}

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/** A number or a word of JSON only where nothing is lost: `00501` and `1.10` stay text. */
function scalar(text: string): JsonValue {
  const value = parsed(text);
  return value !== undefined && JSON.stringify(value) === text ? value : text;
}

function textOf(value: JsonValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
