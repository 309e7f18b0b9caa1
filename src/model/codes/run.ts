// Error codes of this area: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const runCodes = {
  MR6001: { title: "A run failed", why: "…", fix: "…" },
} as const satisfies Record<string, CodeEntry>;
