// A surface with a heading; `padded` for text, without for tables and lists.
import { useId, type ReactNode } from "react";

interface PanelProps {
  readonly title?: ReactNode;
  readonly sub?: ReactNode;
  readonly actions?: ReactNode;
  readonly padded?: boolean;
  readonly className?: string;
  readonly children?: ReactNode;
}

export function Panel({ title, sub, actions, padded, className, children }: PanelProps): ReactNode {
  const id = useId();
  return (
    <section className={className === undefined ? "panel" : `panel ${className}`} aria-labelledby={title === undefined ? undefined : id}>
      {title === undefined ? null : (
        <header>
          <h2 id={id}>{title}</h2>
          {sub === undefined ? null : <span className="muted cut">{sub}</span>}
          <span className="grow" />
          {actions}
        </header>
      )}
      {padded === true ? <div className="pad">{children}</div> : children}
    </section>
  );
}
