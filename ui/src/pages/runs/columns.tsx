// A run in a list: how it stands, what broke, how long it took beside what its job usually takes.
import type { ReactNode } from "react";
import type { RunAnswer } from "../../../../src/model/answers.ts";
import { useNow } from "../../data/now.ts";
import type { Column } from "../../kit/data-table.tsx";
import { Link } from "../../kit/link.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Count, Duration, spanWords, Time } from "../../kit/values.tsx";
import { links } from "../../links.ts";

const SECOND_MS = 1_000;
const SLOW_FACTOR = 2;
const SLOW_FROM_SECONDS = 2;
const USUAL_FROM_RUNS = 3;

interface ColumnsWish {
  /** Begun behind this moment, while someone looks: ISO 8601. */
  readonly newer: string;
  readonly hasRows: boolean;
}

const ROWS: Column<RunAnswer> = {
  id: "rows",
  head: "Rows",
  wide: true,
  align: "right",
  cell: ({ rows }) => <Count of={rows.loaded} />,
  by: ({ rows }) => rows.loaded,
};

function usualColumn(usual: ReadonlyMap<string, number>): Column<RunAnswer> {
  return {
    id: "usual",
    head: "Usually",
    align: "right",
    wide: true,
    cell: ({ job }) => (
      <span className="muted">
        <Duration seconds={usual.get(job ?? "") ?? null} />
      </span>
    ),
  };
}

export function columnsOf(usual: ReadonlyMap<string, number>, { newer, hasRows }: ColumnsWish): readonly Column<RunAnswer>[] {
  return [
    { id: "status", head: "Status", cell: ({ status }) => <StatusMark status={status} />, by: ({ status }) => status, width: "110px" },
    {
      id: "job",
      head: "Job",
      cell: ({ run, job, startedAt }) => (
        <span className="row">
          <Link to={links.run(run)} tabIndex={-1}>
            {job ?? <span className="muted">by hand</span>}
          </Link>
          {startedAt > newer ? <span className="tag run">new</span> : null}
        </span>
      ),
      by: ({ job }) => job,
    },
    { id: "run", head: "Run", wide: true, cell: ({ run }) => <span className="mono muted">{run}</span> },
    {
      id: "error",
      head: "What broke",
      grows: true,
      cell: ({ error }) => <ErrorWords error={error} />,
      by: ({ error }) => error?.code ?? null,
    },
    { id: "trigger", head: "Trigger", cell: ({ trigger }) => trigger, by: ({ trigger }) => trigger, wide: true },
    { id: "began", head: "Began", cell: ({ startedAt }) => <Time at={startedAt} />, by: ({ startedAt }) => startedAt },
    {
      id: "took",
      head: "Took",
      align: "right",
      cell: (run) => <Took run={run} usual={usual.get(run.job ?? "")} />,
      by: ({ seconds }) => seconds,
    },
    ...(usual.size === 0 ? [] : [usualColumn(usual)]),
    ...(hasRows ? [ROWS] : []),
    {
      id: "steps",
      head: "Steps",
      wide: true,
      align: "right",
      cell: ({ nodes }) => <Steps nodes={nodes} />,
      by: ({ nodes }) => nodes.total,
    },
  ];
}

export function ErrorWords({ error }: { readonly error: RunAnswer["error"] }): ReactNode {
  if (error === null) return null;
  return (
    <span title={error.message}>
      <span className="tag fail">{error.code}</span> {error.node === null ? null : <span className="mono">{error.node} </span>}
      <span className="second">{error.message}</span>
    </span>
  );
}

function Steps({ nodes }: { readonly nodes: RunAnswer["nodes"] }): ReactNode {
  const done = nodes.succeeded + nodes.reused;
  return (
    <span title={`${nodes.succeeded} succeeded, ${nodes.reused} reused, ${nodes.failed} failed, ${nodes.skipped} skipped`}>
      <Count of={done} /> of <Count of={nodes.total} />
    </span>
  );
}

/** Marked where it took far longer than usual. */
function Took({ run, usual }: { readonly run: RunAnswer; readonly usual: number | undefined }): ReactNode {
  if (run.seconds === null) return <SoFar startedAt={run.startedAt} />;
  const isSlow = usual !== undefined && run.seconds > Math.max(SLOW_FROM_SECONDS, SLOW_FACTOR * usual);
  return (
    <>
      {isSlow ? <span className="tag warn">{Math.round(run.seconds / usual)}× usual</span> : null} <Duration seconds={run.seconds} />
    </>
  );
}

function SoFar({ startedAt }: { readonly startedAt: string }): ReactNode {
  const now = useNow(SECOND_MS);
  return <span className="muted">{spanWords(Math.max(0, now - Date.parse(startedAt)) / SECOND_MS)} so far</span>;
}

/** The median of those shown, per job with at least three that went well. */
export function usualSeconds(runs: readonly RunAnswer[]): ReadonlyMap<string, number> {
  const took = new Map<string, number[]>();
  for (const { job, status, seconds } of runs)
    if (job !== null && status === "succeeded" && seconds !== null) took.set(job, [...(took.get(job) ?? []), seconds]);
  return new Map(
    [...took]
      .filter(([, each]) => each.length >= USUAL_FROM_RUNS)
      .map(([job, each]) => [job, each.toSorted((one, other) => one - other)[Math.floor(each.length / 2)]!]),
  );
}
