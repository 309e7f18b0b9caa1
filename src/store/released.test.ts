// State that released versions wrote, opened by this one: everything is still there, unfinished runs go on, and a file is migrated whole or not at all.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DatabaseSync } from "@photostructure/sqlite";
import { afterAll, describe, expect, it } from "vitest";
import { realClock } from "../engine/clock.ts";
import { createEngine } from "../engine/engine.ts";
import { createInlineExecutor } from "../executors/inline.ts";
import { assertKnownEvents } from "../model/event-format.ts";
import { readAssets } from "../views/assets.ts";
import type { RunEvent } from "../model/events.ts";
import { listRuns, runsTable } from "../views/runs.ts";
import { createMemoryStore } from "./memory.ts";
import { SCHEMA_VERSION, sqliteMigrations } from "./sqlite-schema.ts";
import { openSqliteStore } from "./sqlite.ts";

const released = fileURLToPath(new URL("./released", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "millrace-released-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

function restored(dump: string): string {
  const path = join(folder, `${++files}`, "state.sqlite");
  mkdirSync(dirname(path));
  const database = new DatabaseSync(path);
  database.exec(readFileSync(join(released, dump), "utf8"));
  database.close();
  return path;
}

function tablesOf(path: string): readonly unknown[] {
  const database = new DatabaseSync(path);
  const rows = database.prepare("select type, name, sql from sqlite_schema order by name").all();
  const version = database.prepare("select value from meta where key = 'schema'").get();
  database.close();
  return [...rows, version];
}

describe("state of released versions", () => {
  it("is kept for every one of them", () => {
    expect(readdirSync(released)).toEqual(["sqlite-0.1.0.sql"]);
  });

  it("0.1.0 is read as it was, and a run that had not begun is carried out", async () => {
    const store = openSqliteStore(restored("sqlite-0.1.0.sql"));
    for (const { stream } of await store.streams()) assertKnownEvents(stream, await store.read(stream));
    const rows = await listRuns(store, { limit: 10 });
    expect(rows.map((row) => [row.run, row.status, row.nodes.succeeded, row.nodes.reused, row.nodes.failed])).toEqual([
      ["r_01K742SG3YBQ3FT6", "running", 0, 0, 0],
      ["r_01K742SG39R4GW7K", "canceled", 0, 0, 0],
      ["r_01K742SG2V5HX9N0", "succeeded", 0, 2, 0],
      ["r_01K742SG0EJYAP2E", "partial", 2, 0, 1],
    ]);
    expect((await readAssets(store)).get("main.c")).toMatchObject({ status: "failed", error: { message: "no such table" } });
    const engine = createEngine({ store, clock: realClock, executor: createInlineExecutor(async () => ({})) });
    expect(await engine.run("r_01K742SG3YBQ3FT6")).toMatchObject({ status: "succeeded" });
    await engine.close();
    await store.close();
  });

  it("gets the same tables as a new file", async () => {
    const path = restored("sqlite-0.1.0.sql");
    await openSqliteStore(path).close();
    const fresh = join(folder, "fresh", "state.sqlite");
    await openSqliteStore(fresh).close();
    expect(tablesOf(path)).toEqual(tablesOf(fresh));
    expect(tablesOf(path).at(-1)).toEqual({ value: SCHEMA_VERSION });
  });

  it("stays as it was when a step fails", () => {
    const path = restored("sqlite-0.1.0.sql");
    const before = tablesOf(path);
    const database = new DatabaseSync(path);
    // In the way of the second half of step 2: its first half must not stay.
    database.exec("insert into meta values ('removed', 1)");
    database.close();
    expect(() => openSqliteStore(path)).toThrow();
    expect(tablesOf(path)).toEqual(before);
    expect(sqliteMigrations.length).toBe(SCHEMA_VERSION);
  });
});

describe("events of a newer version", () => {
  it("are refused politely, whether their type or their format is unknown", () => {
    const known = { type: "node_canceled" as const, at: 1, node: "a" };
    expect(() => assertKnownEvents("r_1", [known])).not.toThrow();
    expect(() => assertKnownEvents("r_1", [known, { ...known, type: "node_teleported" } as never])).toThrow(
      expect.objectContaining({ code: "MR6026", message: expect.stringContaining("node_teleported") }),
    );
    expect(() => assertKnownEvents("r_1", [{ ...known, format: 99 } as never])).toThrow(expect.objectContaining({ code: "MR6026" }));
    expect(() => assertKnownEvents("r_1", [{ ...known, type: "toString" } as never])).toThrow(expect.objectContaining({ code: "MR6026" }));
  });

  it("stop the read tables before them, and nothing is folded as if they were not there", async () => {
    const store = createMemoryStore();
    const started = (run: string): RunEvent => ({
      type: "run_started",
      at: 1,
      run,
      trigger: "manual",
      seed: 1,
      fromRun: null,
      leaseMs: null,
      plan: { job: null, nodes: [], concurrency: 1, timeoutMs: null, params: {} },
    });
    await store.append("r_1", 0, [started("r_1")]);
    await store.append("r_2", 0, [started("r_2"), { type: "run_teleported", at: 2 } as never]);
    await expect(listRuns(store, { limit: 10 })).rejects.toMatchObject({ code: "MR6026" });
    await expect(listRuns(store, { limit: 10 })).rejects.toMatchObject({ code: "MR6026" });
    expect(await store.tables.list(runsTable.name, { limit: 10 })).toMatchObject([{ run: "r_1" }]);
  });
});
