// Logs of attempts: one NDJSON file each (`log-files.ts`).
//   L1. A log that cannot be written does not hurt the attempt.
//   L2. What an attempt and a run may log is limited. What goes beyond is counted, not kept, and the count is the log's last line; errors are kept
//       a while longer.
//   L3. Lines are on the disk by the next turn of the event loop, and never more than a few of them in memory.
import { closeSync, mkdirSync, openSync, readdirSync, statSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import type { LogFields, LogLevel } from "../model/attempt.ts";
import { MillraceError, messageOf } from "../model/errors.ts";
import { logFolder, logPath } from "./log-files.ts";

/** A longer message is cut. */
export const MESSAGE_CHARS_MAX = 64_000;
/** What an attempt may log. */
export const ATTEMPT_LOG_BYTES_MAX = 16_000_000;
/** What all attempts of a run may log together. */
export const RUN_LOG_BYTES_MAX = 256_000_000;
/** For errors, when all else is cut. */
const ERRORS_BYTES_MAX = 256_000;
const PENDING_CHARS_MAX = 64_000;
/** Runs whose size is remembered; that of another is taken from its folder. */
const RUNS_REMEMBERED_MAX = 1_000;

export interface AttemptLogFile {
  write(at: string, level: LogLevel, message: string, fields?: LogFields): void;
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
  /** Defaults: the constants above. */
  readonly attemptBytesMax?: number;
  readonly runBytesMax?: number;
}

interface Written {
  bytes: number;
}

export function createFileLogs(options: FileLogsOptions): AttemptLogs {
  const runs = new Map<string, Written>();
  const ofRun = (run: string): Written => {
    const known = runs.get(run) ?? { bytes: folderBytes(logFolder(options.dir, run)) };
    runs.delete(run);
    runs.set(run, known);
    for (const [oldest] of runs) {
      if (runs.size <= RUNS_REMEMBERED_MAX) break;
      runs.delete(oldest);
    }
    return known;
  };
  return { open: (run, node, attempt) => openLog(options, { run, node, attempt }, () => ofRun(run)) };
}

function openLog(
  options: FileLogsOptions,
  what: { readonly run: string; readonly node: string; readonly attempt: number },
  ofRun: () => Written,
): AttemptLogFile {
  const { redact = (text: string) => text, onProblem = () => {} } = options;
  const { attemptBytesMax = ATTEMPT_LOG_BYTES_MAX, runBytesMax = RUN_LOG_BYTES_MAX } = options;
  const path = logPath(options.dir, what.run, what.node, what.attempt);
  const cut = { lines: 0, bytes: 0 };
  let run: Written | undefined;
  let descriptor: number | undefined;
  let bytes = 0;
  let isBroken = false;
  let pending = "";
  let flushing: NodeJS.Immediate | undefined;
  let lastAt = "";

  const guarded = (act: () => void): void => {
    if (isBroken) return;
    try {
      act();
    } catch (error) {
      isBroken = true;
      onProblem(new MillraceError({ code: "MR6040", message: `${path}: ${messageOf(error)}`, cause: error }));
    }
  };
  const flush = (): void => {
    if (flushing !== undefined) clearImmediate(flushing);
    flushing = undefined;
    if (pending === "") return;
    const buffer = Buffer.from(pending);
    pending = "";
    if (descriptor === undefined) {
      mkdirSync(dirname(path), { recursive: true });
      descriptor = openSync(path, "a");
    }
    for (let written = 0; written < buffer.length;) written += writeSync(descriptor, buffer, written);
  };
  const put = (line: string): void => {
    pending += line;
    if (pending.length >= PENDING_CHARS_MAX) flush();
    else flushing ??= setImmediate(() => guarded(flush));
  };
  const lineOf = (at: string, level: LogLevel, message: string, fields: LogFields | undefined): string => {
    const text = message.length > MESSAGE_CHARS_MAX ? `${message.slice(0, MESSAGE_CHARS_MAX)}…` : message;
    const line = JSON.stringify({ at, level, ...what, message: redact(text) });
    if (fields === undefined) return `${line}\n`;
    const more = redact(
      JSON.stringify({
        ...fields,
        at: undefined,
        level: undefined,
        run: undefined,
        node: undefined,
        attempt: undefined,
        message: undefined,
      }),
    );
    return more.length <= 2 || more.length > MESSAGE_CHARS_MAX ? `${line}\n` : `${line.slice(0, -1)},${more.slice(1)}\n`;
  };
  const write = (at: string, level: LogLevel, message: string, fields: LogFields | undefined): void => {
    run ??= ofRun();
    lastAt = at;
    const spare = level === "error" ? ERRORS_BYTES_MAX : 0;
    if (bytes > attemptBytesMax + spare || run.bytes > runBytesMax + spare) {
      cut.lines++;
      cut.bytes += message.length;
      return;
    }
    const line = lineOf(at, level, message, fields);
    const size = Buffer.byteLength(line);
    bytes += size;
    run.bytes += size;
    put(line);
  };
  return {
    write: (at, level, message, fields) => guarded(() => write(at, level, message, fields)),
    close: async () =>
      guarded(() => {
        if (cut.lines > 0) {
          const whose = bytes > attemptBytesMax ? `an attempt keeps ${attemptBytesMax}` : `a run keeps ${runBytesMax}`;
          put(lineOf(lastAt, "warn", `${cut.lines} more lines (${cut.bytes} bytes) were not kept: the log of ${whose} bytes`, undefined));
        }
        flush();
        if (descriptor !== undefined) closeSync(descriptor);
        descriptor = undefined;
      }),
  };
}

function folderBytes(folder: string): number {
  try {
    return readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
  } catch {
    return 0; // no folder yet
  }
}
