// Home: what needs a person, worst first and by cause; how everything stands; the day in runs and what is due next.
import "./home.css";
import type { ReactNode } from "react";
import type { StatusAnswer } from "../../../../src/model/answers.ts";
import { useRead } from "../../data/read.ts";
import { Button } from "../../kit/button.tsx";
import { FramedErrors } from "../../kit/framed-errors.tsx";
import { Link, useGo } from "../../kit/link.tsx";
import { Page as PageFrame } from "../../kit/page.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Partly } from "../../kit/partly.tsx";
import { RunBars } from "../../kit/run-bars.tsx";
import { Empty, States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { toast } from "../../kit/toast.tsx";
import { Copy, Count, Duration, Time } from "../../kit/values.tsx";
import { links } from "../../links.ts";
import { Broken, Waiting } from "./needs.tsx";
import { SinceYesterday } from "./since-yesterday.tsx";

const PAST_HOURS = 24;
const AHEAD_HOURS = 6;
const LATEST = 8;
const broken = new Set(["failed", "partitions", "job", "unplanned", "stuck", "connection"]);

export function Page(): ReactNode {
  const status = useRead("status.show", { soon: true });
  const needs = status.data?.needs ?? [];
  const failing = needs.filter(({ about }) => broken.has(about.kind));
  return (
    <PageFrame
      name="Home"
      title={status.data === undefined ? "Home" : title(failing.length, needs.length, status.data.partial)}
      note={status.data?.partial === undefined ? undefined : <Partly why={status.data.partial} />}
      actions={
        status.data === undefined ? undefined : (
          <Button look="quiet" onClick={() => void share(status.data!)}>
            Copy digest
          </Button>
        )
      }
    >
      <States read={status} lines={8}>
        {(answer) => (
          <div className="stack home">
            <ProjectErrors />
            <Standing answer={answer} />
            {answer.assets.total > 0 && answer.assets.missing === answer.assets.total && failing.length === 0 ? (
              <FirstRun total={answer.assets.total} />
            ) : null}
            <div className="cols">
              <div className="stack home">
                {failing.length === 0 ? null : <Broken needs={failing} />}
                <Day />
              </div>
              <div className="stack home">
                <Waiting needs={needs.filter((need) => !failing.includes(need))} />
                <SinceYesterday />
                <Latest runs={answer.runs} />
              </div>
            </div>
          </div>
        )}
      </States>
    </PageFrame>
  );
}

function title(failing: number, needs: number, partial: StatusAnswer["partial"]): string {
  if (needs === 0)
    return partial === undefined ? "All is well" : partial === "broken" ? "The project has an error" : "Nothing known is broken";
  const rest = needs - failing;
  if (failing === 0) return rest === 1 ? "1 thing waits for you" : `${rest} things wait for you`;
  return `${failing} broken${rest === 0 ? "" : `, ${rest} more ${rest === 1 ? "thing waits" : "things wait"} for you`}`;
}

/** Files of the project that cannot be read as they stand: what was published goes on, what was changed does not. */
function ProjectErrors(): ReactNode {
  const { data } = useRead("project.show", {});
  if (data === undefined || data.errors.length === 0) return null;
  return (
    <Panel
      className="broken-files"
      title={
        <StatusMark
          status="failed"
          word={data.errors.length === 1 ? "A file of the project has an error" : `${data.errors.length} errors in the project's files`}
        />
      }
    >
      <div className="pad">
        <FramedErrors errors={data.errors} />
      </div>
    </Panel>
  );
}

function Standing({ answer }: { readonly answer: StatusAnswer }): ReactNode {
  const { total, current, stale, failed, missing } = answer.assets;
  const parts = [
    ["current", current],
    ["stale", stale],
    ["failed", failed],
    ["missing", missing],
  ] as const;
  return (
    <section className="panel standing" aria-label="Assets">
      <Link to={links.catalog()} className="standing-part">
        <span className="muted">Assets</span>
        <span className="figure">
          <Count of={total} />
        </span>
      </Link>
      {parts.map(([status, count]) => (
        <Link key={status} to={links.catalog({ status })} className="standing-part">
          {count === 0 ? <span className="muted">{status}</span> : <StatusMark status={status} />}
          <span className={count === 0 ? "figure muted" : "figure"}>
            <Count of={count} />
          </span>
        </Link>
      ))}
    </section>
  );
}

function FirstRun({ total }: { readonly total: number }): ReactNode {
  return (
    <Panel>
      <Empty title={`${total} assets are defined and none was built yet.`}>
        <Copy text="millrace run" />
        <span>carries out all of them. What it finds wrong is set aside with the reason, and shown here.</span>
      </Empty>
    </Panel>
  );
}

function Day(): ReactNode {
  const strip = useRead("runs.strip", { hours: PAST_HOURS, ahead: AHEAD_HOURS });
  const go = useGo();
  const due = strip.data?.due ?? [];
  return (
    <Panel
      title="The last day and the next 6 hours"
      sub={
        due[0] === undefined ? undefined : (
          <>
            {due.length === 1 ? "1 run is due" : `${due.length} runs are due`}, next: {due[0].job}, <Time at={due[0].at} ago />
          </>
        )
      }
      actions={
        <Link className="link" to={links.runs()}>
          All runs
        </Link>
      }
    >
      <States
        read={strip}
        isEmpty={(answer) => answer.due.length === 0 && answer.steps.every((step) => Object.keys(step).length === 0)}
        empty={<Empty>Nothing ran in the last day, and nothing is due in the next hours.</Empty>}
      >
        {(answer) => <RunBars strip={answer} aheadHours={AHEAD_HOURS} onSpan={(span) => go(links.runs(span))} />}
      </States>
    </Panel>
  );
}

function Latest({ runs }: { readonly runs: StatusAnswer["runs"] }): ReactNode {
  if (runs.length === 0) return null;
  return (
    <Panel title="Latest runs">
      <ul className="plain lines">
        {runs.slice(0, LATEST).map(({ run, job, status, startedAt, seconds }) => (
          <li key={run}>
            <Link to={links.run(run)}>
              <StatusMark status={status} />
              <span className="grow cut">{job ?? "by hand"}</span>
              <span className="muted">
                <Time at={startedAt} /> · <Duration seconds={seconds} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

async function share({ assets, needs }: StatusAnswer): Promise<void> {
  const head = `${assets.total} assets: ${assets.current} current, ${assets.stale} stale, ${assets.failed} failed, ${assets.missing} missing`;
  const lines = needs.map(({ what, why, command }) => `- ${what}: ${why} (${command})`);
  try {
    await navigator.clipboard.writeText([head, ...lines, location.href].join("\n"));
    toast("The digest is copied");
  } catch {
    toast("This browser does not let the page copy", { look: "fail" });
  }
}
