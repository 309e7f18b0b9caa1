// Error codes of the catalogue: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const catalogueCodes = {
  MR9010: {
    title: "The folder is no catalogue",
    why: "`docs build` replaces the whole folder; this one has files that it did not write.",
    fix: "Name another folder with --out, or remove the files if nobody needs them.",
  },
  MR9011: {
    title: "A file of the catalogue's page is missing",
    why: "The page's script and style stand in the package beside its code; this installation lacks them.",
    fix: "Install the package again; in a checkout run `npm run build`.",
  },
} as const satisfies Record<string, CodeEntry>;
