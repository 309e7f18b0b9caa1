// The audit in a thread of its own: DuckDB loads meanwhile, and the main thread stays free for heartbeats.
import { parentPort, workerData } from "node:worker_threads";
import { audit, type AuditTask } from "./audit.ts";

const { task } = workerData as { readonly task: AuditTask };
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
parentPort?.postMessage(audit(task));
