// Records per day as bars, with the same as a table for those who hear the page.
import { useState, type ReactNode } from "react";
import { countWords } from "../../kit/values.tsx";

interface DayBarsProps {
  readonly days: readonly { readonly day: string; readonly asset: string; readonly rule: string; readonly rows: number }[];
  readonly count: number;
}

const DAY_MS = 86_400_000;
const HEIGHT = 56;

export function DayBars({ days, count }: DayBarsProps): ReactNode {
  const [today] = useState(() => Math.floor(Date.now() / DAY_MS));
  const sums = Array.from({ length: count }, (_, index) => {
    const day = new Date((today - (count - 1 - index)) * DAY_MS).toISOString().slice(0, 10);
    return { day, rows: days.reduce((sum, each) => sum + (each.day === day ? each.rows : 0), 0) };
  });
  const most = Math.max(1, ...sums.map(({ rows }) => rows));
  return (
    <figure className="day-bars">
      <svg viewBox={`0 0 ${count * 10} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {sums.map(({ day, rows }, index) => {
          const height = rows === 0 ? 1 : Math.max(3, (rows / most) * (HEIGHT - 4));
          return (
            <rect key={day} className={rows === 0 ? "none" : ""} x={index * 10 + 1} width={8} y={HEIGHT - height} height={height}>
              <title>{`${day}: ${countWords(rows)}`}</title>
            </rect>
          );
        })}
      </svg>
      <figcaption className="row muted">
        <span>{sums[0]?.day}</span>
        <span className="grow" />
        <span>most on a day: {countWords(most)}</span>
        <span className="grow" />
        <span>today</span>
      </figcaption>
      <table className="unseen">
        <caption>Records set aside per day</caption>
        <tbody>
          {sums
            .filter(({ rows }) => rows > 0)
            .map(({ day, rows }) => (
              <tr key={day}>
                <th scope="row">{day}</th>
                <td>{rows}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </figure>
  );
}
