// How much memory and processor time a process and its children take, measured from outside: by /proc where there is one, else by `ps`, else not at
// all (then only the limits that the process keeps itself hold). And a watch that tells when it is too much.
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { MillraceError } from "../model/errors.ts";

/** Ticks per second of /proc/PID/stat; the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const LOOK_EVERY_MS = 100;
/** `ps` is a process of its own each time. */
const PS_EVERY_MS = 1_000;
const PROCESSES_MAX = 1_000;

export interface ProcessUsage {
  /** Resident memory of the process and its children. */
  readonly memoryBytes: number;
  /** Processor time since it began, of its children too. */
  readonly cpuMs: number;
}

export interface ProcessLimits {
  readonly memoryBytes: number | null;
  readonly cpuMs: number | null;
}

export type OverLimit = "memory" | "cpu";

const hasProc = existsSync("/proc/self/stat");

/** Undefined when the process is gone or cannot be measured here. */
export async function usageOf(pid: number): Promise<ProcessUsage | undefined> {
  return hasProc ? usageByProc(pid) : usageByPs(pid);
}

/** Looks again and again until `stop`; calls `onOver` once. What the process had used before the watch began does not count as its CPU time. */
export function watchUsage(
  pid: number | undefined,
  limits: ProcessLimits | undefined,
  onOver: (what: OverLimit) => void,
): { readonly stop: () => void } {
  if (pid === undefined || limits === undefined || (limits.memoryBytes === null && limits.cpuMs === null)) return { stop: () => {} };
  let timer: NodeJS.Timeout | undefined;
  let cpuBefore: number | undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    const usage = await usageOf(pid).catch(() => undefined);
    if (stopped) return;
    if (usage !== undefined) {
      cpuBefore ??= usage.cpuMs;
      const over = overOf(usage, cpuBefore, limits);
      if (over !== undefined) {
        stopped = true;
        return onOver(over);
      }
    }
    timer = setTimeout(() => void look(), hasProc ? LOOK_EVERY_MS : PS_EVERY_MS);
    timer.unref();
  };
  void look();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** What an attempt that was ended for it is told as: MR6050, MR6051. */
export function tooMuch(node: string, what: OverLimit, { memoryBytes, cpuMs }: ProcessLimits): MillraceError {
  const message =
    what === "memory"
      ? `${node} took more memory than ${memoryBytes === null ? "there is" : sizeText(memoryBytes)}`
      : `${node} took more processor time than ${timeText(cpuMs ?? 0)}`;
  const code = what === "memory" ? "MR6050" : "MR6051";
  return new MillraceError({ code, message, hint: "its worker was ended; the other nodes go on" });
}

function sizeText(bytes: number): string {
  return bytes >= 1e9 ? `${Number((bytes / 1e9).toFixed(2))} GB` : `${Number((bytes / 1e6).toFixed(1))} MB`;
}

function timeText(ms: number): string {
  return ms >= 1_000 ? `${Number((ms / 1_000).toFixed(2))} s` : `${ms} ms`;
}

function overOf(usage: ProcessUsage, cpuBefore: number, limits: ProcessLimits): OverLimit | undefined {
  if (limits.memoryBytes !== null && usage.memoryBytes > limits.memoryBytes) return "memory";
  return limits.cpuMs !== null && usage.cpuMs - cpuBefore > limits.cpuMs ? "cpu" : undefined;
}

function usageByProc(root: number): ProcessUsage | undefined {
  const queue = [root];
  let memoryBytes = 0;
  let cpuMs = 0;
  for (let index = 0; index < Math.min(queue.length, PROCESSES_MAX); index++) {
    const pid = queue[index]!;
    const stat = textOf(`/proc/${pid}/stat`);
    if (stat === undefined && pid === root) return undefined;
    if (stat === undefined) continue; // ended meanwhile; its time is in its parent's
    // The name may hold spaces and brackets: fields are counted from the last bracket. 14–17: user and system time, its own and its children's.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    cpuMs += ((Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14])) * 1_000) / TICKS_PER_SECOND;
    memoryBytes += Number(/^VmRSS:\s+(\d+) kB/m.exec(textOf(`/proc/${pid}/status`) ?? "")?.[1] ?? 0) * 1_024;
    const children = textOf(`/proc/${pid}/task/${pid}/children`)?.trim() ?? "";
    if (children !== "") queue.push(...children.split(" ").map(Number));
  }
  return { memoryBytes, cpuMs };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // the process is gone
  }
}

async function usageByPs(pid: number): Promise<ProcessUsage | undefined> {
  const text = await new Promise<string>((resolve) => {
    execFile("ps", ["-o", "rss=,time=", "-p", String(pid)], (error, stdout) => resolve(error === null ? stdout : ""));
  });
  const match = /^\s*(\d+)\s+(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)/.exec(text);
  if (match === null) return undefined;
  const [, rss, days = 0, hours = 0, minutes = 0, seconds = 0] = match.map((part) => (part === undefined ? 0 : Number(part)));
  return { memoryBytes: rss! * 1_024, cpuMs: (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000 };
}
