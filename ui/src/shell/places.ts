// The places of the rail, with the letter that `g` goes there by. A place appears once its page is in routes.tsx.
import { links } from "../links.ts";
import type { IconName } from "./icons.tsx";

export interface Place {
  readonly id: IconName;
  readonly name: string;
  readonly to: string;
  /** The route's pattern. */
  readonly path: string;
  readonly letter: string;
  /** Addresses that belong to it besides its own. */
  readonly also?: readonly string[];
}

export const places: readonly (readonly Place[])[] = [
  [
    { id: "home", name: "Home", to: links.home(), path: "/", letter: "h" },
    { id: "inbox", name: "Inbox", to: links.inbox(), path: "/inbox", letter: "i" },
    { id: "graph", name: "Graph", to: links.graph(), path: "/graph", letter: "g" },
    { id: "catalog", name: "Catalog", to: links.catalog(), path: "/assets", letter: "c", also: ["/a/"] },
    { id: "runs", name: "Runs", to: links.runs(), path: "/runs", letter: "r", also: ["/r/"] },
  ],
  [
    { id: "automations", name: "Automations", to: links.automations(), path: "/automations", letter: "a" },
    { id: "partitions", name: "Partitions", to: links.partitions(), path: "/partitions", letter: "p" },
    { id: "backfills", name: "Backfills", to: links.backfills(), path: "/backfills", letter: "b" },
    { id: "quality", name: "Quality", to: links.quality(), path: "/quality", letter: "q" },
    { id: "quarantine", name: "Quarantine", to: links.quarantine(), path: "/quarantine", letter: "u" },
    { id: "changes", name: "Changes", to: links.changes(), path: "/changes", letter: "d" },
  ],
  [
    { id: "console", name: "Console", to: links.console(), path: "/sql", letter: "s" },
    { id: "settings", name: "Settings", to: links.settings(), path: "/settings", letter: "t" },
  ],
];

/** @returns the place that an address belongs to */
export function placeOf(pathname: string): Place | undefined {
  const all = places.flat();
  return all.find(
    ({ path, also = [] }) =>
      pathname === path || (path !== "/" && pathname.startsWith(`${path}/`)) || also.some((begin) => pathname.startsWith(begin)),
  );
}
