// Error codes of this area: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const loadCodes = {
  MR4001: { title: "A load does not reconcile", why: "…", fix: "…" },
} as const satisfies Record<string, CodeEntry>;
