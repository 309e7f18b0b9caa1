// A worker as the pool sees it, whether it is a thread or a process.
import type { Readable } from "node:stream";
import type { OverLimit, ProcessLimits } from "../platform/process-usage.ts";
import type { FromWorker, ToWorker } from "./worker-protocol.ts";

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
  watch(limits: ProcessLimits, onOver: (what: OverLimit) => void): { readonly stop: () => void };
  /** Has it grown so that another should take its place? */
  isWorn(): Promise<boolean>;
}
