// Logs of attempts: one NDJSON file each, `.millrace/logs/<run>/<node>-<attempt>.ndjson`, never in the state store. A log that cannot be written does
// not hurt the attempt. Names of nodes may hold anything; names of files are made of letters, digits, `.`, `_`, `-`.
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, mkdirSync, type WriteStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { LogLineAnswer } from "../model/answers.ts";
import type { LogLevel } from "../model/attempt.ts";
import { MillraceError, messageOf } from "../model/errors.ts";

/** A longer message is cut. */
export const MESSAGE_CHARS_MAX = 64_000;
/** What an attempt may log; beyond it one line says so. */
export const LOG_BYTES_MAX = 64_000_000;
const NAME_CHARS_MAX = 80;

export interface AttemptLogFile {
  write(at: string, level: LogLevel, message: string): void;
  close(): Promise<void>;
}

export interface AttemptLogs {
  open(run: string, node: string, attempt: number): AttemptLogFile;
}

export interface FileLogsOptions {
  readonly dir: string;
  /** Takes secrets out of what is written. */
  readonly redact?: (text: string) => string;
  /** Told once per attempt whose log cannot be written (MR6040). */
  readonly onProblem?: (error: MillraceError) => void;
}

export function createFileLogs({ dir, redact = (text) => text, onProblem = () => {} }: FileLogsOptions): AttemptLogs {
  return {
    open(run, node, attempt) {
      const path = logPath(dir, run, node, attempt);
      let stream: WriteStream | null = null;
      let bytes = 0;
      let over = false;
      const stop = (error: unknown): void => {
        if (!over) onProblem(new MillraceError({ code: "MR6040", message: `${path}: ${messageOf(error)}`, cause: error }));
        over = true;
      };
      const put = (at: string, level: LogLevel, message: string): void => {
        if (stream === null) {
          mkdirSync(dirname(path), { recursive: true });
          stream = createWriteStream(path, { flags: "a" });
          stream.on("error", stop);
        }
        const text = message.length > MESSAGE_CHARS_MAX ? `${message.slice(0, MESSAGE_CHARS_MAX)}…` : message;
        const line = `${JSON.stringify({ at, level, run, node, attempt, message: redact(text) })}\n`;
        bytes += line.length;
        stream.write(line);
      };
      return {
        write(at, level, message) {
          if (over) return;
          try {
            put(at, level, message);
            if (bytes <= LOG_BYTES_MAX) return;
            put(at, "warn", `the log is longer than ${LOG_BYTES_MAX} bytes; the rest of it is not kept`);
            over = true;
          } catch (error) {
            stop(error);
          }
        },
        close: () =>
          new Promise((resolve) => {
            if (stream === null || stream.destroyed) return resolve();
            stream.once("close", () => resolve());
            stream.end();
          }),
      };
    },
  };
}

/** Lines of a run's logs, attempt after attempt in the order of their first lines; nothing for a run that logged nothing. */
export async function* readLogs(dir: string, run: string): AsyncIterable<LogLineAnswer> {
  const folder = join(dir, safeName(run));
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const logs: { readonly path: string; readonly at: string }[] = [];
  for (const file of files.filter((name) => name.endsWith(".ndjson"))) {
    const path = join(folder, file);
    for await (const line of linesOf(path)) {
      logs.push({ path, at: line.at });
      break;
    }
  }
  for (const { path } of logs.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.path < b.path ? -1 : 1))) yield* linesOf(path);
}

export function logPath(dir: string, run: string, node: string, attempt: number): string {
  return join(dir, safeName(run), `${safeName(node)}-${attempt}.ndjson`);
}

/** A name that is safe on every file system; different names stay different, also where upper and lower case are one. */
function safeName(name: string): string {
  const safe = name.replaceAll(/[^A-Za-z0-9._-]/g, "_").replace(/^\./, "_");
  if (safe === name && name === name.toLowerCase() && name.length <= NAME_CHARS_MAX && name !== "") return name;
  if (/^r_[0-9A-Z]{16,32}$/.test(name)) return name;
  return `${safe.slice(0, NAME_CHARS_MAX) || "_"}~${createHash("sha256").update(name).digest("hex").slice(0, 10)}`;
}

async function* linesOf(path: string): AsyncIterable<LogLineAnswer> {
  const input = createReadStream(path);
  try {
    for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      const line = parsed(text);
      if (line !== undefined) yield line;
    }
  } finally {
    input.destroy();
  }
}

/** Undefined for a line that a crash cut off. */
function parsed(text: string): LogLineAnswer | undefined {
  try {
    return JSON.parse(text) as LogLineAnswer;
  } catch {
    return undefined;
  }
}
