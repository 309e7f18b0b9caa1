// Error codes of this area: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const filesCodes = {
  MR3001: { title: "A file cannot be read", why: "…", fix: "…" },
} as const satisfies Record<string, CodeEntry>;
