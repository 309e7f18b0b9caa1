// What the run logged: the end first, then live; by step, level and text; what is searched for as a filter or marked in its place; copied or saved as a whole.
import { useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { askIn } from "../../data/ask.ts";
import { useEnvironment } from "../../data/environment.ts";
import { flag, oneOf, text, usePageSearch, whole } from "../../data/search.ts";
import { Button } from "../../kit/button.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Empty, Failure, NoMatch, Skeleton } from "../../kit/states.tsx";
import { toast } from "../../kit/toast.tsx";
import { Copy, countWords } from "../../kit/values.tsx";
import { Lines } from "./log-lines.tsx";
import { copyLines, findLine, saveLines } from "./log-whole.ts";
import { useLog } from "./use-log.ts";

const levels = ["debug", "info", "warn", "error"] as const;
const search = { level: oneOf(levels), grep: text, line: whole, to: whole, all: flag, around: flag, wrap: flag };

interface LogPanelProps {
  readonly run: string;
  /** The chosen step; the log follows it unless the whole run's is asked for. */
  readonly step: string | undefined;
  readonly attempt: number | undefined;
  readonly isLive: boolean;
}

export function LogPanel({ run, step, attempt, isLive }: LogPanelProps): ReactNode {
  const [{ level, grep, line, to, all, around, wrap }, setSearch] = usePageSearch(search);
  const [environment] = useEnvironment();
  const [isFull, setFull] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [missed, setMissed] = useState<string | null>(null);
  const box = useRef<HTMLInputElement>(null);
  const isAll = all === true || step === undefined;
  // Around: lines that do not hold the text stay, those that do are marked.
  const isMarked = around === true && grep !== undefined;
  const [node, ofAttempt] = isAll ? [undefined, undefined] : [step, attempt];
  const wish = { run, node, attempt: ofAttempt, level, grep: isMarked ? undefined : grep };
  const log = useLog({ ...wish, line });
  const { errors } = log;
  const isFiltered = level !== undefined || grep !== undefined;
  const ask = askIn(environment);
  const doing = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    try {
      await work();
    } catch (error) {
      toast((error as Error).message, { look: "fail" });
    } finally {
      setBusy(false);
    }
  };
  const go = (kind: { readonly level?: "error"; readonly grep?: string }, direction: "next" | "previous", from: number): Promise<void> =>
    doing(async () => {
      const found = await findLine(ask, { ...wish, ...kind }, from, direction);
      setMissed(found === null ? `No ${direction === "next" ? "later" : "earlier"} ${kind.grep === undefined ? "error" : "match"}` : null);
      if (found === null) return;
      if (!log.lines.some((each) => each.line === found)) await log.show(found);
      setSearch({ line: found, to: undefined });
    });
  const copy = (range: { readonly from?: number; readonly to?: number }): Promise<void> =>
    doing(async () => toast(`${countWords(await copyLines(ask, wish, range))} lines copied`));
  const press = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && isFull) setFull(false);
    else if (event.key === "/" && !(event.target instanceof HTMLInputElement)) box.current?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- keys of what is inside
    <div className={`${isFull ? "log-full " : ""}${isAll ? "" : "log-of-one"}`} onKeyDown={press}>
      <Panel
        title="Log"
        sub={
          log.isLoading
            ? undefined
            : `${countWords(log.total)} lines${isAll ? " of the run" : ` of ${step}`}${errors === 0 ? "" : ` · ${countWords(errors)} ${errors === 1 ? "error" : "errors"} in sight`}`
        }
        actions={
          <>
            <Copy text={`millrace logs ${run}${isAll ? "" : ` --node ${step}`}`} label="Copy command that prints this log">
              Copy command
            </Copy>
            <Button small look="quiet" busy={isBusy} onClick={() => void copy({})}>
              Copy all
            </Button>
            <Button small look="quiet" busy={isBusy} onClick={() => void doing(() => saveLines(ask, wish))}>
              Download
            </Button>
            <Button
              small
              look="quiet"
              data-key="w"
              aria-keyshortcuts="w"
              aria-pressed={wrap === true}
              onClick={() => setSearch({ wrap: wrap === true ? undefined : true })}
            >
              Wrap <kbd>w</kbd>
            </Button>
            <Button small look="quiet" data-key="f" aria-keyshortcuts="f" aria-pressed={isFull} onClick={() => setFull(!isFull)}>
              {isFull ? "Leave full screen" : "Full screen"} <kbd>f</kbd>
            </Button>
          </>
        }
      >
        <div className="filters log-filters">
          <label className="row">
            <input
              type="checkbox"
              checked={isAll}
              disabled={step === undefined}
              onChange={({ target }) => setSearch({ all: target.checked ? true : undefined, line: undefined, to: undefined })}
            />
            Whole run
          </label>
          <select
            className="input"
            aria-label="Level"
            value={level ?? ""}
            onChange={({ target }) => setSearch({ level: levels.find((each) => each === target.value), line: undefined, to: undefined })}
          >
            <option value="">every level</option>
            <option value="info">info and worse</option>
            <option value="warn">warn and worse</option>
            <option value="error">errors</option>
          </select>
          <input
            ref={box}
            key={grep}
            className="input grow"
            aria-label="Search in the log"
            placeholder="Text, or /regular expression/"
            defaultValue={grep ?? ""}
            onKeyDown={(event) => {
              if (event.key === "Enter") setSearch({ grep: event.currentTarget.value.trim() || undefined, line: undefined, to: undefined });
            }}
          />
          {grep === undefined ? null : (
            <>
              <label className="row">
                <input
                  type="checkbox"
                  checked={isMarked}
                  onChange={({ target }) => setSearch({ around: target.checked ? true : undefined })}
                />
                Lines around, too
              </label>
              <Button
                small
                look="quiet"
                data-key="n"
                aria-keyshortcuts="n"
                busy={isBusy}
                onClick={() => void go({ grep }, "next", line ?? log.lines[0]?.line ?? 0)}
              >
                Next <kbd>n</kbd>
              </Button>
              <Button
                small
                look="quiet"
                data-key="N"
                aria-keyshortcuts="Shift+N"
                busy={isBusy}
                onClick={() => void go({ grep }, "previous", line ?? log.total)}
              >
                Previous <kbd>N</kbd>
              </Button>
            </>
          )}
          <span role="status" className="second">
            {missed}
          </span>
        </div>
        {log.error !== null ? (
          <Failure error={log.error} retry={log.retry} />
        ) : log.isLoading ? (
          <Skeleton lines={6} />
        ) : log.lines.length === 0 ? (
          isFiltered && log.hasBefore ? (
            <Empty title="None of the newest lines match.">
              <div>
                <Button small onClick={() => void log.before()}>
                  Look further back
                </Button>
              </div>
            </Empty>
          ) : isFiltered ? (
            <NoMatch what="lines" clear={() => setSearch({ level: undefined, grep: undefined })} />
          ) : (
            <Empty>{isLive ? "Nothing was logged yet." : "Nothing was logged."}</Empty>
          )
        ) : (
          <Lines
            log={log}
            line={line}
            to={to}
            isLive={isLive}
            isWrapped={wrap === true}
            mark={isMarked && !grep.startsWith("/") ? grep.toLowerCase() : undefined}
            onRange={(next) => setSearch({ line: next?.line, to: next?.to })}
            onError={(from) => void go({ level: "error" }, "next", from)}
            onCopy={(range) => void copy(range)}
          />
        )}
      </Panel>
    </div>
  );
}
