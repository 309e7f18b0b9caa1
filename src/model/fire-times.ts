// The port between schedules and the machine that decides with them: pure functions of times.

/** The times of a schedule. Nominal times are milliseconds since 1970; each is a run's identity (T1). */
export interface FireTimes {
  /** The first nominal time after `after`; null when there is none. */
  next(after: number): number | null;
  /** The last nominal time before `before`; null when there is none. */
  previous(before: number): number | null;
  /** Jitter: how much later than its nominal time it fires; less than the time to the next one. */
  delayMs(nominal: number): number;
}
