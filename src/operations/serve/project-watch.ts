// Tells when the files of a project have another content than before. Folders are watched; every now and then all is looked at in any case, since some
// file systems tell nothing.
import { createHash } from "node:crypto";
import { type FSWatcher, readdirSync, readFileSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../engine/clock.ts";
import { FOLDERS } from "../../project/folders.ts";
import { SECRETS_FILE } from "../../project/secrets.ts";

export interface ProjectWatchOptions {
  readonly dir: string;
  readonly clock: Clock;
  /** The files when the project was read; what changed since is a change. */
  readonly since: ProjectLook;
  /** Files that were written, made or removed since the last look. */
  readonly onChange: (files: readonly string[]) => void;
  /** Silence after a change until it counts. */
  readonly hushMs?: number;
}

export interface ProjectWatch {
  close(): void;
}

const ROOT_FILES: readonly string[] = ["millrace.yaml", "millrace.yml", "millrace.config.ts", SECRETS_FILE];
const FOLDER_NAMES: readonly string[] = [...Object.keys(FOLDERS), "calendars", "components", "lib"];
/** An editor writes a file in several steps. */
const HUSH_MS = 150;
const LOOK_EVERY_MS = 15_000;
const FIRST_READ_MS = 1_000;
const FILES_MAX = 50_000;

export interface ProjectLook {
  readonly files: ReadonlyMap<string, string>;
  readonly folders: readonly string[];
}

export function watchProject({ dir, clock, since, onChange, hushMs = HUSH_MS }: ProjectWatchOptions): ProjectWatch {
  const watchers = new Map<string, FSWatcher>();
  let { files, folders } = since;
  // Read when the engine has started: reading 1,000 files takes longer than starting. Null: any other look is a change.
  let content: string | null = null;
  const cancelFirst = clock.after(FIRST_READ_MS, () => check());
  let cancel: (() => void) | null = null;
  let hush: (() => void) | null = null;

  const listen = (): void => {
    for (const folder of [dir, ...folders]) {
      if (watchers.has(folder)) continue;
      try {
        const watcher = watch(folder, { persistent: false }, (_, name) => {
          if (folder === dir && name !== null && !ROOT_FILES.includes(name) && !FOLDER_NAMES.includes(name)) return;
          hush?.();
          hush = clock.after(hushMs, check);
        });
        watcher.on("error", () => {
          watcher.close();
          watchers.delete(folder);
        });
        watchers.set(folder, watcher);
      } catch {
        // it has gone meanwhile, or may not be watched: it is looked at every now and then
      }
    }
    for (const [folder, watcher] of watchers) {
      if (folder === dir || folders.includes(folder)) continue;
      watcher.close();
      watchers.delete(folder);
    }
  };
  const check = (): void => {
    const looked = lookAtProject(dir);
    const touched = [...new Set([...looked.files.keys(), ...files.keys()])].filter((path) => looked.files.get(path) !== files.get(path));
    const same = touched.length === 0;
    ({ files, folders } = looked);
    listen();
    later();
    if (same && content !== null) return;
    const next = contentOf(dir, files);
    const changed = content === null ? !same : next !== content;
    content = next;
    if (changed) onChange(touched);
  };
  const later = (): void => {
    cancel?.();
    cancel = clock.after(LOOK_EVERY_MS, check);
  };
  listen();
  later();
  return {
    close() {
      cancelFirst();
      cancel?.();
      hush?.();
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

/** Path → size and times of every file that a project may consist of, and its folders. */
export function lookAtProject(dir: string): ProjectLook {
  const files = new Map<string, string>();
  const folders: string[] = [];
  const add = (path: string): void => {
    const found = statSync(join(dir, path), { throwIfNoEntry: false });
    if (found?.isFile() === true && files.size < FILES_MAX) files.set(path, `${found.ino}:${found.size}:${found.mtimeMs}:${found.ctimeMs}`);
  };
  const walk = (folder: string): void => {
    let entries;
    try {
      entries = readdirSync(join(dir, folder), { withFileTypes: true });
    } catch {
      return; // no such folder
    }
    folders.push(join(dir, folder));
    for (const entry of entries) {
      if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
      if (entry.isDirectory()) walk(join(folder, entry.name));
      else add(join(folder, entry.name));
    }
  };
  for (const name of ROOT_FILES) add(name);
  for (const name of FOLDER_NAMES) walk(name);
  return { files, folders };
}

function contentOf(dir: string, files: ReadonlyMap<string, string>): string {
  const hash = createHash("sha256");
  for (const path of [...files.keys()].toSorted()) {
    hash.update(`${path}\0`);
    try {
      hash.update(readFileSync(join(dir, path)));
    } catch {
      hash.update("\0gone"); // between the look and now
    }
  }
  return hash.digest("hex");
}
