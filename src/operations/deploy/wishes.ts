// What pushes ask for, one wish per branch: a later one takes the place of an earlier one. They stand in a file before their sender is answered, so that a
// process that dies leaves them to the next.
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { replaceFile } from "../../platform/files.ts";
import type { Push } from "./payload.ts";

export interface Wish extends Push {
  /** Names the delivery; null where its sender gave no name. */
  readonly delivery: string | null;
  readonly at: string;
}

interface Remembered {
  readonly wish: Wish;
  readonly state: "waiting" | "done" | "failed";
}

export interface Wishes {
  /** False where the same was wished for, and is waiting or done. Resolves when it is durable. */
  add(wish: Wish): Promise<boolean>;
  /** Oldest first. */
  waiting(): readonly Wish[];
  /** Nothing changes where another wish came for the branch meanwhile. */
  end(wish: Wish, state: "done" | "failed"): Promise<void>;
}

/** Branches that are remembered; the oldest are forgotten. */
const REMEMBERED_MAX = 1_000;

export function openWishes(path: string): Wishes {
  const known = new Map<string, Remembered>(Object.entries(read(path)));
  let last: Promise<unknown> = Promise.resolve();
  const keep = async (): Promise<void> => {
    const kept = last.then(() =>
      replaceFile(path, (beside) => writeFile(beside, JSON.stringify(Object.fromEntries([...known].slice(-REMEMBERED_MAX))))),
    );
    last = kept.catch(() => undefined);
    await kept;
  };
  return {
    async add(wish) {
      const before = known.get(wish.branch);
      if (before !== undefined && before.state !== "failed" && isSame(before.wish, wish)) {
        await last; // the first may still be on its way to the disk
        return false;
      }
      known.delete(wish.branch); // the newest stands last
      known.set(wish.branch, { wish, state: "waiting" });
      await keep();
      return true;
    },
    waiting: () => [...known.values()].flatMap(({ wish, state }) => (state === "waiting" ? [wish] : [])),
    async end(wish, state) {
      if (known.get(wish.branch)?.wish !== wish) return;
      known.set(wish.branch, { wish, state });
      await keep();
    },
  };
}

function isSame(a: Wish, b: Wish): boolean {
  return (a.delivery !== null && a.delivery === b.delivery) || a.commit === b.commit;
}

function read(path: string): Readonly<Record<string, Remembered>> {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Readonly<Record<string, Remembered>>;
  } catch {
    return {}; // nobody has pushed yet
  }
}
