// What the picture says to those who hear it: a tree with the item that has the focus, what it reads and who reads it. The arrows lead along the edges.
import type { KeyboardEvent, ReactNode } from "react";
import { useId } from "react";
import type { Placed } from "../layout/use-layout.ts";
import type { Mark } from "../marks.ts";
import { nameOf, statusOf } from "../scene.ts";

interface HeardTreeProps {
  readonly placed: Placed;
  readonly label: string;
  readonly marks: ReadonlyMap<number, Mark> | null;
  readonly focus: number;
  readonly selected: ReadonlySet<number>;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onFocus: () => void;
  readonly onBlur: () => void;
}

/** Names that are read out of one side. */
const NAMES_MAX = 5;

export function HeardTree({ placed, label, marks, focus, selected, onKeyDown, onFocus, onBlur }: HeardTreeProps): ReactNode {
  const id = useId();
  const { items } = placed.scene;
  const shown = focus >= 0 && focus < items.length ? focus : 0;
  return (
    <div
      role="tree"
      className="graph-heard"
      tabIndex={0}
      aria-label={`${label}. Arrows go along the edges, Enter opens, Space shows more, x selects, plus and minus zoom.`}
      aria-activedescendant={items.length === 0 ? undefined : `${id}-${shown}`}
      onKeyDown={onKeyDown}
      onFocus={onFocus}
      onBlur={onBlur}
    >
      {items.length === 0 ? null : (
        <div
          role="treeitem"
          id={`${id}-${shown}`}
          aria-level={placed.layout.layer[shown]! + 1}
          aria-posinset={shown + 1}
          aria-setsize={items.length}
          aria-selected={selected.has(shown)}
        >
          {sentence(placed, shown)}
          {marks?.get(shown) === undefined ? "" : ` ${marks.get(shown)!.word}.`}
        </div>
      )}
    </div>
  );
}

function sentence({ scene }: Placed, place: number): string {
  const item = scene.items[place]!;
  const names = (side: "from" | "to"): string => {
    const near = scene.edges.flatMap((edge) => {
      if (side === "from") return edge.to === place ? [edge.from] : [];
      return edge.from === place ? [edge.to] : [];
    });
    if (near.length === 0) return "nothing";
    const first = near.slice(0, NAMES_MAX).map((each) => nameOf(scene.items[each]!));
    return `${near.length}: ${first.join(", ")}${near.length > NAMES_MAX ? " and more" : ""}`;
  };
  const about =
    item.kind === "group"
      ? `group of ${item.members.length} assets, the worst is ${item.status}`
      : `${item.node.materialize ?? item.node.kind}, ${statusOf(item)}${item.node.rows === null ? "" : `, ${item.node.rows} rows`}${item.node.quarantined === 0 || item.node.quarantined === null ? "" : `, ${item.node.quarantined} in quarantine`}`;
  return `${nameOf(item)}, ${about}. Reads ${names("from")}. Read by ${names("to")}.`;
}
