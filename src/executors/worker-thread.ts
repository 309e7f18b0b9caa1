// The worker-thread executor: users' code in threads of this process, so that it cannot hold up the engine. A thread that takes too much memory or
// never ends can be ended; native code in it that crashes takes the process with it, which is what the child-process executor is for.
import type { Worker as Thread } from "node:worker_threads";
import type { Executor } from "../model/attempt.ts";
import { messageOf } from "../model/errors.ts";
import { startThread } from "../platform/thread.ts";
import type { WorkerDeath, WorkerLink } from "./worker-link.ts";
import { createWorkerPool, type WorkerPool, type WorkerPoolOptions } from "./worker-pool.ts";
import type { FromWorker } from "./worker-protocol.ts";
import { transferable } from "./rows-buffer.ts";

const LOOK_EVERY_MS = 100;

export interface WorkerThreadOptions extends WorkerPoolOptions {
  /** A module of ours that calls `serveAttempts`, made with `new URL("./name.ts", import.meta.url)`. */
  readonly module: URL;
}

export function createWorkerThreadExecutor(options: WorkerThreadOptions): Executor & WorkerPool {
  return { name: "worker thread", ...createWorkerPool(options, () => startLink(options)) };
}

function startLink({ module, limits }: WorkerThreadOptions): WorkerLink {
  const heapMb = limits?.memoryBytes == null ? undefined : Math.max(16, Math.round(limits.memoryBytes / 1e6));
  const resourceLimits = heapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapMb } };
  const thread = startThread(module, { stdout: true, stderr: true, ...resourceLimits });
  let failure: unknown;
  thread.on("error", (error) => {
    failure = error;
  });
  return {
    stdout: thread.stdout,
    stderr: thread.stderr,
    send: (message) => thread.postMessage(message, transferOf(message)),
    onMessage: (tell) => void thread.on("message", (message: FromWorker) => tell(message)),
    onDeath: (tell) => void thread.on("exit", (exitCode) => tell(deathOf(failure, exitCode))),
    kill: () => void thread.terminate(),
    hold: (how) => (how === "busy" ? thread.ref() : thread.unref()),
    watch({ cpuMs }, onOver) {
      if (cpuMs === null) return { stop: () => {} };
      return watchBusy(thread, cpuMs, () => onOver("cpu"));
    },
    isWorn: async () => false,
  };
}

/** The time a thread was busy, which is its processor time but for what other processes took of it. */
function watchBusy(thread: Thread, cpuMs: number, onOver: () => void): { readonly stop: () => void } {
  const before = thread.performance.eventLoopUtilization();
  const timer = setInterval(() => {
    if (thread.performance.eventLoopUtilization(before).active <= cpuMs) return;
    clearInterval(timer);
    onOver();
  }, LOOK_EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

function deathOf(failure: unknown, exitCode: number): WorkerDeath {
  if (failure === undefined) return { message: `the thread ended with exit code ${exitCode}` };
  const isMemory = (failure as { readonly code?: unknown }).code === "ERR_WORKER_OUT_OF_MEMORY";
  return isMemory ? { message: "out of memory", over: "memory" } : { message: messageOf(failure) };
}

/** Buffers of rows are handed over, not copied. */
function transferOf(message: object): readonly ArrayBuffer[] {
  const value = "value" in message ? (message.value as { readonly value?: unknown } | null | undefined) : undefined;
  return transferable(value?.value);
}
