// The keys of the page, in one place.
import type { ReactNode } from "react";
import { Panel } from "../../kit/panel.tsx";
import { places } from "../../shell/places.ts";

const keys: readonly (readonly [string, string])[] = [
  ["⌘K or Ctrl K", "search for assets, runs and what can be done"],
  ["/", "the search of the page"],
  ["j k or ↓ ↑", "next and previous in a list"],
  ["Enter", "open"],
  ["x", "select in a list"],
  ["Esc", "close the top layer"],
  ["⌘B or Ctrl B", "fold the rail"],
  ["?", "this sheet"],
  ["⌘↵ or Ctrl ↵", "run the query of the console"],
  ["⌘C or Ctrl C", "copy the cell of a result"],
];

export function Shortcuts(): ReactNode {
  return (
    <div className="stack settings-parts">
      <Panel title="Everywhere" padded>
        <Keys keys={keys} />
      </Panel>
      <Panel title="Go to" sub="g, then a letter" padded>
        <Keys keys={places.flat().map(({ letter, name }) => [`g ${letter}`, name] as const)} />
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
