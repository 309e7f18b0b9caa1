// One trigger: how its times went as a strip, the next ones in the project's zone and the reader's, what it skipped and why; pause with an end, resume, run now.
import { useState, type ReactNode } from "react";
import type { TriggerAnswer, TriggerHistoryRow } from "../../../../src/model/trigger-answers.ts";
import { useAct } from "../../data/act.ts";
import { useRead } from "../../data/read.ts";
import { Button } from "../../kit/button.tsx";
import { type Column, DataTable } from "../../kit/data-table.tsx";
import { Panel } from "../../kit/panel.tsx";
import { RunLink } from "../../kit/run-link.tsx";
import { Empty, Failure, States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Copy, Count, Time } from "../../kit/values.tsx";
import { PauseDialog } from "./pause-dialog.tsx";
import type { Row } from "./row.ts";
import { RunDialog } from "./run-dialog.tsx";
import { Sensor } from "./sensor.tsx";
import { Strip } from "./strip.tsx";

const HISTORY = 200;

const MARKS: Readonly<Record<TriggerHistoryRow["what"], string>> = {
  fired: "succeeded",
  submitted: "succeeded",
  queued: "waiting",
  noted: "waiting",
  skipped: "skipped",
  dropped: "skipped",
  failed: "failed",
  paused: "paused",
  resumed: "ok",
  sensor: "ok",
  defined: "skipped",
};

const COLUMNS: readonly Column<TriggerHistoryRow>[] = [
  { id: "at", head: "At", by: ({ at }) => at, cell: ({ at }) => <Time at={at} /> },
  {
    id: "what",
    head: "What",
    by: ({ what }) => what,
    cell: ({ what, count }) => <StatusMark status={MARKS[what]} word={count > 1 ? `${what} ${count}×` : what} />,
  },
  { id: "trigger", head: "Trigger", wide: true, cell: ({ trigger }) => <span className="mono">{trigger ?? "–"}</span> },
  { id: "why", head: "Why", grows: true, cell: ({ why, reason }) => <span title={why}>{why === "" ? (reason ?? "") : why}</span> },
  {
    id: "run",
    head: "Run",
    cell: ({ run }) => <RunLink run={run} />,
  },
];

interface TriggerProps {
  readonly row: Row;
  readonly timezone: string;
  readonly now: number;
  readonly onClose: () => void;
}

