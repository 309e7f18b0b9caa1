// Before the first test: a folder for everything that tests write, in memory where there is room, because waiting for a disk proves nothing here (a kill -9
// leaves what was written). MILLRACE_TEST_DIR names another place. In CI it also begins to prepare the servers' programs; elsewhere each test sees to its own.
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { freemem, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MEMORY = "/dev/shm";
const NAME = "millrace-tests-";
/** Less than that and the disk it is. */
const ROOM_BYTES = 4 * 2 ** 30;
const FREE_BYTES = 8 * 2 ** 30;

export default function setUp(): () => void {
  const place = process.env["MILLRACE_TEST_DIR"] ?? (hasRoom() ? MEMORY : tmpdir());
  sweep(place);
  const folder = join(place, `${NAME}${process.pid}`);
  mkdirSync(folder);
  chmodSync(folder, 0o755); // servers that run as somebody else have theirs below
  process.env["TMPDIR"] = folder;
  if (process.env["CI"] === "true") {
    const script = fileURLToPath(new URL("prepare.ts", import.meta.url));
    spawn(process.execPath, ["--import", "jiti/register", script], { stdio: ["ignore", "ignore", "inherit"] }).unref();
  }
  return () => rmSync(folder, { recursive: true, force: true });
}

function hasRoom(): boolean {
  if (!existsSync(MEMORY)) return false;
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize >= ROOM_BYTES && freemem() >= FREE_BYTES;
}

/** Folders of test runs that were killed. */
function sweep(place: string): void {
  for (const name of readdirSync(place)) {
    if (!name.startsWith(NAME)) continue;
    const pid = Number(name.slice(NAME.length));
    if (isAlive(pid)) continue;
    try {
      rmSync(join(place, name), { recursive: true, force: true });
    } catch {
      // A test that was killed left something mounted there.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
