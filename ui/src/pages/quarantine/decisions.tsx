// Who decided what over an asset's records.
import type { ReactNode } from "react";
import type { QuarantineDecision } from "../../../../src/model/quarantine-answers.ts";
import { RunLink } from "../../kit/run-link.tsx";
import { Count, Time } from "../../kit/values.tsx";

const WORDS: Readonly<Record<string, string>> = { fix: "fixed", accept: "accepted", replay: "tried again", discard: "discarded" };

export function Decisions({ decisions }: { readonly decisions: readonly QuarantineDecision[] }): ReactNode {
  if (decisions.length === 0) return <p className="muted">Nobody has decided over records of this asset yet.</p>;
  return (
    <ol className="plain q-decisions">
      {decisions.map(({ decision, act, rows, by, why, at, run }) => (
        <li key={decision}>
          <div className="row wrap">
            <span className="strong">
              {by} {WORDS[act] ?? act} <Count of={rows} one="record" />
            </span>
            <span className="muted">
              <Time at={at} ago />
            </span>
            <RunLink run={run} word="run" />
          </div>
          {why === null || why === "" ? null : <div className="second">{why}</div>}
        </li>
      ))}
    </ol>
  );
}
