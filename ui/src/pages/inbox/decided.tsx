// What was decided: approvals, rows that were set aside, releases that were reviewed; who, when, why. As the audit log has it.
import type { ReactNode } from "react";
import type { AuditEntryAnswer } from "../../../../src/model/access.ts";
import type { JsonValue } from "../../../../src/model/json.ts";
import { useRead } from "../../data/read.ts";
import { type Column, DataTable } from "../../kit/data-table.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Sentence } from "../../kit/sentence.tsx";
import { Empty, States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Time } from "../../kit/values.tsx";

const ENTRIES_MAX = 100;

export function Decided({ isMeant }: { readonly isMeant: (words: string) => boolean }): ReactNode {
  const approvals = useRead("audit.list", { act: "approvals", limit: ENTRIES_MAX });
  const rows = useRead("audit.list", { act: "quarantine", limit: ENTRIES_MAX });
  const reviews = useRead("audit.list", { act: "reviews", limit: ENTRIES_MAX });
  const entries = [approvals, rows, reviews]
    .flatMap(({ data }) => data?.entries ?? [])
    .filter(({ subject, by, why, error }) => error === null && isMeant(`${subject ?? ""} ${by} ${why ?? ""}`))
    .toSorted((one, other) => other.entry - one.entry);
  return (
    <Panel title="Decided" sub="newest first">
      <States
        read={approvals}
        isEmpty={() => entries.length === 0}
        empty={<Empty title="Nothing was decided yet, or nothing that fits." />}
      >
        {() => (
          <DataTable
            label="Decisions"
            rows={entries}
            rowKey={({ entry }) => String(entry)}
            sortName="decidedSort"
            columns={decidedColumns}
          />
        )}
      </States>
    </Panel>
  );
}

const words: Readonly<Record<string, string>> = {
  "quarantine.decide": "decided rows",
  "quarantine.discard": "discarded",
  "reviews.decide": "reviewed",
};

function verdictOf({ act, after }: AuditEntryAnswer): { readonly status: string; readonly word: string } {
  const said = isObject(after) ? after : {};
  if (act === "approvals.decide")
    return said["accepted"] === true ? { status: "approved", word: "approved" } : { status: "rejected", word: "rejected" };
  const { act: kind } = said;
  return { status: "accepted", word: typeof kind === "string" ? kind : (words[act] ?? act) };
}

function isObject(value: JsonValue): value is { readonly [name: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const decidedColumns: readonly Column<AuditEntryAnswer>[] = [
  { id: "at", head: "When", by: ({ at }) => at, cell: ({ at }) => <Time at={at} /> },
  {
    id: "verdict",
    head: "Decision",
    by: (entry) => verdictOf(entry).word,
    cell: (entry) => {
      const { status, word } = verdictOf(entry);
      return <StatusMark status={status} word={word} />;
    },
  },
  { id: "subject", head: "What", by: ({ subject }) => subject, cell: ({ subject }) => <Sentence text={subject ?? ""} /> },
  { id: "why", head: "Why", grows: true, cell: ({ why }) => <span className="second">{why ?? ""}</span> },
  { id: "by", head: "Who", by: ({ by }) => by, cell: ({ by }) => <span className="second">{by}</span>, wide: true },
];
