// One check: what it found, how it went, the rows that broke it, where it is written.
import type { ReactNode } from "react";
import type { QualityCheckAnswer } from "../../../../src/model/quality-answers.ts";
import { Button } from "../../kit/button.tsx";
import { Link } from "../../kit/link.tsx";
import { Panel } from "../../kit/panel.tsx";
import { RunLink } from "../../kit/run-link.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Copy, Count, Time } from "../../kit/values.tsx";
import { links } from "../../links.ts";

const RESULTS_SHOWN = 12;

export function Check({ check, onClose }: { readonly check: QualityCheckAnswer; readonly onClose: () => void }): ReactNode {
  const { asset, check: name, status, failing, since, run, at, history, sample, file, line, columns, flips, onFail } = check;
  return (
    <Panel
      title={<span className="mono">{name}</span>}
      sub={<span className="mono">{asset}</span>}
      actions={
        <Button small look="quiet" aria-label={`Close ${name}`} onClick={onClose}>
          Close
        </Button>
      }
      padded
    >
      <div className="ql-check">
        <dl className="pairs">
          <dt>Status</dt>
          <dd>
            <StatusMark status={status ?? "unknown"} word={status ?? "never run"} />
            {since === null ? null : (
              <span className="second">
                {" "}
                since <Time at={since} />
              </span>
            )}
          </dd>
          <dt>Looked</dt>
          <dd>
            <Time at={at} ago /> <RunLink run={run} word="run" />
          </dd>
          <dt>Failing</dt>
          <dd>
            <Count of={failing} one="row" />
            {onFail === "quarantine" && (failing ?? 0) > 0 ? (
              <>
                {" "}
                ·{" "}
                <Link className="link" to={links.quarantine(asset, { rule: name })}>
                  in quarantine
                </Link>
              </>
            ) : null}
          </dd>
          {columns.length === 0 ? null : (
            <>
              <dt>Columns</dt>
              <dd className="mono">{columns.join(", ")}</dd>
            </>
          )}
          {flips === 0 ? null : (
            <>
              <dt>Changed</dt>
              <dd>
                {flips} {flips === 1 ? "time" : "times"} between passing and not, in {history.length} results
              </dd>
            </>
          )}
          {file === null ? null : (
            <>
              <dt>Written in</dt>
              <dd>
                <Copy text={line === null ? file : `${file}:${line}`} />
              </dd>
            </>
          )}
        </dl>
        <div className="table-box">
          <table>
            <caption className="unseen">Last results</caption>
            <thead>
              <tr>
                <th>Result</th>
                <th>At</th>
                <th className="num">Rows</th>
                <th>Run</th>
              </tr>
            </thead>
            <tbody>
              {history
                .slice(-RESULTS_SHOWN)
                .toReversed()
                .map((result) => (
                  <tr key={`${result.at} ${result.run}`}>
                    <td>
                      <StatusMark status={result.status} />
                    </td>
                    <td>
                      <Time at={result.at} />
                    </td>
                    <td className="num">
                      <Count of={result.failing} />
                    </td>
                    <td>
                      <RunLink run={result.run} />
                    </td>
                  </tr>
                ))}
            </tbody>
          </table>
        </div>
      </div>
      <Sample sample={sample} />
    </Panel>
  );
}

function Sample({ sample }: Pick<QualityCheckAnswer, "sample">): ReactNode {
  const names = [...new Set(sample.flatMap((row) => Object.keys(row)))];
  if (names.length === 0) return null;
  return (
    <>
      <h3 className="ql-head">Some of the rows</h3>
      <div className="table-box">
        <table>
          <thead>
            <tr>
              {names.map((name) => (
                <th key={name}>{name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sample.map((row) => (
              <tr key={JSON.stringify(row)}>
                {names.map((name) => (
                  <td key={name} className="mono">
                    {shown(row[name])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function shown(value: unknown): ReactNode {
  if (value === null || value === undefined) return <i className="muted">no value</i>;
  return typeof value === "string" ? value : JSON.stringify(value);
}
