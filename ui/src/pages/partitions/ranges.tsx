// The same as the heat map in words: every range of one status, to read, sort and choose.
import { useMemo, type ReactNode } from "react";
import { type Column, DataTable } from "../../kit/data-table.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Count } from "../../kit/values.tsx";
import { type Axis, type CellStatus, keyOf, STATUSES } from "./decode.ts";
import type { Selection } from "./heat-map.tsx";
import { MARKS } from "./legend.tsx";

interface Range {
  readonly id: string;
  readonly asset: string;
  readonly row: number;
  readonly from: number;
  readonly to: number;
  readonly key: string;
  readonly status: CellStatus;
}

const COLUMNS: readonly Column<Range>[] = [
  { id: "asset", head: "Asset", by: ({ asset }) => asset, cell: ({ asset }) => <span className="mono">{asset}</span> },
  {
    id: "status",
    head: "Status",
    by: ({ status }) => STATUSES.indexOf(status),
    cell: ({ status }) => <StatusMark status={MARKS[status]} word={status} />,
  },
  { id: "range", head: "Partitions", grows: true, by: ({ key }) => key, cell: ({ key }) => <span className="mono">{key}</span> },
  {
    id: "count",
    head: "Count",
    align: "right",
    by: ({ from, to }) => to - from,
    cell: ({ from, to }) => <Count of={to - from} />,
  },
];

export function Ranges({
  axis,
  only,
  onSelection,
}: {
  readonly axis: Axis;
  readonly only: CellStatus | undefined;
  readonly onSelection: (selection: Selection) => void;
}): ReactNode {
  const ranges = useMemo(
    () =>
      axis.rows.flatMap((row, index) =>
        row.runs
          .filter(({ status }) => only === undefined || status === only)
          .map((run): Range => ({
            ...run,
            id: `${row.id} ${run.from}`,
            asset: row.asset,
            row: index,
            key: keyOf(row, axis, run.from, run.to - 1),
          })),
      ),
    [axis, only],
  );
  return (
    <DataTable
      label="Ranges of partitions by status"
      rows={ranges}
      columns={COLUMNS}
      rowKey={({ id }) => id}
      onOpen={({ row, from, to }) => onSelection({ row, anchor: from, at: to - 1 })}
    />
  );
}
