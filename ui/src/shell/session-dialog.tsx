// Asked for when an act needs a session: the key of the link that the server printed, or a token.
import { useState, type ReactNode } from "react";
import { beginSession, sessionWish } from "../data/session.ts";
import { useSignal } from "../data/signal.ts";
import { Button } from "../kit/button.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { Field } from "../kit/field.tsx";

export function SessionDialog(): ReactNode {
  const wish = useSignal(sessionWish);
  return wish === null ? null : <Asked onDone={wish.done} />;
}

function Asked({ onDone }: { readonly onDone: (begun: boolean) => void }): ReactNode {
  const [key, setKey] = useState("");
  const [error, setError] = useState<string | undefined>();
  const [busy, setBusy] = useState(false);
  const begin = async (): Promise<void> => {
    const given = key.trim();
    if (given === "") return;
    setBusy(true);
    const refused = await beginSession(/#(?:.*&)?key=([^&\s]+)/.exec(given)?.[1] ?? given);
    setBusy(false);
    if (refused === null) onDone(true);
    else setError(refused);
  };
  return (
    <Dialog
      open
      title="This needs a key"
      onClose={() => onDone(false)}
      actions={
        <Button look="primary" busy={busy} onClick={() => void begin()}>
          Go on
        </Button>
      }
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void begin();
        }}
      >
        <p className="second">
          On this computer everybody may look. To act, or to look from elsewhere, paste the link that <code>millrace dev</code> or{" "}
          <code>millrace serve</code> printed, or a token of <code>millrace token create --scope operate</code>.
        </p>
        <Field label="Link or token" error={error}>
          {(id, describedBy) => (
            <input
              id={id}
              aria-describedby={describedBy}
              className="input mono"
              type="password"
              autoComplete="off"
              value={key}
              onChange={(event) => setKey(event.target.value)}
            />
          )}
        </Field>
      </form>
    </Dialog>
  );
}
