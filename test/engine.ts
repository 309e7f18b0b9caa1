// A `serve` of the built package in a folder, known to listen when it is handed over: where it is, its token, how it ended. And waiting for what comes by itself.
import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Finished, start } from "./millrace.ts";

export interface Engine {
  readonly pid: number;
  readonly url: string;
  readonly token: string;
}

export interface Served extends Engine {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
}

export interface Serving {
  readonly args?: readonly string[];
  readonly port?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The process before it listens, for whoever ends it when a test fails, or hears what it prints. */
  readonly onStart?: (child: ChildProcess) => void;
}

const WAIT_MAX_MS = 60_000;
const LOOK_EVERY_MS = 50;

/** What the engine that serves a folder says of itself; undefined while none does. */
export function engineIn(dir: string): Engine | undefined {
  const path = join(dir, ".millrace/engine.json");
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Engine) : undefined;
}

/** @throws with what it printed when it ends instead */
export async function serveIn(dir: string, { args = ["--json"], port = "0", env = {}, onStart }: Serving = {}): Promise<Served> {
  const { child, finished } = start(["serve", "--port", port, ...args], dir, env);
  onStart?.(child);
  const { pid, url, token } = await until(async () => {
    if (child.exitCode !== null || child.signalCode !== null) {
      const { stdout, stderr } = await finished;
      throw new Error(`serve ended with ${child.exitCode ?? child.signalCode}: ${stdout}${stderr}`);
    }
    const engine = engineIn(dir);
    return engine?.pid === child.pid ? engine : undefined;
  });
  return { child, finished, pid, url, token };
}

/** What `look` finds, as soon as it is something. */
export async function until<Value>(look: () => Value | undefined | Promise<Value | undefined>): Promise<Value> {
  for (let waitedMs = 0; waitedMs < WAIT_MAX_MS; waitedMs += LOOK_EVERY_MS) {
    const value = await look();
    if (value !== undefined) return value;
    await pause(LOOK_EVERY_MS);
  }
  throw new Error(`it did not happen within ${WAIT_MAX_MS / 1_000} s`);
}
