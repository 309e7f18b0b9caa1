// The times of a trigger on a line, the last day and the next hours: fired, skipped and failed by shape, what comes hollow. The table below tells the same in words.
import type { ReactNode } from "react";
import type { TriggerHistoryRow } from "../../../../src/model/trigger-answers.ts";

const HOUR_MS = 3_600_000;
const PAST_MS = 24 * HOUR_MS;
const AHEAD_MS = 6 * HOUR_MS;
const WIDTH = 1_000;
const HEIGHT = 40;
const MIDDLE = 16;

interface StripProps {
  readonly history: readonly TriggerHistoryRow[];
  readonly next: readonly string[];
  readonly now: number;
}

export function Strip({ history, next, now }: StripProps): ReactNode {
  const from = now - PAST_MS;
  const x = (at: number): number => ((at - from) / (PAST_MS + AHEAD_MS)) * WIDTH;
  const past = history
    .map((row) => ({ ...row, ms: Date.parse(row.scheduledFor ?? row.at) }))
    .filter(({ ms, what }) => ms >= from && ms <= now && ["fired", "queued", "skipped", "dropped", "failed"].includes(what));
  const ahead = next.map((at) => Date.parse(at)).filter((ms) => ms > now && ms < now + AHEAD_MS);
  const count = (words: readonly string[]): number =>
    past.filter(({ what }) => words.includes(what)).reduce((sum, row) => sum + row.count, 0);
  const summary = `Last 24 hours: ${count(["fired", "queued"])} fired, ${count(["skipped", "dropped"])} skipped, ${count(["failed"])} failed. Next 6 hours: ${ahead.length === 5 ? "5 or more" : ahead.length}.`;
  return (
    <figure className="au-strip">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={summary}>
        <line x1="0" x2={WIDTH} y1={MIDDLE} y2={MIDDLE} className="line" />
        <rect x={x(now)} width={WIDTH - x(now)} y="0" height={MIDDLE * 2} className="ahead" />
        {past.map((row) => (
          <rect
            key={`${row.at} ${row.what} ${row.run ?? ""}`}
            className={row.what === "failed" ? "fail" : row.what === "fired" || row.what === "queued" ? "ok" : "idle"}
            x={x(row.ms) - 1.5}
            width="3"
            y={row.what === "fired" || row.what === "queued" ? 4 : MIDDLE - 4}
            height={row.what === "fired" || row.what === "queued" ? 24 : 8}
          >
            <title>{`${row.count > 1 ? `${row.what} ${row.count}×` : row.what} ${new Date(row.ms).toLocaleTimeString()}${row.why === "" ? "" : `: ${row.why}`}`}</title>
          </rect>
        ))}
        {ahead.map((ms) => (
          <rect key={ms} className="next" x={x(ms) - 1.5} width="3" y="6" height="20" />
        ))}
        <line x1={x(now)} x2={x(now)} y1="0" y2={MIDDLE * 2} className="now" />
      </svg>
      <figcaption className="row muted">
        <span>24 h ago</span>
        <span className="grow" />
        <span>{summary}</span>
        <span className="grow" />
        <span>in 6 h</span>
      </figcaption>
    </figure>
  );
}
