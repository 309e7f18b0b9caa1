// The graph's bar: the selection, how it is shown, what its colours tell, which groups are open.
import type { ReactNode } from "react";
import { LENSES, type Lens, lensWords } from "../../graph/lens.ts";
import { Button } from "../../kit/button.tsx";

export const VIEWS = ["graph", "tree", "table"] as const;
export type View = (typeof VIEWS)[number];

interface ToolbarProps {
  readonly q: string | undefined;
  readonly view: View;
  readonly lens: Lens;
  readonly groups: readonly string[];
  readonly openGroups: ReadonlySet<string>;
  readonly onSelect: (q: string | undefined) => void;
  readonly onView: (view: View) => void;
  readonly onLens: (lens: Lens) => void;
  readonly onOpen: (open: readonly string[]) => void;
}

const views = [
  ["graph", "Graph"],
  ["tree", "Tree"],
  ["table", "Table"],
] as const;

export function Toolbar({ q, view, lens, groups, openGroups, onSelect, onView, onLens, onOpen }: ToolbarProps): ReactNode {
  const isAllOpen = groups.every((group) => openGroups.has(group));
  return (
    <div className="graph-bar">
      <form
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          const words = (new FormData(event.currentTarget).get("q") as string).trim();
          onSelect(words === "" ? undefined : words);
        }}
      >
        <input
          key={q ?? ""}
          name="q"
          className="input mono"
          aria-label="Selection"
          placeholder="+orders   tag:finance and not raw.*   status:failed"
          defaultValue={q ?? ""}
          spellCheck={false}
          autoComplete="off"
          onKeyDown={(event) => {
            if (event.key === "Escape") event.currentTarget.value = q ?? "";
          }}
        />
      </form>
      {q === undefined ? null : (
        <Button small look="quiet" onClick={() => onSelect(undefined)}>
          Clear
        </Button>
      )}
      <Button small look="quiet" onClick={() => onSelect("status:failed status:stale status:missing")} title="failed, stale or never built">
        Not current
      </Button>
      <span className="grow" />
      {view === "graph" && groups.length > 1 ? (
        <Button small onClick={() => onOpen(isAllOpen ? ["-"] : ["*"])}>
          {isAllOpen ? "Fold groups" : "Open groups"}
        </Button>
      ) : null}
      {view === "graph" ? (
        <select className="input" aria-label="Colours tell" value={lens} onChange={(event) => onLens(event.target.value as Lens)}>
          {LENSES.map((each) => (
            <option key={each} value={each}>
              {lensWords[each].name}
            </option>
          ))}
        </select>
      ) : null}
      <div className="graph-switch" role="group" aria-label="Shown as">
        {views.map(([id, word]) => (
          <button key={id} type="button" aria-pressed={view === id} onClick={() => onView(id)}>
            {word}
          </button>
        ))}
      </div>
    </div>
  );
}
