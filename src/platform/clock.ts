// What time it is for users' TypeScript in a unit test that says `now:`.
//   K1. Only inside `atMoment`, also in what is started there: beside it, and in a test that runs at once, `Date` tells the machine's time.
//   K2. Timers, `performance.now()` and `Temporal` always tell the machine's.
import { AsyncLocalStorage } from "node:async_hooks";

const moments = new AsyncLocalStorage<number>();
let isPatched = false;

/** Runs `work`; in it `Date.now()` and `new Date()` are that moment. */
export function atMoment<Value>(moment: Date, work: () => Value): Value {
  patch();
  return moments.run(moment.getTime(), work);
}

function patch(): void {
  if (isPatched) return;
  isPatched = true;
  const Machine = globalThis.Date;
  const now = (): number => moments.getStore() ?? Machine.now();
  const Told = new Proxy(Machine, {
    construct: (target, given: unknown[], made) => Reflect.construct(target, given.length === 0 ? [now()] : given, made) as Date,
    apply: () => new Machine(now()).toString(),
    get: (target, key, self) => (key === "now" ? now : (Reflect.get(target, key, self) as unknown)),
  });
  // A date knows one class, whoever made it.
  Object.defineProperty(Machine.prototype, "constructor", { value: Told, writable: true, configurable: true, enumerable: false });
  globalThis.Date = Told;
}
