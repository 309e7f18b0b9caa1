// A question before an act that cannot be taken back, or that is noted with a reason: what will happen with its count, the reason, and for what removes data a word to type.
import { useState, type ReactNode } from "react";
import { ActForm } from "./act-form.tsx";
import { Field } from "./field.tsx";

interface ConfirmProps {
  readonly open: boolean;
  readonly title: string;
  /** What will happen, with how many. */
  readonly children: ReactNode;
  /** The act's verb on its button: "Cancel 3 runs". */
  readonly act: string;
  /** What removes data: this word is typed first, the count for instance. */
  readonly type?: string;
  /** Asks for a reason that is kept in the history. */
  readonly reason?: "wanted" | "needed";
  readonly busy?: boolean;
  readonly error?: Error | null;
  readonly onConfirm: (why: string) => void;
  readonly onClose: () => void;
}

export function Confirm(props: ConfirmProps): ReactNode {
  return props.open ? <Asked {...props} /> : null;
}

function Asked({ title, children, act, type, reason, busy, error, onConfirm, onClose }: ConfirmProps): ReactNode {
  const [typed, setTyped] = useState("");
  const [why, setWhy] = useState("");
  return (
    <ActForm
      title={title}
      act={act}
      look={type === undefined ? "primary" : "danger"}
      isReady={(type === undefined || typed.trim() === type) && (reason !== "needed" || why.trim() !== "")}
      busy={busy === true}
      error={error}
      onAct={() => onConfirm(why.trim())}
      onClose={onClose}
    >
      <div>{children}</div>
      {reason === undefined ? null : (
        <Field label={reason === "needed" ? "Why" : "Why (kept in the history)"}>
          {(id) => <input id={id} className="input" value={why} onChange={(event) => setWhy(event.target.value)} maxLength={2000} />}
        </Field>
      )}
      {type === undefined ? null : (
        <Field label={`Type ${type} to go on`}>
          {(id) => (
            <input id={id} className="input mono" value={typed} onChange={(event) => setTyped(event.target.value)} autoComplete="off" />
          )}
        </Field>
      )}
    </ActForm>
  );
}
