// What a program prints, as lines of a log: stdout and stderr line by line, records of pino and its kin (JSON with a level and a message) with
// their own level and fields.
import type { Readable } from "node:stream";
import type { JsonValue } from "../model/answers.ts";
import type { AttemptLog, LogFields, LogLevel } from "../model/attempt.ts";

/** A longer line is told in pieces. */
const LINE_CHARS_MAX = 64_000;
/** pino's, bunyan's: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal. */
const LEVEL_NUMBERS: readonly (readonly [number, LogLevel])[] = [
  [50, "error"],
  [40, "warn"],
  [30, "info"],
];
const LEVEL_WORDS: Readonly<Record<string, LogLevel>> = {
  trace: "debug",
  verbose: "debug",
  silly: "debug",
  debug: "debug",
  info: "info",
  notice: "info",
  http: "info",
  warn: "warn",
  warning: "warn",
  error: "error",
  err: "error",
  fatal: "error",
  critical: "error",
  crit: "error",
};
/** Said by the log's own line, or of no use in it. */
const OWN_KEYS: ReadonlySet<string> = new Set(["at", "level", "run", "node", "attempt", "message", "msg", "time", "pid", "hostname", "v"]);

/** Tells each line that comes out of `stream`; the last one also without an end of line. */
export function onLines(stream: Readable, tell: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) tell(line.endsWith("\r") ? line.slice(0, -1) : line);
    for (; rest.length > LINE_CHARS_MAX; rest = rest.slice(LINE_CHARS_MAX)) tell(rest.slice(0, LINE_CHARS_MAX));
  });
  stream.once("end", () => {
    if (rest !== "") tell(rest);
    rest = "";
  });
}

/** Logs one line of output; `level` is that of a line which says none itself. */
export function logOutput(log: AttemptLog, level: LogLevel, line: string): void {
  if (line === "") return;
  const record = line.startsWith("{") && line.endsWith("}") ? recordOf(line) : undefined;
  if (record === undefined) log(level, withoutColours(line));
  else log(record.level, record.message, record.fields);
}

interface LogRecord {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields | undefined;
}

function recordOf(line: string): LogRecord | undefined {
  let value: Readonly<Record<string, JsonValue>>;
  try {
    value = JSON.parse(line) as Readonly<Record<string, JsonValue>>;
  } catch {
    return undefined; // a line that only looks like JSON
  }
  const level = levelOf(value["level"]);
  const error = value["err"];
  const said = value["msg"] ?? value["message"] ?? messageIn(error);
  if (level === undefined || typeof said !== "string") return undefined;
  const fields = Object.fromEntries(Object.entries(value).filter(([key]) => !OWN_KEYS.has(key)));
  return { level, message: said, fields: Object.keys(fields).length === 0 ? undefined : fields };
}

function levelOf(level: unknown): LogLevel | undefined {
  if (typeof level === "number") return LEVEL_NUMBERS.find(([least]) => level >= least)?.[1] ?? "debug";
  return typeof level === "string" ? LEVEL_WORDS[level.toLowerCase()] : undefined;
}

function messageIn(error: unknown): unknown {
  return typeof error === "object" && error !== null && "message" in error ? error.message : undefined;
}

function withoutColours(text: string): string {
  // oxlint-disable-next-line no-control-regex -- escape sequences of terminals begin with one
  return text.includes("\u001b") ? text.replaceAll(/\u001b\[[\d;?]*[A-Za-z]/g, "") : text;
}
