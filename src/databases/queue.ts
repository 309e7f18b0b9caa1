// A queue between a driver that calls back and a loop that takes batches: the driver is told to pause when it is full.
import type { Batch, Cell } from "./server.ts";

const BATCH_ROWS = 2048;
const BATCHES_MAX = 4;

export interface Flow {
  pause(): void;
  resume(): void;
  /** The loop ended early. */
  stop(): void;
}

export class RowQueue {
  private readonly flow: Flow;
  private readonly full: (readonly (Cell | undefined)[])[][] = [];
  private rows: (readonly (Cell | undefined)[])[] = [];
  private state: { readonly kind: "open" } | { readonly kind: "ended" } | { readonly kind: "failed"; readonly error: unknown } = {
    kind: "open",
  };
  private isPaused = false;
  private wake: (() => void) | undefined;

  constructor(flow: Flow) {
    this.flow = flow;
  }

  push(row: readonly (Cell | undefined)[]): void {
    this.rows.push(row);
    if (this.rows.length < BATCH_ROWS) return;
    this.full.push(this.rows);
    this.rows = [];
    if (this.full.length >= BATCHES_MAX && !this.isPaused) {
      this.isPaused = true;
      this.flow.pause();
    }
    this.wake?.();
  }

  end(): void {
    if (this.state.kind === "open") this.state = { kind: "ended" };
    this.wake?.();
  }

  fail(error: unknown): void {
    if (this.state.kind === "open") this.state = { kind: "failed", error };
    this.wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Batch> {
    let isDone = false;
    try {
      for (;;) {
        const batch = this.full.shift();
        if (batch !== undefined) {
          if (this.isPaused && this.full.length === 0) {
            this.isPaused = false;
            this.flow.resume();
          }
          yield batch;
          continue;
        }
        if (this.state.kind === "failed") {
          isDone = true;
          throw this.state.error;
        }
        if (this.state.kind === "ended") {
          isDone = true;
          if (this.rows.length > 0) yield this.rows;
          return;
        }
        await new Promise<void>((resolve) => (this.wake = resolve));
        this.wake = undefined;
      }
    } finally {
      if (!isDone) this.flow.stop();
    }
  }
}
