// What keys there are.
import type { ReactNode } from "react";
import { useSignal } from "../data/signal.ts";
import { Dialog } from "../kit/dialog.tsx";
import { KeyList } from "../kit/key-list.tsx";
import { keysOpen } from "./open.ts";
import { places } from "./places.ts";

const toPlaces = places.flat().map(({ letter, name }) => [`g ${letter}`, name] as const);

export function KeySheet(): ReactNode {
  const isOpen = useSignal(keysOpen);
  return (
    <Dialog open={isOpen} title="Keys" onClose={() => keysOpen.set(false)} closeWord="Close">
      <div className="key-sheet">
        <KeyList />
        <KeyList of={toPlaces} />
      </div>
    </Dialog>
  );
}
