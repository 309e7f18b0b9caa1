// What a plan does to an asset: shapes of its own, since nothing of it has happened yet. A word stands beside each.
import type { ReactNode } from "react";

type Shape = "add" | "remove" | "rename" | "breaking" | "build" | "follow" | "keep";

interface PlanMarkProps {
  readonly shape: Shape;
  readonly word: string;
}

const COLORS: Readonly<Record<Shape, string>> = {
  add: "ok",
  remove: "fail",
  rename: "late",
  breaking: "warn",
  build: "run",
  follow: "idle",
  keep: "idle",
};

export function PlanMark({ shape, word }: PlanMarkProps): ReactNode {
  return (
    <span className={`status ${COLORS[shape]}`}>
      <svg
        width="12"
        height="12"
        viewBox="0 0 12 12"
        aria-hidden="true"
        className={`shape ${COLORS[shape]}`}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.6"
        strokeLinecap="round"
        strokeLinejoin="round"
      >
        {shapes[shape]}
      </svg>
      <span>{word}</span>
    </span>
  );
}

const shapes: Readonly<Record<Shape, ReactNode>> = {
  add: <path d="M6 2v8M2 6h8" />,
  remove: <path d="M2.5 2.5l7 7M9.5 2.5l-7 7" />,
  rename: <path d="M1.5 6h8M6.5 3l3 3-3 3" />,
  breaking: <path d="M6 1.5l4.6 8.4H1.4zM6 5v2" />,
  build: <path d="M3 2l6.5 4L3 10z" fill="currentColor" />,
  follow: <path d="M2.5 1.5v5h7M6.5 3.5l3 3-3 3" />,
  keep: <path d="M2.5 4.5h7M2.5 7.5h7" />,
};
