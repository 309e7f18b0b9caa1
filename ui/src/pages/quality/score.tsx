// The score today and by day, what is behind it, and how much has checks at all.
import type { ReactNode } from "react";
import type { QualityAnswer } from "../../../../src/model/quality-answers.ts";
import { Panel } from "../../kit/panel.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { countWords } from "../../kit/values.tsx";

interface ScoreProps {
  readonly answer: QualityAnswer;
  readonly day: string | undefined;
  readonly onDay: (day: string | undefined) => void;
}

export function Score({ answer, day, onDay }: ScoreProps): ReactNode {
  const { score, days, checks, coverage } = answer;
  const count = (status: string | null): number => checks.filter((check) => check.status === status).length;
  const before = days.at(-2)?.score;
  const change = score === null || before === undefined ? null : Math.round((score - before) * 10) / 10;
  return (
    <Panel padded>
      <dl className="ql-kpi">
        <div>
          <dt>Checks that pass</dt>
          <dd>
            <span className="ql-score">{score === null ? "–" : `${score} %`}</span>
            {change === null || change === 0 ? null : (
              <span className="second">
                {" "}
                {change > 0 ? "+" : "−"}
                {Math.abs(change)} since the day before
              </span>
            )}
          </dd>
        </div>
        <div>
          <dt>Results</dt>
          <dd className="row wrap">
            <StatusMark status="failed" word={`${count("failed")} failed`} />
            <StatusMark status="warned" word={`${count("warned")} warned`} />
            <StatusMark status="passed" word={`${count("passed")} passed`} />
            {count(null) === 0 ? null : <StatusMark status="unknown" word={`${count(null)} never run`} />}
          </dd>
        </div>
        <div>
          <dt>Assets with checks</dt>
          <dd>
            {countWords(coverage.tested)} of {countWords(coverage.assets)}
          </dd>
        </div>
        <div>
          <dt>Columns with checks</dt>
          <dd>
            {countWords(coverage.testedColumns)} of {countWords(coverage.columns)}
          </dd>
        </div>
      </dl>
      {days.length < 2 ? null : <Trend days={days} day={day} onDay={onDay} />}
    </Panel>
  );
}

/** A bar a day, of the share that passed; one of them shows what did not. */
function Trend({ days, day, onDay }: Pick<QualityAnswer, "days"> & Omit<ScoreProps, "answer">): ReactNode {
  return (
    <figure className="ql-trend">
      <div className="ql-days" role="group" aria-label="Score per day">
        {days.map(({ day: each, score, warned, failed }) => {
          const words = `${each}: ${score} %, ${failed} failed, ${warned} warned`;
          return (
            <button
              key={each}
              type="button"
              aria-pressed={each === day}
              aria-label={words}
              title={words}
              onClick={() => onDay(each === day ? undefined : each)}
            >
              <span className={failed > 0 ? "fail" : warned > 0 ? "warn" : "ok"} style={{ height: `${Math.max(6, score)}%` }} />
            </button>
          );
        })}
      </div>
      <figcaption className="row muted">
        <span>{days[0]?.day}</span>
        <span className="grow" />
        <span>{day === undefined ? "choose a day to see what did not pass" : `${day} is chosen`}</span>
        <span className="grow" />
        <span>today</span>
      </figcaption>
    </figure>
  );
}
