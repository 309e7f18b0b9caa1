// The worker's side of an executor, in a thread or in a process: a module that calls `serveAttempts(handler)` carries out one attempt at a time.
// What lives on the engine's side (the warehouse) is asked for by `call` and `stream`; both hold the worker's speed to that of the other side.
//   W1. A worker does not outlive its engine: it ends when its channel closes, and when it does not get to notice, its watch ends it.
//      Ctrl-C reaches it, too, and is left to the engine, which aborts what runs.
//   W2. What is thrown where nobody catches it is told before the worker dies of it.
import { parentPort } from "node:worker_threads";
import type { Attempt, AttemptResult } from "../model/attempt.ts";
import { MillraceError, messageOf } from "../model/errors.ts";
import { withConsole } from "../platform/console.ts";
import { startThread } from "../platform/thread.ts";
import { transferable } from "./rows-buffer.ts";
import { END_OF_OUTPUT, fromThrown, type FromWorker, toThrown, type ToWorker } from "./worker-protocol.ts";
import { createLogSender } from "./worker-log.ts";

/** What of an attempt crosses to a worker, and how it reaches back. */
export interface WorkerAttempt extends Pick<Attempt, "run" | "node" | "attempt" | "token" | "signal" | "log"> {
  /** What the executor's `payload` gave for this attempt. */
  readonly payload: unknown;
  /** Calls one of the executor's `calls`. Rejects with what it threw. */
  call(name: string, argument?: unknown): Promise<unknown>;
  /** Reads one of the executor's `streams`, element by element; the next one is fetched while this one is worked on. */
  stream(name: string, argument?: unknown): AsyncIterable<unknown>;
}

export type WorkerHandler = (attempt: WorkerAttempt) => Promise<AttemptResult>;

/** Errors seen by the engine's side: those of the handler; MR6008 for what cannot be handed over. */
export function serveAttempts(handler: WorkerHandler): void {
  const waiting = new Map<number, { readonly resolve: (value: unknown) => void; readonly reject: (error: unknown) => void }>();
  let controller = new AbortController();
  let calls = 0;
  let streams = 0;

  const channel = openChannel((message) => {
    switch (message.type) {
      case "begin":
        void carryOut(message);
        break;
      case "abort":
        controller.abort(fromThrown(message.reason));
        break;
      case "answer":
        waiting.get(message.id)?.resolve(message.value);
        waiting.delete(message.id);
        break;
      case "refusal":
        waiting.get(message.id)?.reject(fromThrown(message.error));
        waiting.delete(message.id);
        break;
      default:
        message satisfies never;
    }
  });
  const sendNow = (message: FromWorker): void => {
    try {
      channel.send(message);
    } catch (error) {
      throw new MillraceError({ code: "MR6008", message: `it cannot be handed over: ${messageOf(error)}`, cause: error });
    }
  };
  const logs = createLogSender(sendNow);
  const send = (message: FromWorker): void => {
    logs.flush();
    sendNow(message);
  };
  const ask = (message: (id: number) => FromWorker): Promise<unknown> =>
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
  async function* stream(name: string, argument: unknown): AsyncGenerator {
    const number = streams++;
    const pull = (): Promise<unknown> => {
      const step = ask((id) => ({ type: "pull", id, stream: number, name, argument }));
      step.catch(() => {}); // told when it is taken; a reader that stops before does not want to know
      return step;
    };
    try {
      for (let step = pull(); ;) {
        const { done, value } = (await step) as IteratorResult<unknown>;
        if (done === true) return;
        step = pull();
        yield value;
      }
    } finally {
      send({ type: "endStream", stream: number });
    }
  }
  const carryOut = async (begin: ToWorker & { type: "begin" }): Promise<void> => {
    controller = new AbortController();
    logs.begin();
    sendNow({ type: "started" });
    const { type: _type, ...what } = begin;
    const attempt: WorkerAttempt = {
      ...what,
      signal: controller.signal,
      log: logs.log,
      call: (name, argument) => ask((id) => ({ type: "call", id, name, argument })),
      stream,
    };
    const answer = await withConsole(logs.log, () => handler(attempt)).then(
      (result): FromWorker => ({ type: "succeeded", result }),
      (error: unknown): FromWorker => ({ type: "failed", error: toThrown(error) }),
    );
    logs.end();
    await endOutput();
    try {
      send(answer);
    } catch (error) {
      send({ type: "failed", error: toThrown(error) });
    }
  };
  if (parentPort === null) outliveNobody(sendNow);
}

interface Channel {
  send(message: FromWorker): void;
}

function openChannel(onMessage: (message: ToWorker) => void): Channel {
  const port = parentPort;
  if (port !== null) {
    port.on("message", onMessage);
    return { send: (message) => port.postMessage(message, "argument" in message ? transferable(message.argument) : []) };
  }
  const send = process.send?.bind(process);
  if (send === undefined) throw new Error("assertion: serveAttempts runs in a worker");
  process.on("message", onMessage);
  return { send: (message) => void send(message) };
}

/** W1, W2. */
function outliveNobody(send: (message: FromWorker) => void): void {
  process.once("disconnect", () => process.exit(0));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});
  const watch = startThread(new URL("./parent-watch.ts", import.meta.url), {
    workerData: { millraceParent: process.ppid },
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
  });
  watch.unref();
  process.on("uncaughtException", (error) => {
    send({ type: "dying", message: messageOf(error) });
    process.exit(1);
  });
}

async function endOutput(): Promise<void> {
  const ended = (stream: NodeJS.WriteStream): Promise<void> =>
    new Promise((resolve) => {
      if (stream.writableEnded || stream.destroyed) resolve();
      else stream.write(`${END_OF_OUTPUT}\n`, () => resolve());
    });
  await Promise.all([ended(process.stdout), ended(process.stderr)]);
}
