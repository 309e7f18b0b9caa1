// What the signs of the heat map mean, with how many there are; a click shows only the rows that have such.
import type { ReactNode } from "react";
import { Button } from "../../kit/button.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { countWords } from "../../kit/values.tsx";
import { type CellStatus, STATUSES } from "./decode.ts";

interface LegendProps {
  readonly counts: Readonly<Record<CellStatus, number>>;
  readonly only: CellStatus | undefined;
  readonly onOnly: (status: CellStatus | undefined) => void;
}

export function Legend({ counts, only, onOnly }: LegendProps): ReactNode {
  return (
    <div className="filters" role="group" aria-label="Rows with partitions that are">
      {STATUSES.map((status) => (
        <Button
          small
          key={status}
          className="pt-chip"
          aria-pressed={only === status}
          disabled={counts[status] === 0 && only !== status}
          onClick={() => onOnly(only === status ? undefined : status)}
        >
          <StatusMark status={MARKS[status]} word={status} /> <span className="muted">{countWords(counts[status])}</span>
        </Button>
      ))}
    </div>
  );
}

export const MARKS: Readonly<Record<CellStatus, string>> = {
  present: "current",
  missing: "missing",
  stale: "stale",
  failed: "failed",
  running: "running",
  quarantined: "quarantined",
};
