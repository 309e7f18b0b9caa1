// All that waits: groups of records by asset, rule and form of the value, and how many came per day.
import type { ReactNode } from "react";
import type { QuarantineGroup } from "../../../../src/model/answers.ts";
import { useRead } from "../../data/read.ts";
import { text, usePageSearch } from "../../data/search.ts";
import { type Column, DataTable } from "../../kit/data-table.tsx";
import { Find } from "../../kit/filters.tsx";
import { Link, useGo } from "../../kit/link.tsx";
import { Page } from "../../kit/page.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Empty, NoMatch, States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Copy, Count, countWords, Time } from "../../kit/values.tsx";
import { links } from "../../links.ts";
import { DayBars } from "./day-bars.tsx";

const DAYS = 30;

const COLUMNS: readonly Column<QuarantineGroup>[] = [
  {
    id: "asset",
    head: "Asset",
    by: ({ asset }) => asset,
    cell: ({ asset }) => (
      <Link to={links.quarantine(asset)} className="mono">
        {asset}
      </Link>
    ),
  },
  { id: "rule", head: "Rule", by: ({ rule }) => rule, cell: ({ rule }) => <StatusMark status="quarantined" word={rule} /> },
  {
    id: "rows",
    head: "Records",
    align: "right",
    by: ({ rows }) => rows,
    cell: ({ rows }) => <Count of={rows} />,
  },
  { id: "form", head: "Form", wide: true, cell: ({ pattern }) => <code>{pattern ?? "–"}</code> },
  { id: "example", head: "One of them", grows: true, wide: true, cell: ({ example }) => example.reason },
  { id: "since", head: "Since", by: ({ since }) => since, cell: ({ since }) => <Time at={since} ago /> },
];

export function Overview(): ReactNode {
  const [search, setSearch] = usePageSearch({ find: text });
  const read = useRead("quarantine.list", { limit: 1 }, { everyMs: 30_000 });
  const trend = useRead("quarantine.trend", { days: DAYS });
  const go = useGo();
  const find = search.find?.toLowerCase();
  const groups = (read.data?.groups ?? []).filter(
    ({ asset, rule, pattern }) => find === undefined || `${asset} ${rule} ${pattern ?? ""}`.toLowerCase().includes(find),
  );
  const total = read.data?.total;
  return (
    <Page
      title="Quarantine"
      note={
        total === undefined
          ? undefined
          : total === 0
            ? "nothing waits"
            : `${countWords(total)} ${total === 1 ? "record waits" : "records wait"} for a decision`
      }
    >
      <Panel title="Set aside per day" sub={`the last ${DAYS} days, those decided since included`} padded>
        <States
          read={trend}
          lines={2}
          isEmpty={({ days }) => days.length === 0}
          firstUse={<p className="muted">No record was set aside in the last {DAYS} days.</p>}
        >
          {({ days }) => <DayBars days={days} count={DAYS} />}
        </States>
      </Panel>
      <Panel
        title="Waiting"
        sub="by asset, rule and form of the value: a is letters, 9 digits"
        actions={<Find label="Asset or rule" value={search.find} onChange={(words) => setSearch({ find: words })} />}
      >
        <States
          read={read}
          isEmpty={({ groups: all }) => all.length === 0 || groups.length === 0}
          empty={find === undefined ? undefined : <NoMatch what="groups" clear={() => setSearch({ find: undefined })} />}
          firstUse={
            <Empty title="Nothing is in quarantine.">
              <p>
                A record that cannot be read, breaks the contract or a check with onFail: quarantine waits here, with its reason and its raw
                form.
              </p>
              <Copy text="millrace quarantine trend" />
            </Empty>
          }
        >
          {() => (
            <DataTable
              label="Groups of records that wait"
              rows={groups}
              rowKey={({ asset, rule, pattern }) => `${asset} ${rule} ${pattern ?? ""}`}
              onOpen={({ asset, rule }) => go(links.quarantine(asset, { rule }))}
              columns={COLUMNS}
            />
          )}
        </States>
      </Panel>
    </Page>
  );
}
