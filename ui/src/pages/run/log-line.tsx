// One line of a log: its number is its address. And the line that was chosen with all that it holds: its whole text, JSON in it unfolded, its address to hand on.
import { memo, type ReactNode } from "react";
import { Button } from "../../kit/button.tsx";
import { Copy } from "../../kit/values.tsx";
import { piecesOf, plainText } from "./ansi.ts";
import type { LogLine } from "./log-parts.ts";

interface LineProps {
  readonly each: LogLine;
  readonly index: number;
  /** Where it stands; undefined: in the flow. */
  readonly start: number;
  readonly look: string;
  /** What was searched for, to be marked. */
  readonly mark: string | undefined;
  readonly onLine: (line: number, isLonger: boolean) => void;
  readonly measure: ((element: HTMLElement | null) => void) | undefined;
}

export const Line = memo(function Line({ each, index, start, look, mark, onLine, measure }: LineProps): ReactNode {
  return (
    <div
      ref={measure}
      data-index={index}
      className={`log-line ${each.level}${look === "" ? "" : ` ${look}`}`}
      style={{ transform: `translateY(${start}px)` }}
    >
      <button
        type="button"
        tabIndex={-1}
        className="log-number"
        title="Choose this line; with Shift up to it"
        onClick={(event) => onLine(each.line, event.shiftKey)}
      >
        {each.line + 1}
      </button>
      <time dateTime={each.at}>{each.at.slice(11, 23)}</time>
      <b>{each.level.toUpperCase()}</b>
      <span className="log-node cut" title={each.node}>
        {each.node}
        {each.attempt > 1 ? `#${each.attempt}` : ""}
      </span>
      <span className="log-text">
        {piecesOf(each.message).map((piece, at) => (
          // oxlint-disable-next-line react/no-array-index-key -- a line never changes
          <span key={at} className={piece.look === "" ? undefined : piece.look}>
            {mark === undefined ? piece.text : marked(piece.text, mark)}
          </span>
        ))}
      </span>
    </div>
  );
});

function marked(text: string, mark: string): ReactNode {
  const parts: ReactNode[] = [];
  const lower = text.toLowerCase();
  let at = 0;
  for (let found = lower.indexOf(mark); found >= 0; found = lower.indexOf(mark, at)) {
    parts.push(text.slice(at, found), <mark key={found}>{text.slice(found, found + mark.length)}</mark>);
    at = found + mark.length;
  }
  return parts.length === 0 ? text : [...parts, text.slice(at)];
}

const OWN: ReadonlySet<string> = new Set(["at", "level", "run", "node", "attempt", "message", "line"]);

/** As `millrace logs` prints it. */
export function lineText(each: LogLine): string {
  return `${each.at} ${each.level.toUpperCase().padEnd(5)} ${each.node}  ${plainText(each.message)}`;
}

export function Detail({ each, onClose }: { readonly each: LogLine; readonly onClose: () => void }): ReactNode {
  const message = plainText(each.message);
  const fields = Object.fromEntries(Object.entries(each).filter(([name]) => !OWN.has(name)));
  const json = jsonIn(message);
  return (
    <section className="log-detail stack" aria-label={`Line ${each.line + 1}`}>
      <div className="row wrap">
        <span className="strong">Line {each.line + 1}</span>
        <span className="mono muted">
          {each.at} · {each.node}
          {each.attempt > 1 ? ` · try ${each.attempt}` : ""}
        </span>
        <span className="grow" />
        <Copy text={location.href} label="Copy link to this line">
          Copy link
        </Copy>
        <Copy text={lineText(each)} label="Copy line as text">
          Copy line
        </Copy>
        <Button small look="quiet" onClick={onClose}>
          Let go
        </Button>
      </div>
      {json === null ? <pre className="log-whole">{message}</pre> : <pre className="log-whole">{JSON.stringify(json, null, 2)}</pre>}
      {Object.keys(fields).length === 0 ? null : <pre className="log-whole">{JSON.stringify(fields, null, 2)}</pre>}
    </section>
  );
}

/** The object or list that a line is, or ends with. */
function jsonIn(message: string): unknown {
  const from = message.search(/[[{]/);
  if (from < 0) return null;
  try {
    return JSON.parse(message.slice(from)) as unknown;
  } catch {
    return null;
  }
}
