// Sensors: looks at the world, each at its own pace, and tells the job what is seen. Between two looks nothing is held.
//   S1. A look that fails is followed by one after a longer and longer pause; the job's stream decides which failures are told.
//   S2. A look ends after LOOK_MAX_MS; a sensor never looks twice at once.
//   S3. A sensor in SQL waits for the warehouse without failing.
import { asMillraceError, MillraceError } from "../../model/errors.ts";
import type { Clock } from "../../engine/clock.ts";
import type { JsonValue } from "../../model/answers.ts";
import type { JobDesk } from "../jobs/desk.ts";
import type { Alarm } from "./alarm.ts";
import { createAlarm } from "./alarm.ts";
import { msOf, type ServedTrigger } from "./triggers.ts";

/** What a look answers: null when the condition does not hold, else what identifies what is seen, and what a run may take from it. */
export interface Sight {
  readonly seen: string | null;
  readonly item: JsonValue;
}

export type ServedSensor = ServedTrigger<"sensor">;

export interface SensorsOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly desk: (job: string) => JobDesk | undefined;
  /** Undefined: it cannot be looked at now (another process holds the warehouse). */
  readonly look: (sensor: ServedSensor, signal: AbortSignal) => Promise<Sight | undefined>;
  readonly onProblem: (error: unknown) => void;
}

export interface Sensors {
  /** These and no others from now on. Those that are as they were keep their pace. */
  set(sensors: readonly ServedSensor[]): void;
  close(): void;
}

const LOOK_MAX_MS = 60_000;
const PAUSE_MAX_MS = 60 * 60_000;
/** Looks in flight at once. */
const LOOKS_MAX = 4;
const EVERY_DEFAULT_MS = 60_000;

interface Watched {
  readonly sensor: ServedSensor;
  failures: number;
  looking: boolean;
}

export function createSensors({ clock, signal, desk, look, onProblem }: SensorsOptions): Sensors {
  const watched = new Map<string, Watched>();
  const waiting: string[] = [];
  let looks = 0;

  const alarm: Alarm = createAlarm(clock, (key) => {
    waiting.push(key);
    next();
  });
  const next = (): void => {
    while (looks < LOOKS_MAX && !signal.aborted) {
      const key = waiting.shift();
      if (key === undefined) return;
      const each = watched.get(key);
      if (each === undefined || each.looking) continue;
      looks++;
      each.looking = true;
      void lookOnce(each).finally(() => {
        looks--;
        each.looking = false;
        if (watched.get(key) === each) alarm.set(key, clock.now() + pauseAfter(each));
        next();
      });
    }
  };
  const lookOnce = async (each: Watched): Promise<void> => {
    const { sensor } = each;
    const own = desk(sensor.job);
    if (own === undefined) return;
    const { trigger } = sensor;
    let result: Sight | undefined;
    try {
      result = await withinTime((limited) => look(sensor, limited), { clock, signal });
    } catch (thrown) {
      if (signal.aborted) return;
      each.failures++;
      const { code, message } = sensorError(thrown);
      await own.tell({ type: "sensed", trigger, result: { error: { code, message }, failures: each.failures } }).catch(onProblem);
      return;
    }
    if (result === undefined) return;
    each.failures = 0;
    await own.tell({ type: "sensed", trigger, result }).catch(onProblem);
  };

  return {
    set(sensors) {
      const keys = new Set<string>();
      for (const sensor of sensors) {
        const key = `${sensor.job}/${sensor.trigger}`;
        keys.add(key);
        if (watched.get(key)?.sensor.hash === sensor.hash) continue;
        watched.set(key, { sensor, failures: 0, looking: false });
        alarm.set(key, clock.now());
      }
      for (const key of watched.keys()) {
        if (keys.has(key)) continue;
        watched.delete(key);
        alarm.set(key, null);
      }
    },
    close() {
      watched.clear();
      alarm.close();
    },
  };
}

/** S1: doubled with each failure in a row, up to an hour or the sensor's own pace. */
export function pauseAfter({ sensor, failures }: Pick<Watched, "sensor" | "failures">): number {
  const every = msOf(sensor.options.every, EVERY_DEFAULT_MS);
  if (failures === 0) return every;
  return Math.min(every * 2 ** Math.min(failures, 20), Math.max(every, PAUSE_MAX_MS));
}

function sensorError(thrown: unknown): MillraceError {
  const error = asMillraceError(thrown, "MR8104");
  return error.code === "MR9001" ? new MillraceError({ code: "MR8104", message: error.message, cause: thrown }) : error;
}

/** S2. */
async function withinTime<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
  { clock, signal }: Pick<SensorsOptions, "clock" | "signal">,
): Promise<Result> {
  const limit = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    limit.signal.addEventListener("abort", () => reject(limit.signal.reason as Error), { once: true });
  });
  const onAbort = (): void => limit.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const cancel = clock.after(LOOK_MAX_MS, () =>
    limit.abort(new MillraceError({ code: "MR8104", message: `the look took longer than ${LOOK_MAX_MS / 1_000} s` })),
  );
  try {
    return await Promise.race([work(limit.signal), aborted]);
  } finally {
    cancel();
    signal.removeEventListener("abort", onAbort);
  }
}
