// One decision for all approvals that are shown: those whose form asks for nothing. One reason is kept with each.
import { useState, type ReactNode } from "react";
import type { PendingApproval } from "../../../../src/model/approval-answers.ts";
import { useAct } from "../../data/act.ts";
import { ActForm } from "../../kit/act-form.tsx";
import { Button } from "../../kit/button.tsx";
import { Field } from "../../kit/field.tsx";
import { toast } from "../../kit/toast.tsx";

const LISTED_MAX = 12;

export function ApproveMany({ approvals }: { readonly approvals: readonly PendingApproval[] }): ReactNode {
  const [verdict, setVerdict] = useState<"approve" | "reject" | null>(null);
  const [why, setWhy] = useState("");
  const decide = useAct("approvals.decide");
  const plain = approvals.filter(({ fields }) =>
    Object.values(fields).every(({ required, default: usual }) => required !== true || usual !== undefined),
  );
  if (plain.length < 2) return null;
  const act = async (): Promise<void> => {
    let count = 0;
    for (const { run, task } of plain) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other: what is refused stops the rest
      await decide.run({ run, task, accept: verdict === "approve", ...(why.trim() === "" ? {} : { why: why.trim() }), fields: {} });
      count += 1;
    }
    setVerdict(null);
    setWhy("");
    toast(`${count} are ${verdict === "approve" ? "approved" : "rejected"}`);
  };
  return (
    <>
      <Button small onClick={() => setVerdict("reject")}>
        Reject {plain.length}…
      </Button>
      <Button small onClick={() => setVerdict("approve")}>
        Approve {plain.length}…
      </Button>
      {verdict === null ? null : (
        <ActForm
          title={`${verdict === "approve" ? "Approve" : "Reject"} ${plain.length} at once`}
          act={`${verdict === "approve" ? "Approve" : "Reject"} ${plain.length}`}
          busy={decide.isPending}
          error={decide.error}
          isReady={verdict === "approve" || why.trim() !== ""}
          onAct={act}
          onClose={() => {
            setVerdict(null);
            decide.clear();
          }}
        >
          <ul className="plain">
            {plain.slice(0, LISTED_MAX).map(({ run, task, job, title }) => (
              <li key={`${run}/${task}`}>
                {title}{" "}
                <span className="muted">
                  {task} of {job ?? run}
                </span>
              </li>
            ))}
            {plain.length > LISTED_MAX ? <li className="muted">and {plain.length - LISTED_MAX} more</li> : null}
          </ul>
          <Field label={verdict === "approve" ? "Why (kept in the history)" : "Why"}>
            {(id) => <input id={id} className="input" value={why} maxLength={2000} onChange={(event) => setWhy(event.target.value)} />}
          </Field>
        </ActForm>
      )}
    </>
  );
}
