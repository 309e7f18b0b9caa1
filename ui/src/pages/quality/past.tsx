// The results of a check as bars, newest at the right: half the height passes, the full does not.
import type { ReactNode } from "react";
import type { CheckResultAnswer } from "../../../../src/model/quality-answers.ts";

const SHOWN = 40;
const STEP = 5;

export function Past({ history }: { readonly history: readonly CheckResultAnswer[] }): ReactNode {
  const shown = history.slice(-SHOWN);
  if (shown.length === 0) return null;
  const bad = shown.filter(({ status }) => status !== "passed").length;
  return (
    <svg
      className="ql-past"
      width={shown.length * STEP}
      height="16"
      role="img"
      aria-label={`Last ${shown.length} results: ${bad} did not pass`}
    >
      {shown.map(({ at, run, status, failing }, index) => (
        <rect
          key={`${at} ${run}`}
          className={status}
          x={index * STEP}
          width={STEP - 1}
          y={status === "passed" ? 8 : 1}
          height={status === "passed" ? 7 : 14}
        >
          <title>{`${at}: ${status}${failing === 0 ? "" : `, ${failing} rows`}`}</title>
        </rect>
      ))}
    </svg>
  );
}
