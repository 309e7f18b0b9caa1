// What colours and shapes of the picture mean, with how many there are.
import type { ReactNode } from "react";
import { ChangeMark } from "../../graph/change-mark.tsx";
import { isHeat, type Lens, lensWords } from "../../graph/lens.ts";
import { CHANGES, changeLooks, type Mark } from "../../graph/marks.ts";
import { StatusMark } from "../../kit/status.tsx";

interface LegendProps {
  readonly lens: Lens;
  readonly statuses: readonly string[];
  readonly marks: ReadonlyMap<number, Mark> | null;
}

export function Legend({ lens, statuses, marks }: LegendProps): ReactNode {
  if (lens === "change") {
    const found = [...(marks?.values() ?? [])];
    return (
      <div className="graph-legend">
        {found.length === 0 ? <span className="muted">{marks === null ? "comparing" : "nothing differs"}</span> : null}
        {CHANGES.map((change) => {
          const count = found.filter((mark) => mark.change === change).length;
          return count === 0 ? null : <ChangeMark key={change} change={change} word={`${count} ${changeLooks[change].word}`} />;
        })}
      </div>
    );
  }
  if (isHeat(lens)) {
    const { name, little, much } = lensWords[lens];
    return (
      <div className="graph-legend">
        <span className="strong">{name}</span>
        <span className="muted">{little}</span>
        <span className="row" aria-hidden="true">
          {[1, 2, 3, 4, 5].map((step) => (
            <span key={step} className="heat" style={{ background: `var(--heat-${step})` }} />
          ))}
        </span>
        <span className="muted">{much}</span>
      </div>
    );
  }
  const counts = new Map<string, number>();
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1);
  return (
    <div className="graph-legend">
      {[...counts]
        .toSorted(([, a], [, b]) => b - a)
        .map(([status, count]) => (
          <StatusMark key={status} status={status} word={`${count.toLocaleString("en-US")} ${status}`} />
        ))}
    </div>
  );
}
