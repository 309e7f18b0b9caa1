// The child-process executor: users' code in processes of their own. Whatever it does (eat memory, spin, crash natively, `process.exit`) ends with
// that process and is reported. Its heap is limited by V8; everything else that it takes is watched from outside.
import { fork } from "node:child_process";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import type { Executor } from "../model/attempt.ts";
import { forkArguments } from "../platform/thread.ts";
import { usageOf, watchUsage } from "../platform/process-usage.ts";
import type { WorkerDeath, WorkerLink } from "./worker-link.ts";
import { createWorkerPool, type WorkerPool, type WorkerPoolOptions } from "./worker-pool.ts";
import type { FromWorker } from "./worker-protocol.ts";

/** V8's share of the memory that a process may take: it collects before the whole is reached. */
const HEAP_SHARE = 0.75;
/** An idle process that holds more than this, and than half of what it may take, is replaced. */
const WORN_BYTES = 300_000_000;
const STDERR_KEPT_CHARS = 4_000;

export interface ChildProcessOptions extends WorkerPoolOptions {
  /** A module of ours that calls `serveAttempts`, made with `new URL("./name.ts", import.meta.url)`. */
  readonly module: URL;
  /** Environment of the processes. Default: this one's. */
  readonly env?: () => NodeJS.ProcessEnv;
}

export function createChildProcessExecutor(options: ChildProcessOptions): Executor & WorkerPool {
  return { name: "child process", ...createWorkerPool(options, () => startLink(options)) };
}

function startLink({ module, limits, env = () => process.env }: ChildProcessOptions): WorkerLink {
  const memoryBytes = limits?.memoryBytes ?? null;
  const { path, execArgv } = forkArguments(module);
  const heap = memoryBytes === null ? [] : [`--max-old-space-size=${Math.max(32, Math.round((memoryBytes * HEAP_SHARE) / 1e6))}`];
  const child = fork(path, [], {
    execArgv: [...execArgv, ...heap],
    env: env(),
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const [stdout, stderr] = [child.stdout as Socket, child.stderr as Socket];
  const lastWords = lastOf(stderr);
  return {
    stdout,
    stderr,
    send: (message) => {
      if (child.connected) child.send(message, () => {}); // its death is told by itself
    },
    onMessage: (tell) => void child.on("message", (message) => tell(message as FromWorker)),
    onDeath: (tell) => {
      let isTold = false;
      const die = (death: WorkerDeath): void => {
        if (!isTold) tell(death);
        isTold = true;
      };
      child.once("error", (error) => die({ message: error.message }));
      // `close`: what it printed has been read.
      child.once("close", (code, signal) => die(deathOf(code, signal, lastWords())));
    },
    kill: () => void child.kill("SIGKILL"),
    hold(how) {
      for (const each of [child, child.channel, stdout, stderr]) each?.[how === "busy" ? "ref" : "unref"]();
    },
    watch: (watched, onOver) => watchUsage(child.pid, watched, onOver),
    async isWorn() {
      const usage = child.pid === undefined ? undefined : await usageOf(child.pid);
      return usage !== undefined && usage.memoryBytes > Math.min(WORN_BYTES, memoryBytes === null ? WORN_BYTES : memoryBytes / 2);
    },
  };
}

function deathOf(code: number | null, signal: NodeJS.Signals | null, lastWords: string): WorkerDeath {
  if (/heap out of memory|Allocation failed/.test(lastWords)) return { message: "out of memory", over: "memory" };
  if (signal === null) return { message: `the process ended with exit code ${code}` };
  return { message: `the process was ended by ${signal}${signal === "SIGKILL" ? ", perhaps by the system for want of memory" : ""}` };
}

function lastOf(stream: Readable): () => string {
  let text = "";
  stream.on("data", (chunk: string | Buffer) => {
    text = (text + chunk.toString()).slice(-STDERR_KEPT_CHARS);
  });
  return () => text;
}
