// A Singer program: started in a group of its own, its output line by line, its log told without secrets, ended with all that it started.
import { type ChildProcess, spawn } from "node:child_process";
import { chmod, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { messageOf, MillraceError } from "../../model/errors.ts";
import type { SingerSettings } from "./options.ts";

/** One message; half of what a string can hold. */
const LINE_BYTES_MAX = 256 << 20;
const LOG_CHARS_MAX = 2_000;
const LAST_LINES = 8;
const TERM_GRACE_MS = 5_000;
const NEWLINE = 10;

export interface ProgramContext {
  readonly projectDir: string;
  readonly signal: AbortSignal;
  log(level: "info" | "warn", message: string): void;
}

export interface Program {
  readonly name: string;
  /** Lines of stdout without their ends, as long as it speaks. @throws MR4701, MR4702, MR4707, the signal's reason. */
  lines(): AsyncGenerator<string>;
  readonly input: Writable;
  /** Waits for its end. @throws MR4702 unless it ended with 0. */
  finished(): Promise<void>;
  /** Ends it and what it started, if they still run. */
  stop(): void;
  /** Why it failed, with the last lines of its log. */
  failure(what: string): MillraceError;
}

/** The config and other files for the program, readable by nobody else. */
export async function privateFile(folder: string, name: string, contents: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, JSON.stringify(contents), { mode: 0o600 });
  await chmod(path, 0o600);
  return path;
}

export function startProgram(settings: SingerSettings, args: readonly string[], context: ProgramContext): Program {
  const [file = "", ...rest] = settings.command;
  // A path belongs to the project; a bare name is looked for in PATH.
  const program = file.includes("/") ? resolve(context.projectDir, file) : file;
  const child = spawn(program, [...rest, ...args], {
    cwd: context.projectDir,
    env: { ...process.env, PYTHONUNBUFFERED: "1", ...settings.env },
    stdio: ["pipe", "pipe", "pipe"],
    detached: process.platform !== "win32",
  });
  return new Running(child, file, settings, context);
}

class Running implements Program {
  readonly name: string;
  readonly input: Writable;
  private readonly child: ChildProcess;
  private readonly settings: SingerSettings;
  private readonly context: ProgramContext;
  private readonly lastLog: string[] = [];
  private readonly ended: Promise<{ readonly code: number | null; readonly by: NodeJS.Signals | null; readonly error?: Error }>;
  private readonly logged: Promise<void>;
  private readonly onAbort = (): void => this.stop();
  private silence: NodeJS.Timeout | undefined;
  private kill: NodeJS.Timeout | undefined;
  private wasSilent = false;

  constructor(child: ChildProcess, name: string, settings: SingerSettings, context: ProgramContext) {
    this.child = child;
    this.name = name;
    this.settings = settings;
    this.context = context;
    this.input = child.stdin!;
    this.input.on("error", () => undefined); // EPIPE: its exit code says why
    this.ended = new Promise((done) => {
      child.once("error", (error) => done({ code: null, by: null, error }));
      child.once("exit", (code, by) => done({ code, by }));
    });
    this.logged = this.readLog(child.stderr!);
    context.signal.addEventListener("abort", this.onAbort, { once: true });
    if (context.signal.aborted) this.stop();
    this.heard();
  }

  async *lines(): AsyncGenerator<string> {
    try {
      for await (const line of splitLines(this.child.stdout!, this.name)) {
        this.heard();
        yield line;
      }
    } catch (thrown) {
      if (this.context.signal.aborted) throw this.context.signal.reason;
      if (thrown instanceof MillraceError) throw thrown;
      throw this.failure(`stopped speaking: ${messageOf(thrown)}`);
    }
    this.context.signal.throwIfAborted();
  }

  async finished(): Promise<void> {
    const { code, by, error } = await this.ended;
    await Promise.race([this.logged, new Promise((done) => setTimeout(done, 200).unref())]);
    this.context.signal.throwIfAborted();
    if (error !== undefined)
      throw new MillraceError({ code: "MR4701", message: `${this.name} could not be started: ${messageOf(error)}`, cause: error });
    if (this.wasSilent) throw this.failure(`said nothing for ${Math.round(this.settings.silenceMs / 1000)} s`);
    if (code !== 0) throw this.failure(by === null ? `ended with exit code ${code}` : `was ended by ${by}`);
  }

  stop(): void {
    clearTimeout(this.silence);
    this.context.signal.removeEventListener("abort", this.onAbort);
    this.signalGroup("SIGTERM");
    this.kill ??= setTimeout(() => this.signalGroup("SIGKILL"), TERM_GRACE_MS);
    void this.clear();
  }

  failure(what: string): MillraceError {
    const log = this.lastLog.join(" ⏎ ");
    return new MillraceError({ code: "MR4702", message: `${this.name} ${what}${log === "" ? "" : `: ${log}`}`, retryable: true });
  }

  private async clear(): Promise<void> {
    await this.ended;
    clearTimeout(this.kill);
    this.signalGroup("SIGKILL"); // what it left in the background
    this.child.stdout?.destroy();
    this.child.stderr?.destroy();
  }

  /** Every word starts the time of silence anew. */
  private heard(): void {
    if (this.silence !== undefined) {
      this.silence.refresh();
      return;
    }
    this.silence = setTimeout(() => {
      this.wasSilent = true;
      this.stop();
    }, this.settings.silenceMs);
  }

  private async readLog(stream: Readable): Promise<void> {
    try {
      for await (const line of splitLines(stream, this.name)) {
        const shown = this.shown(line);
        if (shown.trim() === "") continue;
        this.heard();
        this.lastLog.push(shown);
        if (this.lastLog.length > LAST_LINES) this.lastLog.shift();
        this.context.log(/\b(WARN|WARNING|ERROR|CRITICAL|FATAL)\b/.test(shown) ? "warn" : "info", shown);
      }
    } catch {
      // The pipe was closed because the program is over.
    }
  }

  private shown(line: string): string {
    return withoutSecrets(line, this.settings.secrets).slice(0, LOG_CHARS_MAX);
  }

  private signalGroup(name: NodeJS.Signals): void {
    const { pid } = this.child;
    if (pid === undefined) return;
    try {
      process.kill(process.platform === "win32" ? pid : -pid, name);
    } catch {
      // Nobody is left.
    }
  }
}

export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, "***").replaceAll(encodeURIComponent(secret), "***"), text);
}

/** Splits bytes at newlines before they become text, so that neither a character nor a line is torn. */
async function* splitLines(stream: Readable, name: string): AsyncGenerator<string> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      const piece = chunk.subarray(from, at);
      from = at + 1;
      const line = pending.length === 0 ? piece : Buffer.concat([...pending, piece]);
      pending = [];
      pendingBytes = 0;
      yield textOf(line);
    }
    if (from === chunk.length) continue;
    pending.push(from === 0 ? chunk : chunk.subarray(from));
    pendingBytes += chunk.length - from;
    if (pendingBytes > LINE_BYTES_MAX)
      throw new MillraceError({ code: "MR4707", message: `${name} sent a line of more than ${LINE_BYTES_MAX >> 20} MB` });
  }
  if (pendingBytes > 0) yield textOf(Buffer.concat(pending));
}

function textOf(line: Buffer): string {
  return line.toString("utf8", 0, line.at(-1) === 13 ? line.length - 1 : line.length);
}
