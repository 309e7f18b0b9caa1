// Runs by what they have in common: the error, the job, what broke, the trigger, a tag of the job. How many, how many went wrong, since when; a group is opened as a filter.
import type { ReactNode } from "react";
import type { RunAnswer } from "../../../../src/model/answers.ts";
import { type Column, DataTable } from "../../kit/data-table.tsx";
import { Empty } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Count, Duration, Time } from "../../kit/values.tsx";
import { ErrorWords } from "./columns.tsx";

export const groupings = ["error", "asset", "job", "trigger", "tag"] as const;
export type Grouping = (typeof groupings)[number];

interface Group {
  /** What the filter takes; null: runs without a job. */
  readonly name: string | null;
  readonly runs: number;
  readonly failed: number;
  readonly last: RunAnswer;
  readonly first: RunAnswer;
  readonly jobs: readonly string[];
  readonly medianSeconds: number | null;
}

interface GroupsProps {
  readonly runs: readonly RunAnswer[];
  readonly by: Grouping;
  readonly tags: ReadonlyMap<string, readonly string[]>;
  readonly onOpen: (name: string | null) => void;
}

const HEADS: Readonly<Record<Grouping, string>> = { error: "Error", asset: "What broke", job: "Job", trigger: "Trigger", tag: "Tag" };
const JOBS_NAMED = 3;

export function Groups({ runs, by, tags, onOpen }: GroupsProps): ReactNode {
  const groups = groupsOf(runs, by, tags);
  if (groups.length === 0)
    return (
      <Empty title={by === "tag" ? "No job of these runs has tags." : "None of these runs has failed."}>
        {by === "tag" ? <p>A job takes them as `tags: [finance]`.</p> : null}
      </Empty>
    );
  return (
    <DataTable
      label={`Runs by ${by}`}
      rows={groups}
      rowKey={({ name }) => name ?? ""}
      columns={by === "error" || by === "asset" ? brokenColumns(by) : columnsOf(by)}
      onOpen={({ name }) => onOpen(name)}
      sortName="groups"
    />
  );
}

const RUNS: Column<Group> = {
  id: "runs",
  head: "Runs",
  align: "right",
  cell: (group) => <Count of={group.runs} />,
  by: ({ runs }) => runs,
};

function brokenColumns(by: "error" | "asset"): readonly Column<Group>[] {
  const name: Column<Group> =
    by === "error"
      ? {
          id: "name",
          head: HEADS.error,
          grows: true,
          cell: ({ last }) => <ErrorWords error={last.error} />,
          by: ({ name: words }) => words,
        }
      : { id: "name", head: HEADS.asset, cell: ({ name: words }) => <span className="mono">{words}</span>, by: ({ name: words }) => words };
  return [
    name,
    { ...RUNS, head: "Runs failed" },
    ...(by === "asset"
      ? [
          {
            id: "why",
            head: "Last error",
            grows: true,
            cell: ({ last }: Group) => <ErrorWords error={last.error} />,
          } satisfies Column<Group>,
        ]
      : []),
    { id: "jobs", head: "Jobs", wide: true, cell: ({ jobs }) => <span className="second">{listed(jobs)}</span> },
    { id: "first", head: "Since", wide: true, cell: ({ first }) => <Time at={first.startedAt} />, by: ({ first }) => first.startedAt },
    { id: "began", head: "Last", cell: ({ last }) => <Time at={last.startedAt} />, by: ({ last }) => last.startedAt },
  ];
}

function columnsOf(by: Grouping): readonly Column<Group>[] {
  return [
    { id: "name", head: HEADS[by], cell: ({ name }) => name ?? "by hand", by: ({ name }) => name, grows: true },
    RUNS,
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

/** Newest first, as the runs are. */
function groupsOf(runs: readonly RunAnswer[], by: Grouping, tags: ReadonlyMap<string, readonly string[]>): readonly Group[] {
  const groups = new Map<string | null, RunAnswer[]>();
  for (const run of runs)
    for (const name of namesOf(run, by, tags)) {
      const own = groups.get(name);
      if (own === undefined) groups.set(name, [run]);
      else own.push(run);
    }
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
        first: own.at(-1)!,
        jobs: [...new Set(own.map(({ job }) => job ?? "by hand"))],
        medianSeconds: took[Math.floor(took.length / 2)] ?? null,
      };
    })
    .toSorted((a, b) => b.failed - a.failed || b.runs - a.runs);
}

function namesOf(run: RunAnswer, by: Grouping, tags: ReadonlyMap<string, readonly string[]>): readonly (string | null)[] {
  if (by === "error") return run.error === null ? [] : [run.error.fingerprint];
  if (by === "asset") return run.error?.node == null ? [] : [run.error.node.replace(/\[.*$/, "")];
  if (by === "tag") return run.job === null ? [] : (tags.get(run.job) ?? []);
  return [run[by]];
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, JOBS_NAMED).join(", ");
  return names.length > JOBS_NAMED ? `${shown} and ${names.length - JOBS_NAMED} more` : shown;
}
