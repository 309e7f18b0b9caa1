// Runs by what they have in common: how many, how many went wrong, when the last began; a group is opened as a filter.
import type { ReactNode } from "react";
import type { RunAnswer } from "../../../../src/model/answers.ts";
import { type Column, DataTable } from "../../kit/data-table.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Count, Duration, Time } from "../../kit/values.tsx";

export const groupings = ["job", "trigger"] as const;
export type Grouping = (typeof groupings)[number];

interface Group {
  /** Null: those without a job. */
  readonly name: string | null;
  readonly runs: number;
  readonly failed: number;
  readonly last: RunAnswer;
  readonly medianSeconds: number | null;
}

interface GroupsProps {
  readonly runs: readonly RunAnswer[];
  readonly by: Grouping;
  readonly onOpen: (name: string | null) => void;
}

function columnsOf(by: Grouping): readonly Column<Group>[] {
  return [
    { id: "name", head: by === "job" ? "Job" : "Trigger", cell: ({ name }) => name ?? "by hand", by: ({ name }) => name, grows: true },
    { id: "runs", head: "Runs", align: "right", cell: (group) => <Count of={group.runs} />, by: (group) => group.runs },
    { id: "failed", head: "Went wrong", align: "right", cell: ({ failed }) => <Count of={failed} />, by: ({ failed }) => failed },
    { id: "last", head: "Last", cell: ({ last }) => <StatusMark status={last.status} />, by: ({ last }) => last.status },
    { id: "began", head: "Began", cell: ({ last }) => <Time at={last.startedAt} />, by: ({ last }) => last.startedAt },
    {
      id: "median",
      head: "Usually takes",
      align: "right",
      wide: true,
      cell: ({ medianSeconds }) => <Duration seconds={medianSeconds} />,
      by: ({ medianSeconds }) => medianSeconds,
    },
  ];
}

export function Groups({ runs, by, onOpen }: GroupsProps): ReactNode {
  return (
    <DataTable
      label={`Runs by ${by}`}
      rows={groupsOf(runs, by)}
      rowKey={({ name }) => name ?? ""}
      columns={columnsOf(by)}
      onOpen={({ name }) => onOpen(name)}
      sortName="groups"
    />
  );
}

function groupsOf(runs: readonly RunAnswer[], by: Grouping): readonly Group[] {
  const groups = new Map<string | null, RunAnswer[]>();
  for (const run of runs) groups.set(run[by], [...(groups.get(run[by]) ?? []), run]);
  return [...groups]
    .map(([name, own]): Group => {
      const took = own
        .flatMap(({ seconds, status }) => (seconds === null || status !== "succeeded" ? [] : [seconds]))
        .toSorted((a, b) => a - b);
      return {
        name,
        runs: own.length,
        failed: own.filter(({ status }) => status === "failed" || status === "partial").length,
        last: own[0]!,
        medianSeconds: took[Math.floor(took.length / 2)] ?? null,
      };
    })
    .toSorted((a, b) => b.failed - a.failed || b.runs - a.runs);
}
