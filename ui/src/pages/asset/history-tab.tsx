// What happened to an asset, and its versions: those that are kept can be gone back to.
import { useState, type ReactNode } from "react";
import type { VersionAnswer } from "../../../../src/model/act-answers.ts";
import type { HistoryAnswer } from "../../../../src/model/answers.ts";
import { useAct } from "../../data/act.ts";
import { useRead } from "../../data/read.ts";
import { Button } from "../../kit/button.tsx";
import { Confirm } from "../../kit/confirm.tsx";
import { type Column, DataTable } from "../../kit/data-table.tsx";
import { Panel } from "../../kit/panel.tsx";
import { RunLink } from "../../kit/run-link.tsx";
import { Empty, States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { toast } from "../../kit/toast.tsx";
import { Count, Time } from "../../kit/values.tsx";

export function HistoryTab({ asset }: { readonly asset: string }): ReactNode {
  const read = useRead("assets.history", { asset, schema: false }, { fresh: true });
  const [wanted, setWanted] = useState<VersionAnswer | null>(null);
  const rollback = useAct("assets.rollback");
  const confirm = async (why: string): Promise<void> => {
    if (wanted === null) return;
    try {
      await rollback.run({ asset, to: wanted.version, ...(why === "" ? {} : { why }) });
      setWanted(null);
      toast(`Readers see the version of ${wanted.at} again`);
    } catch {
      // the dialog tells it
    }
  };
  return (
    <States
      read={read}
      lines={6}
      isEmpty={({ events, versions }) => events.length + versions.length === 0}
      firstUse={<Empty title="Nothing has happened to it yet." />}
    >
      {({ events, versions }) => (
        <div className="stack">
          <Panel title="What happened">
            <DataTable
              label={`History of ${asset}`}
              rows={events}
              rowKey={(event) => `${event.at} ${event.kind} ${event.run} ${event.why}`}
              columns={eventColumns}
            />
          </Panel>
          <Panel title="Versions" sub="those that are kept can be shown again">
            <DataTable
              label={`Versions of ${asset}`}
              rows={versions}
              rowKey={({ version }) => version}
              sortName="versionSort"
              columns={versionColumns(setWanted)}
            />
          </Panel>
          <Confirm
            open={wanted !== null}
            title={`Show an earlier version of ${asset}`}
            act="Go back"
            reason="wanted"
            busy={rollback.isPending}
            error={rollback.error}
            onConfirm={(why) => void confirm(why)}
            onClose={() => {
              setWanted(null);
              rollback.clear();
            }}
          >
            Readers see the version of <Time at={wanted?.at ?? null} /> with <Count of={wanted?.rows ?? null} one="row" /> until it is
            released or built anew. What was made from the newer one becomes stale.
          </Confirm>
        </div>
      )}
    </States>
  );
}

const eventColumns: readonly Column<HistoryAnswer["events"][number]>[] = [
  { id: "at", head: "When", cell: ({ at }) => <Time at={at} /> },
  { id: "kind", head: "What", by: ({ kind }) => kind, cell: ({ kind }) => <span className="tag">{kind}</span> },
  { id: "why", head: "Why", grows: true, cell: ({ why }) => why ?? "" },
  { id: "rows", head: "Rows", align: "right", by: ({ rows }) => rows, cell: ({ rows }) => <Count of={rows} /> },
  { id: "by", head: "Who", cell: ({ by }) => <span className="second">{by ?? ""}</span>, wide: true },
  { id: "run", head: "Run", cell: ({ run }) => <RunLink run={run} />, wide: true },
];

function versionColumns(onBack: (version: VersionAnswer) => void): readonly Column<VersionAnswer>[] {
  return [
    {
      id: "live",
      head: "State",
      cell: ({ live, kept }) => (
        <StatusMark status={live ? "live" : kept ? "skipped" : "canceled"} word={live ? "readers see it" : kept ? "kept" : "gone"} />
      ),
    },
    { id: "at", head: "Made", cell: ({ at }) => <Time at={at} /> },
    { id: "rows", head: "Rows", align: "right", cell: ({ rows }) => <Count of={rows} /> },
    {
      id: "version",
      head: "Version",
      grows: true,
      cell: ({ version }) => <code className="muted">{version.slice(0, 16)}</code>,
    },
    { id: "run", head: "Run", cell: ({ run }) => <RunLink run={run} />, wide: true },
    {
      id: "act",
      head: "Act",
      align: "right",
      cell: (version) =>
        version.kept && !version.live ? (
          <Button small onClick={() => onBack(version)}>
            Go back to it
          </Button>
        ) : null,
    },
  ];
}
