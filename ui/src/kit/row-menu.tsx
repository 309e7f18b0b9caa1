// What can be done with a row, as a menu at it: its own acts, then the links and buttons that stand in it. Arrow keys or j k, a letter goes to the act that begins
// with it, Esc closes and gives the focus back.
import { useEffect, useRef, type KeyboardEvent, type ReactNode } from "react";

const EDGE = 8;

export interface RowAct {
  readonly name: string;
  readonly key?: string;
  readonly run: () => void;
}

/** Links, buttons and what can be copied, in the order of the row. */
export function partsOf(row: HTMLElement): readonly RowAct[] {
  const parts = [...row.querySelectorAll<HTMLElement>("a[href], button:not(:disabled)")];
  return parts.map((part) => ({ name: nameOf(part), run: () => part.click() }));
}

function nameOf(part: HTMLElement): string {
  const name = part.getAttribute("aria-label") ?? part.textContent.trim();
  return part instanceof HTMLAnchorElement ? `Go to ${name}` : name;
}

interface RowMenuProps {
  readonly row: HTMLElement;
  readonly acts: readonly RowAct[];
  readonly onClose: () => void;
}

export function RowMenu({ row, acts, onClose }: RowMenuProps): ReactNode {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current!;
    dialog.showModal();
    const at = row.getBoundingClientRect();
    const own = dialog.getBoundingClientRect();
    dialog.style.left = `${Math.max(EDGE, Math.min(at.left + 4 * EDGE, innerWidth - own.width - EDGE))}px`;
    dialog.style.top = `${Math.max(EDGE, Math.min(at.bottom, innerHeight - own.height - EDGE))}px`;
    return () => {
      dialog.close();
      row.focus();
    };
  }, [row]);
  const press = (event: KeyboardEvent): void => {
    event.stopPropagation();
    const items = [...element.current!.querySelectorAll("button")];
    const at = items.indexOf(document.activeElement as HTMLButtonElement);
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    const begins = event.key.length === 1 ? items.find(({ textContent }) => textContent.toLowerCase().startsWith(event.key)) : undefined;
    const to =
      step !== undefined ? items[(at + step + items.length) % items.length] : ({ Home: items[0], End: items.at(-1) }[event.key] ?? begins);
    if (event.key === ".") onClose();
    else if (to === undefined) return;
    to?.focus();
    event.preventDefault();
  };
  return (
    // The layer hears the keys of its menu, and a click beside it.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/click-events-have-key-events
    <dialog
      ref={element}
      className="dialog row-menu"
      aria-label="What can be done"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
      onKeyDown={press}
    >
      {acts.length === 0 ? (
        <p className="muted">Nothing can be done with it.</p>
      ) : (
        <div role="menu" aria-label="Acts">
          {acts.map(({ name, key, run }) => (
            <button
              key={name}
              type="button"
              role="menuitem"
              onClick={() => {
                onClose();
                run();
              }}
            >
              <span className="cut grow">{name}</span>
              {key === undefined ? null : <kbd aria-hidden="true">{key}</kbd>}
            </button>
          ))}
        </div>
      )}
    </dialog>
  );
}
