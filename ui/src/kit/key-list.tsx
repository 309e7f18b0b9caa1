// The keys that work on every page, as a list: the sheet of `?` and Settings show the same.
import type { ReactNode } from "react";

const keys: readonly (readonly [string, string])[] = [
  ["/ or Ctrl K", "search, select or do"],
  ["j k", "into the list; next and previous"],
  ["Enter", "open"],
  ["x", "select"],
  [".", "what can be done with the row"],
  ["r", "retry or run"],
  ["a c", "of runs: select all that match, compare two"],
  ["f w", "of a log: full screen, wrapped lines"],
  ["e n N", "of a log: next error, next and previous match"],
  ["[ ]", "back and forth"],
  ["Ctrl B", "fold the rail"],
  ["Ctrl ↵", "run the query of the console"],
  ["Esc", "close the top layer"],
  ["?", "the sheet of keys"],
];

/** Those of every page, or others. */
export function KeyList({ of = keys }: { readonly of?: readonly (readonly [key: string, words: string])[] }): ReactNode {
  return (
    <dl className="pairs">
      {of.map(([key, words]) => (
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
