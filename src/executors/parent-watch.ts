// A thread in a worker process that ends it when the engine is gone, also while the process computes and does not get to notice.
import { workerData } from "node:worker_threads";

const LOOK_EVERY_MS = 250;

const { millraceParent: parent } = workerData as { readonly millraceParent: number };

setInterval(() => {
  if (process.ppid !== parent || !isThere(parent)) process.kill(process.pid, "SIGKILL");
}, LOOK_EVERY_MS);

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // there, and another user's
  }
}
