// Assets as a table, one definition for the catalogue and for the table beside the graph.
import type { ReactNode } from "react";
import type { GraphNodeAnswer } from "../../../src/model/graph-answers.ts";
import { type Column, DataTable } from "../kit/data-table.tsx";
import { Link, useGo } from "../kit/link.tsx";
import { StatusMark } from "../kit/status.tsx";
import { Count, Duration, Time } from "../kit/values.tsx";
import { links } from "../links.ts";
import { ChangeMark } from "./change-mark.tsx";
import type { Mark } from "./marks.ts";

interface AssetTableProps {
  readonly label: string;
  readonly nodes: readonly GraphNodeAnswer[];
  /** Per asset how many read it. */
  readonly readers: ReadonlyMap<string, number>;
  /** How assets differ from another state of the project, by name. */
  readonly marks?: ReadonlyMap<string, Mark> | undefined;
  readonly selected?: ReadonlySet<string>;
  readonly onSelect?: (selected: ReadonlySet<string>) => void;
}

export function AssetTable({ label, nodes, readers, marks, selected, onSelect }: AssetTableProps): ReactNode {
  const go = useGo();
  return (
    <DataTable
      label={label}
      rows={nodes}
      columns={marks === undefined ? assetColumns(readers) : [changeColumn(marks), ...assetColumns(readers)]}
      rowKey={({ asset }) => asset}
      onOpen={({ asset }) => go(links.asset(asset))}
      {...(selected === undefined || onSelect === undefined ? {} : { selected, onSelect })}
    />
  );
}

function changeColumn(marks: ReadonlyMap<string, Mark>): Column<GraphNodeAnswer> {
  return {
    id: "change",
    head: "Change",
    by: ({ asset }) => marks.get(asset)?.change ?? null,
    cell: ({ asset }) => {
      const mark = marks.get(asset);
      return mark === undefined ? <span className="muted">none</span> : <ChangeMark change={mark.change} />;
    },
  };
}

function assetColumns(readers: ReadonlyMap<string, number>): readonly Column<GraphNodeAnswer>[] {
  return [
    {
      id: "asset",
      head: "Asset",
      by: ({ asset }) => asset,
      grows: true,
      cell: ({ asset, description }) => (
        <>
          <Link to={links.asset(asset)} className="mono" tabIndex={-1} title={description ?? asset}>
            {asset}
          </Link>
          {description === null ? null : <span className="muted wide-only"> {description}</span>}
        </>
      ),
    },
    { id: "status", head: "Status", by: ({ status }) => status, cell: ({ status }) => <StatusMark status={status} /> },
    { id: "kind", head: "Kind", by: kindWord, cell: (node) => <span className="second">{kindWord(node)}</span>, wide: true },
    { id: "rows", head: "Rows", by: ({ rows }) => rows, align: "right", cell: ({ rows }) => <Count of={rows} />, wide: true },
    {
      id: "updated",
      head: "Updated",
      by: ({ updatedAt }) => updatedAt,
      align: "right",
      cell: ({ updatedAt }) => (updatedAt === null ? <span className="muted">–</span> : <Time at={updatedAt} ago />),
    },
    {
      id: "took",
      head: "Took",
      by: ({ seconds }) => seconds,
      align: "right",
      cell: ({ seconds }) => <Duration seconds={seconds} />,
      wide: true,
    },
    {
      id: "checks",
      head: "Checks",
      by: ({ checks }) => (checks === null ? null : checks.failed * 1e6 + checks.warned * 1e3 + checks.passed),
      cell: (node) => <Checks node={node} />,
      wide: true,
    },
    {
      id: "reads",
      head: "Reads",
      by: ({ needs }) => needs.length,
      align: "right",
      cell: ({ needs }) => <Count of={needs.length} />,
      wide: true,
    },
    {
      id: "readBy",
      head: "Read by",
      by: ({ asset }) => readers.get(asset) ?? 0,
      align: "right",
      cell: ({ asset }) => <Count of={readers.get(asset) ?? 0} />,
      wide: true,
    },
    {
      id: "owner",
      head: "Owner",
      by: ({ owner }) => owner,
      cell: ({ owner }) => <span className="second">{owner ?? "–"}</span>,
      wide: true,
    },
  ];
}

export function kindWord({ kind, materialize }: Pick<GraphNodeAnswer, "kind" | "materialize">): string {
  return materialize ?? kind;
}

function Checks({ node: { checks, quarantined } }: { readonly node: GraphNodeAnswer }): ReactNode {
  if (checks === null || quarantined === null) return <span className="muted">not known yet</span>;
  const all = checks.passed + checks.warned + checks.failed + checks.unknown;
  const aside = quarantined === 0 ? null : <StatusMark status="quarantined" word={quarantined.toLocaleString("en-US")} />;
  if (all === 0) return <>{aside ?? <span className="muted">none</span>}</>;
  const status = checks.failed > 0 ? "failed" : checks.warned > 0 ? "warned" : checks.unknown === all ? "pending" : "passed";
  const word =
    checks.failed > 0
      ? `${checks.failed} of ${all} failed`
      : checks.warned > 0
        ? `${checks.warned} of ${all} warned`
        : `${checks.passed} of ${all}`;
  return (
    <span className="row">
      <StatusMark status={status} word={word} />
      {aside}
    </span>
  );
}
