// Where nobody would notice: assets and columns that no check looks at.
import type { ReactNode } from "react";
import type { QualityGap } from "../../../../src/model/quality-answers.ts";
import { Button } from "../../kit/button.tsx";
import { type Column, DataTable } from "../../kit/data-table.tsx";
import { Link } from "../../kit/link.tsx";
import { Panel } from "../../kit/panel.tsx";
import { links } from "../../links.ts";

interface GapsProps {
  readonly gaps: readonly QualityGap[];
  readonly onSuggest: (asset: string) => void;
}

export function Gaps({ gaps, onSuggest }: GapsProps): ReactNode {
  if (gaps.length === 0) return null;
  return (
    <Panel title="Without checks" sub="assets without any first, then what most is built of">
      <DataTable
        label="Assets and columns without checks"
        sortName="gap"
        rows={gaps}
        columns={columnsOf(onSuggest)}
        rowKey={({ asset }) => asset}
        onOpen={({ asset }) => onSuggest(asset)}
      />
    </Panel>
  );
}

function columnsOf(suggest: (asset: string) => void): readonly Column<QualityGap>[] {
  return [
    {
      id: "asset",
      head: "Asset",
      by: ({ asset }) => asset,
      cell: ({ asset }) => (
        <Link className="mono" to={links.asset(asset, "schema")}>
          {asset}
        </Link>
      ),
    },
    { id: "kind", head: "Kind", wide: true, by: ({ kind }) => kind, cell: ({ kind }) => kind },
    { id: "checks", head: "Checks", align: "right", by: ({ checks }) => checks, cell: ({ checks }) => (checks === 0 ? "none" : checks) },
    { id: "below", head: "Read by", align: "right", wide: true, by: ({ dependents }) => dependents, cell: ({ dependents }) => dependents },
    {
      id: "untested",
      head: "Columns that no check looks at",
      grows: true,
      by: ({ untested }) => untested.length,
      cell: ({ untested, columns }) => (
        <>
          {untested.length} of {columns} <span className="mono muted">{untested.join(", ")}</span>
        </>
      ),
    },
    {
      id: "suggest",
      head: "Act",
      align: "right",
      cell: ({ asset }) => (
        <Button small aria-label={`Suggest checks for ${asset}`} onClick={() => suggest(asset)}>
          Suggest checks
        </Button>
      ),
    },
  ];
}
