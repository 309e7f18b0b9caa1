// Runs: what went when and how and what broke, found by status, job, trigger, asset, error and time, grouped by what they have in common; new ones come in by
// themselves; all that match are retried or canceled at once.
import { useEffect, useMemo, useState, type ReactNode } from "react";
import type { RunAnswer, RunStatus } from "../../../../src/model/answers.ts";
import { useNow } from "../../data/now.ts";
import { useRead } from "../../data/read.ts";
import { list, oneOf, text, usePageSearch, whole } from "../../data/search.ts";
import { appearance } from "../../data/appearance.ts";
import { useSignal } from "../../data/signal.ts";
import { Button } from "../../kit/button.tsx";
import { DataTable } from "../../kit/data-table.tsx";
import { Choice, Filters, Find } from "../../kit/filters.tsx";
import { useGo } from "../../kit/link.tsx";
import { Page as PageFrame } from "../../kit/page.tsx";
import { Panel } from "../../kit/panel.tsx";
import { RunBars } from "../../kit/run-bars.tsx";
import { Empty, NoMatch, States } from "../../kit/states.tsx";
import { Copy, shortMoment } from "../../kit/values.tsx";
import { links } from "../../links.ts";
import { columnsOf, usualSeconds } from "./columns.tsx";
import { Compare } from "./compare.tsx";
import { type Grouping, Groups, groupings } from "./groups.tsx";
import { ManyActs } from "./many.tsx";
import { useMatching } from "./matching.ts";
import { useOlder } from "./older.ts";

const statuses = ["running", "succeeded", "failed", "partial", "canceled", "skipped"] as const satisfies readonly RunStatus[];
const periods = ["1h", "24h", "7d"] as const;
const periodMs = { "1h": 3_600_000, "24h": 86_400_000, "7d": 7 * 86_400_000 };
const search = {
  status: oneOf(statuses),
  job: text,
  trigger: text,
  asset: text,
  error: text,
  tag: text,
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
const GROUPED_RUNS = 1_000;
const MINUTE_MS = 60_000;

export function Page(): ReactNode {
  const [{ status, job, trigger, asset, error, tag, period, from, until, group, compare }, setSearch] = usePageSearch(search);
  const now = useNow(MINUTE_MS);
  const { zone } = useSignal(appearance);
  const [opened] = useState(now);
  const since = from ?? (period === undefined ? undefined : Math.floor(opened / MINUTE_MS) * MINUTE_MS - periodMs[period]);
  const wanted = {
    limit: group === undefined ? PAGE_RUNS : GROUPED_RUNS,
    ...(status === undefined ? {} : { status }),
    ...(job === undefined ? {} : { job }),
    ...(trigger === undefined ? {} : { trigger }),
    ...(asset === undefined ? {} : { asset }),
    ...(error === undefined ? {} : { error }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  };
  const read = useRead("runs.list", wanted);
  const older = useOlder(wanted, read.data);
  const strip = useRead("runs.strip", { hours: HOURS[period ?? "24h"], ahead: 0 });
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const go = useGo();
  const isFiltered = [status, job, trigger, asset, error, tag, period, from, until].some((each) => each !== undefined);
  const clear = (): void =>
    setSearch({
      status: undefined,
      job: undefined,
      trigger: undefined,
      asset: undefined,
      error: undefined,
      tag: undefined,
      period: undefined,
      from: undefined,
      until: undefined,
    });
  const newest = read.data?.runs ?? NONE;
  const jobs = useRead("jobs.list", {}, { enabled: tag !== undefined || group === "tag" });
  const tags = useMemo(() => new Map((jobs.data?.jobs ?? []).map((each) => [each.job, each.tags])), [jobs.data]);
  const runs = useMemo(() => {
    const all = [...newest, ...older.runs];
    return tag === undefined ? all : all.filter((run) => run.job !== null && tags.get(run.job)?.includes(tag) === true);
  }, [newest, older.runs, tag, tags]);
  const matching = useMatching(wanted, (run) => tag === undefined || (run.job !== null && tags.get(run.job)?.includes(tag) === true));
  const [one, other] = [...selected];
  const canCompare = selected.size === 2 && one !== undefined && other !== undefined;
  const showCompare = (): void => {
    if (canCompare) setSearch({ compare: [one, other] }, "push");
  };
  useCompareKey(canCompare ? showCompare : null);
  const known = useMemo(() => [...new Map([...matching.runs, ...runs].map((run) => [run.run, run])).values()], [matching.runs, runs]);
  const usual = useMemo(() => usualSeconds(runs), [runs]);
  return (
    <PageFrame
      title="Runs"
      note={
        read.data === undefined
          ? undefined
          : `${runs.length}${older.next === null ? "" : "+"} ${isFiltered ? "match" : "shown"}, newest first; new ones come in by themselves`
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
        <Find width="short" label="Error code" value={error} onChange={(next) => setSearch({ error: next })} />
        <Choice label="Group by" value={group} options={groupings} onChange={(next) => setSearch({ group: next })} />
        {tag === undefined ? null : (
          <Button small onClick={() => setSearch({ tag: undefined })}>
            tag {tag} ✕<span className="unseen"> take this tag out</span>
          </Button>
        )}
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
                tags={tags}
                onOpen={(name) => setSearch({ ...filterOf(group, name), group: undefined }, "push")}
              />
            ) : (
              <>
                {isFiltered && selected.size === 0 ? (
                  <div className="row many no-print">
                    <Button
                      small
                      data-key="a"
                      aria-keyshortcuts="a"
                      busy={matching.isLoading}
                      onClick={() => void matching.load().then((all) => setSelected(new Set(all.map(({ run }) => run))))}
                    >
                      Select all that match <kbd>a</kbd>
                    </Button>
                    <span className="second">to retry or cancel them together</span>
                  </div>
                ) : null}
                <ManyActs
                  runs={known.filter(({ run }) => selected.has(run))}
                  onDone={() => setSelected(new Set())}
                  onCompare={canCompare ? showCompare : undefined}
                />
                <DataTable
                  label="Runs"
                  rows={runs}
                  rowKey={({ run }) => run}
                  columns={columnsOf(usual, { newer: new Date(opened).toISOString(), hasRows: runs.some(({ rows }) => rows.loaded > 0) })}
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

function filterOf(group: Grouping, name: string | null): Partial<Record<Grouping, string | undefined>> {
  // What broke is told by the error's node, and every run that has a part for it is shown.
  return { [group]: name ?? undefined };
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
