// The newest backfills and how far they are.
import type { ReactNode } from "react";
import type { BackfillAnswer } from "../../../../src/model/backfill-answers.ts";
import { useRead } from "../../data/read.ts";
import { oneOf, usePageSearch } from "../../data/search.ts";
import { ButtonLink } from "../../kit/button.tsx";
import { type Column, DataTable } from "../../kit/data-table.tsx";
import { Choice } from "../../kit/filters.tsx";
import { Link, useGo } from "../../kit/link.tsx";
import { Page } from "../../kit/page.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Empty, NoMatch, States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Copy, Time } from "../../kit/values.tsx";
import { links } from "../../links.ts";
import { Progress } from "./progress.tsx";

const AGAIN_MS = 3_000;
const SHOWN = ["running", "paused", "failed", "partial", "succeeded", "canceled"] as const;

const COLUMNS: readonly Column<BackfillAnswer>[] = [
  {
    id: "backfill",
    head: "Backfill",
    cell: ({ backfill }) => (
      <Link className="mono" to={links.backfill(backfill)}>
        {backfill}
      </Link>
    ),
  },
  { id: "status", head: "Status", by: ({ status }) => status, cell: ({ status }) => <StatusMark status={status} /> },
  { id: "asset", head: "Asset", by: ({ asset }) => asset, cell: ({ asset }) => <span className="mono">{asset}</span> },
  { id: "progress", head: "Partitions", grows: true, cell: ({ nodes }) => <Progress nodes={nodes} /> },
  { id: "jobs", head: "At once", align: "right", wide: true, cell: ({ jobs }) => jobs },
  { id: "started", head: "Started", by: ({ startedAt }) => startedAt, cell: ({ startedAt }) => <Time at={startedAt} /> },
];

export function List(): ReactNode {
  const [search, setSearch] = usePageSearch({ status: oneOf(SHOWN) });
  const read = useRead("backfills.list", {}, { everyMs: AGAIN_MS });
  const go = useGo();
  const rows = (read.data?.backfills ?? []).filter(({ status }) => search.status === undefined || status === search.status);
  return (
    <Page title="Backfills" actions={<ButtonLink to={links.partitions()}>Choose partitions</ButtonLink>}>
      <Panel
        title="Newest"
        actions={<Choice label="Status" value={search.status} options={SHOWN} onChange={(status) => setSearch({ status })} />}
      >
        <States
          read={read}
          isEmpty={() => rows.length === 0}
          empty={search.status === undefined ? undefined : <NoMatch what="backfills" clear={() => setSearch({ status: undefined })} />}
          firstUse={
            <Empty title="No backfill yet.">
              <p>
                Choose a range in{" "}
                <Link className="link" to={links.partitions()}>
                  Partitions
                </Link>
                , or begin in the terminal:
              </p>
              <Copy text="millrace backfill ASSET --last 30d --missing --dry-run" />
            </Empty>
          }
        >
          {() => (
            <DataTable
              label="Backfills"
              rows={rows}
              columns={COLUMNS}
              rowKey={({ backfill }) => backfill}
              onOpen={({ backfill }) => go(links.backfill(backfill))}
            />
          )}
        </States>
      </Panel>
    </Page>
  );
}
