// Error codes of this area: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const cliCodes = {
  MR7001: { title: "The command line is not understood", why: "…", fix: "…" },
} as const satisfies Record<string, CodeEntry>;
