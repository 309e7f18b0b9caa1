import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { realClock } from "../../engine/clock.ts";
import { createMemoryStore } from "../../store/memory.ts";
import type { EventStore } from "../../store/store.ts";
import { arrivalMemory } from "./arrival-memory.ts";
import { type Arrival, type Arrivals, watchArrivals } from "./arrivals.ts";

let dir: string;
let store: EventStore;
let watching: Arrivals | undefined;
let told: Arrival[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "millrace-arrivals-"));
  mkdirSync(join(dir, "inbox"));
  store = createMemoryStore();
  told = [];
});
afterEach(() => {
  watching?.close();
  rmSync(dir, { recursive: true, force: true });
});

function begin(options: { readonly takes?: () => boolean; readonly settleMs?: number; readonly everyMs?: number } = {}): Arrivals {
  watching?.close();
  watching = watchArrivals({
    projectDir: dir,
    path: "inbox/*.csv",
    settleMs: options.settleMs ?? 60,
    everyMs: options.everyMs ?? 100_000,
    clock: realClock,
    memory: arrivalMemory(store, "nightly", "files"),
    onArrival: async (arrival) => {
      if (options.takes?.() === false) return false;
      told.push(arrival);
      return true;
    },
    onProblem: (error) => {
      throw error;
    },
  });
  return watching;
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400 && !condition(); tries++) await pause(10);
}

const names = (): string[] => told.map(({ item }) => String(item["path"])).toSorted();

describe("files that arrive", () => {
  it("are told once they have settled, whether they were there before or come later", async () => {
    writeFileSync(join(dir, "inbox/a.csv"), "1");
    begin();
    await until(() => told.length === 1);
    writeFileSync(join(dir, "inbox/b.csv"), "2");
    writeFileSync(join(dir, "inbox/c.txt"), "3");
    await until(() => told.length === 2);
    expect(names()).toEqual(["inbox/a.csv", "inbox/b.csv"]);
    expect(told[0]!.item).toMatchObject({ path: "inbox/a.csv", bytes: 1 });
  });

  it("are not told while they are still written", async () => {
    begin({ settleMs: 1_500 }); // far more than a busy machine may sleep between two writes
    for (let part = 0; part < 5; part++) {
      appendFileSync(join(dir, "inbox/slow.csv"), `${part}\n`);
      await pause(100);
    }
    expect(told).toEqual([]);
    await until(() => told.length > 0);
    expect(told.map(({ item }) => item["bytes"])).toEqual([10]);
  });

  it("are told once across restarts, also when their times were changed or they were moved away and back", async () => {
    writeFileSync(join(dir, "inbox/a.csv"), "1");
    begin();
    await until(() => told.length === 1);
    await watching!.look();
    utimesSync(join(dir, "inbox/a.csv"), 1, 1);
    begin();
    await watching!.look();
    await pause(150);
    await watching!.look();
    renameSync(join(dir, "inbox/a.csv"), join(dir, "elsewhere.csv"));
    await watching!.look();
    renameSync(join(dir, "elsewhere.csv"), join(dir, "inbox/a.csv"));
    await pause(150);
    await watching!.look();
    expect(told).toHaveLength(1);
  });

  it("are told again when their content is another", async () => {
    writeFileSync(join(dir, "inbox/a.csv"), "1");
    begin();
    await until(() => told.length === 1);
    writeFileSync(join(dir, "inbox/a.csv"), "2");
    await until(() => told.length === 2);
    expect(new Set(told.map(({ key }) => key)).size).toBe(2);
  });

  it("that cannot be taken now are told again later", async () => {
    let open = false;
    writeFileSync(join(dir, "inbox/a.csv"), "1");
    begin({ takes: () => open, everyMs: 50 });
    await pause(200);
    open = true;
    await until(() => told.length === 1);
    await pause(150);
    expect(told).toHaveLength(1);
  });

  it("are found in a folder that is made later", async () => {
    rmSync(join(dir, "inbox"), { recursive: true });
    begin({ everyMs: 50 });
    await pause(80);
    mkdirSync(join(dir, "inbox"));
    writeFileSync(join(dir, "inbox/a.csv"), "1");
    await until(() => told.length === 1);
    expect(names()).toEqual(["inbox/a.csv"]);
  });
});
