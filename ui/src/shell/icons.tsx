// The pictures of the rail: 16 px, one stroke.
import type { ReactNode } from "react";

const paths = {
  home: "M2 7l6-5 6 5v7H10V9H6v5H2z",
  inbox: "M2 3h12v10H2zM2 9h3l1 2h4l1-2h3",
  graph: "M3 3h3v3H3zM10 2h3v3h-3zM10 11h3v3h-3zM6 5l4-1M6 5l4 7",
  catalog: "M3 2h10v12H3zM5 5h6M5 8h6M5 11h3",
  runs: "M3 3h7M3 8h10M3 13h5",
  partitions: "M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2zM9 9h5v5H9z",
  backfills: "M3 8a5 5 0 105-5H4M6 1L4 3l2 2",
  automations: "M8 2a6 6 0 106 6M8 5v3l2 2",
  quality: "M2 12l4-5 3 3 5-7",
  quarantine: "M5 2h6l3 6-3 6H5L2 8z",
  changes: "M5 3v10M11 3v10M3 5l2-2 2 2M9 11l2 2 2-2",
  console: "M2 3h12v10H2zM4 6l2 2-2 2M8 10h4",
  settings: "M8 5a3 3 0 100 6 3 3 0 000-6M8 1v2M8 13v2M1 8h2M13 8h2",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }): ReactNode {
  return (
    <svg
      width="16"
      height="16"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinejoin="round"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  );
}
