// What a query answered: rows as a grid, a profile as a table, a plan as text.
import type { ReactNode } from "react";
import type { ColumnProfileAnswer, QueryRunAnswer } from "../../../../src/model/query-answers.ts";
import { DataTable, type Column } from "../../kit/data-table.tsx";
import { Empty } from "../../kit/states.tsx";
import { Count } from "../../kit/values.tsx";
import { ResultGrid } from "./grid.tsx";

export function Outcome({ answer }: { readonly answer: QueryRunAnswer }): ReactNode {
  if (answer.plan !== null)
    return (
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a text that scrolls is reached by keyboard
      <pre className="frame plan" tabIndex={0} aria-label="Plan of the query">
        {answer.plan}
      </pre>
    );
  if (answer.profile !== null)
    return (
      <DataTable
        label="Profile of each column"
        rows={answer.profile}
        columns={profileColumns}
        rowKey={({ name }) => name}
        sortName="order"
      />
    );
  if (answer.rows.length === 0) return <Empty title="No rows">The query ran, and nothing fits it.</Empty>;
  return <ResultGrid key={answer.query} columns={answer.columns} rows={answer.rows} />;
}

const text = (value: string | null): ReactNode =>
  value === null ? <span className="muted">–</span> : <span className="mono">{value}</span>;

const profileColumns: readonly Column<ColumnProfileAnswer>[] = [
  { id: "column", head: "Column", cell: ({ name }) => <span className="mono">{name}</span>, by: ({ name }) => name },
  { id: "type", head: "Type", cell: ({ type }) => <span className="mono muted">{type}</span>, by: ({ type }) => type, wide: true },
  { id: "nulls", head: "Nulls", cell: ({ nullPercent }) => `${nullPercent} %`, by: ({ nullPercent }) => nullPercent, align: "right" },
  {
    id: "distinct",
    head: "Distinct, about",
    cell: ({ distinct }) => <Count of={distinct} />,
    by: ({ distinct }) => distinct,
    align: "right",
  },
  { id: "min", head: "Least", cell: ({ min }) => text(min) },
  { id: "median", head: "Median", cell: ({ median }) => text(median), wide: true },
  { id: "mean", head: "Mean", cell: ({ mean }) => text(mean), wide: true },
  { id: "max", head: "Most", cell: ({ max }) => text(max) },
];