export function Trigger({ row, timezone, now, onClose }: TriggerProps): ReactNode {
  const { job, trigger } = row;
  const [asked, setAsked] = useState<"pause" | "run" | null>(null);
  const history = useRead("triggers.history", { job: job.job, limit: HISTORY });
  const resume = useAct("triggers.resume");
  const paused = trigger?.paused ?? job.paused;
  const own = (history.data?.history ?? []).filter((each) => trigger === null || each.trigger === trigger.trigger || each.trigger === null);
  return (
    <Panel
      title={
        <>
          {job.job}
          {trigger === null ? null : <span className="mono muted"> {trigger.trigger}</span>}
        </>
      }
      sub={job.description ?? undefined}
      actions={
        <>
          {paused === null ? (
            <Button small disabled={trigger === null} onClick={() => setAsked("pause")}>
              Pause…
            </Button>
          ) : (
            <Button
              small
              look="primary"
              busy={resume.isPending}
              onClick={() =>
                void resume
                  .run({ job: job.job, ...(paused.of === "job" || trigger === null ? {} : { trigger: trigger.trigger }) })
                  .catch(() => {})
              }
            >
              Resume
            </Button>
          )}
          <Button small onClick={() => setAsked("run")}>
            Run now…
          </Button>
          <Button small look="quiet" aria-label={`Close ${job.job}`} onClick={onClose}>
            Close
          </Button>
        </>
      }
      padded
    >
      <div className="stack">
        {paused === null ? null : (
          <p className="row wrap">
            <StatusMark status="paused" word={paused.of === "job" ? "the whole job is paused" : "paused"} />
            <span>
              by {paused.by},{" "}
              {paused.until === null ? (
                "until someone resumes it"
              ) : (
                <>
                  until <Time at={paused.until} />
                </>
              )}
              {paused.why === "" ? "" : `: ${paused.why}`}
            </span>
          </p>
        )}
        {job.unplanned === null ? null : (
          <p className="row wrap">
            <StatusMark status="failed" word={job.unplanned.code} /> {job.unplanned.why} <Time at={job.unplanned.at} ago />
          </p>
        )}
        {resume.error === null ? null : <Failure error={resume.error} />}
        <Strip history={own} next={trigger?.next ?? []} now={now} />
        <div className="au-cols">
          <section aria-label="Next times">
            <h3>Next</h3>
            {trigger === null || trigger.next.length === 0 ? (
              <p className="muted">{trigger?.kind === "schedule" ? "None while it is paused or disabled." : "When it happens."}</p>
            ) : (
              <table className="au-next">
                <thead>
                  <tr>
                    <th>{timezone}</th>
                    <th>Here</th>
                  </tr>
                </thead>
                <tbody>
                  {trigger.next.map((at, index) => (
                    <tr key={at}>
                      <td>{trigger.nextLocal[index]}</td>
                      <td>
                        <Time at={at} />{" "}
                        <span className="muted">
                          <Time at={at} ago />
                        </span>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
            {trigger?.warnings.map((warning) => (
              <p key={warning} className="row">
                <StatusMark status="warning" word={warning} />
              </p>
            ))}
          </section>
          <section aria-label="About it">
            <h3>About</h3>
            <dl className="pairs">
              <dt>When</dt>
              <dd>{trigger?.words ?? "by hand"}</dd>
              <dt>Builds</dt>
              <dd>{job.select === "" ? "no assets: it has tasks alone" : <span className="mono">{job.select ?? "everything"}</span>}</dd>
              <dt>Fired</dt>
              <dd>
                <Count of={trigger?.fired ?? 0} /> · skipped <Count of={trigger?.skipped ?? 0} />
                {trigger?.lastSkipped == null ? null : (
                  <div className="second">
                    last skipped <Time at={trigger.lastSkipped.at} ago />: {trigger.lastSkipped.why}
                  </div>
                )}
              </dd>
              <dt>Places</dt>
              <dd>
                {job.active.length} of {job.concurrency.max} taken
                {job.queued.length === 0 ? "" : `, ${job.queued.length} waiting`}; when busy: {job.concurrency.whenBusy}
              </dd>
              <dt>Owner</dt>
              <dd>{job.owner ?? <span className="muted">nobody</span>}</dd>
              <dt>Defined in</dt>
              <dd>
                <Copy text={job.file} />
                {trigger === null ? null : (
                  <Copy text={codeOf(trigger)} label={`Copy as code: ${trigger.trigger}`}>
                    Copy as code
                  </Copy>
                )}
              </dd>
            </dl>
          </section>
        </div>
        {trigger?.kind === "sensor" ? <Sensor trigger={trigger} /> : null}
        <h3>What it did</h3>
        <States read={history} isEmpty={() => own.length === 0} firstUse={<Empty title="It has not done anything yet." />}>
          {() => (
            <DataTable
              label={`What the triggers of ${job.job} did`}
              sortName="history"
              rows={own.slice(0, 100)}
              columns={COLUMNS}
              rowKey={({ at, what, run, trigger: key }) => `${at} ${what} ${run ?? ""} ${key ?? ""}`}
            />
          )}
        </States>
      </div>
      {asked === "pause" && trigger !== null ? (
        <PauseDialog job={job.job} trigger={trigger} others={job.triggers - 1} now={now} onClose={() => setAsked(null)} />
      ) : null}
      {asked === "run" ? <RunDialog job={job} onClose={() => setAsked(null)} /> : null}
    </Panel>
  );
}

/** As it may stand below `triggers:` of the job's file. */
function codeOf({ kind, spec }: TriggerAnswer): string {
  return `  - ${kind}: ${JSON.stringify(spec)}\n`;
}
