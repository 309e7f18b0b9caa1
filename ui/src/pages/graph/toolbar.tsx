// The graph's bar: the selection, how it is shown, what its colours tell, which groups are open.
import type { ReactNode } from "react";
import { useRead } from "../../data/read.ts";
import { LENSES, type Lens, lensWords } from "../../graph/lens.ts";
import { SavedViews } from "../../graph/saved-views.tsx";
import { Button } from "../../kit/button.tsx";

export const VIEWS = ["graph", "tree", "table"] as const;
export type View = (typeof VIEWS)[number];

interface ToolbarProps {
  readonly q: string | undefined;
  readonly view: View;
  readonly lens: Lens;
  readonly groups: readonly string[];
  readonly openGroups: ReadonlySet<string>;
  /** What the lens of changes compares with: an environment or a git ref; absent: what readers see. */
  readonly against: string | undefined;
  readonly onAgainst: (against: string | undefined) => void;
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

export function Toolbar({
  q,
  view,
  lens,
  groups,
  openGroups,
  against,
  onAgainst,
  onSelect,
  onView,
  onLens,
  onOpen,
}: ToolbarProps): ReactNode {
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
      {lens === "change" ? <Against against={against} onAgainst={onAgainst} /> : null}
      <select className="input" aria-label="Colours tell" value={lens} onChange={(event) => onLens(event.target.value as Lens)}>
        {LENSES.filter((each) => view === "graph" || each === "status" || each === "change").map((each) => (
          <option key={each} value={each}>
            {lensWords[each].name}
          </option>
        ))}
      </select>
      <SavedViews path="/graph" />
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

function Against({ against, onAgainst }: Pick<ToolbarProps, "against" | "onAgainst">): ReactNode {
  const { data } = useRead("environments.list", {});
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const words = (new FormData(event.currentTarget).get("against") as string).trim();
        onAgainst(words === "" ? undefined : words);
      }}
    >
      <input
        key={against ?? ""}
        name="against"
        className="input mono"
        aria-label="Compared with an environment or a git ref"
        placeholder="what readers see, or main, prod, HEAD~1"
        defaultValue={against ?? ""}
        list="graph-against"
        autoComplete="off"
        spellCheck={false}
      />
      <datalist id="graph-against">
        {(data?.environments ?? []).map(({ environment }) => (
          <option key={environment} value={environment} />
        ))}
      </datalist>
    </form>
  );
}
