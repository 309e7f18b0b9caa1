// One backfill: how far it is and when it may end, every partition as a cell, failures by their cause; pause, resume, another number at once, retry, cancel.
import { useState, type ReactNode } from "react";
import type { BackfillAnswer, BackfillShowAnswer } from "../../../../src/model/backfill-answers.ts";
import { useAct } from "../../data/act.ts";
import { useNow } from "../../data/now.ts";
import { useRead } from "../../data/read.ts";
import { Button } from "../../kit/button.tsx";
import { Confirm } from "../../kit/confirm.tsx";
import { Link, useGo } from "../../kit/link.tsx";
import { Page } from "../../kit/page.tsx";
import { Panel } from "../../kit/panel.tsx";
import { RunLink } from "../../kit/run-link.tsx";
import { Failure, States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { toast } from "../../kit/toast.tsx";
import { countWords, spanWords, Time } from "../../kit/values.tsx";
import { links } from "../../links.ts";
import { Matrix } from "./matrix.tsx";
import { Progress } from "./progress.tsx";

const AGAIN_MS = 1_500;
const JOBS_MAX = 1_000;

export function One({ backfill: id }: { readonly backfill: string }): ReactNode {
  const read = useRead("backfills.show", { backfill: id }, { everyMs: AGAIN_MS });
  const { data } = read;
  return (
    <Page
      name={`Backfill ${id}`}
      title={
        <>
          <Link to={links.backfills()} className="link">
            Backfills
          </Link>{" "}
          <span className="muted">/</span> <span className="mono">{id}</span>
        </>
      }
      note={data === undefined ? undefined : <span className="mono">{data.backfill.asset}</span>}
      actions={data === undefined ? undefined : <Acts backfill={data.backfill} />}
    >
      <States read={read} lines={8}>
        {(answer) => (
          <div className="bf-parts">
            <Standing answer={answer} />
            <Failures answer={answer} />
            <Panel title="Partitions" sub={`${countWords(answer.nodes.length)} steps; arrows go from one to the next`}>
              <Matrix nodes={answer.nodes} run={answer.backfill.backfill} />
            </Panel>
          </div>
        )}
      </States>
    </Page>
  );
}

function Standing({ answer }: { readonly answer: BackfillShowAnswer }): ReactNode {
  const { backfill } = answer;
  const now = useNow(backfill.finishedAt === null ? AGAIN_MS : null);
  const { status, nodes, jobs, startedAt, finishedAt, paused } = backfill;
  const left = nodes.pending + nodes.running;
  const built = answer.nodes.filter((node) => node.status === "succeeded" && node.seconds > 0);
  const each = built.length === 0 ? null : built.reduce((sum, node) => sum + node.seconds, 0) / built.length;
  // Measured from the beginning: waiting and pauses count.
  const tookSeconds = ((finishedAt === null ? now : Date.parse(finishedAt)) - Date.parse(startedAt)) / 1_000;
  const rate = built.length === 0 || tookSeconds <= 0 ? null : built.length / tookSeconds;
  const eta = status === "running" && each !== null ? (each * left) / Math.max(1, Math.min(jobs, left)) : null;
  return (
    <Panel padded>
      <dl className="bf-kpi">
        <div>
          <dt>Status</dt>
          <dd>
            <StatusMark status={status} />
            {paused === null ? null : (
              <div className="second">
                by {paused.by}
                {paused.why === "" ? "" : `: ${paused.why}`}
              </div>
            )}
          </dd>
        </div>
        <div className="bf-wide">
          <dt>Built</dt>
          <dd>
            <Progress nodes={nodes} />
          </dd>
        </div>
        <div>
          <dt>Waiting</dt>
          <dd>
            {countWords(left)} <span className="muted">· {countWords(nodes.running)} now</span>
          </dd>
        </div>
        <div>
          <dt>{finishedAt === null ? "Ends in about" : "Took"}</dt>
          <dd>
            {finishedAt === null ? (
              eta === null ? (
                <span className="muted">{status === "paused" ? "after the pause" : "not known yet"}</span>
              ) : (
                spanWords(eta)
              )
            ) : (
              spanWords((Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000)
            )}
          </dd>
        </div>
        <div>
          <dt>Each takes</dt>
          <dd>{each === null ? <span className="muted">–</span> : `${spanWords(each)} · ${jobs} at once`}</dd>
        </div>
        <div>
          <dt>Throughput</dt>
          <dd>{rate === null ? <span className="muted">–</span> : rateWords(rate)}</dd>
        </div>
        <div>
          <dt>Started</dt>
          <dd>
            <Time at={startedAt} /> <RunLink run={backfill.backfill} word="run" />
          </dd>
        </div>
      </dl>
    </Panel>
  );
}

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3_600;

/** "4.2 a second", "12 a minute", "3 an hour". */
function rateWords(perSecond: number): string {
  const [per, word] =
    perSecond >= 1 ? [1, "a second"] : perSecond * MINUTE_SECONDS >= 1 ? [MINUTE_SECONDS, "a minute"] : [HOUR_SECONDS, "an hour"];
  const count = perSecond * per;
  return `${count < 10 ? count.toFixed(1) : countWords(Math.round(count))} ${word}`;
}

function Failures({ answer }: { readonly answer: BackfillShowAnswer }): ReactNode {
  const groups = new Map<
    string,
    { readonly code: string; readonly message: string; readonly partitions: string[]; readonly step: string }
  >();
  for (const { error, partition, asset } of answer.nodes) {
    if (error === null) continue;
    const message = (error.message.split("\n", 1)[0] ?? "").replaceAll(/\d{4}-\d{2}-\d{2}\S*/g, "…");
    const key = `${error.code} ${message}`;
    const group = groups.get(key) ?? {
      code: error.code,
      message,
      partitions: [],
      step: partition === null ? asset : `${asset}[${partition}]`,
    };
    group.partitions.push(partition ?? asset);
    groups.set(key, group);
  }
  if (groups.size === 0) return null;
  return (
    <Panel title="Failures" sub="by cause" padded>
      <ul className="plain stack">
        {[...groups].map(([key, { code, message, partitions, step }]) => (
          <li key={key}>
            <div className="row wrap">
              <StatusMark status="failed" word={code} /> <span className="strong">{countWords(partitions.length)}×</span>{" "}
              <span>{message}</span> <RunLink run={answer.backfill.backfill} step={step} word="step and log" />
            </div>
            <div className="mono muted cut">
              {partitions.toSorted().slice(0, 8).join(", ")}
              {partitions.length > 8 ? ` and ${partitions.length - 8} more` : ""}
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Acts({ backfill }: { readonly backfill: BackfillAnswer }): ReactNode {
  const [asked, setAsked] = useState<"cancel" | "retry" | null>(null);
  const [jobs, setJobs] = useState<string | null>(null);
  const pause = useAct("backfills.pause");
  const resume = useAct("backfills.resume");
  const cancel = useAct("backfills.cancel");
  const retry = useAct("backfills.retry");
  const change = useAct("backfills.jobs");
  const go = useGo();
  const id = backfill.backfill;
  const { nodes, status } = backfill;
  const isGoing = status === "running" || status === "paused";
  const again = nodes.failed + nodes.skipped + nodes.canceled;
  const left = nodes.pending + nodes.running;
  const error = pause.error ?? resume.error ?? change.error;
  const setConcurrency = (): void => {
    const wanted = Number(jobs);
    setJobs(null);
    if (Number.isInteger(wanted) && wanted >= 1 && wanted <= JOBS_MAX && wanted !== backfill.jobs)
      void change
        .run({ backfill: id, jobs: wanted })
        .then(() => toast(`${wanted} at once`))
        .catch(() => {});
  };
  return (
    <>
      {isGoing ? (
        <form
          className="row"
          onSubmit={(event) => {
            event.preventDefault();
            setConcurrency();
          }}
        >
          <label className="row">
            <span className="muted">at once</span>
            <input
              className="input bf-jobs"
              type="number"
              min={1}
              max={JOBS_MAX}
              value={jobs ?? String(backfill.jobs)}
              onChange={(event) => setJobs(event.target.value)}
              onBlur={setConcurrency}
            />
          </label>
        </form>
      ) : null}
      {status === "running" ? (
        <Button busy={pause.isPending} onClick={() => void pause.run({ backfill: id }).catch(() => {})}>
          Pause
        </Button>
      ) : null}
      {status === "paused" ? (
        <Button look="primary" busy={resume.isPending} onClick={() => void resume.run({ backfill: id }).catch(() => {})}>
          Resume
        </Button>
      ) : null}
      {isGoing ? (
        <Button look="danger" onClick={() => setAsked("cancel")}>
          Cancel
        </Button>
      ) : null}
      {!isGoing && again > 0 ? (
        <Button look="primary" onClick={() => setAsked("retry")}>
          Retry {countWords(again)}
        </Button>
      ) : null}
      {error === null ? null : <Failure error={error} />}
      <Confirm
        open={asked === "cancel"}
        title="Cancel the backfill"
        act={`Cancel ${countWords(left)}`}
        reason="wanted"
        busy={cancel.isPending}
        error={cancel.error}
        onClose={() => setAsked(null)}
        onConfirm={(why) =>
          void cancel
            .run({ backfill: id, ...(why === "" ? {} : { why }) })
            .then(() => setAsked(null))
            .catch(() => {})
        }
      >
        {countWords(left)} of {countWords(nodes.total)} are not built; {countWords(nodes.running)} that run now are stopped. What was built
        stays.
      </Confirm>
      <Confirm
        open={asked === "retry"}
        title="Retry what did not succeed"
        act={`Build ${countWords(again)}`}
        busy={retry.isPending}
        error={retry.error}
        onClose={() => setAsked(null)}
        onConfirm={() =>
          void retry
            .run({ backfill: id })
            .then((answer) => {
              setAsked(null);
              const { run } = answer as { readonly run?: string | null };
              if (typeof run === "string") go(links.backfill(run));
            })
            .catch(() => {})
        }
      >
        A new backfill builds the {countWords(again)} that failed, were skipped or canceled, with the code that is there now.
      </Confirm>
    </>
  );
}
