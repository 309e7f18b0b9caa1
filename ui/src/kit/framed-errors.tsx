// Several errors of a project, each with the lines of its file, as the terminal shows them; more than a few are counted.
import type { ReactNode } from "react";
import type { ErrorRecord } from "../../../src/model/errors.ts";
import type { FramedError } from "../../../src/model/project-answers.ts";
import { useRead } from "../data/read.ts";
import { CodeFrame } from "./code-frame.tsx";
import { Copy } from "./values.tsx";

const SHOWN_MAX = 8;

/** Lines of files are those that the project's last check kept. */
export function FramedErrors({ errors }: { readonly errors: readonly ErrorRecord[] }): ReactNode {
  const project = useRead("project.show", {}, { enabled: errors.some(({ location }) => location !== undefined) });
  const frames = new Map((project.data?.errors ?? []).map((each) => [placeOf(each), each.frame]));
  return (
    <div className="stack">
      {errors.slice(0, SHOWN_MAX).map((error) => (
        <Framed key={placeOf(error)} error={error} frame={frames.get(placeOf(error)) ?? null} />
      ))}
      {errors.length <= SHOWN_MAX ? null : (
        <div className="row">
          <span className="second">and {errors.length - SHOWN_MAX} more</span>
          <Copy text="millrace plan" />
        </div>
      )}
    </div>
  );
}

function Framed({ error, frame }: { readonly error: ErrorRecord; readonly frame: FramedError["frame"] }): ReactNode {
  const source = frame === null ? {} : { source: { firstLine: frame.lines[0]?.number ?? 1, lines: frame.lines.map(({ text }) => text) } };
  return <CodeFrame error={error} {...source} />;
}

function placeOf({ code, message, location }: ErrorRecord): string {
  return `${code} ${location?.file}:${location?.line}:${location?.column} ${message}`;
}
