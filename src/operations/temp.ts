// Temporary files of one process: a folder of its own in `.millrace/temp`, removed when it ends. What processes left there that were killed is removed by the
// next one on this machine that needs such a folder; whose process cannot be told, after a day.
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { isProcessGone, thisHost } from "../engine/host.ts";

const FOREIGN_KEPT_MS = 24 * 3_600_000;

/** Folders of this process: after a restart of a container another process may have had the same number. */
const own = new Set<string>();

/** Makes a folder in `root` and clears away those of the dead. */
export function openTemp(root: string): string {
  const here = createHash("sha256").update(thisHost()).digest("hex").slice(0, 8);
  const name = `${here}.${process.pid}.${randomBytes(3).toString("hex")}`;
  own.add(name);
  mkdirSync(join(root, name), { recursive: true });
  for (const other of readdirSync(root)) if (!own.has(other) && isLeft(join(root, other), other, here)) remove(join(root, other));
  return join(root, name);
}

export function closeTemp(folder: string): void {
  remove(folder);
}

function isLeft(path: string, name: string, here: string): boolean {
  const [host = "", pid = ""] = name.split(".");
  if (host === here && /^\d+$/.test(pid)) return Number(pid) === process.pid || isProcessGone({ host, pid: Number(pid) }, here);
  return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > FOREIGN_KEPT_MS;
}

/** What cannot be removed now is left for the next one: it hurts nobody. */
function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // see above
  }
}
