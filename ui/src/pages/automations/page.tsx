// Automations: what starts the jobs, in one list; what each did and did not do lately and why; the next times in two zones; pause with an end, run now.
import { useEffect, useMemo, useState, type ReactNode } from "react";
import { type Read, useRead } from "../../data/read.ts";
import { oneOf, text, usePageSearch } from "../../data/search.ts";
import { type Column, DataTable } from "../../kit/data-table.tsx";
import { Choice, Filters, Find } from "../../kit/filters.tsx";
import { Page as Frame } from "../../kit/page.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Empty, NoMatch, States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Copy, Time } from "../../kit/values.tsx";
import { type Row, rowsOf, statusOf, wordOf } from "./row.ts";
import { Trigger } from "./trigger.tsx";
import "./automations.css";

const AGAIN_MS = 10_000;
const NEXT_SHOWN = 5;
const KINDS = ["schedule", "files", "webhook", "message", "assets", "job", "sensor"] as const;

const COLUMNS: readonly Column<Row>[] = [
  { id: "job", head: "Job", by: ({ job }) => job.job, cell: ({ job }) => <span className="strong">{job.job}</span> },
  {
    id: "status",
    head: "Status",
    by: (row) => wordOf(row),
    cell: (row) => <StatusMark status={statusOf(row)} word={wordOf(row)} />,
  },
  {
    id: "kind",
    head: "Started by",
    wide: true,
    by: ({ trigger }) => trigger?.kind ?? "",
    cell: ({ trigger }) => <span className="tag">{trigger?.kind ?? "by hand"}</span>,
  },
  { id: "words", head: "When", grows: true, cell: ({ trigger, job }) => trigger?.words ?? job.description ?? "" },
  {
    id: "warnings",
    head: "Mind",
    wide: true,
    cell: ({ trigger }) =>
      trigger === null || trigger.warnings.length === 0 ? null : (
        <span className="tag warn" title={trigger.warnings.join("\n")}>
          clocks change
        </span>
      ),
  },
  {
    id: "last",
    head: "Last",
    wide: true,
    by: ({ trigger }) => trigger?.last ?? null,
    cell: ({ trigger }) => <Time at={trigger?.last ?? null} ago />,
  },
  {
    id: "next",
    head: "Next",
    by: ({ trigger }) => trigger?.next[0] ?? null,
    cell: ({ trigger }) => <Time at={trigger?.next[0] ?? null} />,
  },
  {
    id: "ended",
    head: "Last run",
    wide: true,
    by: ({ job }) => job.last?.status ?? null,
    cell: ({ job }) => (job.last === null ? <span className="muted">–</span> : <StatusMark status={job.last.status} />),
  },
  { id: "owner", head: "Owner", wide: true, by: ({ job }) => job.owner, cell: ({ job }) => job.owner ?? <span className="muted">–</span> },
];

export function Page(): ReactNode {
  const [search, setSearch] = usePageSearch({ job: text, trigger: text, find: text, kind: oneOf(KINDS) });
  const jobs = useRead("jobs.list", {}, { everyMs: AGAIN_MS });
  const triggers = useRead("triggers.list", { next: NEXT_SHOWN }, { everyMs: AGAIN_MS });
  const all = useMemo(() => rowsOf(jobs.data?.jobs ?? [], triggers.data?.triggers ?? []), [jobs.data, triggers.data]);
  const read: Read<readonly Row[]> = {
    ...triggers,
    data: jobs.data === undefined || triggers.data === undefined ? undefined : all,
    error: triggers.error ?? jobs.error,
    isLoading: triggers.isLoading || jobs.isLoading,
  };
  const find = search.find?.toLowerCase() ?? "";
  const rows = all.filter(
    ({ job, trigger }) =>
      (search.kind === undefined || trigger?.kind === search.kind) &&
      `${job.job} ${trigger?.words ?? ""} ${job.owner ?? ""} ${job.tags.join(" ")}`.toLowerCase().includes(find),
  );
  const chosen = all.find(
    ({ job, trigger }) => job.job === search.job && (search.trigger === undefined || trigger?.trigger === search.trigger),
  );
  const isNarrowed = find !== "" || search.kind !== undefined;
  const clear = (): void => setSearch({ find: undefined, kind: undefined });
  const now = useNow();
  return (
    <Frame title="Automations" note={triggers.data === undefined ? undefined : `times of the project are ${triggers.data.timezone}`}>
      <Panel
        title="What starts the jobs"
        actions={
          <Filters label="Filter automations" clear={isNarrowed ? clear : undefined}>
            <Choice label="Started by" value={search.kind} options={KINDS} onChange={(kind) => setSearch({ kind })} />
            <Find label="Job, words or owner" value={search.find} onChange={(words) => setSearch({ find: words })} />
          </Filters>
        }
      >
        <States
          read={read}
          isEmpty={() => rows.length === 0}
          empty={isNarrowed ? <NoMatch what="automations" clear={clear} /> : undefined}
          firstUse={
            <Empty title="No job yet.">
              <p>A file in jobs/ says what is built and what starts it: a time, a file, a webhook, other assets or jobs.</p>
              <Copy text={'triggers: [ { schedule: { cron: "0 6 * * *" } } ]'} />
            </Empty>
          }
        >
          {() => (
            <DataTable
              label="Automations"
              rows={rows}
              columns={COLUMNS}
              rowKey={({ id }) => id}
              onOpen={({ job, trigger }) => setSearch({ job: job.job, trigger: trigger?.trigger }, "push")}
            />
          )}
        </States>
      </Panel>
      {chosen === undefined ? null : (
        <Trigger
          key={chosen.id}
          row={chosen}
          timezone={triggers.data?.timezone ?? "UTC"}
          now={now}
          onClose={() => setSearch({ job: undefined, trigger: undefined })}
        />
      )}
    </Frame>
  );
}

const MINUTE_MS = 60_000;

function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), MINUTE_MS / 4);
    return () => clearInterval(timer);
  }, []);
  return now;
}
