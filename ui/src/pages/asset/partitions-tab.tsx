// The partitions of an asset: totals and the list, which leads to the grid and to a backfill.
import type { ReactNode } from "react";
import type { PartitionAnswer } from "../../../../src/model/backfill-answers.ts";
import { useRead } from "../../data/read.ts";
import { oneOf, usePageSearch } from "../../data/search.ts";
import { Button, ButtonLink } from "../../kit/button.tsx";
import { type Column, DataTable } from "../../kit/data-table.tsx";
import { Panel } from "../../kit/panel.tsx";
import { RunLink } from "../../kit/run-link.tsx";
import { Empty, NoMatch, States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Count, Time } from "../../kit/values.tsx";
import { links } from "../../links.ts";

const STATES = ["missing", "failed", "stale", "running", "present"] as const;

export function PartitionsTab({ asset }: { readonly asset: string }): ReactNode {
  const read = useRead("assets.describe", { asset, partitions: true }, { fresh: true });
  const [{ state }, setSearch] = usePageSearch({ state: oneOf(STATES) });
  return (
    <States
      read={read}
      lines={8}
      isEmpty={(answer) => answer.asset.partitions === undefined}
      firstUse={<Empty title="It has no partitions." />}
    >
      {(answer) => {
        const partitions = answer.asset.partitions!;
        const rows = (partitions.list ?? [])
          .filter(({ status }) => state === undefined || status === state || (state === "present" && status === "current"))
          .toReversed();
        return (
          <Panel
            title={`By ${partitions.by.join(" × ")}`}
            sub={partitions.first === null ? undefined : `${partitions.first} – ${partitions.last}`}
            actions={
              <>
                {STATES.map((each) =>
                  partitions[each] === 0 && each !== state ? null : (
                    <Button
                      key={each}
                      small
                      look={each === state ? "primary" : "quiet"}
                      aria-pressed={each === state}
                      onClick={() => setSearch({ state: each === state ? undefined : each })}
                    >
                      {partitions[each]} {each}
                    </Button>
                  ),
                )}
                <ButtonLink small to={links.partitions({ asset })}>
                  Grid and backfill
                </ButtonLink>
              </>
            }
          >
            {rows.length === 0 ? (
              <NoMatch what="partitions" clear={() => setSearch({ state: undefined })} />
            ) : (
              <DataTable label={`Partitions of ${asset}`} rows={rows} rowKey={({ partition }) => partition} columns={partitionColumns} />
            )}
          </Panel>
        );
      }}
    </States>
  );
}

const partitionColumns: readonly Column<PartitionAnswer>[] = [
  {
    id: "partition",
    head: "Partition",
    by: ({ partition }) => partition,
    cell: ({ partition }) => <code>{partition}</code>,
  },
  { id: "status", head: "Status", by: ({ status }) => status, cell: ({ status }) => <StatusMark status={status} /> },
  { id: "rows", head: "Rows", align: "right", by: (row) => row.rows, cell: (row) => <Count of={row.rows} /> },
  {
    id: "aside",
    head: "Quarantined",
    align: "right",
    by: ({ quarantined }) => quarantined,
    cell: ({ quarantined }) => <Count of={quarantined} />,
    wide: true,
  },
  { id: "at", head: "Built", by: ({ at }) => at, cell: ({ at }) => <Time at={at} /> },
  {
    id: "run",
    head: "Run",
    grows: true,
    cell: ({ run }) => <RunLink run={run} />,
    wide: true,
  },
];
