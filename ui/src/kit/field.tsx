// A label with its control, help and error. `<Field label="Why">{(id) => <input id={id} … />}</Field>`
import { useId, type ReactNode } from "react";

interface FieldProps {
  readonly label: ReactNode;
  readonly help?: ReactNode;
  readonly error?: string | undefined;
  /** Gets the id for the control, and the id of help and error for `aria-describedby`. */
  readonly children: (id: string, describedBy: string | undefined) => ReactNode;
}

export function Field({ label, help, error, children }: FieldProps): ReactNode {
  const id = useId();
  const about = `${id}-about`;
  const isDescribed = help !== undefined || error !== undefined;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children(id, isDescribed ? about : undefined)}
      {isDescribed ? (
        <div id={about} className={error === undefined ? "muted" : "status fail"}>
          {error ?? help}
        </div>
      ) : null}
    </div>
  );
}
