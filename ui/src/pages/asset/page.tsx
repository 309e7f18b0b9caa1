// One asset: how it stands and why, its rows, columns, lineage, partitions, checks, past and code. Each part has an address.
import "./asset.css";
import { useParams } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import type { DescribeAnswer } from "../../../../src/model/answers.ts";
import { ApiError } from "../../data/ask.ts";
import { useRead } from "../../data/read.ts";
import { BackfillDialog } from "../../kit/backfill-dialog.tsx";
import { Button, ButtonLink } from "../../kit/button.tsx";
import { Page as Frame } from "../../kit/page.tsx";
import { Empty, States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Tabs } from "../../kit/tabs.tsx";
import { Count, Time } from "../../kit/values.tsx";
import { type AssetTab, links } from "../../links.ts";
import { ChecksTab } from "./checks-tab.tsx";
import { CodeTab } from "./code-tab.tsx";
import { DataTab } from "./data-tab.tsx";
import { HistoryTab } from "./history-tab.tsx";
import { LineageTab } from "./lineage-tab.tsx";
import { OverviewTab } from "./overview-tab.tsx";
import { PartitionsTab } from "./partitions-tab.tsx";
import { RunAsset } from "./run-asset.tsx";
import { SchemaTab } from "./schema-tab.tsx";
import { NextRun, Score } from "./standing.tsx";

type Described = DescribeAnswer["asset"];

const TABS = ["overview", "data", "schema", "lineage", "partitions", "checks", "history", "code"] as const satisfies readonly AssetTab[];

export function Page(): ReactNode {
  const { asset = "", tab } = useParams({ strict: false });
  const read = useRead("assets.describe", { asset }, { fresh: true });
  const isGone = read.error instanceof ApiError && read.error.status === 404;
  if (isGone && read.data === undefined)
    return (
      <Frame title={asset}>
        <Empty title={`There is no asset ${asset} in this project.`}>
          <p>{read.error.error.hint ?? "It may have been renamed or removed while this page was open."}</p>
          <ButtonLink to={links.catalog({ q: asset })}>Search the catalogue</ButtonLink>
        </Empty>
      </Frame>
    );
  const current = TABS.find((each) => each === tab) ?? "overview";
  if (read.data === undefined)
    return (
      <Frame title={asset}>
        <States read={read} lines={8}>
          {() => null}
        </States>
      </Frame>
    );
  const described = read.data.asset;
  return (
    <Frame title={described.asset} note={<Header described={described} />} actions={<Acts described={described} />}>
      {isGone ? <Empty title="This asset was removed from the project; what is shown is what was known last." /> : null}
      <Tabs
        label={`Parts of ${described.asset}`}
        current={current}
        items={TABS.filter((each) => hasTab(described, each)).map((id) => ({
          id,
          to: links.asset(described.asset, id),
          ...labelOf(described, id),
        }))}
      />
      <Tab described={described} tab={current} />
    </Frame>
  );
}

function Header({ described }: { readonly described: Described }): ReactNode {
  return (
    <span className="row wide wrap">
      <StatusMark status={described.status} />
      <span>{described.materialize ?? described.kind}</span>
      {described.rows === null ? null : <Count of={described.rows} one="row" />}
      {described.updatedAt === null ? (
        <span>never built</span>
      ) : (
        <span>
          updated <Time at={described.updatedAt} ago />
        </span>
      )}
      <NextRun jobs={described.jobs} />
      <Score described={described} />
      {described.owner === null ? null : <span className="tag">{described.owner}</span>}
      {described.tags.map((tag) => (
        <span key={tag} className="tag">
          {tag}
        </span>
      ))}
    </span>
  );
}

function Acts({ described }: { readonly described: Described }): ReactNode {
  const { asset, quarantined, partitions } = described;
  const [isFilling, setFilling] = useState(false);
  return (
    <>
      {quarantined === 0 ? null : <ButtonLink to={links.quarantine(asset)}>{quarantined.toLocaleString("en-US")} in quarantine</ButtonLink>}
      <ButtonLink to={links.graph({ q: `+${asset}+` })} look="quiet">
        In the graph
      </ButtonLink>
      {partitions === undefined ? null : <Button onClick={() => setFilling(true)}>Backfill…</Button>}
      {isFilling ? <BackfillDialog asset={asset} onClose={() => setFilling(false)} /> : null}
      <RunAsset asset={asset} />
    </>
  );
}

function hasTab({ kind, partitions }: Described, tab: AssetTab): boolean {
  if (tab === "partitions") return partitions !== undefined;
  if (tab === "data" || tab === "schema") return kind !== "task";
  return true;
}

function labelOf({ checks, columns }: Described, tab: AssetTab): { readonly label: string; readonly count?: number } {
  const label = `${tab[0]!.toUpperCase()}${tab.slice(1)}`;
  const count = tab === "checks" ? checks.length : tab === "schema" ? columns.length : 0;
  return count === 0 ? { label } : { label, count };
}

function Tab({ described, tab }: { readonly described: Described; readonly tab: AssetTab }): ReactNode {
  switch (tab) {
    case "overview":
      return <OverviewTab described={described} />;
    case "data":
      return <DataTab asset={described.asset} />;
    case "schema":
      return <SchemaTab described={described} />;
    case "lineage":
      return <LineageTab asset={described.asset} />;
    case "partitions":
      return <PartitionsTab asset={described.asset} />;
    case "checks":
      return <ChecksTab asset={described.asset} />;
    case "history":
      return <HistoryTab asset={described.asset} />;
    case "code":
      return <CodeTab asset={described.asset} />;
    default:
      return tab satisfies never;
  }
}
