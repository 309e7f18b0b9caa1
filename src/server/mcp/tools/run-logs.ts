// The last lines that a run logged.
import type { Ask } from "../../../client/ask.ts";
import type { LogLineAnswer } from "../../../model/answers.ts";

export interface LogFilter {
  readonly run: string;
  readonly node?: string;
  readonly level?: "debug" | "info" | "warn" | "error";
  readonly grep?: string;
  readonly limit: number;
}

export async function lastLines(ask: Ask, filter: LogFilter, signal: AbortSignal): Promise<readonly LogLineAnswer[]> {
  const read = ask as unknown as (id: "runs.logs", input: LogFilter, asked: object) => Promise<{ readonly lines: readonly LogLineAnswer[] }>;
  return (await read("runs.logs", filter, { signal })).lines;
}
