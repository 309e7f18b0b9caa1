// Runs an audit where it disturbs least: in place for small files, in a thread for large ones.
import { statSync } from "node:fs";
import { startThread } from "../../platform/thread.ts";
import type { AuditResult } from "./accounts.ts";
import { audit, type AuditTask } from "./audit.ts";

/** A thread costs 20–50 ms to start; so many bytes are audited in less. */
const INLINE_BYTES_MAX = 1 << 20;

/** Throws what the audit throws; an abort ends the thread and throws the signal's reason. */
export async function runAudit(task: AuditTask, signal: AbortSignal | undefined): Promise<AuditResult> {
  signal?.throwIfAborted();
  if (statSync(task.path).size <= INLINE_BYTES_MAX) return audit(task);
  return new Promise((resolve, reject) => {
    const thread = startThread(new URL("./audit-thread.ts", import.meta.url), { workerData: { task } });
    const abort = (): void => {
      void thread.terminate();
      reject(signal?.reason instanceof Error ? signal.reason : new Error("aborted"));
    };
    signal?.addEventListener("abort", abort, { once: true });
    thread.once("message", resolve);
    thread.once("error", reject);
    thread.once("exit", () => {
      signal?.removeEventListener("abort", abort);
      reject(new Error("the audit ended without an answer"));
    });
  });
}
