// Lines that an attempt logs in a worker, handed over many at a time and up to a limit: a loop that logs without end must fill neither the channel
// nor the memory of either side.
import type { AttemptLog } from "../model/attempt.ts";
import type { FromWorker, LogLine } from "./worker-protocol.ts";

const BATCH_CHARS = 64_000;
/** More of one attempt is not handed over; the engine's own limit lies below. */
const ATTEMPT_CHARS_MAX = 32_000_000;
const MESSAGE_CHARS_MAX = 64_000;

export interface LogSender {
  readonly log: AttemptLog;
  begin(): void;
  /** Tells what was not handed over. */
  end(): void;
  flush(): void;
}

export function createLogSender(send: (message: FromWorker) => void): LogSender {
  let lines: LogLine[] = [];
  let chars = 0;
  let sent = 0;
  let left = 0;
  let flushing: NodeJS.Immediate | undefined;
  const flush = (): void => {
    if (flushing !== undefined) clearImmediate(flushing);
    flushing = undefined;
    if (lines.length === 0) return;
    const message: FromWorker = { type: "log", lines };
    lines = [];
    sent += chars;
    chars = 0;
    send(message);
  };
  const add = (line: LogLine): void => {
    lines.push(line);
    chars += line[1].length + (line[2] === undefined ? 0 : JSON.stringify(line[2]).length);
    if (chars >= BATCH_CHARS) flush();
    else flushing ??= setImmediate(flush);
  };
  return {
    flush,
    begin() {
      sent = 0;
      left = 0;
    },
    end() {
      if (left > 0) add(["warn", `${left} more lines were not kept`]);
      flush();
    },
    log(level, message, fields) {
      if (sent + chars > ATTEMPT_CHARS_MAX) {
        left++;
        return;
      }
      const text = message.length > MESSAGE_CHARS_MAX ? `${message.slice(0, MESSAGE_CHARS_MAX)}…` : message;
      add(fields === undefined ? [level, text] : [level, text, fields]);
    },
  };
}
