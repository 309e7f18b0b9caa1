// Before a decision is carried out: how many records it is about, what each becomes, what stays broken; why; and whether what reads the asset is built again at once.
import { useState, type ReactNode } from "react";
import type { QuarantineDecisionAnswer } from "../../../../src/model/answers.ts";
import type { QuarantineRecordsAnswer } from "../../../../src/model/quarantine-answers.ts";
import { useAct } from "../../data/act.ts";
import { usePreview } from "../../data/preview.ts";
import { ActForm } from "../../kit/act-form.tsx";
import { Field } from "../../kit/field.tsx";
import { Failure, Skeleton } from "../../kit/states.tsx";
import { toast } from "../../kit/toast.tsx";
import { countWords } from "../../kit/values.tsx";
import { type Decision, VERBS } from "./decision.ts";
import { shown } from "./grid.tsx";

interface DecisionDialogProps {
  readonly answer: QuarantineRecordsAnswer;
  readonly decision: Decision;
  /** The run that builds what reads the asset, or the one of the decision. */
  readonly onDone: (run: string | null) => void;
  readonly onClose: () => void;
}

export function DecisionDialog({ answer, decision, onDone, onClose }: DecisionDialogProps): ReactNode {
  const { act, input } = decision;
  const { asset, downstream } = answer;
  const [why, setWhy] = useState("");
  const [isBelowBuilt, setBelowBuilt] = useState(downstream.length > 0);
  const preview = usePreview("quarantine.preview", { act: act === "discard" ? "replay" : act, ...input }, { enabled: act !== "discard" });
  const decide = useAct("quarantine.decide");
  const discard = useAct("quarantine.discard");
  const start = useAct("runs.start");
  const records = act === "discard" ? decision.count : (preview.data?.records ?? decision.count);
  const [typed, setTyped] = useState("");
  // What cannot be taken back by another decision: the count is typed first.
  const isReady = act === "discard" ? typed.trim() === String(decision.count ?? "") : preview.data !== undefined;
  const isBusy = decide.isPending || discard.isPending || start.isPending;
  const reason = why.trim() === "" ? {} : { why: why.trim() };

  const carryOut = async (): Promise<void> => {
    if (act === "discard") {
      const { named, rule } = input;
      const said = await discard.run({ named, ...(rule === undefined ? {} : { rule }), ...reason });
      toast(`${countWords(said.records)} discarded`);
      return onDone(null);
    }
    const said = await decide.run({ act, ...input, ...reason }, { wait: true });
    if (said.status !== "succeeded") {
      toast(`The run ended ${said.status}`, { look: "fail" });
      return onDone(said.run ?? null);
    }
    toast(`${countWords(said.decision?.loaded ?? 0)} loaded into ${asset}`);
    if (!isBelowBuilt) return onDone(said.run ?? null);
    const built = await start.run({ select: downstream.join(" or ") });
    return onDone((built as { readonly run?: string | null }).run ?? said.run ?? null);
  };
  return (
    <ActForm
      wide
      title={`${VERBS[act]}${records === null ? "" : ` ${countWords(records)} ${records === 1 ? "record" : "records"}`} of ${asset}`}
      act={`${VERBS[act]}${records === null ? "" : ` ${countWords(records)}`}`}
      look={act === "discard" ? "danger" : "primary"}
      isReady={isReady && preview.data?.records !== 0}
      busy={isBusy}
      error={decide.error ?? discard.error ?? start.error}
      onAct={carryOut}
      onClose={onClose}
    >
      {act === "discard" ? (
        <p>
          They stay in the ledger with your name and reason, and stay discarded when they come again. Nothing is loaded; rolling back to a
          version before takes it back.
        </p>
      ) : preview.error !== null ? (
        <Failure error={preview.error} retry={preview.retry} />
      ) : preview.data === undefined ? (
        <Skeleton lines={4} />
      ) : (
        <Preview preview={preview.data} act={act} />
      )}
      <Field label="Why (kept in the history)">
        {(id) => <input id={id} className="input" maxLength={2000} value={why} onChange={(event) => setWhy(event.target.value)} />}
      </Field>
      {act === "discard" ? (
        <Field label={`Type ${decision.count ?? ""} to discard ${decision.count === 1 ? "this record" : "these records"}`}>
          {(id) => (
            <input
              id={id}
              className="input mono"
              inputMode="numeric"
              autoComplete="off"
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          )}
        </Field>
      ) : null}
      {act === "discard" || downstream.length === 0 ? null : (
        <label className="row">
          <input type="checkbox" checked={isBelowBuilt} onChange={(event) => setBelowBuilt(event.target.checked)} />
          <span>
            Then build what reads it: <span className="mono">{listed(downstream)}</span>
          </span>
        </label>
      )}
    </ActForm>
  );
}

function Preview({ preview, act }: { readonly preview: QuarantineDecisionAnswer; readonly act: Decision["act"] }): ReactNode {
  const { loaded, superseded, asideAgain, stillBroken, changes, records } = preview;
  return (
    <>
      <ul className="plain q-outcome" aria-label="What would happen">
        <Outcome count={loaded} words={act === "accept" ? "accepted as they are" : "loaded"} tag="ok" />
        <Outcome count={stillBroken.rows} words="still break the contract and stay" tag="fail" />
        <Outcome count={asideAgain} words="set aside again by a check" tag="warn" />
        <Outcome count={superseded} words="superfluous: a later row has their key" tag="late" />
        {loaded + stillBroken.rows + asideAgain + superseded === 0 ? (
          <Outcome count={records} words="looked at again when the asset is built" tag="run" />
        ) : null}
      </ul>
      {changes.length === 0 ? null : (
        <div className="table-box q-changes">
          <table>
            <caption className="unseen">Cells before and after</caption>
            <thead>
              <tr>
                <th>Column</th>
                <th>Before</th>
                <th>After</th>
                <th className="wide-only">Record</th>
              </tr>
            </thead>
            <tbody>
              {changes.map(({ id, column, before, after }) => (
                <tr key={`${id} ${column}`}>
                  <td className="mono">{column}</td>
                  <td className="mono q-before">{shown(before)}</td>
                  <td className="mono q-after">{shown(after)}</td>
                  <td className="mono muted wide-only">{id}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {stillBroken.first.length === 0 ? null : (
        <ul className="plain second">
          {stillBroken.first.slice(0, 5).map(({ id, reason }) => (
            <li key={id}>
              {reason} <span className="mono muted">{id}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Outcome({ count, words, tag }: { readonly count: number; readonly words: string; readonly tag: string }): ReactNode {
  return count === 0 ? null : (
    <li className="row">
      <span className={`tag ${tag}`}>{countWords(count)}</span>
      {words}
    </li>
  );
}

function listed(names: readonly string[]): string {
  return names.length <= 3 ? names.join(", ") : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
}
