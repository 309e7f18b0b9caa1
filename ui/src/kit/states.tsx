// The six states of what a page reads: first use, empty by a filter, loading (after 200 ms; what was there before stays), stale, error with its code, disconnected (the
// shell's banner; what is shown stays). `<States read={read} isEmpty={…} empty={…}>{(data) => …}</States>`.
import { useEffect, useState, type ReactNode } from "react";
import { ApiError } from "../data/ask.ts";
import type { Read } from "../data/read.ts";
import { askForSession } from "../data/session.ts";
import { Button } from "./button.tsx";
import { FramedErrors } from "./framed-errors.tsx";
import { Copy, Time } from "./values.tsx";

const SKELETON_AFTER_MS = 200;

interface StatesProps<Answer> {
  readonly read: Read<Answer>;
  /** The answer has nothing to show. */
  readonly isEmpty?: (answer: Answer) => boolean;
  /** A filter is on: what to show when it finds nothing, with a way back. */
  readonly empty?: ReactNode;
  /** No filter is on and there is nothing yet: one command or one button that begins. */
  readonly firstUse?: ReactNode;
  /** Lines of the skeleton. */
  readonly lines?: number;
  readonly children: (answer: Answer) => ReactNode;
}

export function States<Answer>({ read, isEmpty, empty, firstUse, lines = 4, children }: StatesProps<Answer>): ReactNode {
  const { data, error } = read;
  if (data === undefined) {
    if (error !== null) return <Failure error={error} retry={read.retry} />;
    return read.isLoading ? <Skeleton lines={lines} /> : null;
  }
  const isNothing = isEmpty?.(data) === true;
  return (
    <>
      {error === null ? null : <StaleNote error={error} at={read.at} retry={read.retry} />}
      <div className={read.isStale && error === null ? "stale-data" : undefined} aria-busy={read.isStale && error === null}>
        {isNothing ? (empty ?? firstUse ?? <Empty>Nothing here.</Empty>) : children(data)}
      </div>
    </>
  );
}

/** Nothing before 200 ms: what is fast does not flicker. */
export function Skeleton({ lines = 4 }: { readonly lines?: number }): ReactNode {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), SKELETON_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="skeleton" role="status" aria-label="Loading">
      {isLate ? Array.from({ length: lines }, (_, line) => <i key={line} style={{ width: `${88 - ((line * 23) % 47)}%` }} />) : null}
    </div>
  );
}

export function Failure({ error, retry }: { readonly error: Error; readonly retry?: () => void }): ReactNode {
  const record = error instanceof ApiError ? error.error : null;
  return (
    <div className="state" role="alert">
      <div className="row wrap">
        <span className="status fail strong">{record?.code ?? "No answer"}</span>
        <span className="strong">{record?.message ?? "The server cannot be reached; the page goes on by itself when it is back."}</span>
      </div>
      {record?.hint === undefined ? null : <p className="second">{record.hint}</p>}
      {error instanceof ApiError && error.errors.length > 0 ? <FramedErrors errors={error.errors} /> : null}
      <div className="row">
        {error instanceof ApiError && error.status === 401 ? (
          <Button
            small
            look="primary"
            onClick={() => void askForSession(error.message).then((begun) => (begun ? location.reload() : undefined))}
          >
            Enter a key
          </Button>
        ) : null}
        {retry === undefined ? null : (
          <Button small onClick={retry}>
            Try again
          </Button>
        )}
        {record === null ? null : <Copy text={`millrace explain ${record.code}`} />}
      </div>
    </div>
  );
}

/** An act was refused: beside its button, with the code and what to do. */
export function Refused({ error }: { readonly error: Error | null | undefined }): ReactNode {
  if (error == null) return null;
  const record = error instanceof ApiError ? error.error : null;
  return (
    <div role="alert" className="refused">
      <p className="strong">
        {record === null ? "The server cannot be reached. Nothing is lost: try again." : `${record.code} ${record.message}`}
      </p>
      {record?.hint === undefined ? null : <p>{record.hint}</p>}
      {error instanceof ApiError && error.errors.length > 0 ? <FramedErrors errors={error.errors} /> : null}
    </div>
  );
}

function StaleNote({ error, at, retry }: { readonly error: Error; readonly at: number; readonly retry: () => void }): ReactNode {
  return (
    <div className="stale-note" role="status">
      <span>
        Not fresh: as of <Time at={new Date(at).toISOString()} />.{" "}
        {error instanceof ApiError ? `${error.error.code}: ${error.message}` : "The server cannot be reached."}
      </span>
      <Button small look="quiet" onClick={retry}>
        Try again
      </Button>
    </div>
  );
}

/** Nothing to show, in one sentence, with what to do about it. */
export function Empty({ title, children }: { readonly title?: ReactNode; readonly children?: ReactNode }): ReactNode {
  return (
    <div className="state">
      {title === undefined ? null : <div className="strong">{title}</div>}
      {children === undefined ? null : <div className="second stack">{children}</div>}
    </div>
  );
}

/** A filter finds nothing. */
export function NoMatch({ what, clear }: { readonly what: string; readonly clear: () => void }): ReactNode {
  return (
    <Empty title={`No ${what} match the filters.`}>
      <div>
        <Button small onClick={clear}>
          Clear filters
        </Button>
      </div>
    </Empty>
  );
}
