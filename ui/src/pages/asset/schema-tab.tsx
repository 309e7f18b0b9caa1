// The columns: types, descriptions, where they come from, what they hold; and how the schema changed.
import type { ReactNode } from "react";
import type { ColumnAnswer, DescribeAnswer, HistoryAnswer } from "../../../../src/model/answers.ts";
import type { AssetProfileAnswer, ProfileColumn } from "../../../../src/model/look-answers.ts";
import { ApiError } from "../../data/ask.ts";
import { useRead } from "../../data/read.ts";
import { text, usePageSearch } from "../../data/search.ts";
import { type Column, DataTable } from "../../kit/data-table.tsx";
import { Link } from "../../kit/link.tsx";
import { Panel } from "../../kit/panel.tsx";
import { RunLink } from "../../kit/run-link.tsx";
import { Empty, Failure, Skeleton, States } from "../../kit/states.tsx";
import { suggestionsFor } from "../../kit/suggestions.ts";
import { Copy, Time } from "../../kit/values.tsx";
import { links } from "../../links.ts";

interface Row {
  readonly column: ColumnAnswer;
  readonly profile: ProfileColumn | undefined;
}

export function SchemaTab({ described }: { readonly described: DescribeAnswer["asset"] }): ReactNode {
  const { asset, columns, rows } = described;
  const [{ col }, setSearch] = usePageSearch({ col: text });
  const read = useRead("assets.profile", { asset }, { enabled: rows !== null && columns.length > 0, fresh: true });
  const profile = read.data;
  const list: readonly Row[] = columns.map((column) => ({ column, profile: profile?.columns.find(({ name }) => name === column.name) }));
  const picked = list.find(({ column }) => column.name === col);
  return (
    <div className="stack">
      <Panel title="Columns" sub={subOf(profile)}>
        {columns.length === 0 ? (
          <Empty title="Its columns are not known before it is built." />
        ) : (
          <DataTable
            label={`Columns of ${asset}`}
            rows={list}
            rowKey={({ column }) => column.name}
            onOpen={({ column }) => setSearch({ col: column.name === col ? undefined : column.name })}
            selected={new Set(col === undefined ? [] : [col])}
            columns={columnColumns(profile)}
          />
        )}
        {read.error === null || (read.error instanceof ApiError && read.error.error.code === "MR8160") ? null : (
          <Failure error={read.error} retry={read.retry} />
        )}
      </Panel>
      {picked === undefined ? null : <Column asset={asset} row={picked} profile={profile} isLoading={read.isLoading} />}
      <Changes asset={asset} />
    </div>
  );
}

function subOf(profile: AssetProfileAnswer | undefined): string {
  if (profile === undefined) return "";
  const { rows, sampled } = profile;
  return sampled < rows
    ? `by a sample of ${sampled.toLocaleString("en-US")} of ${rows.toLocaleString("en-US")} rows`
    : `of ${rows.toLocaleString("en-US")} rows`;
}

function partOf(count: number | undefined, profile: AssetProfileAnswer | undefined): number | null {
  return count === undefined || profile === undefined || profile.sampled === 0 ? null : count / profile.sampled;
}

function Part({ of, profile }: { readonly of: number | undefined; readonly profile: AssetProfileAnswer | undefined }): ReactNode {
  const part = partOf(of, profile);
  if (part === null) return null;
  const percent = part * 100;
  const words = part === 0 ? "0 %" : percent < 0.1 ? "< 0.1 %" : `${percent.toFixed(percent < 10 ? 1 : 0)} %`;
  return (
    <>
      <span className="part" aria-hidden="true">
        <i style={{ width: `${percent}%` }} />
      </span>
      {words}
    </>
  );
}

/** Six digits are enough to see. */
function rounded(value: string | null): string | null {
  return value === null || !/^-?\d+\.\d{5,}$/.test(value) ? value : String(Number(Number(value).toPrecision(6)));
}

function rangeOf(known: ProfileColumn | undefined): string {
  if (known === undefined || known.min === null || known.max === null) return "";
  const short = (value: string): string => (value.length > 24 ? `${value.slice(0, 23)}…` : value);
  return known.min === known.max ? short(known.min) : `${short(known.min)} – ${short(known.max)}`;
}

function About({ column }: { readonly column: ColumnAnswer }): ReactNode {
  return (
    <>
      {column.description}
      {column.descriptionFrom === null ? null : <span className="muted"> from {column.descriptionFrom}</span>}
      {column.from === null || column.from === column.name ? null : <span className="muted"> was “{column.from}”</span>}
    </>
  );
}

