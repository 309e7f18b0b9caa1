// Run time: the machine's clock, made to never go back within a run. A step back of the machine's clock (NTP, a laptop, a restored VM, another engine
// that is ahead) becomes an offset, and time goes on from where it was: no wait gets longer, nothing comes due twice.

export interface RunClock {
  /** The newest reading of the machine's clock, in ms since 1970. */
  readonly machineAt: number;
  /** What is added to it. */
  readonly offsetMs: number;
}

export const unreadClock: RunClock = { machineAt: Number.NEGATIVE_INFINITY, offsetMs: 0 };

/** Takes a reading of the machine's clock; `eventAt` is the time of the newest event of the run. */
export function readClock(clock: RunClock, machineNow: number, eventAt: number): RunClock {
  const steppedBackMs = Math.max(0, clock.machineAt - machineNow);
  const offsetMs = clock.offsetMs + steppedBackMs;
  return { machineAt: machineNow, offsetMs: Math.max(offsetMs, eventAt - machineNow) };
}

export function runTime(clock: RunClock): number {
  return clock.machineAt + clock.offsetMs;
}
