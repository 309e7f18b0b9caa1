// Runs in time as bars, a step each: how many began and how they went; what schedules will start. A step, or several by dragging or with Shift, is chosen as a time.
import "./run-bars.css";
import { useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import type { RunStripAnswer } from "../../../src/model/live-answers.ts";
import type { RunStatus } from "../../../src/model/answers.ts";
import { appearance } from "../data/appearance.ts";
import { useSignal } from "../data/signal.ts";
import { links } from "../links.ts";
import { Link } from "./link.tsx";
import { kindOf } from "./status.tsx";
import { shortMoment } from "./values.tsx";

export interface Span {
  readonly from: number;
  readonly until: number;
}

interface RunBarsProps {
  readonly strip: RunStripAnswer;
  /** What is chosen. */
  readonly span?: Span | undefined;
  readonly onSpan: (span: Span) => void;
  /** Hours behind the bars in which what is due is marked. */
  readonly aheadHours?: number;
}

/** What went wrong stands at the bottom, where it is seen however high the bar is. */
const ORDER = ["failed", "partial", "canceled", "running", "skipped", "succeeded"] as const satisfies readonly RunStatus[];

export function RunBars({ strip, span, onSpan, aheadHours = 0 }: RunBarsProps): ReactNode {
  const { zone } = useSignal(appearance);
  const [current, setCurrent] = useState(strip.steps.length - 1);
  const [drag, setDrag] = useState<readonly [number, number] | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const from = Date.parse(strip.from);
  const stepMs = strip.stepSeconds * 1_000;
  const most = Math.max(1, ...strip.steps.map(totalOf));
  const spanOf = (one: number, other: number): Span => ({
    from: from + Math.min(one, other) * stepMs,
    until: from + (Math.max(one, other) + 1) * stepMs,
  });
  const isIn = (step: number): boolean => {
    if (drag !== null) return step >= Math.min(...drag) && step <= Math.max(...drag);
    return span !== undefined && from + step * stepMs >= span.from - stepMs + 1 && from + step * stepMs < span.until;
  };
  const move = (event: KeyboardEvent): void => {
    const to = { ArrowLeft: current - 1, ArrowRight: current + 1, Home: 0, End: strip.steps.length - 1 }[event.key];
    if (to === undefined || to < 0 || to >= strip.steps.length) return;
    event.preventDefault();
    setCurrent(to);
    box.current?.querySelectorAll<HTMLElement>("button")[to]?.focus();
    if (event.shiftKey) onSpan(span === undefined ? spanOf(current, to) : widened(span, spanOf(to, to)));
  };
  return (
    <div className={aheadHours === 0 ? "run-bars-box" : "run-bars-box ahead"}>
      <div
        ref={box}
        className="run-bars"
        role="group"
        aria-label="Runs by the time at which they began; arrows move, Enter chooses, Shift widens"
      >
        {strip.steps.map((step, index) => {
          const total = totalOf(step);
          const told = `${total} ${total === 1 ? "run" : "runs"}${wordsOf(step)}, ${shortMoment(new Date(from + index * stepMs), zone)}`;
          return (
            <button
              key={from + index * stepMs}
              type="button"
              className={isIn(index) ? "run-bar in" : "run-bar"}
              tabIndex={index === current ? 0 : -1}
              aria-label={told}
              aria-pressed={isIn(index)}
              title={told}
              onKeyDown={move}
              onFocus={() => setCurrent(index)}
              onPointerDown={() => setDrag([index, index])}
              onPointerEnter={() => setDrag((begun) => (begun === null ? null : [begun[0], index]))}
              onClick={(event) => {
                const [begun] = drag ?? [index];
                setDrag(null);
                const chosen = spanOf(begun, index);
                onSpan(event.shiftKey && span !== undefined ? widened(span, chosen) : chosen);
              }}
              onPointerUp={() => {
                if (drag === null || drag[0] === index) return;
                setDrag(null);
                onSpan(spanOf(drag[0], index));
              }}
            >
              {ORDER.map((status) => {
                const count = step[status] ?? 0;
                return count === 0 ? null : (
                  <i key={status} className={kindOf(status)} style={{ height: `max(3px, ${(count / most) * 100}%)` }} />
                );
              })}
            </button>
          );
        })}
      </div>
      <div className="run-bars-axis muted" aria-hidden="true">
        <span>{shortMoment(new Date(from), zone)}</span>
        <span>most in a step: {most}</span>
        <span>{aheadHours === 0 ? shortMoment(new Date(strip.to), zone) : "now"}</span>
      </div>
      {aheadHours === 0 ? null : <Due strip={strip} hours={aheadHours} />}
    </div>
  );
}

const HOUR_MS = 3_600_000;

/** What schedules will start, a mark per hour; each leads to its job. */
function Due({ strip, hours }: { readonly strip: RunStripAnswer; readonly hours: number }): ReactNode {
  const { zone } = useSignal(appearance);
  const from = Date.parse(strip.to);
  const byHour = Array.from({ length: hours }, (_, hour) =>
    strip.due.filter(({ at }) => Math.min(hours - 1, Math.max(0, Math.floor((Date.parse(at) - from) / HOUR_MS))) === hour),
  );
  return (
    <>
      <ul className="run-due plain" aria-label={`Runs that are due in the next ${hours} hours`}>
        {byHour.map((due, hour) => {
          const [first] = due;
          const told = due.map(({ job, at }) => `${job} ${shortMoment(new Date(at), zone)}`).join(", ");
          return (
            // oxlint-disable-next-line react/no-array-index-key -- hours have no other name
            <li key={hour} aria-hidden={first === undefined}>
              {first === undefined ? null : (
                <Link to={links.automations({ job: first.job })} title={told} aria-label={`${told} is due`}>
                  <i />
                  {due.length === 1 ? null : due.length}
                </Link>
              )}
            </li>
          );
        })}
      </ul>
      <div className="run-bars-axis run-due-axis muted" aria-hidden="true">
        <span />
        <span>{shortMoment(new Date(from + hours * HOUR_MS), zone)}</span>
      </div>
    </>
  );
}

function widened(span: Span, by: Span): Span {
  return { from: Math.min(span.from, by.from), until: Math.max(span.until, by.until) };
}

type Step = RunStripAnswer["steps"][number];

function totalOf(step: Step): number {
  return Object.values(step).reduce<number>((sum, count) => sum + (count ?? 0), 0);
}

function wordsOf(step: Step): string {
  const words = ORDER.flatMap((status) => ((step[status] ?? 0) === 0 ? [] : [`${step[status]} ${status}`]));
  return words.length === 0 ? "" : `: ${words.join(", ")}`;
}
