// Error codes of enrichment: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const enrichCodes = {
  MR8601: {
    title: "The keys of a service cannot be read",
    why: "The asset that `keys.from` names was never built, has not these columns, or `where` is no SQL.",
    fix: "Build the asset first; `millrace describe ASSET` lists its columns.",
  },
  MR8602: {
    title: "An answer belongs to no one key",
    why: "A batch was answered with another number of rows, one key with several, or two answers name the same key.",
    fix: "Say with `match:` which field of an answer repeats the key, or ask with `batch: 1`.",
  },
  MR8603: {
    title: "A pair cannot be decided",
    why: "Decisions are about pairs of an asset made by `match:`; the ids must be those of its records.",
    fix: "`millrace review list ASSET` shows the pairs that wait.",
  },
} as const satisfies Record<string, CodeEntry>;
