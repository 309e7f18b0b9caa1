// What the run logged: the end first, then live; by step, level and text; a line has an address. Rows of one height, only those in sight are in the document.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { flag, oneOf, text, usePageSearch, whole } from "../../data/search.ts";
import { Button } from "../../kit/button.tsx";
import { Panel } from "../../kit/panel.tsx";
import { Empty, Failure, NoMatch, Skeleton } from "../../kit/states.tsx";
import { countWords, Copy } from "../../kit/values.tsx";
import { useLog, type LogLine } from "./use-log.ts";

const levels = ["debug", "info", "warn", "error"] as const;
const search = { level: oneOf(levels), grep: text, line: whole, all: flag };
/** Lines grow with the text of the browser. */
const LINE_HEIGHT_REM = 1.125;
const NEAR_END_PX = 40;

interface LogPanelProps {
  readonly run: string;
  /** The chosen step; the log follows it unless the whole run's is asked for. */
  readonly step: string | undefined;
  readonly attempt: number | undefined;
  readonly isLive: boolean;
}

export function LogPanel({ run, step, attempt, isLive }: LogPanelProps): ReactNode {
  const [{ level, grep, line, all }, setSearch] = usePageSearch(search);
  const isAll = all === true || step === undefined;
  const log = useLog({ run, node: isAll ? undefined : step, attempt: isAll ? undefined : attempt, level, grep, line });
  const errors = log.lines.filter((each) => each.level === "error").length;
  const isFiltered = level !== undefined || grep !== undefined;
  return (
    <Panel
      title="Log"
      sub={
        log.isLoading
          ? undefined
          : `${countWords(log.total)} lines${isAll ? " of the run" : ` of ${step}`}${errors === 0 ? "" : ` · ${errors} errors in sight`}`
      }
      actions={<Copy text={`millrace logs ${run}${isAll ? "" : ` --node ${step}`}`} />}
    >
      <div className="filters log-filters">
        <label className="row">
          <input
            type="checkbox"
            checked={isAll}
            disabled={step === undefined}
            onChange={({ target }) => setSearch({ all: target.checked ? true : undefined })}
          />
          Whole run
        </label>
        <select
          className="input"
          aria-label="Level"
          value={level ?? ""}
          onChange={({ target }) => setSearch({ level: levels.find((each) => each === target.value), line: undefined })}
        >
          <option value="">every level</option>
          <option value="info">info and worse</option>
          <option value="warn">warn and worse</option>
          <option value="error">errors</option>
        </select>
        <input
          key={grep}
          className="input grow"
          aria-label="Search in the log"
          placeholder="Text, or /regular expression/"
          defaultValue={grep ?? ""}
          onKeyDown={(event) => {
            if (event.key === "Enter") setSearch({ grep: event.currentTarget.value.trim() || undefined, line: undefined });
          }}
        />
      </div>
      {log.error !== null ? (
        <Failure error={log.error} retry={log.retry} />
      ) : log.isLoading ? (
        <Skeleton lines={6} />
      ) : log.lines.length === 0 ? (
        isFiltered ? (
          <NoMatch what="lines" clear={() => setSearch({ level: undefined, grep: undefined })} />
        ) : (
          <Empty>{isLive ? "Nothing was logged yet." : "Nothing was logged."}</Empty>
        )
      ) : (
        <Lines log={log} line={line} isLive={isLive} onLine={(next) => setSearch({ line: next })} />
      )}
    </Panel>
  );
}

interface LinesProps {
  readonly log: ReturnType<typeof useLog>;
  readonly line: number | undefined;
  readonly isLive: boolean;
  readonly onLine: (line: number) => void;
}

function Lines({ log, line, isLive, onLine }: LinesProps): ReactNode {
  const { lines } = log;
  const [lineHeight] = useState(() => LINE_HEIGHT_REM * Number.parseFloat(getComputedStyle(document.documentElement).fontSize));
  const box = useRef<HTMLDivElement>(null);
  const [isAtEnd, setAtEnd] = useState(line === undefined);
  const seen = useRef(lines.length);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => lineHeight,
    overscan: 20,
  });
  useEffect(() => {
    const at = line === undefined ? -1 : lines.findIndex((each) => each.line >= line);
    if (at >= 0) virtual.scrollToIndex(at, { align: "center" });
    // Once, when the window is there.
    // oxlint-disable-next-line react/exhaustive-deps
  }, []);
  useEffect(() => {
    if (isAtEnd) {
      seen.current = lines.length;
      virtual.scrollToIndex(lines.length - 1, { align: "end" });
    }
  }, [isAtEnd, lines.length, virtual]);
  const scrolled = (): void => {
    const element = box.current;
    if (element === null) return;
    const end = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX;
    if (end !== isAtEnd) setAtEnd(end);
    if (element.scrollTop < lineHeight * 4 && log.hasBefore)
      void log.before().then((added) => {
        if (added > 0) element.scrollTop += added * lineHeight;
      });
  };
  const nextError = (): void => {
    const from = Math.ceil(((box.current?.scrollTop ?? 0) + 2 * lineHeight) / lineHeight);
    const at =
      [...lines.keys()].find((index) => index >= from && lines[index]?.level === "error") ??
      lines.findIndex(({ level }) => level === "error");
    if (at >= 0) virtual.scrollToIndex(at, { align: "start" });
  };
  const behind = lines.length - seen.current;
  return (
    <>
      {/* A region that scrolls is reached by keys. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className="log-box" ref={box} onScroll={scrolled} tabIndex={0} role="region" aria-label="Log lines">
        <div className="log" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const each = lines[index];
            return each === undefined ? null : (
              <Line key={each.line} each={each} start={start} isChosen={each.line === line} onLine={onLine} />
            );
          })}
        </div>
      </div>
      <div className="log-foot row">
        <span role="status" className="muted">
          {isLive
            ? isAtEnd
              ? "Live"
              : behind > 0
                ? `Live · ${countWords(behind)} new below`
                : "Live, held where you read"
            : "The run has ended"}
        </span>
        <span className="grow" />
        <Button small look="quiet" data-key="e" aria-keyshortcuts="e" onClick={nextError}>
          Next error <kbd>e</kbd>
        </Button>
        {isAtEnd ? null : (
          <Button small onClick={() => setAtEnd(true)}>
            To the end
          </Button>
        )}
      </div>
    </>
  );
}

interface LineProps {
  readonly each: LogLine;
  readonly start: number;
  readonly isChosen: boolean;
  readonly onLine: (line: number) => void;
}

function Line({ each, start, isChosen, onLine }: LineProps): ReactNode {
  return (
    <div className={`log-line ${each.level}${isChosen ? " chosen" : ""}`} style={{ transform: `translateY(${start}px)` }}>
      <button type="button" tabIndex={-1} className="log-number" title="Address of this line" onClick={() => onLine(each.line)}>
        {each.line + 1}
      </button>
      <time dateTime={each.at}>{each.at.slice(11, 23)}</time>
      <b>{each.level.toUpperCase()}</b>
      <span className="log-node cut" title={each.node}>
        {each.node}
        {each.attempt > 1 ? `#${each.attempt}` : ""}
      </span>
      <span>{each.message}</span>
    </div>
  );
}
