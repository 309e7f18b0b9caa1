// One asset's records: grouped by rule, corrected in the grid, decided with a preview of what would happen; what reads the asset is built again afterwards.
import { useState, type ReactNode } from "react";
import type { QuarantineRecordsAnswer } from "../../../../src/model/quarantine-answers.ts";
import { useAct } from "../../data/act.ts";
import { useRead } from "../../data/read.ts";
import { text, usePageSearch } from "../../data/search.ts";
import { Button } from "../../kit/button.tsx";
import { Link } from "../../kit/link.tsx";
import { Page } from "../../kit/page.tsx";
import { Panel } from "../../kit/panel.tsx";
import { saveFile } from "../../kit/save-file.ts";
import { Empty, NoMatch, States } from "../../kit/states.tsx";
import { toast } from "../../kit/toast.tsx";
import { Count, countWords } from "../../kit/values.tsx";
import { links } from "../../links.ts";
import { Bulk } from "./bulk.tsx";
import { DecisionDialog } from "./decision-dialog.tsx";
import { Decisions } from "./decisions.tsx";
import { type Decision, ofRecords } from "./decision.ts";
import { cellsOf, type Edits, NO_EDITS, recordsOf, withCell } from "./edits.ts";
import { Forms } from "./forms.tsx";
import { FollowRun } from "./follow-run.tsx";
import { Grid } from "./grid.tsx";

const PAGE = 200;
const SHOWN_MAX = 1_000;

export function Records({ asset }: { readonly asset: string }): ReactNode {
  const [search, setSearch] = usePageSearch({ rule: text, record: text, run: text });
  const [limit, setLimit] = useState(PAGE);
  const [edits, setEdits] = useState<Edits>(NO_EDITS);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [decision, setDecision] = useState<Decision | null>(null);
  const [isBulk, setBulk] = useState(false);
  const { rule } = search;
  const read = useRead("quarantine.records", { asset, limit, ...(rule === undefined ? {} : { rule }) });

  const decided = (run: string | null): void => {
    setDecision(null);
    setBulk(false);
    setEdits(NO_EDITS);
    setSelected(new Set());
    setSearch({ run: run ?? undefined, record: undefined });
  };
  return (
    <Page
      name={`Quarantine of ${asset}`}
      title={
        <>
          <Link to={links.quarantine()} className="link">
            Quarantine
          </Link>{" "}
          <span className="muted">/</span> <span className="mono">{asset}</span>
        </>
      }
      note={read.data === undefined ? undefined : <Count of={read.data.total} one="record" />}
      actions={
        <>
          <Export asset={asset} rule={rule} />
          <Link className="btn plain" to={links.asset(asset)}>
            Open asset
          </Link>
        </>
      }
    >
      {search.run === undefined ? null : <FollowRun run={search.run} onClose={() => setSearch({ run: undefined })} />}
      <States
        read={read}
        lines={10}
        isEmpty={({ total, rules }) => total === 0 && rules.length === 0}
        firstUse={
          <Panel padded>
            <Empty title={`Nothing of ${asset} waits.`}>
              <Link className="link" to={links.quarantine()}>
                What waits of other assets
              </Link>
            </Empty>
            {read.data === undefined ? null : <Decisions decisions={read.data.decisions} />}
          </Panel>
        }
      >
        {(answer) => (
          <div className="q-parts">
            <Rules answer={answer} rule={rule} onRule={(next) => setSearch({ rule: next, record: undefined })} />
            <Forms answer={answer} selected={selected} onSelect={setSelected} />
            <Panel>
              {answer.total === 0 ? (
                <NoMatch what="records" clear={() => setSearch({ rule: undefined })} />
              ) : (
                <Grid
                  answer={answer}
                  edits={edits}
                  onEdits={setEdits}
                  selected={selected}
                  onSelect={setSelected}
                  current={search.record}
                  onCurrent={(record) => setSearch({ record })}
                />
              )}
              {answer.next === null || limit >= SHOWN_MAX ? null : (
                <button type="button" className="more" onClick={() => setLimit(Math.min(SHOWN_MAX, limit + 400))}>
                  Show more of {countWords(answer.total)}
                </button>
              )}
              <Bar
                answer={answer}
                rule={rule}
                edits={edits}
                selected={selected}
                onEdits={setEdits}
                onDecide={setDecision}
                onBulk={() => setBulk(!isBulk)}
                isBulk={isBulk}
              />
            </Panel>
            {isBulk ? <Bulk answer={answer} rule={rule} onDecide={setDecision} /> : null}
            <div className="cols">
              <Panel title="Decisions" sub="newest first" padded>
                <Decisions decisions={answer.decisions} />
              </Panel>
              <Below answer={answer} />
            </div>
            {decision === null ? null : (
              <DecisionDialog answer={answer} decision={decision} onClose={() => setDecision(null)} onDone={decided} />
            )}
          </div>
        )}
      </States>
    </Page>
  );
}

