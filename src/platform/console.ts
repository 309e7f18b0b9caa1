// What code prints with `console` goes to the log of the attempt it runs in, also when several attempts run in one thread at once.
//   C1. Only inside `withConsole`: what is printed elsewhere goes where it always went.
//   C2. Values look as they do on a terminal without colours.
import { AsyncLocalStorage } from "node:async_hooks";
import { formatWithOptions, inspect } from "node:util";
import type { AttemptLog, LogLevel } from "../model/attempt.ts";

const METHODS: Readonly<Record<"debug" | "trace" | "log" | "info" | "warn" | "error", LogLevel>> = {
  debug: "debug",
  trace: "debug",
  log: "info",
  info: "info",
  warn: "warn",
  error: "error",
};

const logs = new AsyncLocalStorage<AttemptLog>();
let isPatched = false;

/** Runs `work`; what it and all that it starts prints becomes lines of `log`. */
export function withConsole<Value>(log: AttemptLog, work: () => Value): Value {
  patch();
  return logs.run(log, work);
}

/** The same for a generator: each of its steps runs inside. */
export async function* stepsWithConsole<Value>(log: AttemptLog, work: () => AsyncIterable<Value> | Iterable<Value>): AsyncGenerator<Value> {
  const iterator = withConsole(log, () => {
    const iterable = work();
    return Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]();
  });
  let isOver = false;
  try {
    for (;;) {
      const step = await withConsole(log, () => iterator.next());
      isOver = step.done === true;
      if (step.done === true) return;
      yield step.value;
    }
  } catch (error) {
    isOver = true;
    throw error;
  } finally {
    if (!isOver) await withConsole(log, () => iterator.return?.());
  }
}

function patch(): void {
  if (isPatched) return;
  isPatched = true;
  for (const [name, level] of Object.entries(METHODS) as [keyof typeof METHODS, LogLevel][]) {
    const original = console[name].bind(console);
    console[name] = (...values: unknown[]): void => {
      const log = logs.getStore();
      if (log === undefined) return original(...values);
      log(level, formatWithOptions({ colors: false }, ...values));
    };
  }
  const { dir } = console;
  console.dir = (value: unknown, options?: object): void => {
    const log = logs.getStore();
    if (log === undefined) dir.call(console, value, options);
    else log("info", inspect(value, { ...options, colors: false }));
  };
}
