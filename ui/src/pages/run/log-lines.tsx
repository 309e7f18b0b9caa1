// The lines of a log in sight: rows of one height, or as high as they are where they wrap. At its end it follows what comes; who scrolls up reads in peace and is told how much
// came. A number chooses its line, with Shift the lines up to it; Ctrl+A and Ctrl+C take all of them, also those that are not on the page.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { Button } from "../../kit/button.tsx";
import { countWords } from "../../kit/values.tsx";
import { Detail, Line } from "./log-line.tsx";
import type { Log } from "./use-log.ts";

/** Lines grow with the text of the browser. */
const LINE_HEIGHT_REM = 1.125;
const NEAR_END_PX = 40;
const SUMMARY_EVERY_MS = 5_000;

export interface LineRange {
  readonly line: number;
  readonly to?: number | undefined;
}

interface LinesProps {
  readonly log: Log;
  readonly line: number | undefined;
  /** The other end of what is chosen. */
  readonly to: number | undefined;
  readonly isLive: boolean;
  readonly isWrapped: boolean;
  readonly mark: string | undefined;
  readonly onRange: (range: LineRange | undefined) => void;
  readonly onError: (from: number) => void;
  readonly onCopy: (range: { readonly from?: number; readonly to?: number }) => void;
}

export function Lines({ log, line, to, isLive, isWrapped, mark, onRange, onError, onCopy }: LinesProps): ReactNode {
  const { lines } = log;
  const [lineHeight] = useState(() => LINE_HEIGHT_REM * Number.parseFloat(getComputedStyle(document.documentElement).fontSize));
  const box = useRef<HTMLDivElement>(null);
  const [isFollowing, setFollowing] = useState(line === undefined);
  const [isAll, setAll] = useState(false);
  const seen = useRef(log.total);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => lineHeight,
    overscan: 20,
  });
  const chosen = line === undefined ? -1 : lines.findIndex((each) => each.line >= line);
  useEffect(() => {
    if (chosen >= 0) virtual.scrollToIndex(chosen, { align: "center" });
    // When another line is chosen, not when others come.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [line, lines[0]?.line]);
  useEffect(() => {
    if (!isFollowing || !log.isAtEnd) return;
    seen.current = log.total;
    virtual.scrollToIndex(lines.length - 1, { align: "end" });
  }, [isFollowing, log.isAtEnd, log.total, lines.length, virtual, isWrapped]);
  const scrolled = (): void => {
    const element = box.current;
    if (element === null) return;
    const isLow = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX;
    if (isLow && !log.isAtEnd) void log.after();
    const end = log.isAtEnd && isLow;
    if (end !== isFollowing) setFollowing(end);
    if (element.scrollTop < lineHeight * 4 && log.hasBefore)
      void log.before().then((added) => {
        if (added > 0) element.scrollTop += added * lineHeight;
      });
  };
  const toEnd = (): void => {
    onRange(undefined);
    setFollowing(true);
    if (!log.isAtEnd) void log.toEnd();
  };
  const inSight = (): number =>
    lines[virtual.getVirtualIndexes().find((index) => index * lineHeight >= (box.current?.scrollTop ?? 0)) ?? 0]?.line ?? 0;
  const range = line === undefined ? undefined : { from: Math.min(line, to ?? line), to: Math.max(line, to ?? line) };
  const press = (event: KeyboardEvent): void => {
    const isCommand = event.ctrlKey || event.metaKey;
    const index = Math.max(0, chosen);
    const next = { j: index + 1, ArrowDown: index + 1, k: index - 1, ArrowUp: index - 1 }[event.key];
    const hasSelection = getSelection()?.isCollapsed === false;
    if (isCommand && event.key === "a") setAll(true);
    else if (isCommand && event.key === "c" && !hasSelection && (isAll || range !== undefined))
      onCopy(isAll || range === undefined ? {} : range);
    else if (event.key === "Escape" && (isAll || line !== undefined)) {
      setAll(false);
      onRange(undefined);
    } else if (next !== undefined && !isCommand && !event.altKey && chosen >= 0) {
      const other = lines[Math.max(0, Math.min(lines.length - 1, next))]!.line;
      onRange(event.shiftKey ? { line: line!, to: other } : { line: other });
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const picked = lines[chosen]?.line === line ? lines[chosen] : undefined;
  const behind = log.total - seen.current;
  return (
    <>
      {/* A region that scrolls is reached by keys. */}
      {/* oxlint-disable jsx-a11y/no-noninteractive-tabindex, jsx-a11y/no-noninteractive-element-interactions */}
      <div
        className="log-box"
        ref={box}
        onScroll={scrolled}
        onKeyDown={press}
        onPointerDown={() => setAll(false)}
        tabIndex={0}
        role="region"
        aria-label="Log lines"
      >
        {/* oxlint-enable jsx-a11y/no-noninteractive-tabindex, jsx-a11y/no-noninteractive-element-interactions */}
        <div className={`log${isWrapped ? " wraps" : ""}${isAll ? " whole" : ""}`} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const each = lines[index];
            if (each === undefined) return null;
            const isIn = range !== undefined && each.line >= range.from && each.line <= range.to;
            return (
              <Line
                key={each.line}
                each={each}
                index={index}
                start={start}
                look={isIn ? "chosen" : ""}
                mark={mark}
                onLine={(next, isLonger) => onRange(isLonger && line !== undefined ? { line, to: next } : { line: next })}
                measure={isWrapped ? virtual.measureElement : undefined}
              />
            );
          })}
        </div>
      </div>
      {picked === undefined ? null : range !== undefined && range.to > range.from ? (
        <div className="log-detail row wrap">
          <span className="strong">
            Lines {range.from + 1} to {range.to + 1}
          </span>
          <span className="grow" />
          <Button small onClick={() => onCopy(range)}>
            Copy {countWords(range.to - range.from + 1)} lines
          </Button>
          <Button small look="quiet" onClick={() => onRange(undefined)}>
            Let go
          </Button>
        </div>
      ) : (
        <Detail each={picked} onClose={() => onRange(undefined)} />
      )}
      <div className="log-foot row">
        {!isLive && (isFollowing || !log.isAtEnd) ? <span className="muted cut">The run has ended</span> : null}
        {isFollowing ? (
          isLive ? (
            <span className="tag run">Live</span>
          ) : null
        ) : (
          <button type="button" className="log-pill" onClick={toEnd}>
            {isLive ? "Live" : "To the end"}
            {behind > 0 ? ` · ${countWords(behind)} new` : ""} <span aria-hidden="true">↓</span>
          </button>
        )}
        <Summary total={log.total} errors={log.errors} isLive={isLive} />
        <span className="grow" />
        <span className="muted wide-only cut">A number chooses its line, with Shift up to it; Ctrl A, Ctrl C copy all</span>
        <Button small look="quiet" data-key="e" aria-keyshortcuts="e" onClick={() => onError(line ?? inSight() - 1)}>
          Next error <kbd>e</kbd>
        </Button>
      </div>
    </>
  );
}

/** For those who hear the page: how much came, now and then, not each line. */
function Summary({ total, errors, isLive }: { readonly total: number; readonly errors: number; readonly isLive: boolean }): ReactNode {
  const newest = useRef({ total, errors });
  const [said, setSaid] = useState({ total, errors, words: "" });
  useEffect(() => {
    newest.current = { total, errors };
  });
  useEffect(() => {
    if (!isLive) return undefined;
    const timer = setInterval(() => {
      const now = newest.current;
      setSaid((before) => {
        if (now.total === before.total) return before;
        const failed = now.errors - before.errors;
        return { ...now, words: `${countWords(now.total - before.total)} new lines${failed > 0 ? `, ${countWords(failed)} errors` : ""}` };
      });
    }, SUMMARY_EVERY_MS);
    return () => clearInterval(timer);
  }, [isLive]);
  return (
    <span className="unseen" role="status" aria-live="polite">
      {said.words}
    </span>
  );
}
