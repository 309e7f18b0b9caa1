// Run: where it broke and why, the steps in time, what came in and out, what changed since it last went well; retry, run again, cancel.
import "./run.css";
import { useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { RunShowAnswer } from "../../../../src/model/answers.ts";
import { useRead } from "../../data/read.ts";
import { text, usePageSearch, whole } from "../../data/search.ts";
import { Link } from "../../kit/link.tsx";
import { Page as PageFrame } from "../../kit/page.tsx";
import { Panel } from "../../kit/panel.tsx";
import { States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Copy, Duration, Time } from "../../kit/values.tsx";
import { links } from "../../links.ts";
import { RunActs, StepActs } from "./acts.tsx";
import { Changes } from "./changes.tsx";
import { LogPanel } from "./log.tsx";
import { nodeKey, readyTimes, rootFailures, type RunNode } from "./node.ts";
import { Frame, NodeLink, Step, WHY_EVERY_MS } from "./step.tsx";
import { Timeline } from "./timeline.tsx";

const search = { step: text, attempt: whole, line: whole };
const SENTENCES_MAX = 6;
const HELD_SHOWN = 12;

export function Page(): ReactNode {
  const { run = "" } = useParams({ strict: false });
  const read = useRead("runs.show", { run }, { fresh: true });
  const status = read.data?.run.status;
  return (
    <PageFrame
      name={`Run ${run}`}
      title={
        <span className="row">
          {status === undefined ? null : <StatusMark status={status} />}
          <Copy text={run} label={`${run}, copy`}>
            <span className="mono">{run}</span>
          </Copy>
        </span>
      }
      note={read.data === undefined ? undefined : <Head run={read.data.run} />}
      actions={read.data === undefined ? undefined : <RunActs answer={read.data} />}
    >
      <States read={read} lines={8}>
        {(answer) => <Body answer={answer} />}
      </States>
    </PageFrame>
  );
}

function Head({ run }: { readonly run: RunShowAnswer["run"] }): ReactNode {
  const { asked } = run;
  return (
    <>
      {run.job === null ? null : (
        <>
          <Link className="link" to={links.runs({ job: run.job })}>
            {run.job}
          </Link>
          {" · "}
        </>
      )}
      {run.trigger}
      {asked?.by == null ? "" : ` by ${asked.by}`} · <Time at={run.startedAt} />
      {run.seconds === null ? null : (
        <>
          {" · "}
          <Duration seconds={run.seconds} />
        </>
      )}
    </>
  );
}

function Body({ answer }: { readonly answer: RunShowAnswer }): ReactNode {
  const { run, nodes } = answer;
  const [{ step, attempt }, setSearch] = usePageSearch(search);
  const roots = rootFailures(nodes);
  const chosen =
    nodes.find((node) => nodeKey(node) === step) ??
    roots[0] ??
    nodes.find(({ status }) => ["running", "retrying", "waiting"].includes(status)) ??
    nodes[0];
  const isEnded = run.status !== "running";
  return (
    <div className="stack run-body">
      {isUnclear(answer, roots.length) ? <Why run={run.run} /> : null}
      {roots.length === 0 ? null : <Cause roots={roots} nodes={nodes} run={run.run} />}
      <div className="cols">
        <div className="stack">
          <Panel
            title="Steps"
            sub={`${run.nodes.succeeded} succeeded · ${run.nodes.reused} reused · ${run.nodes.failed} failed · ${run.nodes.skipped} skipped of ${run.nodes.total}`}
          >
            <Timeline
              nodes={nodes}
              startedAt={run.startedAt}
              finishedAt={run.finishedAt}
              step={chosen === undefined ? undefined : nodeKey(chosen)}
              onStep={(next) => setSearch({ step: next, attempt: undefined, line: undefined })}
            />
          </Panel>
          <LogPanel
            key={chosen === undefined ? "" : nodeKey(chosen)}
            run={run.run}
            step={chosen === undefined ? undefined : nodeKey(chosen)}
            attempt={attempt}
            isLive={!isEnded}
          />
        </div>
        <div className="stack">
          {chosen === undefined ? null : (
            <Step
              node={chosen}
              ready={readyTimes(nodes, Date.parse(run.startedAt)).get(nodeKey(chosen))!}
              isGoing={!isEnded}
              run={run.run}
              isTold={chosen === roots[0]}
              attempt={attempt}
              onAttempt={(next) => setSearch({ attempt: next, line: undefined })}
              actions={<StepActs key={nodeKey(chosen)} run={run} node={nodeKey(chosen)} status={chosen.status} />}
            />
          )}
          {isEnded ? <Changes run={run.run} /> : null}
          <About run={run} />
        </div>
      </div>
    </div>
  );
}

/** What failed first, as the terminal shows it, and what that holds up: one frame per cause, not per red line. */
function Cause({
  roots,
  nodes,
  run,
}: {
  readonly roots: readonly RunNode[];
  readonly nodes: readonly RunNode[];
  readonly run: string;
}): ReactNode {
  const [first] = roots;
  const error = first?.error ?? null;
  const held = nodes.filter(({ status }) => status === "skipped" || status === "pending").map(nodeKey);
  return (
    <Panel
      className="cause"
      title={
        <StatusMark
          status="failed"
          word={roots.length === 1 && first !== undefined ? `${nodeKey(first)} failed first` : `${roots.length} steps failed on their own`}
        />
      }
      actions={<Copy text={`millrace why ${run}`} />}
    >
      <div className="pad stack">
        {error === null ? null : <Frame error={error} asset={first?.asset} />}
        {first === undefined ? null : <Before node={first} />}
        {roots.slice(1, 6).map((node) => (
          <div key={nodeKey(node)} className="row">
            <StatusMark status="failed" word={<span className="mono">{nodeKey(node)}</span>} />
            <span className="second cut">
              {node.error?.code} {node.error?.message}
            </span>
          </div>
        ))}
        {held.length === 0 ? null : (
          <div className="row wrap">
            <span className="second">Holds up</span>
            {held.slice(0, HELD_SHOWN).map((name) => (
              <NodeLink key={name} name={name} />
            ))}
            {held.length > HELD_SHOWN ? <span className="muted">and {held.length - HELD_SHOWN} more</span> : null}
          </div>
        )}
      </div>
    </Panel>
  );
}

/** Earlier attempts that failed otherwise: the last error is often only what came of the first. */
function Before({ node }: { readonly node: RunNode }): ReactNode {
  const seen = new Set([node.error?.message]);
  const others = node.attempts.filter(({ error }) => error !== null && !seen.has(error.message) && seen.add(error.message).size > 0);
  if (others.length === 0) return null;
  return (
    <ul className="plain">
      {others.map(({ attempt, error }) => (
        <li key={attempt} className="second">
          Try {attempt} failed with <span className="tag fail">{error?.code}</span> {error?.message}
        </li>
      ))}
    </ul>
  );
}

/** It ended badly and nothing failed, or it goes on and nothing runs: the engine says why. */
function isUnclear({ run, nodes }: RunShowAnswer, roots: number): boolean {
  if (run.status === "running") return !nodes.some(({ status }) => status === "running");
  return roots === 0 && run.status !== "succeeded";
}

function Why({ run }: { readonly run: string }): ReactNode {
  const read = useRead("runs.why", { run }, { everyMs: WHY_EVERY_MS });
  return (
    <Panel title="Why" padded>
      <States read={read}>
        {({ sentences }) => (
          <div className="stack">
            {sentences.slice(0, SENTENCES_MAX).map((sentence) => (
              <p key={sentence}>{sentence}</p>
            ))}
          </div>
        )}
      </States>
    </Panel>
  );
}

function About({ run }: { readonly run: RunShowAnswer["run"] }): ReactNode {
  const params = Object.entries(run.params);
  return (
    <Panel title="About this run" padded>
      <dl className="pairs">
        <dt>Began</dt>
        <dd>
          <Time at={run.startedAt} />
        </dd>
        {run.finishedAt === null ? null : (
          <>
            <dt>Ended</dt>
            <dd>
              <Time at={run.finishedAt} /> after <Duration seconds={run.seconds} />
            </dd>
          </>
        )}
        <dt>Asked for</dt>
        <dd>
          {run.asked === null
            ? run.trigger
            : `${run.asked.by ?? run.asked.trigger ?? run.trigger}${run.asked.why === "" ? "" : `: ${run.asked.why}`}`}
          {run.asked?.scheduledFor == null ? null : (
            <>
              {" for "}
              <Time at={run.asked.scheduledFor} />
            </>
          )}
        </dd>
        {run.fromRun === null ? null : (
          <>
            <dt>Goes on from</dt>
            <dd>
              <Link className="link mono" to={links.run(run.fromRun)}>
                {run.fromRun}
              </Link>
            </dd>
          </>
        )}
        {run.parent === null ? null : (
          <>
            <dt>Part of</dt>
            <dd>
              <Link className="link mono" to={links.run(run.parent.run, { step: run.parent.node })}>
                {run.parent.run}
              </Link>
            </dd>
          </>
        )}
        {run.paused === null ? null : (
          <>
            <dt>Paused</dt>
            <dd>
              by {run.paused.by}
              {run.paused.why === "" ? "" : `: ${run.paused.why}`}
            </dd>
          </>
        )}
        {run.canceled === null ? null : (
          <>
            <dt>Canceled</dt>
            <dd>
              {run.canceled.cause === "timeout" ? "took longer than its timeout" : `by ${run.canceled.by}`}
              {run.canceled.why === "" ? "" : `: ${run.canceled.why}`}
            </dd>
          </>
        )}
        {params.map(([name, value]) => [
          <dt key={`${name}-name`} className="mono">
            {name}
          </dt>,
          <dd key={name} className="mono">
            {value}
          </dd>,
        ])}
      </dl>
    </Panel>
  );
}
