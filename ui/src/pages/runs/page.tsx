// Runs: what went when and how, found by status, job, trigger, asset and time; many retried or canceled at once.
import { useEffect, useMemo, useState, type ReactNode } from "react";
import type { RunAnswer, RunStatus } from "../../../../src/model/answers.ts";
import { useNow } from "../../data/now.ts";
import { useRead } from "../../data/read.ts";
import { list, oneOf, text, usePageSearch, whole } from "../../data/search.ts";
import { appearance } from "../../data/appearance.ts";
import { useSignal } from "../../data/signal.ts";
import { Button } from "../../kit/button.tsx";
import { DataTable, type Column } from "../../kit/data-table.tsx";
import { Choice, Filters, Find } from "../../kit/filters.tsx";
import { Link, useGo } from "../../kit/link.tsx";
import { Page as PageFrame } from "../../kit/page.tsx";
import { Panel } from "../../kit/panel.tsx";
import { RunBars } from "../../kit/run-bars.tsx";
import { Empty, NoMatch, States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Copy, Count, Duration, shortMoment, spanWords, Time } from "../../kit/values.tsx";
import { links } from "../../links.ts";
import { Compare } from "./compare.tsx";
import { Groups, groupings } from "./groups.tsx";
import { ManyActs } from "./many.tsx";
import { useOlder } from "./older.ts";

const statuses = ["running", "succeeded", "failed", "partial", "canceled", "skipped"] as const satisfies readonly RunStatus[];
const periods = ["1h", "24h", "7d"] as const;
const periodMs = { "1h": 3_600_000, "24h": 86_400_000, "7d": 7 * 86_400_000 };
const search = {
  status: oneOf(statuses),
  job: text,
  trigger: text,
  asset: text,
  period: oneOf(periods),
  from: whole,
  until: whole,
  group: oneOf(groupings),
  compare: list,
  sort: text,
};
const NONE: readonly RunAnswer[] = [];
const PAGE_RUNS = 100;
const HOURS = { "1h": 1, "24h": 24, "7d": 168 } as const;
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

