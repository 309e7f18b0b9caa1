// Quality: the score and how it went, what fails and since when, which checks change their mind, what has no check; checks are carried out again from here.
import { useState, type ReactNode } from "react";
import type { QualityCheckAnswer } from "../../../../src/model/quality-answers.ts";
import { useAct } from "../../data/act.ts";
import { useRead } from "../../data/read.ts";
import { oneOf, text, usePageSearch } from "../../data/search.ts";
import { Button } from "../../kit/button.tsx";
import { type Column, DataTable } from "../../kit/data-table.tsx";
import { Choice, Filters, Find } from "../../kit/filters.tsx";
import { Link } from "../../kit/link.tsx";
import { Page as Frame } from "../../kit/page.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Empty, Failure, NoMatch, States } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { toast } from "../../kit/toast.tsx";
import { Copy, Count, countWords, Time } from "../../kit/values.tsx";
import { links } from "../../links.ts";
import { Check } from "./check.tsx";
import { Gaps } from "./gaps.tsx";
import { Past } from "./past.tsx";
import { Score } from "./score.tsx";
import { Suggested } from "./suggested.tsx";
import "./quality.css";

const SHOWN = ["failed", "warned", "passed", "unknown", "flaky"] as const;
/** A check that changed so often in what is kept is called flaky. */
const FLAKY_FLIPS = 3;

const COLUMNS: readonly Column<QualityCheckAnswer>[] = [
  {
    id: "status",
    head: "Status",
    by: ({ status }) => ["failed", "warned", null, "passed"].indexOf(status),
    cell: ({ status }) => <StatusMark status={status ?? "unknown"} word={status ?? "never run"} />,
  },
  {
    id: "check",
    head: "Check",
    by: ({ check }) => check,
    cell: ({ check, flips }) => (
      <>
        <span className="mono">{check}</span> {flips >= FLAKY_FLIPS ? <span className="tag warn">flaky</span> : null}
      </>
    ),
  },
  {
    id: "asset",
    head: "Asset",
    by: ({ asset }) => asset,
    cell: ({ asset }) => (
      <Link className="mono" to={links.asset(asset, "checks")}>
        {asset}
      </Link>
    ),
  },
  {
    id: "failing",
    head: "Failing rows",
    align: "right",
    by: ({ failing }) => failing,
    cell: ({ failing }) => <Count of={failing} />,
  },
  { id: "since", head: "Since", by: ({ since }) => since, cell: ({ since }) => <Time at={since} ago /> },
  { id: "past", head: "Results", grows: true, wide: true, cell: ({ history }) => <Past history={history} /> },
  {
    id: "onFail",
    head: "When it fails",
    wide: true,
    by: ({ onFail }) => onFail,
    cell: ({ onFail, severity }) => <span className="muted">{severity === "warn" ? "warns" : WORDS[onFail]}</span>,
  },
  { id: "at", head: "Looked", by: ({ at }) => at, cell: ({ at }) => <Time at={at} ago /> },
];

const WORDS = { stop: "stops the build", quarantine: "sets rows aside", warn: "warns" } as const;