function Column({
  asset,
  row: { column, profile: known },
  profile,
  isLoading,
}: {
  readonly asset: string;
  readonly row: Row;
  readonly profile: AssetProfileAnswer | undefined;
  readonly isLoading: boolean;
}): ReactNode {
  const full = `${asset}.${column.name}`;
  return (
    <Panel
      title={<code>{full}</code>}
      padded
      actions={
        <Link className="link" to={links.asset(asset, "lineage", { col: column.name })}>
          Where it comes from
        </Link>
      }
    >
      {known === undefined || profile === undefined ? (
        isLoading ? (
          <Skeleton lines={3} />
        ) : (
          <span className="muted">Its values are not known.</span>
        )
      ) : (
        <div className="cols">
          <dl className="pairs">
            {(
              [
                ["Smallest", known.min],
                ["Quarter", known.quarter],
                ["Median", known.median],
                ["Three quarters", known.threeQuarters],
                ["Largest", known.max],
                ["Mean", rounded(known.mean)],
                ["Deviation", rounded(known.deviation)],
              ] as const
            ).flatMap(([name, value]) =>
              value === null
                ? []
                : [
                    <dt key={name}>{name}</dt>,
                    <dd key={`${name} value`} className="mono">
                      {value}
                    </dd>,
                  ],
            )}
          </dl>
          <div>
            <h3>Most frequent</h3>
            <ul className="plain">
              {known.frequent.map(({ value, rows }) => (
                <li key={value} className="row">
                  <Part of={rows} profile={profile} />
                  <code className="cut">{value === "" ? "empty" : value}</code>
                </li>
              ))}
            </ul>
          </div>
        </div>
      )}
      <Origins column={full} />
      {known === undefined || profile === undefined ? null : <Suggested column={column.name} profile={profile} />}
    </Panel>
  );
}

/** What it is made from and what uses it, one step or more away. */
function Origins({ column }: { readonly column: string }): ReactNode {
  const read = useRead("lineage.graph", { target: column }, { fresh: true });
  return (
    <States read={read} lines={2}>
      {({ edges }) => {
        const named = (ends: readonly { readonly asset: string; readonly column: string }[]): readonly string[] =>
          [...new Set(ends.map((end) => `${end.asset}.${end.column}`))].filter((each) => each !== column).toSorted();
        const to = named(edges.filter(({ from }) => `${from.asset}.${from.column}` === column).map((edge) => edge.to));
        const from = named(edges.filter((edge) => `${edge.to.asset}.${edge.to.column}` === column).map((edge) => edge.from));
        return (
          <dl className="pairs origins">
            <dt>Made from</dt>
            <dd>{from.length === 0 ? <span className="muted">no other column</span> : <ColumnNames names={from} />}</dd>
            <dt>Used by</dt>
            <dd>{to.length === 0 ? <span className="muted">no other column</span> : <ColumnNames names={to} />}</dd>
          </dl>
        );
      }}
    </States>
  );
}

function ColumnNames({ names }: { readonly names: readonly string[] }): ReactNode {
  return (
    <span className="row wrap">
      {names.map((name) => {
        const at = name.lastIndexOf(".");
        return (
          <Link key={name} className="link mono" to={links.asset(name.slice(0, at), "schema", { col: name.slice(at + 1) })}>
            {name}
          </Link>
        );
      })}
    </span>
  );
}

function Suggested({ column, profile }: { readonly column: string; readonly profile: AssetProfileAnswer }): ReactNode {
  const found = suggestionsFor(profile, new Set([column]));
  if (found.length === 0) return null;
  const text = `checks:\n${found.map(({ line }) => `  ${line}`).join("\n")}`;
  return (
    <section>
      <h3>Checks that its rows would pass today</h3>
      <pre className="frame">
        <Copy text={text}>{text}</Copy>
      </pre>
      <p className="muted">Whether they should hold tomorrow, you know; they belong into the definition of the asset.</p>
    </section>
  );
}

/** How the columns changed, newest first. */
function Changes({ asset }: { readonly asset: string }): ReactNode {
  const read = useRead("assets.history", { asset, schema: true }, { fresh: true });
  return (
    <Panel title="How it changed">
      <States read={read} lines={2} isEmpty={({ events }) => events.length === 0} empty={<Empty>No change of its columns is known.</Empty>}>
        {({ events }) => (
          <DataTable
            label={`Changes of the columns of ${asset}`}
            rows={events}
            sortName="changeSort"
            rowKey={(event) => `${event.at} ${event.why}`}
            columns={changeColumns}
          />
        )}
      </States>
    </Panel>
  );
}

function columnColumns(profile: AssetProfileAnswer | undefined): readonly Column<Row>[] {
  return [
    { id: "name", head: "Column", by: ({ column }) => column.name, cell: ({ column }) => <code>{column.name}</code> },
    {
      id: "type",
      head: "Type",
      by: ({ column }) => column.type,
      cell: ({ column }) => <code className="muted">{column.type.toLowerCase()}</code>,
    },
    {
      id: "empty",
      head: "Empty",
      by: ({ profile: known }) => partOf(known?.nulls, profile),
      cell: ({ profile: known }) => <Part of={known?.nulls} profile={profile} />,
      wide: true,
    },
    {
      id: "distinct",
      head: "Distinct",
      align: "right",
      by: ({ profile: known }) => known?.distinct ?? null,
      cell: ({ profile: known }) => <>{known === undefined ? "" : known.distinct.toLocaleString("en-US")}</>,
      wide: true,
    },
    {
      id: "range",
      head: "From – to",
      cell: ({ profile: known }) => <span className="second">{rangeOf(known)}</span>,
      wide: true,
    },
    { id: "about", head: "Description", grows: true, cell: ({ column }) => <About column={column} /> },
  ];
}

const changeColumns: readonly Column<HistoryAnswer["events"][number]>[] = [
  { id: "at", head: "When", cell: ({ at }) => <Time at={at} /> },
  { id: "why", head: "What", grows: true, cell: ({ why }) => why ?? "" },
  { id: "by", head: "Who", cell: ({ by }) => <span className="second">{by ?? ""}</span>, wide: true },
  {
    id: "run",
    head: "Run",
    cell: ({ run }) => <RunLink run={run} />,
    wide: true,
  },
];
