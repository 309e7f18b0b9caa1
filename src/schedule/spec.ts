// What a schedule says of itself: the keys of `schedule:` that its times follow from.

export interface ScheduleSpec {
  readonly cron?: string | undefined;
  readonly every?: string | undefined;
  readonly timezone?: string | undefined;
  readonly nonWorkingDay?: "skip" | "nextWorkingDay" | "previousWorkingDay" | undefined;
  readonly jitter?: string | undefined;
}
