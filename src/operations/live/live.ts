// The live port of `serve`: the feed begins when somebody first follows or reads; an engine that nobody looks at does nothing for it.
import type { Clock } from "../../engine/clock.ts";
import type { JsonValue } from "../../model/json.ts";
import type { LivePort } from "../../model/live.ts";
import type { Hub, HubOptions } from "./hub.ts";

export interface Live extends LivePort {
  changed(topic: "project" | "data", what: JsonValue): void;
  close(): void;
}

export interface LiveOptions extends Omit<HubOptions, "tails"> {
  readonly clock: Clock;
  /** Of the logs. */
  readonly logsDir: () => string;
}

export function createLive({ logsDir, ...options }: LiveOptions): Live {
  let hub: Hub | undefined;
  let opening: Promise<Hub> | undefined;
  let isClosed = false;
  const open = async (): Promise<Hub> => {
    const [{ createHub }, { createLogTails }] = await Promise.all([import("./hub.ts"), import("./log-tails.ts")]);
    hub = await createHub({ ...options, tails: createLogTails(logsDir(), options.onProblem) });
    if (isClosed) hub.close();
    return hub;
  };
  const opened = (): Promise<Hub> =>
    (opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    }));
  return {
    version: options.version,
    open: async (wish, take) => (await opened()).open(wish, take),
    settled: () => (hub === undefined ? opened().then((each) => each.settled()) : hub.settled()),
    place: () => hub?.place() ?? null,
    versionOf: (topic) => hub?.versionOf(topic) ?? 0,
    answered: () => hub?.answered(),
    acted: async (what) => hub?.acted(what),
    changed: (topic, what) => hub?.changed(topic, what),
    close() {
      isClosed = true;
      hub?.close();
    },
  };
}
