// A layer over the page, the browser's own: keeps the focus, Esc closes it, what is behind is inert. For acts; reading never happens in a dialog.
import { useEffect, useId, useRef, type ReactNode } from "react";
import { Button } from "./button.tsx";

interface DialogProps {
  readonly open: boolean;
  readonly title: ReactNode;
  readonly onClose: () => void;
  /** Buttons besides Cancel, the primary one last. */
  readonly actions?: ReactNode;
  readonly wide?: boolean;
  /** Default: Cancel. */
  readonly closeWord?: string;
  readonly children?: ReactNode;
}

export function Dialog({ open, title, onClose, actions, wide, closeWord = "Cancel", children }: DialogProps): ReactNode {
  const element = useRef<HTMLDialogElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current;
    if (dialog === null || !open) return undefined;
    if (!dialog.open) dialog.showModal();
    return () => dialog.close();
  }, [open]);
  useEffect(() => scrollsByKeys(body.current));
  if (!open) return null;
  return (
    <dialog
      ref={element}
      className={wide === true ? "dialog wide" : "dialog"}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <header>
        <h2 id={id}>{title}</h2>
      </header>
      <div ref={body} className="dialog-body">
        {children}
      </div>
      <footer>
        <Button onClick={onClose}>{closeWord}</Button>
        {actions}
      </footer>
    </dialog>
  );
}

/** What is only read is reached by Tab where it is longer than the window. */
function scrollsByKeys(body: HTMLElement | null): void {
  if (body === null) return;
  const isLong = body.scrollHeight > body.clientHeight && body.querySelector("a, button, input, select, textarea") === null;
  if (isLong) body.tabIndex = 0;
  else body.removeAttribute("tabindex");
}
