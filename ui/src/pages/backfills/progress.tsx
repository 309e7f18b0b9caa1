// How far a backfill is: a bar of what is done, what failed and what runs, with the same in words.
import type { ReactNode } from "react";
import type { BackfillAnswer } from "../../../../src/model/backfill-answers.ts";
import { countWords } from "../../kit/values.tsx";

export function Progress({ nodes }: { readonly nodes: BackfillAnswer["nodes"] }): ReactNode {
  const done = nodes.succeeded + nodes.reused;
  const share = (count: number): string => `${nodes.total === 0 ? 0 : (count / nodes.total) * 100}%`;
  return (
    <span className="row bf-progress">
      <span className="bf-bar" aria-hidden="true">
        <i className="ok" style={{ width: share(done) }} />
        <i className="fail" style={{ width: share(nodes.failed) }} />
        <i className="run" style={{ width: share(nodes.running) }} />
        <i className="idle" style={{ width: share(nodes.skipped + nodes.canceled) }} />
      </span>
      <span>
        {countWords(done)} of {countWords(nodes.total)}
        {nodes.failed === 0 ? "" : ` · ${countWords(nodes.failed)} failed`}
      </span>
    </span>
  );
}
