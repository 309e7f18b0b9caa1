// How the run goes that a decision has started, until a person closes it.
import type { ReactNode } from "react";
import { useRead } from "../../data/read.ts";
import { Button } from "../../kit/button.tsx";
import { RunLink } from "../../kit/run-link.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { Duration } from "../../kit/values.tsx";

const LOOK_MS = 1_000;

export function FollowRun({ run, onClose }: { readonly run: string; readonly onClose: () => void }): ReactNode {
  const first = useRead("runs.show", { run });
  const isGoing = first.data?.run.status === "running";
  useRead("runs.show", { run }, { enabled: isGoing, everyMs: LOOK_MS });
  const { data } = first;
  if (data === undefined) return null;
  const built = data.nodes.filter(({ status }) => status === "succeeded");
  return (
    <div className="q-follow row wrap" role="status">
      <StatusMark status={data.run.status} />
      <span>
        {isGoing ? "Building" : "Built"} {built.length} of {data.nodes.length}
        {built.length === 0 ? "" : `: ${built.map(nameOf).slice(0, 4).join(", ")}${built.length > 4 ? " …" : ""}`}
      </span>
      {data.run.seconds === null ? null : (
        <span className="muted">
          <Duration seconds={data.run.seconds} />
        </span>
      )}
      <RunLink run={run} />
      <span className="grow" />
      <Button small look="quiet" onClick={onClose} aria-label="Close the line of the run">
        Close
      </Button>
    </div>
  );
}

function nameOf(node: { readonly asset?: string; readonly task?: string }): string {
  return node.asset ?? node.task ?? "";
}
