// `l` in `millrace dev`: the log of the run that goes on or was last, and of those that begin, until it is pressed again.
import type { App } from "../../app.ts";
import { messageOf } from "../../model/errors.ts";
import type { Output } from "../output.ts";
import { lineText } from "./logs.ts";

/** Of what was logged before it is asked for. */
const TAIL = 20;

export interface LogTail {
  toggle(): void;
  isOn(): boolean;
  /** A run begins. */
  begun(run: string): void;
}

export function createLogTail(app: () => Promise<App>, output: Output): LogTail {
  /** Runs whose log is read; those that are quiet now, too, so that none is read twice. */
  const read = new Set<string>();
  let isOn = false;
  const tail = async (run: string): Promise<void> => {
    if (read.has(run)) return;
    read.add(run);
    try {
      // What stands in the last line, how far a run is, is drawn anew after it.
      for await (const line of (await app()).logs({ run, follow: true, tail: TAIL }))
        if (isOn) output.note(`\r\u001B[K${lineText(line, false)}`);
    } catch (error) {
      output.warn(messageOf(error));
    } finally {
      read.delete(run);
    }
  };
  const begin = async (): Promise<void> => {
    const [last] = (await (await app()).runs({ limit: 1 })).runs;
    if (!isOn) return;
    output.note(last === undefined ? "logs: of the next run" : `logs of ${last.run}, and of what begins`);
    if (last !== undefined) await tail(last.run);
  };
  return {
    isOn: () => isOn,
    toggle() {
      isOn = !isOn;
      if (isOn) void begin().catch((error: unknown) => output.warn(messageOf(error)));
      else output.note("logs are quiet again");
    },
    begun(run) {
      if (isOn) void tail(run);
    },
  };
}
