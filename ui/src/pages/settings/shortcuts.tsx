// The keys of the page, in one place.
import type { ReactNode } from "react";
import { KeyList } from "../../kit/key-list.tsx";
import { Panel } from "../../kit/panel.tsx";

export function Shortcuts(): ReactNode {
  return (
    <div className="stack settings-parts">
      <Panel title="Shortcuts" sub="? shows them on every page, with g and the letter of each page" padded>
        <KeyList />
      </Panel>
    </div>
  );
}
