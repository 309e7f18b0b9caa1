// A worker as the pool sees it, whether it is a thread or a process.
import type { Readable } from "node:stream";
import type { ErrorCode } from "../model/errors.ts";
import type { FromWorker, ToWorker } from "./worker-protocol.ts";

/** What an attempt may take. */
export interface WorkerLimits {
  readonly memoryBytes: number | null;
  readonly cpuMs: number | null;
}

/** Why a worker is no more. */
export interface WorkerDeath {
  readonly message: string;
  /** It was more than it may take. */
  readonly over?: "memory";
}

export interface WorkerLink {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Throws when the message cannot be cloned. */
  send(message: ToWorker): void;
  onMessage(tell: (message: FromWorker) => void): void;
  onDeath(tell: (death: WorkerDeath) => void): void;
  /** Ends it at once, whatever it is doing. */
  kill(): void;
  /** Does it keep this process alive? */
  hold(how: "busy" | "idle"): void;
  /** Tells when an attempt takes more than `limits`, until it is stopped. */
  watch(limits: WorkerLimits, onOver: (what: "memory" | "cpu") => void): { stop(): void };
  /** Has it grown so that another should take its place? */
  isWorn(): Promise<boolean>;
}

export const OVER_CODES: Readonly<Record<"memory" | "cpu", ErrorCode>> = { memory: "MR6050", cpu: "MR6051" };

/** `512 MB`, `1.5 GB`. */
export function sizeText(bytes: number): string {
  return bytes >= 1e9 ? `${Number((bytes / 1e9).toFixed(2))} GB` : `${Number((bytes / 1e6).toFixed(1))} MB`;
}

/** `30 s`, `250 ms`. */
export function timeText(ms: number): string {
  return ms >= 1_000 ? `${Number((ms / 1_000).toFixed(2))} s` : `${ms} ms`;
}