export function Page(): ReactNode {
  const [search, setSearch] = usePageSearch({ find: text, status: oneOf(SHOWN), asset: text, check: text, day: text, suggest: text });
  const read = useRead("quality.show", {}, { everyMs: 30_000 });
  const find = search.find?.toLowerCase() ?? "";
  const rows = (read.data?.checks ?? []).filter(
    (each) =>
      isShown(each, search.status) &&
      (search.day === undefined || wasBad(each, search.day)) &&
      `${each.asset} ${each.check} ${each.owner ?? ""}`.toLowerCase().includes(find),
  );
  const chosen = read.data?.checks.find(({ asset, check }) => asset === search.asset && check === search.check);
  const isNarrowed = find !== "" || search.status !== undefined || search.day !== undefined;
  const clear = (): void => setSearch({ find: undefined, status: undefined, day: undefined });
  return (
    <Frame title="Quality" actions={<RunChecks asset={search.asset} />}>
      <States
        read={read}
        lines={10}
        isEmpty={({ checks }) => checks.length === 0}
        firstUse={
          <Panel>
            <Empty title="No check yet.">
              <p>A check says what every row must fulfil; it is carried out before a version is published.</p>
              <Copy text="checks: [ { notNull: [id] }, { unique: [id] } ]" />
            </Empty>
          </Panel>
        }
      >
        {(answer) => (
          <div className="ql-parts">
            <Score answer={answer} day={search.day} onDay={(day) => setSearch({ day })} />
            <Panel
              title="Checks"
              sub={search.day === undefined ? undefined : `that did not pass at the end of ${search.day}`}
              actions={
                <Filters label="Filter checks" clear={isNarrowed ? clear : undefined}>
                  <Choice label="Status" value={search.status} options={SHOWN} onChange={(status) => setSearch({ status })} />
                  <Find label="Check, asset or owner" value={search.find} onChange={(words) => setSearch({ find: words })} />
                </Filters>
              }
            >
              {rows.length === 0 && isNarrowed ? (
                <NoMatch what="checks" clear={clear} />
              ) : (
                <DataTable
                  label="Checks"
                  rows={rows}
                  columns={COLUMNS}
                  rowKey={({ asset, check }) => `${asset} ${check}`}
                  onOpen={({ asset, check }) => setSearch({ asset, check }, "push")}
                />
              )}
            </Panel>
            {chosen === undefined ? null : (
              <Check
                key={`${chosen.asset} ${chosen.check}`}
                check={chosen}
                onClose={() => setSearch({ asset: undefined, check: undefined })}
              />
            )}
            {search.suggest === undefined ? null : (
              <Suggested
                key={search.suggest}
                asset={search.suggest}
                gap={answer.gaps.find(({ asset }) => asset === search.suggest)}
                onClose={() => setSearch({ suggest: undefined })}
              />
            )}
            <Gaps gaps={answer.gaps} onSuggest={(asset) => setSearch({ suggest: asset }, "push")} />
          </div>
        )}
      </States>
    </Frame>
  );
}

function isShown({ status, flips }: QualityCheckAnswer, wanted: (typeof SHOWN)[number] | undefined): boolean {
  if (wanted === undefined) return true;
  return wanted === "flaky" ? flips >= FLAKY_FLIPS : (status ?? "unknown") === wanted;
}

/** At the end of the day. */
function wasBad({ history }: QualityCheckAnswer, day: string): boolean {
  const last = history.findLast(({ at }) => at.slice(0, 10) <= day);
  return last !== undefined && last.status !== "passed";
}

function RunChecks({ asset }: { readonly asset: string | undefined }): ReactNode {
  const run = useAct("checks.run");
  const [told, setTold] = useState<string | null>(null);
  const carryOut = async (): Promise<void> => {
    const { checks } = await run.run(asset === undefined ? {} : { select: asset });
    const bad = checks.filter(({ status }) => status !== "passed");
    const words = `${countWords(checks.length)} carried out on what readers see: ${bad.length === 0 ? "all pass" : `${bad.length} do not pass`}`;
    setTold(
      bad.length === 0
        ? words
        : `${words}: ${bad
            .map((each) => `${each.asset} ${each.check}`)
            .slice(0, 3)
            .join(", ")}`,
    );
    toast(words, bad.some(({ status }) => status === "failed") ? { look: "fail" } : {});
  };
  return (
    <>
      {told === null ? null : (
        <span className="second" role="status">
          {told}
        </span>
      )}
      <Button busy={run.isPending} onClick={() => void carryOut().catch(() => {})}>
        {asset === undefined ? "Run all checks" : `Run checks of ${asset}`}
      </Button>
      {run.error === null ? null : <Failure error={run.error} />}
    </>
  );
}
