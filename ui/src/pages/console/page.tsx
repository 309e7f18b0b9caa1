// Console: a query over what the project's assets hold, its rows, profile, plan and timing; exported, copied, or taken along as the text of a model.
import "./console.css";
import { lazy, Suspense, useCallback, useEffect, useRef, useState, type ReactNode } from "react";
import { useRead } from "../../data/read.ts";
import { flag, oneOf, text, usePageSearch, whole } from "../../data/search.ts";
import { useEnvironment } from "../../data/environment.ts";
import { Button } from "../../kit/button.tsx";
import { Page as PageFrame } from "../../kit/page.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Empty, Failure, Skeleton } from "../../kit/states.tsx";
import { Count, Duration } from "../../kit/values.tsx";
import { Catalogue } from "./catalogue.tsx";
import { ModelText } from "./model-text.tsx";
import { Outcome } from "./outcome.tsx";
import { useQueryRun, WHATS } from "./run.ts";
import { Taking } from "./taking.tsx";

const Editor = lazy(async () => ({ default: (await import("./editor.tsx")).Editor }));
const search = { sql: text, show: oneOf(WHATS), rows: whole, run: flag };
const ROWS_USUAL = 1_000;
const ROW_CHOICES = [100, 1_000, 10_000, 100_000];
const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);
const WORDS = { rows: "Rows", profile: "Profile", plan: "Plan", analyze: "Timing" } as const;

export function Page(): ReactNode {
  const [{ sql = "", show = "rows", rows = ROWS_USUAL, run: wasRun }, setSearch] = usePageSearch(search);
  const [environment] = useEnvironment();
  const [written, setWritten] = useState(sql);
  const [shownSql, setShownSql] = useState(sql);
  if (shownSql !== sql) {
    setShownSql(sql);
    setWritten(sql);
  }
  const [asModel, setAsModel] = useState(false);
  const names = useRead("query.completions", {});
  const { state, start, cancel } = useQueryRun(environment);
  const ran = useRef("");

  const go = useCallback(
    (query: string, what = show, most = rows): void => {
      if (query.trim() === "") return;
      ran.current = JSON.stringify([query, what, most, environment]);
      setSearch({ sql: query, show: what === "rows" ? undefined : what, rows: most === ROWS_USUAL ? undefined : most, run: true }, "push");
      start({ sql: query, what, rows: most });
    },
    [show, rows, environment, setSearch, start],
  );
  // The address says what is shown: back, forward, reload and a link that somebody sent.
  useEffect(() => {
    const wanted = JSON.stringify([sql, show, rows, environment]);
    if (wasRun !== true || sql === "" || ran.current === wanted) return;
    ran.current = wanted;
    start({ sql, what: show, rows });
  }, [sql, show, rows, wasRun, environment, start]);

  const isRunning = state.kind === "running";
  return (
    <PageFrame
      title="Console"
      note="Reads only: nothing in the warehouse can change"
      actions={
        <Button look="quiet" disabled={written.trim() === ""} onClick={() => setAsModel(true)}>
          Save as model…
        </Button>
      }
    >
      <div className="console">
        <Catalogue read={names} onPick={(query) => go(query)} />
        <div className="stack console-main">
          <Panel className="console-editor">
            <Suspense
              fallback={
                <div className="pad editor-wait">
                  <Skeleton lines={4} />
                </div>
              }
            >
              <Editor
                value={written}
                names={names.data}
                error={state.kind === "failed" ? state.error : null}
                onChange={setWritten}
                onRun={(query) => go(query)}
              />
            </Suspense>
            <div className="console-bar">
              {isRunning ? (
                <Button look="primary" onClick={cancel}>
                  Cancel
                </Button>
              ) : (
                <Button
                  look="primary"
                  disabled={written.trim() === ""}
                  onClick={() => go(written)}
                  aria-keyshortcuts="Control+Enter Meta+Enter"
                >
                  Run <kbd>{isMac ? "⌘" : "Ctrl"} ↵</kbd>
                </Button>
              )}
              <div className="choice" role="group" aria-label="What is shown of the query">
                {WHATS.map((what) => (
                  <button
                    key={what}
                    type="button"
                    aria-pressed={show === what}
                    onClick={() => (written.trim() === "" ? setSearch({ show: what }) : go(written, what))}
                  >
                    {WORDS[what]}
                  </button>
                ))}
              </div>
              {show === "rows" ? (
                <label className="row muted">
                  At most
                  <select className="input" value={rows} onChange={(event) => setSearch({ rows: Number(event.target.value) })}>
                    {ROW_CHOICES.map((most) => (
                      <option key={most} value={most}>
                        {most.toLocaleString("en-US")} rows
                      </option>
                    ))}
                  </select>
                </label>
              ) : null}
              <span className="grow" />
              <Standing state={state} />
            </div>
          </Panel>
          {state.kind === "failed" ? (
            <Panel>
              <Failure error={state.error} retry={() => go(written)} />
            </Panel>
          ) : null}
          {state.kind === "idle" ? (
            <Panel>
              <Empty title="No query yet">
                <p>Write one, or choose a table. {isMac ? "⌘" : "Ctrl"} ↵ runs it; Esc, then Tab leaves the editor.</p>
              </Empty>
            </Panel>
          ) : null}
          {state.answer === undefined ? null : (
            <Panel
              className={isRunning ? "console-result stale-data" : "console-result"}
              title={
                WORDS[
                  state.answer.profile !== null ? "profile" : state.answer.plan !== null ? (show === "plan" ? "plan" : "analyze") : "rows"
                ]
              }
              sub={<Told answer={state.answer} />}
              actions={state.answer.columns.length === 0 ? undefined : <Taking answer={state.answer} sql={sql} environment={environment} />}
            >
              <Outcome answer={state.answer} />
            </Panel>
          )}
        </div>
      </div>
      {asModel ? <ModelText sql={written} onClose={() => setAsModel(false)} /> : null}
    </PageFrame>
  );
}

function Standing({ state }: { readonly state: ReturnType<typeof useQueryRun>["state"] }): ReactNode {
  return (
    <span className="muted" role="status">
      {state.kind === "running" ? (
        <span className="status run">runs, {Math.floor(state.seconds)} s</span>
      ) : state.kind === "done" ? (
        <Duration seconds={state.answer.seconds} />
      ) : null}
    </span>
  );
}

function Told({ answer }: { readonly answer: NonNullable<ReturnType<typeof useQueryRun>["state"]["answer"]> }): ReactNode {
  if (answer.columns.length === 0) return null;
  const cut =
    answer.cutBy === "rows"
      ? "the first; there are more"
      : answer.cutBy === "bytes"
        ? "as many as fit into an answer; there are more"
        : null;
  return (
    <>
      <Count of={answer.rows.length} one="row" /> of <Count of={answer.columns.length} one="column" />
      {cut === null ? "" : ` · ${cut}: export has them all`}
      {answer.cellsCut === 0 ? "" : ` · ${answer.cellsCut.toLocaleString("en-US")} long values are shortened`}
    </>
  );
}
