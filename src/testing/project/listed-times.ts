// Fire times that are worked out once, one after the other: the machine of a job asks for the same ones many times, and a year holds thousands.
import type { FireTimes } from "../../model/fire-times.ts";

/** The same times; those from `start` on are kept. */
export function listTimes(times: FireTimes, start: number): FireTimes {
  const list: number[] = [];
  /** All times in [start, listedTo] are in the list. */
  let listedTo = start - 1;

  const extend = (to: number): void => {
    while (listedTo < to) {
      const next = times.next(listedTo);
      if (next === null) {
        listedTo = Number.POSITIVE_INFINITY;
        return;
      }
      list.push(next);
      listedTo = next;
    }
  };
  /** Index of the first one at `time` or later. */
  const indexFrom = (time: number): number => {
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle]! >= time) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  return {
    next(after) {
      if (after < start - 1) return times.next(after);
      extend(after);
      const first = indexFrom(after);
      const index = list[first] === after ? first + 1 : first;
      if (index < list.length) return list[index]!;
      if (listedTo !== Number.POSITIVE_INFINITY) extend(listedTo + 1);
      return list[index] ?? null;
    },
    previous(before) {
      if (before <= start) return times.previous(before);
      extend(before);
      const index = indexFrom(before) - 1;
      return index >= 0 ? list[index]! : times.previous(before);
    },
    delayMs: (nominal) => times.delayMs(nominal),
  };
}
