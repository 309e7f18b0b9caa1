// What a sensor saw last, which is its cursor; a look by hand that starts nothing; and forgetting, after which the same starts a run again.
import { useState, type ReactNode } from "react";
import type { TriggerAnswer, TriggerLookAnswer } from "../../../../src/model/trigger-answers.ts";
import { useAct } from "../../data/act.ts";
import { Button } from "../../kit/button.tsx";
import { Confirm } from "../../kit/confirm.tsx";
import { Refused } from "../../kit/states.tsx";
import { StatusMark } from "../../kit/status.tsx";
import { toast } from "../../kit/toast.tsx";
import { Time } from "../../kit/values.tsx";

export function Sensor({ trigger }: { readonly trigger: TriggerAnswer }): ReactNode {
  const { job, trigger: key, cursor } = trigger;
  const [sight, setSight] = useState<TriggerLookAnswer | null>(null);
  const [isAsked, setAsked] = useState(false);
  const look = useAct("triggers.look");
  const reset = useAct("triggers.reset");
  return (
    <section aria-label="What it sees" className="stack">
      <h3>What it sees</h3>
      <dl className="pairs">
        <dt>Saw last</dt>
        <dd>
          {cursor === null ? (
            <span className="muted">it has not looked yet</span>
          ) : cursor.seen === null ? (
            <>
              nothing, since <Time at={cursor.since} />
            </>
          ) : (
            <code>{cursor.seen}</code>
          )}
          {cursor?.isFailing === true ? <StatusMark status="failed" word="it cannot look" /> : null}
        </dd>
        {sight === null ? null : (
          <>
            <dt>Sees now</dt>
            <dd role="status">
              {sight.seen === null ? "nothing" : <code>{sight.seen}</code>}{" "}
              <StatusMark
                status={sight.wouldFire ? "ok" : "skipped"}
                word={sight.wouldFire ? "would start a run" : "would start nothing"}
              />
              <span className="second">: {sight.why}</span>
              {sight.item === null ? null : <div className="mono muted cut">{JSON.stringify(sight.item)}</div>}
            </dd>
          </>
        )}
      </dl>
      <div className="row wrap">
        <Button small busy={look.isPending} onClick={() => void look.run({ job, trigger: key }).then(setSight, () => {})}>
          Look now, start nothing
        </Button>
        <Button small disabled={cursor?.seen == null} onClick={() => setAsked(true)}>
          Forget what it saw…
        </Button>
      </div>
      <Refused error={look.error} />
      <Confirm
        open={isAsked}
        title={`Forget what ${job} ${key} saw`}
        act="Forget it"
        busy={reset.isPending}
        error={reset.error}
        onClose={() => setAsked(false)}
        onConfirm={() =>
          void reset.run({ job, trigger: key }).then(
            ({ changed }) => {
              setAsked(false);
              toast(changed ? "Forgotten: what it sees next starts a run" : "There was nothing to forget");
            },
            () => {},
          )
        }
      >
        <p>
          It saw <code>{cursor?.seen ?? ""}</code>. When its next look sees the same, {job} is started once more.
        </p>
      </Confirm>
    </section>
  );
}
