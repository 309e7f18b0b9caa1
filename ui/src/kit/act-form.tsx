// The form of a dialog that does an act: its fields, what the server refused in a frame below them, one button that says what will happen. Enter in a field does it, too.
import { useId, type ReactNode } from "react";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { Refused } from "./states.tsx";

interface ActFormProps {
  readonly title: ReactNode;
  /** The verb on the button, with how many: "Cancel 3 runs". */
  readonly act: ReactNode;
  /** `danger`: what removes data. */
  readonly look?: "primary" | "danger";
  readonly wide?: boolean;
  /** Default: it is. */
  readonly isReady?: boolean;
  readonly busy?: boolean;
  readonly error?: Error | null | undefined;
  /** What it throws is shown by `error`. */
  readonly onAct: () => Promise<unknown> | void;
  readonly onClose: () => void;
  readonly children?: ReactNode;
}

export function ActForm({
  title,
  act,
  look = "primary",
  wide = false,
  isReady = true,
  busy = false,
  error,
  onAct,
  onClose,
  children,
}: ActFormProps): ReactNode {
  const form = useId();
  return (
    <Dialog
      open
      wide={wide}
      title={title}
      onClose={onClose}
      actions={
        <Button type="submit" form={form} look={look} disabled={!isReady} busy={busy}>
          {act}
        </Button>
      }
    >
      <form
        id={form}
        className="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady && !busy) void onAct()?.catch(() => {});
        }}
      >
        {children}
        <Refused error={error} />
      </form>
    </Dialog>
  );
}
