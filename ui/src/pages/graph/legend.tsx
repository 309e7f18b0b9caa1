// What colours and shapes of the picture mean, with how many there are.
import type { ReactNode } from "react";
import { type Lens, lensWords } from "../../graph/lens.ts";
import { StatusMark } from "../../kit/status.tsx";

export function Legend({ lens, statuses }: { readonly lens: Lens; readonly statuses: readonly string[] }): ReactNode {
  if (lens !== "status") {
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
