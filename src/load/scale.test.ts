// Size and simultaneity: a million rows of pages in bounded memory, five hundred columns, readers beside a writer, a disk that fills up.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openWarehouse, type Warehouse } from "../sql/warehouse.ts";
import type { Delivery } from "./connector.ts";
import { page, request, textFile } from "./deliveries.suite.ts";
import { load } from "./load.ts";

let folder: string;
let warehouse: Warehouse;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-scale-"));
  warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb"), memoryLimit: "400MB" });
});
afterEach(() => {
  warehouse.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A mount that a few megabytes fill, or undefined where this user may not mount. */
function smallDisk(path: string, size: string): boolean {
  mkdirSync(path, { recursive: true });
  return spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path]).status === 0;
}

describe("size", () => {
  it("loads a million rows of pages without holding them in memory", async () => {
    const pages = 1000;
    let bytesMost = 0;
    async function* deliveries(): AsyncGenerator<Delivery> {
      for (let index = 0; index < pages; index++) {
        yield page(
          `page ${index}`,
          Array.from({ length: 1000 }, (_, row) => ({ id: index * 1000 + row, name: `name of ${row}`, price: row / 4 })),
        );
        if (index % 50 === 0) bytesMost = Math.max(bytesMost, process.memoryUsage().heapUsed);
      }
    }
    const before = process.memoryUsage().heapUsed;
    const result = await load(warehouse, { ...request(folder, { deliveries: [] }), deliveries: deliveries() });
    expect(result.rows).toEqual({ read: 1_000_000, loaded: 1_000_000, quarantined: 0, filtered: 0 });
    expect(bytesMost - before).toBeLessThan(200 * 1024 * 1024);
    const seen = await warehouse.session((session) =>
      session.rows("select count(*) as n, sum(id) as s, count(distinct _file) as f, max(_line) as l from _millrace.rows('raw.t')"),
    );
    expect(seen).toEqual([{ n: 1_000_000, s: 499_999_500_000, f: 1000, l: 1000 }]);
  });

  it("loads five hundred columns, declared ones among them, twice", async () => {
    const names = Array.from({ length: 500 }, (_, index) => `column ${index}`);
    const text = (value: string): string =>
      `${names.join(",")}\n${names.map((_, index) => (index % 2 === 0 ? String(index) : value)).join(",")}\n`;
    const columns = Object.fromEntries(
      names.slice(0, 60).map((name, index) => [`c${index}`, { from: name, type: index % 2 === 0 ? "integer" : "text" }]),
    );
    const run = (value: string, codeHash: string): ReturnType<typeof load> =>
      load(warehouse, request(folder, { deliveries: [textFile("wide.csv", text(value))], spec: { columns }, codeHash }));
    expect((await run("x", "1")).rows.loaded).toBe(1);
    expect((await run("y", "1")).rows.loaded).toBe(1);
    const [row] = await warehouse.session((session) => session.rows("from raw.t"));
    expect(Object.keys(row!)).toHaveLength(500);
    expect(row).toMatchObject({ c0: 0, c1: "y", column_499: "y" });
  });

  it("takes names and values that are meant to harm", async () => {
    const key = `'; drop table x; -- "../../etc\0`;
    const rows = [{ [key]: "a\0b", "../../up": `'"\u2028`, __proto__x: 1, ["w".repeat(300)]: 2, "": 3 }];
    const result = await load(warehouse, request(folder, { deliveries: [page("../../p\"'age", rows)] }));
    expect(result.rows.loaded).toBe(1);
    const [row] = await warehouse.session((session) => session.rows("select * from _millrace.rows('raw.t')"));
    expect(row).toMatchObject({ drop_table_x_etc: "a\0b", up: `'"\u2028`, proto_x: 1, column_5: 3, _file: `../../p"'age` });
  });

  it("holds a record of ten megabytes", async () => {
    const big = "x".repeat(10_000_000);
    await load(warehouse, request(folder, { deliveries: [page("p", [{ big }, { big: "small" }])] }));
    expect(await warehouse.session((session) => session.rows("select length(big) as n from raw.t"))).toEqual([{ n: 10_000_000 }, { n: 5 }]);
  });
});

describe("readers beside a writer", () => {
  it("see all of a version or nothing of it", async () => {
    const rowsOf = (version: number): Delivery =>
      page(
        `v${version}`,
        Array.from({ length: 500 }, () => ({ version })),
      );
    await load(warehouse, request(folder, { deliveries: [rowsOf(0)] }));
    let isWriting = true;
    const seen = new Set<string>();
    const reader = async (): Promise<void> => {
      while (isWriting) {
        const [row] = await warehouse.session((session) =>
          session.rows("select count(*) as n, min(version) as a, max(version) as b from raw.t"),
        );
        seen.add(`${row!["n"]} ${Number(row!["a"]) === Number(row!["b"])}`);
      }
    };
    const readers = [reader(), reader()];
    for (let version = 1; version <= 12; version++) await load(warehouse, request(folder, { deliveries: [rowsOf(version)] }));
    isWriting = false;
    await Promise.all(readers);
    expect([...seen]).toEqual(["500 true"]);
  });

  it("are not in the way of loads of several assets at once", async () => {
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        load(warehouse, request(folder, { asset: `raw.t${index}`, deliveries: [page("p", [{ a: index }])] })),
      ),
    );
    expect(results.map((result) => result.rows.loaded)).toEqual(Array.from({ length: 8 }, () => 1));
    const ledger = await warehouse.session((session) =>
      session.rows("select count(*) as n, count(distinct asset) as a from _millrace.loads"),
    );
    expect(ledger).toEqual([{ n: 8, a: 8 }]);
  });
});

describe("a full disk", () => {
  const mount = join(mkdtempSync(join(tmpdir(), "millrace-disk-")), "small");
  if (smallDisk(mount, "24m")) {
    it("rolls the load back, keeps what was there, and goes on when there is room again", async () => {
      const path = join(mount, "warehouse.duckdb");
      const small = await openWarehouse({ path });
      try {
        await load(small, request(folder, { deliveries: [page("first", [{ a: 1 }])] }));
        const many = page(
          "many",
          Array.from({ length: 200_000 }, (_, row) => ({ a: row, text: randomBytes(100).toString("base64") })),
        );
        const failing = load(small, request(folder, { deliveries: [many, { ...many, name: "more" }, { ...many, name: "most" }] }));
        await expect(failing).rejects.toMatchObject({ code: "MR5005" });
        const still = await openWarehouse({ path });
        expect(await still.session((session) => session.rows("select * from raw.t"))).toEqual([{ a: 1 }]);
        spawnSync("mount", ["-o", "remount,size=400m", mount]);
        await load(still, request(folder, { deliveries: [page("second", [{ a: 2 }])] }));
        expect(await still.session((session) => session.rows("select * from raw.t"))).toEqual([{ a: 2 }]);
        still.close();
      } finally {
        small.close();
        spawnSync("umount", [mount]);
        rmSync(dirname(mount), { recursive: true, force: true });
      }
    });
  } else {
    console.error("!!! a small disk cannot be mounted here (needs root): the test of a full disk does not run");
  }
});
