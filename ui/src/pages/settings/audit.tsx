// The audit log: who did what to what, before, after and why; filters stand in the address.
import { useState, type ReactNode } from "react";
import type { AuditEntryAnswer } from "../../../../src/model/access.ts";
import type { JsonValue } from "../../../../src/model/json.ts";
import { useRead } from "../../data/read.ts";
import { text, usePageSearch } from "../../data/search.ts";
import { DataTable, type Column } from "../../kit/data-table.tsx";
import { Filters, Find } from "../../kit/filters.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Empty, NoMatch, States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Time } from "../../kit/values.tsx";

const PAGE = 100;
const search = { act: text, by: text, subject: text };

export function Audit(): ReactNode {
  const [filters, setSearch] = usePageSearch(search);
  const [most, setMost] = useState(PAGE);
  const read = useRead("audit.list", { limit: most, ...filters });
  const isFiltered = Object.keys(filters).length > 0;
  const clear = (): void => setSearch({ act: undefined, by: undefined, subject: undefined });
  return (
    <Panel title="Audit" sub="every act, newest first">
      <div className="pad">
        <Filters label="Filter acts" clear={isFiltered ? clear : undefined}>
          <Find label="Act" placeholder="act: runs.cancel" value={filters.act} onChange={(act) => setSearch({ act })} />
          <Find label="By whom" placeholder="by" width="short" value={filters.by} onChange={(by) => setSearch({ by })} />
          <Find
            label="Done to what"
            placeholder="asset, run, token …"
            value={filters.subject}
            onChange={(subject) => setSearch({ subject })}
          />
        </Filters>
      </div>
      <States
        read={read}
        isEmpty={({ entries }) => entries.length === 0}
        empty={isFiltered ? <NoMatch what="acts" clear={clear} /> : undefined}
        firstUse={<Empty title="Nothing was done yet">Runs that are started, decisions, promotions and tokens will stand here.</Empty>}
      >
        {({ entries, next }) => (
          <DataTable
            label="Acts"
            rows={entries}
            columns={columns}
            rowKey={({ entry }) => String(entry)}
            {...(next === null || most >= 1_000
              ? {}
              : { more: { label: "Older acts", load: () => setMost(Math.min(1_000, most + PAGE)), isLoading: read.isStale } })}
          />
        )}
      </States>
    </Panel>
  );
}

const columns: readonly Column<AuditEntryAnswer>[] = [
  { id: "at", head: "When", cell: ({ at }) => <Time at={at} /> },
  {
    id: "act",
    head: "Act",
    cell: ({ act, error }) =>
      error === null ? <span className="mono">{act}</span> : <StatusMark status="failed" word={`${act} ${error}`} />,
  },
  { id: "subject", head: "What", cell: ({ subject }) => <span className="mono">{subject ?? "–"}</span> },
  { id: "by", head: "By", cell: ({ by, via }) => `${by} (${via})` },
  {
    id: "change",
    head: "Before → after",
    cell: ({ before, after }) => <span className="mono muted">{change(before, after)}</span>,
    grows: true,
    wide: true,
  },
  { id: "why", head: "Why", cell: ({ why }) => why ?? "", grows: true, wide: true },
];

function change(before: JsonValue, after: JsonValue): string {
  const words = (value: JsonValue): string => (value === null ? "–" : typeof value === "string" ? value : JSON.stringify(value));
  return before === null && after === null ? "" : `${words(before)} → ${words(after)}`;
}
