// Short news of an act: `toast("Run canceled")`. Read out politely, gone after some seconds; what a person must see stands on the page instead.
import type { ReactNode } from "react";
import { signal, useSignal } from "../data/signal.ts";
import { Button } from "./button.tsx";

const SHOWN_MS = 6_000;

interface Toast {
  readonly id: number;
  readonly message: ReactNode;
  readonly look: "plain" | "fail";
  readonly action?: { readonly label: string; readonly run: () => void };
}

const toasts = signal<readonly Toast[]>([]);
let lastId = 0;

export function toast(message: ReactNode, how: { readonly look?: "plain" | "fail"; readonly action?: Toast["action"] } = {}): void {
  const id = ++lastId;
  const { look = "plain", action } = how;
  toasts.set([...toasts.get().slice(-2), { id, message, look, ...(action === undefined ? {} : { action }) }]);
  setTimeout(() => remove(id), SHOWN_MS);
}

function remove(id: number): void {
  toasts.set(toasts.get().filter((each) => each.id !== id));
}

export function Toasts(): ReactNode {
  const shown = useSignal(toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, message, look, action }) => (
        <div key={id} className={`toast ${look}`}>
          <span className="grow">{message}</span>
          {action === undefined ? null : (
            <Button
              small
              look="quiet"
              onClick={() => {
                remove(id);
                action.run();
              }}
            >
              {action.label}
            </Button>
          )}
        </div>
      ))}
    </div>
  );
}
