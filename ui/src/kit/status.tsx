// Status = shape + colour + word. The words are those of the answers; every page and the graph take shape and colour from here.
import type { ReactNode } from "react";

export type StatusKind = "ok" | "fail" | "run" | "warn" | "late" | "idle" | "quarantine";

const kinds: Readonly<Record<string, StatusKind>> = {
  current: "ok",
  present: "ok",
  succeeded: "ok",
  success: "ok",
  passed: "ok",
  ok: "ok",
  live: "ok",
  approved: "ok",
  accepted: "ok",
  built: "ok",
  failed: "fail",
  error: "fail",
  rejected: "fail",
  running: "run",
  started: "run",
  retrying: "warn",
  warned: "warn",
  warn: "warn",
  warning: "warn",
  partial: "warn",
  interrupted: "warn",
  stale: "late",
  late: "late",
  waiting: "late",
  paused: "late",
  quarantined: "quarantine",
  quarantine: "quarantine",
};

/** What is neither good nor bad is idle: pending, skipped, reused, canceled, missing, queued. */
export function kindOf(status: string): StatusKind {
  return kinds[status] ?? "idle";
}

export function StatusShape({ kind }: { readonly kind: StatusKind }): ReactNode {
  return (
    <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true" className={`shape ${kind}`}>
      {shapes[kind]}
    </svg>
  );
}

interface StatusMarkProps {
  readonly status: string;
  /** Another word than the status itself. */
  readonly word?: ReactNode;
  /** Only the shape is seen, the word is read out. */
  readonly bare?: boolean;
}

export function StatusMark({ status, word, bare }: StatusMarkProps): ReactNode {
  const kind = kindOf(status);
  return (
    <span className={`status ${kind}`} title={bare === true ? status : undefined}>
      <StatusShape kind={kind} />
      <span className={bare === true ? "unseen" : undefined}>{word ?? status}</span>
    </span>
  );
}

const shapes: Readonly<Record<StatusKind, ReactNode>> = {
  ok: (
    <>
      <circle cx="6" cy="6" r="5" fill="currentColor" />
      <path d="M3.6 6.2l1.7 1.6 3.2-3.5" stroke="var(--surface)" strokeWidth="1.4" fill="none" />
    </>
  ),
  fail: (
    <>
      <rect x="1" y="1" width="10" height="10" rx="1.5" fill="currentColor" />
      <path d="M4 4l4 4M8 4l-4 4" stroke="var(--surface)" strokeWidth="1.4" />
    </>
  ),
  run: (
    <circle
      cx="6"
      cy="6"
      r="4.4"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeDasharray="19 9"
      strokeLinecap="round"
      className="turning"
    />
  ),
  warn: (
    <>
      <path d="M6 .9l5.4 9.8H.6z" fill="currentColor" />
      <path d="M6 4.3v3M6 8.6v.9" stroke="var(--surface)" strokeWidth="1.3" />
    </>
  ),
  late: <path d="M6 .8L11.2 6 6 11.2.8 6z" fill="currentColor" stroke="var(--late-text)" strokeWidth="1.5" />,
  idle: <path d="M2 6h8" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" />,
  quarantine: (
    <>
      <path d="M3.4 1.2h5.2L11.4 6 8.6 10.8H3.4L.6 6z" fill="none" stroke="currentColor" strokeWidth="1.5" />
      <path d="M3.6 8l4-4.4M5.4 9l3.2-3.6" stroke="currentColor" strokeWidth="1" />
    </>
  ),
};
