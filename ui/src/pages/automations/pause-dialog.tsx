// A pause: of one trigger or the whole job, until when, why; and which times it takes out.
import { useState, type ReactNode } from "react";
import type { TriggerAnswer } from "../../../../src/model/trigger-answers.ts";
import { useAct } from "../../data/act.ts";
import { useRead } from "../../data/read.ts";
import { ActForm } from "../../kit/act-form.tsx";
import { Field } from "../../kit/field.tsx";
import { toast } from "../../kit/toast.tsx";
import { countWords, Time } from "../../kit/values.tsx";

interface PauseDialogProps {
  readonly job: string;
  readonly trigger: TriggerAnswer;
  /** Triggers of the job besides this one. */
  readonly others: number;
  readonly now: number;
  readonly onClose: () => void;
}

const HOUR_MS = 3_600_000;
const COUNTED = 1_000;

const ENDS = [
  { id: "1h", label: "for 1 hour", ms: HOUR_MS },
  { id: "8h", label: "for 8 hours", ms: 8 * HOUR_MS },
  { id: "1d", label: "for a day", ms: 24 * HOUR_MS },
  { id: "7d", label: "for a week", ms: 7 * 24 * HOUR_MS },
  { id: "at", label: "until a time", ms: null },
  { id: "open", label: "until someone resumes it", ms: null },
] as const;

export function PauseDialog({ job, trigger, others, now, onClose }: PauseDialogProps): ReactNode {
  const [end, setEnd] = useState<(typeof ENDS)[number]["id"]>("1h");
  const [at, setAt] = useState(() => local(now + 12 * HOUR_MS));
  const [isWhole, setWhole] = useState(false);
  const [why, setWhy] = useState("");
  const pause = useAct("triggers.pause");
  const times = useRead("triggers.list", { job, next: COUNTED });
  const chosen = ENDS.find(({ id }) => id === end);
  const untilMs = end === "at" ? Date.parse(at) : chosen?.ms == null ? null : now + chosen.ms;
  const isWrong = end === "at" && (Number.isNaN(untilMs) || (untilMs ?? 0) <= now);
  const meant = (times.data?.triggers ?? []).filter((each) => isWhole || each.trigger === trigger.trigger);
  const lost = meant.reduce((sum, each) => sum + each.next.filter((next) => untilMs === null || Date.parse(next) <= untilMs).length, 0);
  const carryOut = async (): Promise<void> => {
    await pause.run({
      job,
      ...(isWhole ? {} : { trigger: trigger.trigger }),
      ...(untilMs === null ? {} : { until: new Date(untilMs).toISOString() }),
      ...(why.trim() === "" ? {} : { why: why.trim() }),
    });
    toast(`${job} is paused`);
    onClose();
  };
  return (
    <ActForm
      title={
        <>
          Pause {job} <span className="mono muted">{isWhole ? "" : trigger.trigger}</span>
        </>
      }
      act="Pause"
      isReady={!isWrong}
      busy={pause.isPending}
      error={pause.error}
      onAct={carryOut}
      onClose={onClose}
    >
      <Field label="How long">
        {(id) => (
          <select
            id={id}
            className="input"
            value={end}
            onChange={(event) => setEnd(ENDS.find((each) => each.id === event.target.value)?.id ?? "1h")}
          >
            {ENDS.map((each) => (
              <option key={each.id} value={each.id}>
                {each.label}
              </option>
            ))}
          </select>
        )}
      </Field>
      {end === "at" ? (
        <Field label="Until" error={isWrong ? "a time to come" : undefined}>
          {(id, about) => (
            <input
              id={id}
              aria-describedby={about}
              className="input"
              type="datetime-local"
              value={at}
              onChange={(event) => setAt(event.target.value)}
            />
          )}
        </Field>
      ) : null}
      {others > 0 ? (
        <label className="row">
          <input type="checkbox" checked={isWhole} onChange={(event) => setWhole(event.target.checked)} />
          The whole job: its {countWords(others)} other {others === 1 ? "trigger" : "triggers"}, too
        </label>
      ) : null}
      <Field label="Why (kept in the history)">
        {(id) => <input id={id} className="input" maxLength={2000} value={why} onChange={(event) => setWhy(event.target.value)} />}
      </Field>
      <p className="second" role="status">
        {untilMs === null ? (
          "It starts nothing until someone resumes it."
        ) : (
          <>
            {lost === 0
              ? "No scheduled time falls into it"
              : `${lost >= COUNTED ? `${countWords(COUNTED)} or more` : countWords(lost)} scheduled ${lost === 1 ? "time is" : "times are"} left out`}
            ; it goes on by itself <Time at={isWrong ? null : new Date(untilMs).toISOString()} />.
          </>
        )}
      </p>
    </ActForm>
  );
}

/** As an input of the browser takes it: the reader's own clock. */
function local(ms: number): string {
  const moment = new Date(ms);
  return new Date(ms - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
