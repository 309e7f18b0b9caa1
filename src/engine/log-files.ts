// Where the log of an attempt lies: `.millrace/logs/<run>/<node>-<attempt>.ndjson`, never in the state store. Names of nodes may hold anything; names
// of files are made of letters, digits, `.`, `_`, `-`.
import { createHash } from "node:crypto";
import { join } from "node:path";

const NAME_CHARS_MAX = 80;

export function logPath(dir: string, run: string, node: string, attempt: number): string {
  return join(logFolder(dir, run), `${safeName(node)}-${attempt}.ndjson`);
}

export function logFolder(dir: string, run: string): string {
  return join(dir, safeName(run));
}

/** A name that is safe on every file system; different names stay different, also where upper and lower case are one. */
function safeName(name: string): string {
  const safe = name.replaceAll(/[^A-Za-z0-9._-]/g, "_").replace(/^\./, "_");
  if (safe === name && name === name.toLowerCase() && name.length <= NAME_CHARS_MAX && name !== "") return name;
  if (/^[rb]_[0-9A-Z]{16,32}$/.test(name)) return name;
  return `${safe.slice(0, NAME_CHARS_MAX) || "_"}~${createHash("sha256").update(name).digest("hex").slice(0, 10)}`;
}
