// The stores against their suite and against each other; the SQLite file under bad conditions.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { eventNamed, storeSuite } from "../testing/store.suite.ts";
import { answersAlike } from "./differential.suite.ts";
import { createMemoryStore } from "./memory.ts";
import { inOurWords, openDatabase } from "./sqlite-database.ts";
import { SCHEMA_VERSION } from "./sqlite-schema.ts";
import { openSqliteStore } from "./sqlite.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-store-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** A TypeScript file that runs in a process of its own, with `openSqliteStore` and the path of the file at hand. */
function scriptOf(path: string, body: string): readonly string[] {
  const file = join(folder, `script${++files}.mts`);
  const here = fileURLToPath(new URL("./sqlite.ts", import.meta.url));
  const head = `const { openSqliteStore } = await import(${JSON.stringify(here)});\nconst store = openSqliteStore(${JSON.stringify(path)});\n`;
  writeFileSync(file, head + body);
  return ["--import", import.meta.resolve("jiti/register"), file];
}
let files = 0;
const newPath = (): string => join(folder, `${++files}`, "state.sqlite");

storeSuite("memory", () => ({ store: createMemoryStore(), reopen: null, remove: () => {} }));
storeSuite("SQLite", () => {
  const path = newPath();
  return { store: openSqliteStore(path), reopen: () => openSqliteStore(path), remove: () => rmSync(join(path, ".."), { recursive: true }) };
});

answersAlike("SQLite", async () => {
  const path = newPath();
  return { store: openSqliteStore(path), remove: () => rmSync(join(path, ".."), { recursive: true }) };
});

describe("the SQLite file", () => {
  it("writes ahead and waits for the disk at each commit", async () => {
    const database = openDatabase(newPath());
    expect(database.prepare("pragma journal_mode").get()).toEqual({ journal_mode: "wal" });
    expect(database.prepare("pragma synchronous").get()).toEqual({ synchronous: 2 });
    expect(database.prepare("pragma busy_timeout").get()).toEqual({ timeout: 10_000 });
    database.close();
  });

  it("is refused when a newer Millrace has written it", async () => {
    const path = newPath();
    await openSqliteStore(path).close();
    const database = openDatabase(path);
    database.exec(`update meta set value = ${SCHEMA_VERSION + 1}`);
    database.close();
    expect(() => openSqliteStore(path)).toThrow(expect.objectContaining({ code: "MR6021" }));
  });

  it("is called damaged when it is no database", () => {
    const path = newPath();
    mkdirSync(join(path, ".."));
    writeFileSync(path, "this is not a database, whatever its name says. ".repeat(100));
    expect(() => openSqliteStore(path)).toThrow(expect.objectContaining({ code: "MR6023" }));
  });

  it("says that it cannot be opened when its path is a folder or leads through a file", () => {
    const path = newPath();
    mkdirSync(path, { recursive: true });
    expect(() => openSqliteStore(path)).toThrow(expect.objectContaining({ code: "MR6020" }));
    const file = newPath();
    mkdirSync(join(file, ".."));
    writeFileSync(file, "");
    expect(() => openSqliteStore(join(file, "state.sqlite"))).toThrow(expect.objectContaining({ code: "MR6020" }));
  });

  it("keeps an append that was answered when the process is killed right after it", async () => {
    const path = newPath();
    const script = scriptOf(
      path,
      `for (let n = 0; n < 20; n++) await store.append("r", n, [{ type: "node_skipped", at: n, node: "n" + n, because: "x" }]);
      process.kill(process.pid, "SIGKILL");`,
    );
    const { signal } = spawnSync(process.execPath, script);
    expect(signal).toBe("SIGKILL");
    const store = openSqliteStore(path);
    expect(await store.read("r")).toHaveLength(20);
    await store.close();
  });

  it("can be written by several processes at once, and no append is lost", async () => {
    const path = newPath();
    await openSqliteStore(path).close();
    const mine = openSqliteStore(path);
    const script = scriptOf(
      path,
      `let taken = 0;
      while (taken < 50) {
        const version = (await store.read("r")).length;
        if (await store.append("r", version, [{ type: "node_skipped", at: 0, node: "other", because: "x" }])) taken++;
      }`,
    );
    const child = spawn(process.execPath, script, { stdio: "inherit" });
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    let taken = 0;
    while (taken < 50) {
      const version = (await mine.read("r")).length;
      if (await mine.append("r", version, [eventNamed("mine")])) taken++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await ended).toBe(0);
    const nodes = (await mine.read("r")).map((event) => "node" in event && event.node);
    expect([nodes.filter((node) => node === "mine").length, nodes.filter((node) => node === "other").length]).toEqual([50, 50]);
    await mine.close();
  });

  it("says that it cannot be written when the disk is full or everything is read-only", () => {
    const path = newPath();
    const database = openDatabase(path);
    const write = (): unknown => inOurWords(path, () => database.exec("insert into meta (key, value) values (hex(randomblob(500000)), 1)"));
    database.exec("pragma max_page_count = 20");
    expect(write).toThrow(expect.objectContaining({ code: "MR6022", retryable: true }));
    database.exec("pragma max_page_count = 100000; pragma query_only = on");
    expect(write).toThrow(expect.objectContaining({ code: "MR6022" }));
    database.close();
  });
});
