// The side of the worker-thread executor that runs in the thread: a module that calls `serveAttempts(handler)` carries out one attempt at a time. What
// lives in the main thread (the warehouse) is asked for by `call` and `stream`; both hold the thread's speed to that of the other side.
import { parentPort } from "node:worker_threads";
import type { Attempt, AttemptResult } from "../model/attempt.ts";
import { MillraceError, messageOf } from "../model/errors.ts";
import { fromRecord, type FromThread, toRecord, type ToThread } from "./thread-protocol.ts";

export interface ThreadAttempt extends Attempt {
  /** What the executor's `payload` gave for this attempt. */
  readonly payload: unknown;
  /** Calls one of the executor's `calls`. Rejects with what it threw. */
  call(name: string, argument?: unknown): Promise<unknown>;
  /** Reads one of the executor's `streams`, element by element. */
  stream(name: string, argument?: unknown): AsyncIterable<unknown>;
}

export type ThreadHandler = (attempt: ThreadAttempt) => Promise<AttemptResult>;

/** Errors seen by the main thread: those of the handler; MR6008 for what cannot be handed over. */
export function serveAttempts(handler: ThreadHandler): void {
  if (parentPort === null) throw new Error("assertion: serveAttempts runs in a worker thread");
  const port = parentPort;
  const waiting = new Map<number, { readonly resolve: (value: unknown) => void; readonly reject: (error: unknown) => void }>();
  let controller = new AbortController();
  let calls = 0;
  let streams = 0;

  const send = (message: FromThread): void => {
    try {
      port.postMessage(message);
    } catch (error) {
      throw new MillraceError({ code: "MR6008", message: `it cannot be handed over: ${messageOf(error)}`, cause: error });
    }
  };
  const ask = (message: (id: number) => FromThread): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = calls++;
      waiting.set(id, { resolve, reject });
      try {
        send(message(id));
      } catch (error) {
        waiting.delete(id);
        reject(error);
      }
    });
  async function* stream(name: string, argument: unknown): AsyncIterable<unknown> {
    const number = streams++;
    try {
      for (;;) {
        const { done, value } = (await ask((id) => ({ type: "pull", id, stream: number, name, argument }))) as IteratorResult<unknown>;
        if (done === true) return;
        yield value;
      }
    } finally {
      send({ type: "endStream", stream: number });
    }
  }
  const carryOut = async (begin: ToThread & { type: "begin" }): Promise<void> => {
    controller = new AbortController();
    const { type: _type, ...what } = begin;
    const attempt: ThreadAttempt = {
      ...what,
      signal: controller.signal,
      log: (level, message) => send({ type: "log", level, message }),
      call: (name, argument) => ask((id) => ({ type: "call", id, name, argument })),
      stream,
    };
    try {
      send({ type: "succeeded", result: await handler(attempt) });
    } catch (error) {
      send({ type: "failed", error: toRecord(error) });
    }
  };
  port.on("message", (message: ToThread) => {
    switch (message.type) {
      case "begin":
        void carryOut(message);
        break;
      case "abort":
        controller.abort(fromRecord(message.reason));
        break;
      case "answer":
        waiting.get(message.id)?.resolve(message.value);
        waiting.delete(message.id);
        break;
      case "refusal":
        waiting.get(message.id)?.reject(fromRecord(message.error));
        waiting.delete(message.id);
        break;
      default:
        message satisfies never;
    }
  });
}
