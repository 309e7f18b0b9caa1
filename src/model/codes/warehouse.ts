// Error codes of this area: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const warehouseCodes = {
  MR5001: { title: "The warehouse is held by another process", why: "…", fix: "…" },
} as const satisfies Record<string, CodeEntry>;
