// Parts of a page that have an address each: links, so that a part opens in a new tab and the way back works.
import type { ReactNode } from "react";
import { Link } from "./link.tsx";

interface TabsProps<Id extends string> {
  readonly label: string;
  readonly items: readonly { readonly id: Id; readonly label: ReactNode; readonly to: string; readonly count?: number }[];
  readonly current: Id;
}

export function Tabs<Id extends string>({ label, items, current }: TabsProps<Id>): ReactNode {
  return (
    <nav className="tabs" aria-label={label}>
      {items.map(({ id, label: word, to, count }) => (
        <Link key={id} to={to} aria-current={id === current ? "page" : undefined}>
          {word}
          {count === undefined ? null : <span className="tab-count">{count}</span>}
        </Link>
      ))}
    </nav>
  );
}
