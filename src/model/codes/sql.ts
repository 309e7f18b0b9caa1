// Error codes of this area: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const sqlCodes = {
  MR2001: { title: "The SQL of a model cannot be parsed", why: "…", fix: "…" },
} as const satisfies Record<string, CodeEntry>;
