// Error codes of what pages show of an asset's rows.
import type { CodeEntry } from "./entry.ts";

export const lookCodes = {
  MR8160: {
    title: "An asset has no rows to look at",
    why: "It was never built, or its rows are not in the warehouse: an export's went to another place, those of a model on another engine stand on its server.",
    fix: "Build it with `millrace run --select NAME`; look at exported rows where they went.",
  },
  MR8161: {
    title: "Rows cannot be ordered by that",
    why: "The asset has no column of that name.",
    fix: "Take a name from `millrace describe ASSET`.",
  },
} as const satisfies Record<string, CodeEntry>;
