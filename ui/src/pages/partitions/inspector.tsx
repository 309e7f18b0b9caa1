// The chosen cell or range: how it stands and why, what made it, what can be done with it.
import type { ReactNode } from "react";
import { useRead } from "../../data/read.ts";
import { Button } from "../../kit/button.tsx";
import { Link } from "../../kit/link.tsx";
import { Panel } from "../../kit/panel.tsx";
import { RunLink } from "../../kit/run-link.tsx";
import { States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Copy, Count, countWords, Duration, Time } from "../../kit/values.tsx";
import { links } from "../../links.ts";
import { type Axis, countsOf, type GridRow, keyOf, STATUSES } from "./decode.ts";
import { MARKS } from "./legend.tsx";

interface InspectorProps {
  readonly axis: Axis;
  readonly row: GridRow;
  readonly from: number;
  readonly to: number;
  readonly onBackfill: () => void;
}

export function Inspector({ axis, row, from, to, onBackfill }: InspectorProps): ReactNode {
  const key = keyOf(row, axis, from, to);
  const runs = row.runs
    .filter((run) => run.to > from && run.from <= to)
    .map((run) => ({ ...run, from: Math.max(run.from, from), to: Math.min(run.to, to + 1) }));
  const counts = countsOf([{ ...row, runs }]);
  const all = STATUSES.reduce((sum, status) => sum + counts[status], 0);
  return (
    <Panel
      title={<span className="mono">{row.asset}</span>}
      sub={<span className="mono">{key}</span>}
      actions={
        <Button small look="primary" onClick={onBackfill} disabled={all === 0}>
          Backfill {countWords(all)}…
        </Button>
      }
      padded
    >
      <div className="stack">
        <div className="row wrap">
          {STATUSES.filter((status) => counts[status] > 0).map((status) => (
            <StatusMark key={status} status={MARKS[status]} word={from === to ? status : `${countWords(counts[status])} ${status}`} />
          ))}
        </div>
        {from === to ? <One asset={row.asset} partition={key} /> : null}
        <div className="row wrap">
          <Copy text={`millrace run --select ${row.asset} --partition '${key}'`} label="Copy as command what runs these partitions">
            Copy as command
          </Copy>
          <Copy text={key} label="Copy range of partitions">
            Copy range
          </Copy>
          <Link className="link" to={links.asset(row.asset, "partitions")}>
            Open asset
          </Link>
        </div>
      </div>
    </Panel>
  );
}

function One({ asset, partition }: { readonly asset: string; readonly partition: string }): ReactNode {
  const read = useRead("partitions.show", { asset, partition });
  return (
    <States read={read} lines={5}>
      {({ why, rows, quarantined, seconds, run, at, isCodeOfNow, last, inputs, interval }) => (
        <dl className="pairs">
          {why === null ? null : (
            <>
              <dt>Stale because</dt>
              <dd>{why}</dd>
            </>
          )}
          {last === null || last.run === run ? null : (
            <>
              <dt>Last asked</dt>
              <dd>
                <StatusMark status={last.status} /> <Time at={last.at} ago /> <RunLink run={last.run} word="run" />
                {last.error === null ? null : <div className="second">{last.error}</div>}
              </dd>
            </>
          )}
          <dt>Made</dt>
          <dd>
            {run === null ? (
              "never"
            ) : (
              <>
                <Time at={at} ago /> <RunLink run={run} word="run" />{" "}
                <span className="muted">
                  in <Duration seconds={seconds} />
                </span>
              </>
            )}
          </dd>
          <dt>Rows</dt>
          <dd>
            <Count of={rows} />
            {quarantined === null || quarantined === 0 ? null : (
              <>
                {" "}
                ·{" "}
                <Link className="link" to={links.quarantine(asset)}>
                  {countWords(quarantined)} quarantined
                </Link>
              </>
            )}
          </dd>
          {isCodeOfNow === null ? null : (
            <>
              <dt>Code</dt>
              <dd>{isCodeOfNow ? "as it is now" : "older than now"}</dd>
            </>
          )}
          {interval === null ? null : (
            <>
              <dt>Covers</dt>
              <dd>
                {interval.start.replace(":00.000Z", "Z")} to {interval.end.replace(":00.000Z", "Z")}
              </dd>
            </>
          )}
          {inputs.length === 0 ? null : (
            <>
              <dt>Reads</dt>
              <dd>
                {inputs.map((input) => (
                  <div key={input.asset}>
                    <span className="mono">{input.asset}</span> {input.changed ? <span className="tag late">changed since</span> : null}
                  </div>
                ))}
              </dd>
            </>
          )}
        </dl>
      )}
    </States>
  );
}
