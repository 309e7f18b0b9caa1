// A sentence of the engine as the page tells it: runs are links, moments are in the zone that was chosen.
import type { ReactNode } from "react";
import { links } from "../links.ts";
import { Link } from "./link.tsx";
import { RunLink } from "./run-link.tsx";
import { Time } from "./values.tsx";

const TOLD = /(\b[rb]_[0-9A-Z]{12,30}\b|\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z)/;

export function Sentence({ text }: { readonly text: string }): ReactNode {
  // Every second part is what the pattern found.
  return text.split(TOLD).map((part, place) => {
    if (place % 2 === 0) return part;
    // oxlint-disable-next-line react/no-array-index-key -- parts of one text have no other name
    if (!/^[rb]_/.test(part)) return <Time key={place} at={part} />;
    // oxlint-disable-next-line react/no-array-index-key -- as above
    if (part.startsWith("r_")) return <RunLink key={place} run={part} />;
    return (
      // oxlint-disable-next-line react/no-array-index-key -- as above
      <Link key={place} className="link mono" to={links.backfill(part)}>
        {part}
      </Link>
    );
  });
}
