// The machine that this process runs on, so that engines on one machine can see at once that another's process is gone.
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { createHash } from "node:crypto";

/** The machine's name and, on Linux, what tells this boot and this container apart: a process id means something only within them. */
export function thisHost(): string {
  const parts = [
    attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    attempt(() => readlinkSync("/proc/self/ns/pid")),
  ];
  if (parts.includes("")) return hostname();
  return `${hostname()}/${createHash("sha256").update(parts.join(" ")).digest("hex").slice(0, 8)}`;
}

/** True only when it is certain: the process was on this machine and is not any more. */
export function isProcessGone({ host, pid }: { readonly host: string; readonly pid: number }, here: string): boolean {
  if (host !== here) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
