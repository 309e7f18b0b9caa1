// How the asset stands and why, what it is made from and who uses it, its last runs, what its checks found.
import type { ReactNode } from "react";
import type { DescribeAnswer, RunAnswer } from "../../../../src/model/answers.ts";
import { useRead } from "../../data/read.ts";
import { useGraph } from "../../graph/use-graph.ts";
import { type Column, DataTable } from "../../kit/data-table.tsx";
import { Link, useGo } from "../../kit/link.tsx";
import { Panel } from "../../kit/panel.tsx";
import { RunLink } from "../../kit/run-link.tsx";
import { Sentence } from "../../kit/sentence.tsx";
import { Empty, States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Copy, Duration, Time } from "../../kit/values.tsx";
import { links } from "../../links.ts";

const RUNS_SHOWN = 8;

export function OverviewTab({ described }: { readonly described: DescribeAnswer["asset"] }): ReactNode {
  const { asset, description, descriptionFrom, file, upstream, downstream, incremental, partitions, lastRun, version } = described;
  return (
    <div className="cols">
      <div className="stack">
        <Panel title="Why it is so" padded>
          <Why asset={asset} />
        </Panel>
        <Panel title="Last runs">
          <Runs asset={asset} />
        </Panel>
      </div>
      <div className="stack">
        <Panel title="About" padded>
          <div className="stack">
            {description === null ? null : (
              <p>
                {description}
                {descriptionFrom === null ? null : <span className="muted"> as written at {descriptionFrom}</span>}
              </p>
            )}
            <dl className="pairs">
              <dt>File</dt>
              <dd>
                <Copy text={file} />
              </dd>
              {incremental === undefined ? null : (
                <>
                  <dt>Built as</dt>
                  <dd>
                    {incremental.mode}: {incremental.reason}
                  </dd>
                </>
              )}
              {partitions === undefined ? null : (
                <>
                  <dt>Partitions</dt>
                  <dd>
                    <Link className="link" to={links.asset(asset, "partitions")}>
                      {partitions.present} of {partitions.total}
                    </Link>{" "}
                    by {partitions.by.join(" × ")}
                    {partitions.failed > 0 ? `, ${partitions.failed} failed` : ""}
                    {partitions.missing > 0 ? `, ${partitions.missing} missing` : ""}
                  </dd>
                </>
              )}
              {lastRun === null ? null : (
                <>
                  <dt>Made by</dt>
                  <dd>
                    <RunLink run={lastRun} />
                  </dd>
                </>
              )}
              {version === null ? null : (
                <>
                  <dt>Version</dt>
                  <dd>
                    <Copy text={version}>
                      <code>{version.slice(0, 16)}</code>
                    </Copy>
                  </dd>
                </>
              )}
            </dl>
          </div>
        </Panel>
        <Panel title="Reads" sub={String(upstream.length)}>
          <Near assets={upstream} none="It reads no other asset." />
        </Panel>
        <Panel title="Read by" sub={String(downstream.length)}>
          <Near assets={downstream} none="Nothing in this project reads it." />
        </Panel>
      </div>
    </div>
  );
}

function Why({ asset }: { readonly asset: string }): ReactNode {
  const why = useRead("assets.why", { asset }, { fresh: true });
  return (
    <States
      read={why}
      lines={3}
      isEmpty={({ sentences }) => sentences.length === 0}
      empty={<span className="muted">Nothing to tell.</span>}
    >
      {({ sentences, blocks }) => (
        <div className="stack">
          {sentences.map((sentence, index) => (
            <p key={sentence} className={index === 0 ? "strong" : "second"}>
              <Sentence text={sentence} />
            </p>
          ))}
          {blocks.length === 0 ? null : (
            <p className="second">
              Holds up{" "}
              {blocks.map((block, index) => (
                <span key={block}>
                  {index === 0 ? "" : ", "}
                  <Link className="link mono" to={links.asset(block)}>
                    {block}
                  </Link>
                </span>
              ))}
            </p>
          )}
        </div>
      )}
    </States>
  );
}

function Runs({ asset }: { readonly asset: string }): ReactNode {
  const runs = useRead("runs.list", { asset, limit: RUNS_SHOWN }, { fresh: true });
  const go = useGo();
  return (
    <States
      read={runs}
      isEmpty={(answer) => answer.runs.length === 0}
      firstUse={
        <Empty title="No run has built it yet.">
          <Copy text={`millrace run --select ${asset}`} />
        </Empty>
      }
    >
      {(answer) => (
        <DataTable
          label={`Last runs of ${asset}`}
          rows={answer.runs}
          rowKey={({ run }) => run}
          onOpen={({ run }) => go(links.run(run))}
          sortName="runSort"
          columns={runColumns}
        />
      )}
    </States>
  );
}

function Near({ assets, none }: { readonly assets: readonly string[]; readonly none: string }): ReactNode {
  const { data: model } = useGraph();
  if (assets.length === 0) return <Empty>{none}</Empty>;
  return (
    <div className="pad">
      <ul className="plain stack">
        {assets.map((asset) => {
          const status = model?.nodes[model.placeOf.get(asset) ?? -1]?.status;
          return (
            <li key={asset} className="row">
              {status === undefined ? null : <StatusMark status={status} bare />}
              <Link className="link mono" to={links.asset(asset)}>
                {asset}
              </Link>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

const runColumns: readonly Column<RunAnswer>[] = [
  { id: "status", head: "Status", cell: ({ status }) => <StatusMark status={status} /> },
  {
    id: "run",
    head: "Run",
    grows: true,
    cell: ({ run, job }) => (
      <Link className="mono" to={links.run(run)} tabIndex={-1}>
        {job ?? run}
      </Link>
    ),
  },
  { id: "began", head: "Began", align: "right", cell: ({ startedAt }) => <Time at={startedAt} /> },
  { id: "took", head: "Took", align: "right", cell: ({ seconds }) => <Duration seconds={seconds} /> },
];
