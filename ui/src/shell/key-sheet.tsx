// What keys there are.
import type { ReactNode } from "react";
import { useSignal } from "../data/signal.ts";
import { Dialog } from "../kit/dialog.tsx";
import { keysOpen } from "./open.ts";
import { places } from "./places.ts";

const keys: readonly (readonly [string, string])[] = [
  ["/ or Ctrl K", "search or do"],
  ["j k", "into the list; next and previous"],
  ["Enter", "open"],
  ["x", "select"],
  ["r", "retry or run"],
  ["[ ]", "back and forth"],
  ["Ctrl B", "fold the rail"],
  ["Esc", "close the top layer"],
  ["?", "this sheet"],
];

export function KeySheet(): ReactNode {
  const isOpen = useSignal(keysOpen);
  return (
    <Dialog open={isOpen} title="Keys" onClose={() => keysOpen.set(false)} closeWord="Close">
      <div className="key-sheet">
        <dl className="pairs">{keys.map(pair)}</dl>
        <dl className="pairs">{places.flat().map(({ letter, name }) => pair([`g ${letter}`, name]))}</dl>
      </div>
    </Dialog>
  );
}

function pair([key, what]: readonly [string, string]): ReactNode {
  return [
    <dt key={`${key}-key`}>
      <kbd>{key}</kbd>
    </dt>,
    <dd key={key}>{what}</dd>,
  ];
}