/** The open records as a file to edit; `millrace quarantine fix` takes it back. */
function Export({ asset, rule }: { readonly asset: string; readonly rule: string | undefined }): ReactNode {
  const made = useAct("quarantine.export");
  const save = (format: "csv" | "ndjson"): void =>
    void made
      .run({ asset, ...(rule === undefined ? {} : { rule }), format })
      .then(saveFile)
      .catch((error: Error) => toast(error.message, { look: "fail" }));
  return (
    <>
      <Button busy={made.isPending} onClick={() => save("csv")}>
        Export CSV
      </Button>
      <Button busy={made.isPending} onClick={() => save("ndjson")}>
        Export NDJSON
      </Button>
    </>
  );
}

function Rules({
  answer,
  rule,
  onRule,
}: {
  readonly answer: QuarantineRecordsAnswer;
  readonly rule: string | undefined;
  readonly onRule: (rule: string | undefined) => void;
}): ReactNode {
  const all = answer.rules.reduce((sum, each) => sum + each.rows, 0);
  return (
    <div className="filters" role="group" aria-label="Rules">
      <Button small aria-pressed={rule === undefined} className="q-chip" onClick={() => onRule(undefined)}>
        All <span className="muted">{countWords(all)}</span>
      </Button>
      {answer.rules.map((each) => (
        <Button
          small
          key={each.rule}
          className="q-chip"
          aria-pressed={rule === each.rule}
          title={each.file === null ? undefined : `${each.file}${each.line === null ? "" : `:${each.line}`}`}
          onClick={() => onRule(each.rule)}
        >
          {each.rule} <span className="muted">{countWords(each.rows)}</span>
        </Button>
      ))}
    </div>
  );
}

interface BarProps {
  readonly answer: QuarantineRecordsAnswer;
  readonly rule: string | undefined;
  readonly edits: Edits;
  readonly selected: ReadonlySet<string>;
  readonly onEdits: (edits: Edits) => void;
  readonly onDecide: (decision: Decision) => void;
  readonly onBulk: () => void;
  readonly isBulk: boolean;
}

function Bar({ answer, rule, edits, selected, onEdits, onDecide, onBulk, isBulk }: BarProps): ReactNode {
  const of = selected.size > 0 ? { ids: [...selected], count: selected.size } : { ids: null, count: answer.total };
  const can = (act: (typeof answer.acts)[number]): boolean => answer.acts.includes(act);
  const suggested = answer.records.filter(
    ({ id, suggestion }) =>
      suggestion !== null && (selected.size === 0 || selected.has(id)) && edits.get(id)?.[suggestion.column] === undefined,
  );
  const corrections = cellsOf(edits);
  const which = selected.size > 0 ? `${selected.size} selected` : rule === undefined ? "all" : `all of ${rule}`;
  const decide = (act: "accept" | "replay" | "discard"): void => onDecide(ofRecords(answer.asset, { act, rule, ...of }));
  return (
    <div className="q-bar" role="toolbar" aria-label="Decide">
      {can("fix") ? (
        <>
          <Button
            look="primary"
            disabled={corrections === 0}
            onClick={() => onDecide({ act: "fix", count: edits.size, input: { named: [answer.asset], records: recordsOf(edits) } })}
          >
            {corrections === 0 ? "Preview the fix" : `Preview ${corrections} ${corrections === 1 ? "correction" : "corrections"}`}
          </Button>
          <Button
            disabled={suggested.length === 0}
            onClick={() =>
              onEdits(
                suggested.reduce(
                  (all, { id, suggestion }) => withCell(all, { id, column: suggestion!.column, value: suggestion!.value }),
                  edits,
                ),
              )
            }
          >
            Take {suggested.length} {suggested.length === 1 ? "suggestion" : "suggestions"}
          </Button>
          <Button aria-expanded={isBulk} onClick={onBulk}>
            Fix by expression
          </Button>
          {corrections === 0 ? null : (
            <Button look="quiet" onClick={() => onEdits(NO_EDITS)}>
              Take corrections back
            </Button>
          )}
        </>
      ) : null}
      <span className="grow" />
      <span className="muted">{which}:</span>
      {can("accept") ? <Button onClick={() => decide("accept")}>Accept as is</Button> : null}
      {can("replay") ? <Button onClick={() => decide("replay")}>Try again</Button> : null}
      {can("discard") ? (
        <Button look="danger" onClick={() => decide("discard")}>
          Discard
        </Button>
      ) : null}
      <p className="q-keys muted no-print">
        <kbd>↑↓←→</kbd> cells <kbd>j</kbd> <kbd>k</kbd> failing cells{" "}
        {can("fix") ? (
          <>
            <kbd>Enter</kbd> edit <kbd>s</kbd> suggestion <kbd>Del</kbd> undo{" "}
          </>
        ) : null}
        <kbd>x</kbd> select
      </p>
    </div>
  );
}

function Below({ answer }: { readonly answer: QuarantineRecordsAnswer }): ReactNode {
  const { downstream, asset, total } = answer;
  return (
    <Panel title="What lacks these records" padded>
      {downstream.length === 0 ? (
        <p className="muted">Nothing is built of {asset}.</p>
      ) : (
        <>
          <p className="second">
            {countWords(total)} {total === 1 ? "record is" : "records are"} missing from {asset} and from what is built of it:
          </p>
          <ul className="plain q-below">
            {downstream.map((each) => (
              <li key={each}>
                <Link className="mono link" to={links.asset(each)}>
                  {each}
                </Link>
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}
