// One step of a run: how it went, what came in and out, its attempts, its checks, and its error as the terminal shows it.
import type { ReactNode } from "react";
import type { ErrorRecord } from "../../../../src/model/errors.ts";
import { useNow } from "../../data/now.ts";
import { useRead } from "../../data/read.ts";
import { CodeFrame } from "../../kit/code-frame.tsx";
import { Link } from "../../kit/link.tsx";
import { Panel } from "../../kit/panel.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Copy, Count, Duration, Time } from "../../kit/values.tsx";
import { links } from "../../links.ts";
import { nodeKey, type RunNode, timesOf } from "./node.ts";

const SECOND_MS = 1_000;
const AROUND_LINES = 3;
/** What holds a step back changes with time: a connection is tried again, a place becomes free. */
export const WHY_EVERY_MS = 5_000;

interface StepProps {
  readonly node: RunNode;
  /** When it could have begun, in milliseconds since 1970. */
  readonly ready: number;
  readonly run: string;
  readonly isGoing: boolean;
  readonly attempt: number | undefined;
  /** Its last error stands above already. */
  readonly isTold: boolean;
  readonly onAttempt: (attempt: number) => void;
  readonly actions: ReactNode;
}

export function Step({ node, ready, run, isGoing, attempt, isTold, onAttempt, actions }: StepProps): ReactNode {
  const { asset, attempts, rows, checks, needs, waitsFor, output } = node;
  const shown = attempts.find((each) => each.attempt === attempt) ?? attempts.at(-1);
  const error = shown?.error ?? node.error;
  return (
    <Panel
      title={<span className="mono">{nodeKey(node)}</span>}
      actions={
        <>
          {asset === undefined ? null : (
            <Link className="link" to={links.asset(asset)}>
              Open asset
            </Link>
          )}
          {actions}
        </>
      }
    >
      <div className="pad stack">
        <dl className="pairs">
          <dt>State</dt>
          <dd>
            <StatusMark status={node.status} />
            {node.why === undefined ? null : <span className="second"> {node.why}</span>}
          </dd>
          <Took node={node} ready={ready} isGoing={isGoing} />
          <dt>Planned</dt>
          <dd className="second">{node.reason}</dd>
          {waitsFor === undefined ? null : (
            <>
              <dt>Waits for</dt>
              <dd>
                {waitsFor.why}
                {waitsFor.until === null ? null : (
                  <>
                    , until <Time at={waitsFor.until} />
                  </>
                )}
                {waitsFor.run === undefined ? null : (
                  <>
                    {" "}
                    <Link className="link" to={links.run(waitsFor.run)}>
                      its run
                    </Link>
                  </>
                )}
              </dd>
            </>
          )}
          {node.retryAt === undefined ? null : (
            <>
              <dt>Tries again</dt>
              <dd>
                <Time at={node.retryAt} />
              </dd>
            </>
          )}
          {isGoing && (node.status === "retrying" || node.status === "pending") ? <HeldBy run={run} node={nodeKey(node)} /> : null}
          {node.takenFrom === undefined ? null : (
            <>
              <dt>Taken from</dt>
              <dd>
                <Link className="link mono" to={links.run(node.takenFrom)}>
                  {node.takenFrom}
                </Link>
              </dd>
            </>
          )}
          {needs.length === 0 ? null : (
            <>
              <dt>Stands on</dt>
              <dd className="row wrap">
                {needs.map((need) => (
                  <NodeLink key={need} name={need} />
                ))}
              </dd>
            </>
          )}
          {rows === null ? null : (
            <>
              <dt>Rows</dt>
              <dd>
                <Rows rows={rows} asset={asset} />
              </dd>
            </>
          )}
          {output === undefined ? null : (
            <>
              <dt>Answered</dt>
              <dd>
                <code>{JSON.stringify(output)}</code>
              </dd>
            </>
          )}
        </dl>
        {attempts.length < 2 ? null : (
          <div className="row wrap" role="group" aria-label="Attempts">
            {attempts.map((each) => (
              <button
                key={each.attempt}
                type="button"
                className="btn small attempt"
                aria-pressed={each === shown}
                onClick={() => onAttempt(each.attempt)}
              >
                <StatusMark status={each.status} word={`Try ${each.attempt}`} />
                <span className="muted">
                  <Time at={each.startedAt} /> ·{" "}
                  <Duration
                    seconds={each.finishedAt === null ? null : (Date.parse(each.finishedAt) - Date.parse(each.startedAt)) / 1_000}
                  />
                </span>
              </button>
            ))}
          </div>
        )}
        {error === null || error === undefined || (isTold && shown === attempts.at(-1)) ? null : <Frame error={error} asset={asset} />}
        {checks.length === 0 ? null : (
          <ul className="plain checks" aria-label="Checks">
            {checks.map(({ check, status, failing }) => (
              <li key={check} className="row">
                <StatusMark status={status} word={check} />
                {failing === 0 ? null : (
                  <span className="muted">
                    <Count of={failing} one="row" />
                  </span>
                )}
              </li>
            ))}
          </ul>
        )}
        <Copy text={`millrace describe ${asset ?? nodeKey(node)}`} />
      </div>
    </Panel>
  );
}

