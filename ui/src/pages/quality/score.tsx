// The score today and by day, what is behind it, and how much has checks at all.
import type { ReactNode } from "react";
import type { QualityAnswer } from "../../../../src/model/quality-answers.ts";
import { Panel } from "../../kit/panel.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { countWords } from "../../kit/values.tsx";

const WIDTH = 600;
const HEIGHT = 64;

export function Score({ answer }: { readonly answer: QualityAnswer }): ReactNode {
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
      {days.length < 2 ? null : <Trend days={days} />}
    </Panel>
  );
}

function Trend({ days }: Pick<QualityAnswer, "days">): ReactNode {
  const x = (index: number): number => (index / (days.length - 1)) * WIDTH;
  const y = (score: number): number => HEIGHT - 4 - (score / 100) * (HEIGHT - 8);
  return (
    <figure className="ql-trend">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Score per day from ${days[0]?.score ?? 0} % on ${days[0]?.day ?? ""} to ${days.at(-1)?.score ?? 0} % today`}
      >
        <line x1="0" x2={WIDTH} y1={y(100)} y2={y(100)} />
        <polyline points={days.map(({ score }, index) => `${x(index)},${y(score)}`).join(" ")} />
      </svg>
      <figcaption className="row muted">
        <span>{days[0]?.day}</span>
        <span className="grow" />
        <span>today</span>
      </figcaption>
    </figure>
  );
}
