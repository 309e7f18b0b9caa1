// Many runs at once: those that failed are retried, those that go on are canceled.
import { useState, type ReactNode } from "react";
import type { RunAnswer } from "../../../../src/model/answers.ts";
import { useAct } from "../../data/act.ts";
import { Button } from "../../kit/button.tsx";
import { Confirm } from "../../kit/confirm.tsx";
import { toast } from "../../kit/toast.tsx";

interface ManyActsProps {
  readonly runs: readonly RunAnswer[];
  readonly onDone: () => void;
  /** Two are selected. */
  readonly onCompare: (() => void) | undefined;
}

export function ManyActs({ runs, onDone, onCompare }: ManyActsProps): ReactNode {
  const [asked, setAsked] = useState<"retry" | "cancel" | null>(null);
  const [done, setDone] = useState<number | null>(null);
  const [retry, cancel] = [useAct("runs.retry"), useAct("runs.cancel")];
  if (runs.length === 0) return null;
  const live = runs.filter(({ status }) => status === "running");
  const broken = runs.filter(({ status }) => ["failed", "partial", "canceled"].includes(status));
  const each = async (act: (run: string) => Promise<unknown>, of: readonly RunAnswer[], word: string): Promise<void> => {
    let count = 0;
    try {
      for (const { run } of of) {
        await act(run);
        count++;
        setDone(count);
      }
      setAsked(null);
      onDone();
    } catch {
      // The dialog says what was refused; those before it are done.
    }
    setDone(null);
    if (count > 0) toast(`${count} of ${of.length} ${word}`);
  };
  return (
    <div className="row wrap many no-print" role="group" aria-label="Selected runs">
      <span className="strong">{runs.length} selected</span>
      {onCompare === undefined ? null : (
        <Button small onClick={onCompare}>
          Compare <kbd>c</kbd>
        </Button>
      )}
      {done === null ? null : (
        <span role="status" className="second">
          {done} done
        </span>
      )}
      {broken.length === 0 ? null : (
        <Button small onClick={() => setAsked("retry")}>
          Retry {broken.length}…
        </Button>
      )}
      {live.length === 0 ? null : (
        <Button small look="danger" onClick={() => setAsked("cancel")}>
          Cancel {live.length}…
        </Button>
      )}
      <Button small look="quiet" onClick={onDone}>
        Clear selection
      </Button>
      <Confirm
        open={asked === "retry"}
        title={`Retry ${countOf(broken)}`}
        act={`Retry ${countOf(broken)}`}
        busy={retry.isPending}
        error={retry.error}
        onClose={() => setAsked(null)}
        onConfirm={() => void each((run) => retry.run({ run }), broken, "begun")}
      >
        <p>Each takes over what succeeded and does the rest. Nothing is loaded twice.</p>
      </Confirm>
      <Confirm
        open={asked === "cancel"}
        title={`Cancel ${countOf(live)}`}
        act={`Cancel ${countOf(live)}`}
        reason="wanted"
        busy={cancel.isPending}
        error={cancel.error}
        onClose={() => setAsked(null)}
        onConfirm={(why) => void each((run) => cancel.run({ run, ...(why === "" ? {} : { why }) }), live, "being canceled")}
      >
        <p>What they have not done stays undone; what is published stays.</p>
      </Confirm>
    </div>
  );
}

function countOf({ length }: readonly RunAnswer[]): string {
  return length === 1 ? "1 run" : `${length.toLocaleString("en-US")} runs`;
}
