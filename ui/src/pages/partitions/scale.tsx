// What stands below the cells: years, months, days or hours, the finest that has room, each where it begins.
import { useMemo, type ReactNode } from "react";
import type { Axis } from "./decode.ts";

const TICK_MIN_WIDTH = 96;
/** Characters of a key that name the year, month, day, hour: `2026-11-22T04`. */
const UNITS = [4, 7, 10, 13] as const;

interface ScaleProps {
  readonly axis: Axis;
  /** Width of what stands at its left. */
  readonly labels: number;
  /** The first place in sight. */
  readonly first: number;
  readonly cellWidth: number;
  readonly width: number;
}

interface Tick {
  readonly place: number;
  readonly words: string;
}

export function Scale({ axis, labels, first, cellWidth, width }: ScaleProps): ReactNode {
  const ticks = useMemo(() => ticksOf(axis, cellWidth), [axis, cellWidth]);
  const inSight = ticks.filter(({ place }) => place >= first && place < first + width / cellWidth);
  return (
    <div className="pt-scale muted" aria-hidden="true" style={{ marginLeft: labels }}>
      {inSight.map(({ place, words }) => (
        <span key={place} style={{ left: (place - first) * cellWidth }}>
          {words}
        </span>
      ))}
    </div>
  );
}

function ticksOf({ kind, parts }: Axis, cellWidth: number): readonly Tick[] {
  const least = Math.max(1, Math.ceil(TICK_MIN_WIDTH / cellWidth));
  if (kind === "time")
    for (const length of [...UNITS].toReversed()) {
      const begins = beginsOf(parts, length);
      // Units of a part each are no units: the finest whose beginnings lie apart.
      if (begins.length > 0 && begins.length < parts.length && parts.length / begins.length >= least) return begins;
    }
  return parts.flatMap((words, place) => (place % least === 0 ? [{ place, words }] : []));
}

/** Where the year, month, day or hour changes; keys that name less have none. */
function beginsOf(parts: readonly string[], length: number): readonly Tick[] {
  const begins: Tick[] = [];
  let before = "";
  for (const [place, part] of parts.entries()) {
    if (part.length < length) return [];
    const words = part.slice(0, length);
    if (words !== before) begins.push({ place, words });
    before = words;
  }
  return begins;
}
