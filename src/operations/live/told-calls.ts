// Commands of this machine that go through the engine are acts of its data, too: who follows hears of them.
import type { CallPort } from "../../model/calls.ts";
import type { LivePort } from "../../model/live.ts";
import { acts } from "../access/acts.ts";

export function toldCalls(calls: CallPort, live: Pick<LivePort, "acted">): CallPort {
  return {
    async call(method, values, environment) {
      try {
        return await calls.call(method, values, environment);
      } finally {
        if (Object.hasOwn(acts, method)) await live.acted(method);
      }
    },
  };
}
