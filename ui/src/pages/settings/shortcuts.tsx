// The keys of the page, in one place.
import type { ReactNode } from "react";
import { Panel } from "../../kit/panel.tsx";

const keys: readonly (readonly [string, string])[] = [
  ["⌘K or Ctrl K", "search for assets, runs and what can be done"],
  ["/", "the search of the page"],
  ["j k or ↓ ↑", "next and previous in a list"],
  ["Enter", "open"],
  ["x", "select in a list"],
  ["Esc", "close the top layer"],
  ["⌘B or Ctrl B", "fold the rail"],
  ["g, then a letter", "go to a page"],
  ["?", "all keys, with the letters of the pages"],
  ["⌘↵ or Ctrl ↵", "run the query of the console"],
  ["⌘C or Ctrl C", "copy the cell of a result"],
];

export function Shortcuts(): ReactNode {
  return (
    <div className="stack settings-parts">
      <Panel title="Shortcuts" sub="? shows them on every page" padded>
        <Keys keys={keys} />
      </Panel>
    </div>
  );
}

function Keys({ keys: shown }: { readonly keys: readonly (readonly [string, string])[] }): ReactNode {
  return (
    <dl className="pairs key-list">
      {shown.map(([key, words]) => (
        <div key={key} className="pair">
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{words}</dd>
        </div>
      ))}
    </dl>
  );
}
