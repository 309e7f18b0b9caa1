// The warehouse with real files and processes: one owner, clear refusals, transactions that leave nothing behind, full disks.
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LEDGER_VERSION } from "./ledger/ledger.ts";
import { openWarehouse, type Warehouse } from "./warehouse.ts";

let folder: string;
const open: Warehouse[] = [];
const start = async (path = join(folder, "w.duckdb"), settings = {}): Promise<Warehouse> => {
  const warehouse = await openWarehouse({ path, ...settings });
  open.push(warehouse);
  return warehouse;
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-warehouse-"));
});
afterEach(() => {
  for (const warehouse of open.splice(0)) warehouse.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("opening", () => {
  it("gives one instance per path, whatever link leads to it", async () => {
    const first = await start();
    symlinkSync(folder, `${folder}-link`);
    try {
      expect(await start(join(`${folder}-link`, "w.duckdb"))).toBe(first);
    } finally {
      rmSync(`${folder}-link`);
    }
    first.close();
    await expect(first.session((session) => session.rows("select 1 as one"))).resolves.toEqual([{ one: 1 }]);
    open.pop();
  });

  it("names the process that holds the file", async () => {
    const duckdb = createRequire(import.meta.url).resolve("@duckdb/node-api");
    const path = join(folder, "w.duckdb");
    const script = `require(${JSON.stringify(duckdb)}).DuckDBInstance.create(${JSON.stringify(path)}).then(() => { console.log("held"); setInterval(() => {}, 1000); })`;
    const holder = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      await new Promise((resolve) => holder.stdout.once("data", resolve));
      await expect(start()).rejects.toMatchObject({
        code: "MR5001",
        retryable: true,
        message: expect.stringContaining(`process ${holder.pid}`),
      });
    } finally {
      holder.kill("SIGKILL");
      await new Promise((resolve) => holder.once("exit", resolve));
    }
    await start(); // and it can be opened when the other is gone
  });

  it("refuses a warehouse of a newer version", async () => {
    const warehouse = await start();
    await warehouse.session((session) => session.run(`update _millrace._meta set value = '${LEDGER_VERSION + 1}' where key = 'ledger'`));
    warehouse.close();
    open.pop();
    await expect(start()).rejects.toMatchObject({ code: "MR5002", message: expect.stringContaining(String(LEDGER_VERSION + 1)) });
  });

  it("refuses what is no warehouse", async () => {
    for (const [name, bytes] of [
      ["garbage", Buffer.alloc(20_000, 65)],
      ["short", Buffer.from("hello")],
      ["empty", Buffer.alloc(0)],
    ] as const) {
      writeFileSync(join(folder, name), bytes);
      await expect(start(join(folder, name))).rejects.toMatchObject({ code: "MR5003" });
    }
    await expect(start(folder)).rejects.toMatchObject({ code: "MR5004" });
    await expect(start(join(folder, "garbage", "below", "w.duckdb"))).rejects.toMatchObject({ code: "MR5004" });
  });

  it("says that a folder is read-only", () => {
    const locked = join(folder, "locked");
    mkdirSync(locked);
    chmodSync(locked, 0o555);
    // As another user where this one may do anything.
    const uid = process.getuid?.() === 0 ? 65_534 : undefined;
    chmodSync(folder, 0o755);
    const script = `import { createJiti } from "jiti"; const { openWarehouse } = await createJiti(process.cwd() + "/", { fsCache: false }).import(${JSON.stringify(join(import.meta.dirname, "warehouse.ts"))});
      await openWarehouse({ path: ${JSON.stringify(join(locked, "w.duckdb"))} }).catch((error) => console.log(error.code, error.message));`;
    const child = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
      cwd: join(import.meta.dirname, "../.."),
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    expect(child.stderr + child.stdout).toContain("MR5004");
  });

  it("drops tables that nothing refers to", async () => {
    const warehouse = await start();
    await warehouse.session((session) => session.run("create table _millrace_data.orphan as select 1 as a"));
    warehouse.close();
    open.pop();
    const again = await start();
    expect(await again.session((session) => session.rows("select table_name from duckdb_tables() where table_name = 'orphan'"))).toEqual(
      [],
    );
  });
});

describe("a transaction", () => {
  it("leaves nothing behind when its work throws", async () => {
    const warehouse = await start();
    const failing = warehouse.transaction(async (tx) => {
      await tx.run("create table t as select 1 as a");
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await warehouse.session((session) => session.rows("select table_name from duckdb_tables() where table_name = 't'"))).toEqual([]);
  });

  it("is tried again when another writer was in the way", async () => {
    const warehouse = await start();
    await warehouse.session((session) => session.run("create table counter as select 0 as n"));
    await Promise.all(
      Array.from({ length: 8 }, () =>
        warehouse.transaction(async (tx) => {
          await tx.run("update counter set n = n + 1");
          await tx.rows("select 1 as wait from range(1000)");
        }),
      ),
    );
    expect(await warehouse.session((session) => session.rows("from counter"))).toEqual([{ n: 8 }]);
  });

  it("creates schemas and views of one name from several writers", async () => {
    const warehouse = await start();
    await Promise.all(
      Array.from({ length: 6 }, (_, n) =>
        warehouse.transaction(async (tx) => {
          await tx.run("create schema if not exists raw");
          await tx.run(`create or replace view raw.v as select ${n} as n`);
        }),
      ),
    );
    expect(await warehouse.session((session) => session.rows("from raw.v"))).toHaveLength(1);
  });

  it("is refused after closing", async () => {
    const warehouse = await start();
    warehouse.close();
    open.pop();
    await expect(warehouse.transaction((tx) => tx.run("select 1"))).rejects.toMatchObject({ code: "MR5009" });
  });
});
