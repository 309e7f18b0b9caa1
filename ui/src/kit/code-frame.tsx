// An error as the terminal shows it: code, sentence, place, lines of the file where they are known, cause, what to do.
import type { ReactNode } from "react";
import type { ErrorRecord } from "../../../src/model/errors.ts";
import { Copy } from "./values.tsx";

interface CodeFrameProps {
  readonly error: ErrorRecord;
  /** The file's text around the place, with the number of its first line. */
  readonly source?: { readonly firstLine: number; readonly lines: readonly string[] };
}

export function CodeFrame({ error, source }: CodeFrameProps): ReactNode {
  const { location } = error;
  const gutter = String((source?.firstLine ?? 1) + (source?.lines.length ?? 1)).length;
  return (
    <div className="code-frame">
      <div className="frame" role="group" aria-label={`Error ${error.code}`}>
        <div>
          <span className="e">error {error.code}</span>: {error.message}
        </div>
        {location === undefined ? null : (
          <div className="m">
            {" ".repeat(gutter)} ┌─ {location.file}:{location.line}:{location.column}
          </div>
        )}
        {source?.lines.map((line, index) => {
          const number = source.firstLine + index;
          return (
            <div key={number}>
              <span className="m">{String(number).padStart(gutter)} │ </span>
              {line}
              {location?.line === number ? (
                <div>
                  <span className="m">{" ".repeat(gutter)} │ </span>
                  {" ".repeat(Math.max(0, location.column - 1))}
                  <span className="e">{"^".repeat(Math.max(1, location.length ?? 1))}</span>
                </div>
              ) : null}
            </div>
          );
        })}
        {error.cause === undefined ? null : (
          <div className="m">
            {" ".repeat(gutter)} = {error.cause}
          </div>
        )}
        {error.hint === undefined ? null : <div className="h">fix: {error.hint}</div>}
      </div>
      <div className="row wrap muted">
        <span>{error.retryable ? "Trying again may help." : "Trying again does not help: something has to change first."}</span>
        <Copy text={`millrace explain ${error.code}`} />
      </div>
    </div>
  );
}
