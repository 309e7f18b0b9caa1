// Short names for what was built: the same for the same parts.
import { createHash } from "node:crypto";

const HASH_CHARACTERS = 16;

export function hash(...parts: readonly (string | number)[]): string {
  return createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, HASH_CHARACTERS);
}

/** The same text in whatever order they come. */
export function inputsKey(inputs: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(inputs).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
