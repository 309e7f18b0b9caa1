// kill -9 of commands at points that are spread over what they do: at a moment between the first sign of work and the end, at a write to the project's
// state folder, or when somebody else (a server, a proxy) says so. Only kills that hit a living process count.
import { existsSync, type FSWatcher, mkdirSync, watch } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { type Finished, millrace, start } from "../millrace.ts";
import type { Chance } from "./random.ts";

/** Aims at a moment: it kills when it has found it, until it is called off by what it answers. */
export type Aim = (kill: () => void) => () => void;

export interface Killer {
  /** Kills that hit a living process. */
  readonly hits: number;
  /** Carries a command out to its end. @throws unless it ends with exit code 0. */
  complete(args: readonly string[]): Promise<Finished>;
  /** The same; the next kills strike where this one was at work. */
  learn(args: readonly string[]): Promise<void>;
  /** Kills one process of the command; tells whether it was still alive. `aim`: somewhere instead of by chance. */
  strike(args: readonly string[], aim?: Aim): Promise<boolean>;
}

/** A write is followed by others at once: the kill falls among them. */
const AFTER_WRITE_MS = 12;
/** When fewer writes come than the last time, the kill falls here. */
const LATEST = 0.9;

interface Lesson {
  /** From the start of the process to its first write. */
  readonly firstMs: number;
  readonly endMs: number;
  readonly writes: number;
}

export function killer(dir: string, random: Chance): Killer {
  const folder = join(dir, ".millrace");
  let hits = 0;
  let lesson: Lesson = { firstMs: 200, endMs: 600, writes: 10 };
  /** Calls back with each write to the state folder. */
  const watched = (onWrite: () => void): FSWatcher => {
    if (!existsSync(folder)) mkdirSync(folder);
    return watch(folder, onWrite);
  };
  const complete = async (args: readonly string[]): Promise<Finished> => {
    const finished = await millrace(args, dir);
    expect(finished.exitCode, `${args.join(" ")}\n${finished.stdout}${finished.stderr}`).toBe(0);
    return finished;
  };
  return {
    get hits() {
      return hits;
    },
    complete,
    async learn(args) {
      const startedAt = performance.now();
      let firstMs: number | null = null;
      let writes = 0;
      const watcher = watched(() => {
        firstMs ??= performance.now() - startedAt;
        writes += 1;
      });
      await complete(args);
      watcher.close();
      const endMs = performance.now() - startedAt;
      lesson = { firstMs: firstMs ?? endMs / 2, endMs, writes };
    },
    async strike(args, aim) {
      const { child, finished } = start(args, dir);
      const kill = (): void => void child.kill("SIGKILL");
      let watcher: FSWatcher | null = null;
      let timer: NodeJS.Timeout | undefined;
      const callOff = aim?.(kill);
      const atMs = lesson.firstMs + random.next() * (lesson.endMs - lesson.firstMs);
      if (callOff === undefined && random.next() < 0.5) {
        let left = 1 + random.whole(Math.max(1, lesson.writes));
        const afterMs = random.next() * AFTER_WRITE_MS;
        timer = setTimeout(kill, lesson.firstMs + LATEST * (lesson.endMs - lesson.firstMs));
        watcher = watched(() => {
          if (--left !== 0) return;
          clearTimeout(timer);
          timer = setTimeout(kill, afterMs);
        });
      } else if (callOff === undefined) timer = setTimeout(kill, atMs);
      const { signal } = await finished;
      clearTimeout(timer);
      watcher?.close();
      callOff?.();
      if (signal === "SIGKILL") hits += 1;
      return signal === "SIGKILL";
    },
  };
}

/** Waits until nothing of what the killed ones had open is left, as a server needs a moment to notice. */
export async function eventually(nothingLeft: () => Promise<readonly unknown[]>): Promise<void> {
  for (let tries = 0; tries < 200 && (await nothingLeft()).length > 0; tries++) await pause(50);
  expect(await nothingLeft()).toEqual([]);
}
