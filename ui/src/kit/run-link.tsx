// A run as a link: by its id, or by a word where the id would be too much. No run: nothing.
import type { ReactNode } from "react";
import { Link } from "./link.tsx";
import { links } from "../links.ts";

interface RunLinkProps {
  readonly run: string | null;
  /** Instead of the id. */
  readonly word?: string;
  /** The step that is meant. */
  readonly step?: string;
}

export function RunLink({ run, word, step }: RunLinkProps): ReactNode {
  if (run === null) return null;
  return (
    <Link className={word === undefined ? "link mono" : "link"} to={links.run(run, step === undefined ? {} : { step })}>
      {word ?? run}
    </Link>
  );
}
