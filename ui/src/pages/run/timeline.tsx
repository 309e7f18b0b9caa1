// The run in time: a line per node, an attempt per bar; thin before and between them is what it waited though it could have begun; what was idle is folded. A list for keys and for those who hear the page.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { useNow } from "../../data/now.ts";
import { kindOf, StatusMark } from "../../kit/status.tsx";
import { countWords, Duration, spanWords } from "../../kit/values.tsx";
import { nodeKey, readyTimes, type RunNode, timesOf } from "./node.ts";
import { timeScale, type TimeScale } from "./time-scale.ts";

/** Rows grow with the text of the browser. */
const ROW_HEIGHT_REM = 1.875;
const TICK_MS = 1_000;

interface TimelineProps {
  readonly nodes: readonly RunNode[];
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly step: string | undefined;
  readonly onStep: (step: string) => void;
}

export function Timeline({ nodes, startedAt, finishedAt, step, onStep }: TimelineProps): ReactNode {
  const now = useNow(finishedAt === null ? TICK_MS : null);
  const scale = useMemo(() => {
    const end = finishedAt === null ? now : Date.parse(finishedAt);
    const busy = nodes.flatMap(({ attempts }) =>
      attempts.map((each) => ({ from: Date.parse(each.startedAt), to: each.finishedAt === null ? end : Date.parse(each.finishedAt) })),
    );
    return timeScale({ from: Date.parse(startedAt), to: end }, busy);
  }, [nodes, startedAt, finishedAt, now]);
  const ready = useMemo(() => readyTimes(nodes, Date.parse(startedAt)), [nodes, startedAt]);
  const box = useRef<HTMLDivElement>(null);
  const [rowHeight] = useState(() => ROW_HEIGHT_REM * Number.parseFloat(getComputedStyle(document.documentElement).fontSize));
  const virtual = useVirtualizer({
    count: nodes.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 10,
  });
  const chosen = nodes.findIndex((node) => nodeKey(node) === step);
  const press = (event: KeyboardEvent): void => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const at = Math.max(0, chosen);
    const to = { j: at + 1, ArrowDown: at + 1, k: at - 1, ArrowUp: at - 1, Home: 0, End: nodes.length - 1 }[event.key];
    const node = to === undefined ? undefined : nodes[Math.max(0, Math.min(nodes.length - 1, to))];
    if (node === undefined || to === undefined) return;
    event.preventDefault();
    virtual.scrollToIndex(to);
    onStep(nodeKey(node));
  };
  return (
    <>
      <div className="timeline-box" ref={box}>
        <div
          role="listbox"
          aria-label="Steps"
          tabIndex={0}
          aria-activedescendant={chosen < 0 ? undefined : `step-${chosen}`}
          className="timeline"
          style={{ height: virtual.getTotalSize() }}
          onKeyDown={press}
          data-list=""
        >
          {virtual.getVirtualItems().map(({ index, start }) => {
            const node = nodes[index];
            if (node === undefined) return null;
            return (
              // Keys are heard by the list.
              // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
              <div
                key={nodeKey(node)}
                id={`step-${index}`}
                role="option"
                tabIndex={-1}
                aria-selected={index === chosen}
                className="timeline-row"
                style={{ transform: `translateY(${start}px)`, height: rowHeight }}
                onClick={() => onStep(nodeKey(node))}
              >
                <StatusMark status={node.status} bare />
                <span className="mono cut" title={nodeKey(node)}>
                  {nodeKey(node)}
                </span>
                <Bars node={node} ready={ready.get(nodeKey(node))} scale={scale} now={now} />
                <span className="timeline-took muted">{took(node, ready.get(nodeKey(node)) ?? now, now)}</span>
              </div>
            );
          })}
        </div>
      </div>
      {scale.folds.length === 0 ? null : (
        <p className="timeline-note muted">
          Thin: it waited. Idle is folded: {scale.folds.map(({ from, to }) => spanWords((to - from) / 1_000)).join(", ")}.
        </p>
      )}
    </>
  );
}

interface BarsProps {
  readonly node: RunNode;
  readonly ready: number | undefined;
  readonly scale: TimeScale;
  readonly now: number;
}

function Bars({ node, ready, scale, now }: BarsProps): ReactNode {
  const { attempts } = node;
  return (
    <span className="bars" aria-hidden="true">
      {scale.folds.map(({ from, at, width }) => (
        <i key={from} className="fold" style={{ left: percent(at), width: percent(width) }} />
      ))}
      {attempts.map(({ attempt, startedAt, finishedAt, status }, index) => {
        const from = scale.at(Date.parse(startedAt));
        const to = scale.at(finishedAt === null ? now : Date.parse(finishedAt));
        const before = attempts[index - 1]?.finishedAt;
        const waitsFrom = before == null ? (index === 0 && ready !== undefined ? scale.at(ready) : from) : scale.at(Date.parse(before));
        return (
          <span key={attempt}>
            {waitsFrom >= from ? null : <i className="wait" style={{ left: percent(waitsFrom), width: percent(from - waitsFrom) }} />}
            <i
              className={`bar-attempt ${kindOf(status === "running" ? "running" : status === "succeeded" ? node.status : status)}`}
              style={{ left: percent(from), width: `max(3px, ${percent(to - from)})` }}
            />
          </span>
        );
      })}
    </span>
  );
}

function percent(part: number): string {
  return `${(part * 100).toFixed(3)}%`;
}

function took(node: RunNode, ready: number, now: number): ReactNode {
  const { attempts, rows, status } = node;
  const times = timesOf(node, ready, now);
  if (times === null) return status;
  return (
    <span title={`worked ${spanWords(times.worked)}, waited ${spanWords(times.queued)}`}>
      {rows === null || rows.loaded === 0 ? null : <span className="wide-only">{countWords(rows.loaded)} rows · </span>}
      {attempts.length > 1 ? `${attempts.length} tries · ` : ""}
      <Duration seconds={times.worked} />
    </span>
  );
}
