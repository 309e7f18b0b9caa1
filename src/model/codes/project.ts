// Error codes of this area: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const projectCodes = {
  MR1001: { title: "The project has errors", why: "…", fix: "…" },
} as const satisfies Record<string, CodeEntry>;
