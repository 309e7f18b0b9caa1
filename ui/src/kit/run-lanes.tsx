// Runs in time, a lane per job: what went when and how, and what is due next.
import type { ReactNode } from "react";
import type { RunAnswer } from "../../../src/model/answers.ts";
import { links } from "../links.ts";
import { Link } from "./link.tsx";
import { kindOf } from "./status.tsx";
import { shortMoment, spanWords } from "./values.tsx";
import { appearance } from "../data/appearance.ts";
import { useSignal } from "../data/signal.ts";

const LANES_MAX = 6;
const MARKS_MAX = 400;
/** A word of the axis takes this much of it. */
const NEAR_PART = 0.06;
const HOUR_MS = 3_600_000;

export interface Due {
  readonly job: string;
  readonly at: number;
}

interface RunLanesProps {
  readonly runs: readonly RunAnswer[];
  readonly from: number;
  readonly now: number;
  readonly to: number;
  readonly due?: readonly Due[];
}

export function RunLanes({ runs, from, now, to, due = [] }: RunLanesProps): ReactNode {
  const { zone } = useSignal(appearance);
  const lanes = lanesOf(runs, due);
  const at = (ms: number): number => Math.max(0, Math.min(1, (ms - from) / (to - from)));
  const hours = ticks(from, to).filter((hour) => Math.abs(at(hour) - at(now)) > NEAR_PART && at(hour) < 1 - NEAR_PART);
  return (
    <div className="lanes">
      {lanes.map(({ name, runs: own, due: next }) => (
        <div className="lane" key={name}>
          <span className="cut lane-name" title={name}>
            {name}
          </span>
          <span className="lane-line">
            {own.slice(0, MARKS_MAX).map((run) => {
              const began = Date.parse(run.startedAt);
              const end = run.finishedAt === null ? now : Date.parse(run.finishedAt);
              const told = `${run.status}, ${shortMoment(new Date(began), zone)}${run.seconds === null ? "" : `, ${spanWords(run.seconds)}`}`;
              return (
                <Link
                  key={run.run}
                  to={links.run(run.run)}
                  className={`mark ${kindOf(run.status)}`}
                  style={{ left: `${at(began) * 100}%`, width: `max(5px, ${(at(end) - at(began)) * 100}%)` }}
                  title={told}
                  aria-label={`${name} ${told}`}
                  tabIndex={-1}
                />
              );
            })}
            {next.map(({ at: when }) => (
              <i
                key={when}
                className="mark due"
                style={{ left: `${at(when) * 100}%` }}
                title={`due ${shortMoment(new Date(when), zone)}`}
              />
            ))}
          </span>
        </div>
      ))}
      <div className="lane axis" aria-hidden="true">
        <span />
        <span className="lane-line">
          {hours.map((hour) => (
            <span key={hour} style={{ left: `${at(hour) * 100}%` }}>
              {shortMoment(new Date(hour), zone).slice(-5)}
            </span>
          ))}
          <b style={{ left: `${at(now) * 100}%` }}>now</b>
        </span>
      </div>
    </div>
  );
}

interface Lane {
  readonly name: string;
  readonly runs: readonly RunAnswer[];
  readonly due: readonly Due[];
}

/** Jobs with the worst news first; what has no lane of its own is together in the last. */
function lanesOf(runs: readonly RunAnswer[], due: readonly Due[]): readonly Lane[] {
  const byName = new Map<string, RunAnswer[]>();
  for (const run of runs) {
    const name = run.job ?? (run.trigger === "manual" ? "by hand" : run.trigger);
    byName.set(name, [...(byName.get(name) ?? []), run]);
  }
  for (const { job } of due) if (!byName.has(job)) byName.set(job, []);
  const failures = (each: readonly RunAnswer[]): number => each.filter(({ status }) => status === "failed" || status === "partial").length;
  const ordered = [...byName].toSorted(([, one], [, other]) => failures(other) - failures(one) || other.length - one.length);
  const own = ordered.slice(0, LANES_MAX).map(([name, each]) => ({ name, runs: each, due: due.filter(({ job }) => job === name) }));
  const rest = ordered.slice(LANES_MAX);
  if (rest.length === 0) return own;
  return [...own, { name: `${rest.length} more`, runs: rest.flatMap(([, each]) => each), due: [] }];
}

function ticks(from: number, to: number): readonly number[] {
  const step = to - from > 40 * HOUR_MS ? 24 * HOUR_MS : to - from > 12 * HOUR_MS ? 6 * HOUR_MS : HOUR_MS;
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, index) => first + index * step);
}
