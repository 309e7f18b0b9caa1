// The checks of an asset: how they went for what readers see, since when one fails, how earlier versions did.
import type { ReactNode } from "react";
import type { ListedCheck } from "../../../../src/model/look-answers.ts";
import { useRead } from "../../data/read.ts";
import { type Column, DataTable } from "../../kit/data-table.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Empty, States } from "../../kit/states.tsx";
import { kindOf, StatusMark } from "../../kit/status.tsx";
import { Copy, Count, Time } from "../../kit/values.tsx";

export function ChecksTab({ asset }: { readonly asset: string }): ReactNode {
  const read = useRead("checks.list", { select: asset }, { fresh: true });
  return (
    <Panel title="Checks">
      <States
        read={read}
        isEmpty={({ checks }) => checks.length === 0}
        firstUse={
          <Empty title="It has no checks: nobody would notice if its rows were wrong.">
            <p>Add them to its definition, for instance:</p>
            <Copy text="checks: [{ notNull: [id] }, { unique: [id] }]" />
          </Empty>
        }
      >
        {({ checks }) => <DataTable label={`Checks of ${asset}`} rows={checks} rowKey={({ check }) => check} columns={checkColumns} />}
      </States>
    </Panel>
  );
}

function Named({ check, columns }: Pick<ListedCheck, "check" | "columns">): ReactNode {
  return (
    <>
      <code>{check}</code>
      {columns.length === 0 ? null : <span className="muted"> {columns.join(", ")}</span>}
    </>
  );
}

function Recent({ recent }: Pick<ListedCheck, "recent">): ReactNode {
  if (recent.length === 0) return null;
  const bad = recent.filter(({ status }) => status !== "passed").length;
  return (
    <span className="ticks" role="img" aria-label={`${bad} of the last ${recent.length} versions did not pass`}>
      {recent.map(({ at, status, failing }) => (
        <i key={at} className={kindOf(status)} title={`${at}: ${status}, ${failing} rows`} />
      ))}
    </span>
  );
}

const checkColumns: readonly Column<ListedCheck>[] = [
  {
    id: "status",
    head: "Status",
    by: ({ status }) => status,
    cell: ({ status }) => <StatusMark status={status ?? "pending"} word={status ?? "not run yet"} />,
  },
  {
    id: "check",
    head: "Check",
    grows: true,
    by: ({ check }) => check,
    cell: ({ check, columns }) => <Named check={check} columns={columns} />,
  },
  {
    id: "failing",
    head: "Rows that break it",
    align: "right",
    by: ({ failing }) => failing,
    cell: ({ failing }) => <Count of={failing} />,
  },
  {
    id: "since",
    head: "Since",
    cell: ({ status, since }) => (status === "passed" || since === null ? null : <Time at={since} />),
    wide: true,
  },
  {
    id: "severity",
    head: "When it fails",
    cell: ({ severity, onFail }) => (
      <span className="second">
        {severity}, {onFail}
      </span>
    ),
    wide: true,
  },
  { id: "recent", head: "Last versions", cell: ({ recent }) => <Recent recent={recent} />, wide: true },
];