export function Page(): ReactNode {
  const [{ status, job, trigger, asset, period, from, until, group, compare }, setSearch] = usePageSearch(search);
  const now = useNow(MINUTE_MS);
  const { zone } = useSignal(appearance);
  const [opened] = useState(now);
  const since = from ?? (period === undefined ? undefined : Math.floor(opened / MINUTE_MS) * MINUTE_MS - periodMs[period]);
  const wanted = {
    limit: PAGE_RUNS,
    ...(status === undefined ? {} : { status }),
    ...(job === undefined ? {} : { job }),
    ...(trigger === undefined ? {} : { trigger }),
    ...(asset === undefined ? {} : { asset }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  };
  const read = useRead("runs.list", wanted);
  const older = useOlder(wanted, read.data);
  const strip = useRead("runs.strip", { hours: HOURS[period ?? "24h"], ahead: 0 });
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const go = useGo();
  const isFiltered = [status, job, trigger, asset, period, from, until].some((each) => each !== undefined);
  const clear = (): void =>
    setSearch({
      status: undefined,
      job: undefined,
      trigger: undefined,
      asset: undefined,
      period: undefined,
      from: undefined,
      until: undefined,
    });
  const newest = read.data?.runs ?? NONE;
  const runs = useMemo(() => [...newest, ...older.runs], [newest, older.runs]);
  const [one, other] = [...selected];
  const canCompare = selected.size === 2 && one !== undefined && other !== undefined;
  const showCompare = (): void => {
    if (canCompare) setSearch({ compare: [one, other] }, "push");
  };
  useCompareKey(canCompare ? showCompare : null);
  const usual = useMemo(() => usualSeconds(runs), [runs]);
  return (
    <PageFrame
      title="Runs"
      note={
        read.data === undefined
          ? undefined
          : `${runs.length}${older.next === null ? "" : "+"} ${isFiltered ? "match" : "shown, newest first"}`
      }
    >
      <Filters label="Filter runs" clear={isFiltered ? clear : undefined}>
        <Choice label="Status" value={status} options={statuses} onChange={(next) => setSearch({ status: next })} />
        <Choice
          label="Period"
          value={period}
          options={periods}
          onChange={(next) => setSearch({ period: next, from: undefined, until: undefined })}
        />
        <Find width="short" label="Job" value={job} onChange={(next) => setSearch({ job: next })} />
        <Find width="short" label="Asset" value={asset} onChange={(next) => setSearch({ asset: next })} />
        <Find width="short" label="Trigger" value={trigger} onChange={(next) => setSearch({ trigger: next })} />
        <Choice label="Group by" value={group} options={groupings} onChange={(next) => setSearch({ group: next })} />
        {from === undefined && until === undefined ? null : (
          <Button small onClick={() => setSearch({ from: undefined, until: undefined })}>
            {from === undefined ? "" : shortMoment(new Date(from), zone)} –{" "}
            {until === undefined ? "now" : shortMoment(new Date(until), zone)} ✕<span className="unseen"> take this time out</span>
          </Button>
        )}
      </Filters>
      <Panel title={`Begun in the last ${period ?? "24h"}`} sub="drag over the bars to see those of that time">
        <States read={strip} lines={3}>
          {(answer) => (
            <RunBars
              strip={answer}
              span={from === undefined || until === undefined ? undefined : { from, until }}
              onSpan={(next) => setSearch(next)}
            />
          )}
        </States>
      </Panel>
      {compare?.[0] === undefined || compare[1] === undefined ? null : (
        <Compare one={compare[0]} other={compare[1]} onClose={() => setSearch({ compare: undefined })} />
      )}
      <Panel>
        <States
          read={read}
          lines={10}
          isEmpty={(answer) => answer.runs.length === 0}
          empty={isFiltered ? <NoMatch what="runs" clear={clear} /> : undefined}
          firstUse={
            <Empty title="Nothing has run yet.">
              <Copy text="millrace run" />
            </Empty>
          }
        >
          {() =>
            group !== undefined ? (
              <Groups
                runs={runs}
                by={group}
                onOpen={(name) =>
                  setSearch(
                    group === "job" ? { job: name ?? undefined, group: undefined } : { trigger: name ?? undefined, group: undefined },
                    "push",
                  )
                }
              />
            ) : (
              <>
                <ManyActs
                  runs={runs.filter(({ run }) => selected.has(run))}
                  onDone={() => setSelected(new Set())}
                  onCompare={canCompare ? showCompare : undefined}
                />
                <DataTable
                  label="Runs"
                  rows={runs}
                  rowKey={({ run }) => run}
                  columns={columnsOf(usual)}
                  onOpen={({ run }) => go(links.run(run))}
                  selected={selected}
                  onSelect={setSelected}
                  {...(older.next === null ? {} : { more: { label: "Show older runs", isLoading: older.isLoading, load: older.load } })}
                />
              </>
            )
          }
        </States>
      </Panel>
    </PageFrame>
  );
}

/** `c` compares the two that are selected. */
function useCompareKey(compare: (() => void) | null): void {
  useEffect(() => {
    if (compare === null) return undefined;
    const press = (event: KeyboardEvent): void => {
      const isText = event.target instanceof HTMLElement && event.target.closest("input:not([type=checkbox]), textarea, select") !== null;
      if (event.key === "c" && !event.ctrlKey && !event.metaKey && !event.altKey && !isText) compare();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  });
}

function columnsOf(usual: ReadonlyMap<string, number>): readonly Column<RunAnswer>[] {
  return [
    { id: "status", head: "Status", cell: ({ status }) => <StatusMark status={status} />, by: ({ status }) => status, width: "110px" },
    {
      id: "run",
      head: "Run",
      cell: ({ run }) => (
        <Link to={links.run(run)} className="mono" tabIndex={-1}>
          {run}
        </Link>
      ),
    },
    { id: "job", head: "Job", cell: ({ job }) => job ?? <span className="muted">by hand</span>, by: ({ job }) => job, grows: true },
    { id: "trigger", head: "Trigger", cell: ({ trigger }) => trigger, by: ({ trigger }) => trigger, wide: true },
    { id: "began", head: "Began", cell: ({ startedAt }) => <Time at={startedAt} />, by: ({ startedAt }) => startedAt },
    {
      id: "took",
      head: "Took",
      align: "right",
      cell: (run) => <Took run={run} usual={usual.get(run.job ?? "")} />,
      by: ({ seconds }) => seconds,
    },
    {
      id: "steps",
      head: "Steps",
      wide: true,
      align: "right",
      cell: ({ nodes }) => <Steps nodes={nodes} />,
      by: ({ nodes }) => nodes.total,
    },
    {
      id: "failed",
      head: "Failed",
      align: "right",
      cell: ({ nodes }) => (nodes.failed === 0 ? <span className="muted">0</span> : <span className="status fail">{nodes.failed}</span>),
      by: ({ nodes }) => nodes.failed,
    },
  ];
}

function Steps({ nodes }: { readonly nodes: RunAnswer["nodes"] }): ReactNode {
  const done = nodes.succeeded + nodes.reused;
  return (
    <span title={`${nodes.succeeded} succeeded, ${nodes.reused} reused, ${nodes.failed} failed, ${nodes.skipped} skipped`}>
      <Count of={done} /> of <Count of={nodes.total} />
    </span>
  );
}

/** How long it took beside what its job usually takes, where it is worth saying. */
function Took({ run, usual }: { readonly run: RunAnswer; readonly usual: number | undefined }): ReactNode {
  if (run.seconds === null) return <SoFar startedAt={run.startedAt} />;
  const isSlow = usual !== undefined && run.seconds > Math.max(2, 2 * usual);
  return (
    <>
      {isSlow ? <span className="tag warn">usually {spanWords(usual)}</span> : null} <Duration seconds={run.seconds} />
    </>
  );
}

function SoFar({ startedAt }: { readonly startedAt: string }): ReactNode {
  const now = useNow(SECOND_MS);
  return <span className="muted">{spanWords(Math.max(0, now - Date.parse(startedAt)) / SECOND_MS)} so far</span>;
}

/** The median of those shown, per job with at least three that went well. */
function usualSeconds(runs: readonly RunAnswer[]): ReadonlyMap<string, number> {
  const took = new Map<string, number[]>();
  for (const { job, status, seconds } of runs)
    if (job !== null && status === "succeeded" && seconds !== null) took.set(job, [...(took.get(job) ?? []), seconds]);
  return new Map(
    [...took]
      .filter(([, each]) => each.length >= 3)
      .map(([job, each]) => [job, each.toSorted((one, other) => one - other)[Math.floor(each.length / 2)]!]),
  );
}