function Took({ node, ready, isGoing }: { readonly node: RunNode; readonly ready: number; readonly isGoing: boolean }): ReactNode {
  const now = useNow(isGoing ? SECOND_MS : null);
  const times = timesOf(node, ready, now);
  if (times === null) return null;
  return (
    <>
      <dt>Took</dt>
      <dd>
        <Duration seconds={times.worked} />
        <span className="second">
          {" "}
          · waited <Duration seconds={times.queued} />
        </span>
      </dd>
    </>
  );
}

/** What keeps it from starting although its time has come, as the engine tells it: a connection that is left alone, a pool, a rate, a pause. */
function HeldBy({ run, node }: { readonly run: string; readonly node: string }): ReactNode {
  const read = useRead("runs.why", { run }, { everyMs: WHY_EVERY_MS });
  const begin = `${node} waits `;
  const held = (read.data?.sentences ?? []).filter((each) => each.startsWith(begin));
  if (held.length === 0) return null;
  return (
    <>
      <dt>Waits</dt>
      <dd className="held-by">
        {held.map((each) => (
          <div key={each}>{each.slice(begin.length)}</div>
        ))}
      </dd>
    </>
  );
}

/** Lines of the file around the place, as it stands now. */
export function Frame({ error, asset }: { readonly error: ErrorRecord; readonly asset: string | undefined }): ReactNode {
  const { location } = error;
  const source = useRead("assets.source", { asset: asset ?? "" }, { enabled: location !== undefined && asset !== undefined });
  const lines = location !== undefined && source.data?.file === location.file ? source.data.text?.split("\n") : undefined;
  const from = Math.max(0, (location?.line ?? 1) - 1 - AROUND_LINES);
  return (
    <CodeFrame
      error={error}
      {...(lines === undefined || location === undefined
        ? {}
        : { source: { firstLine: from + 1, lines: lines.slice(from, location.line + AROUND_LINES) } })}
    />
  );
}

export function NodeLink({ name }: { readonly name: string }): ReactNode {
  if (name.startsWith("task:")) return <code>{name}</code>;
  return (
    <Link className="link mono" to={links.asset(name.replace(/\[.*$/, ""))}>
      {name}
    </Link>
  );
}

function Rows({ rows, asset }: { readonly rows: NonNullable<RunNode["rows"]>; readonly asset: string | undefined }): ReactNode {
  return (
    <span className="row wrap">
      {rows.read === 0 ? null : (
        <span>
          <Count of={rows.read} /> read
        </span>
      )}
      <span className="strong">
        <Count of={rows.loaded} /> loaded
      </span>
      {rows.filtered === 0 ? null : (
        <span>
          <Count of={rows.filtered} /> filtered
        </span>
      )}
      {rows.quarantined === 0 ? null : asset === undefined ? (
        <StatusMark status="quarantined" word={`${rows.quarantined} quarantined`} />
      ) : (
        <Link to={links.quarantine(asset)}>
          <StatusMark status="quarantined" word={`${rows.quarantined.toLocaleString("en-US")} quarantined`} />
        </Link>
      )}
    </span>
  );
}
