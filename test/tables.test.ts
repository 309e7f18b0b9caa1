// `tables:` through the built command line: one asset per table, as the tables come and go.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serveIn } from "./engine.ts";
import { project, rows } from "./millrace.ts";
import { millrace } from "./warm.ts";

const { dir, write, remove } = project({
  "millrace.yaml": "name: shop\nconnections:\n  shop: { sqlite: { path: shop.sqlite } }\n",
  "sources/shop.yaml": `name: "raw.shop_{table}"
from: { sqlite: { connection: shop, tables: ["*", "!tmp_*"] } }
load: merge
cursor: updated_at
`,
});
const database = new DatabaseSync(join(dir, "shop.sqlite"));
const at = "2024-05-01 10:00:00";

beforeAll(() => {
  database.exec(`create table customers (id integer primary key, name text, updated_at datetime);
    create table "Order-Items" (order_id integer, line integer, sku text, primary key (order_id, line));
    create table tmp_work (x integer);
    insert into customers values (1, 'Ann', '${at}'), (2, 'Bob', '${at}');
    insert into "Order-Items" values (1, 1, 'a'), (1, 2, 'b');`);
});
afterAll(() => {
  database.close();
  remove();
});

describe("tables: in a source", () => {
  it("becomes one asset per table that is meant", async () => {
    const listed = await millrace(["ls", "--json"], dir);
    expect(listed.exitCode, listed.stderr).toBe(0);
    expect(listed.stdout).toContain("raw.shop_customers");
    expect(listed.stdout).toContain("raw.shop_order_items");
    expect(listed.stdout).not.toContain("tmp_work");
  });

  it("loads each by its own primary key, and whole where it has no cursor", async () => {
    const run = await millrace(["run"], dir);
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect(await rows(dir, "select id, name from raw.shop_customers order by id")).toEqual([
      [1, "Ann"],
      [2, "Bob"],
    ]);
    database.exec(
      `update customers set name = 'Anna', updated_at = '2024-05-02 10:00:00' where id = 1; insert into "Order-Items" values (2, 1, 'c')`,
    );
    const again = await millrace(["run"], dir);
    expect(again.exitCode, again.stdout + again.stderr).toBe(0);
    expect(await rows(dir, "select id, name from raw.shop_customers order by id")).toEqual([
      [1, "Anna"],
      [2, "Bob"],
    ]);
    expect(await rows(dir, "select count(*) from raw.shop_order_items")).toEqual([[3]]);
  });

  it("finds a table that came, and tells of one that went", async () => {
    database.exec(
      `create table invoices (id integer primary key, total decimal(10,2)); insert into invoices values (7, 12.5); drop table "Order-Items"`,
    );
    const run = await millrace(["run"], dir);
    expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    expect(run.stdout + run.stderr).toContain("Order-Items has vanished");
    expect(await rows(dir, "select id, total from raw.shop_invoices")).toEqual([[7, 12.5]]);
    expect(await rows(dir, "select count(*) from _millrace.loads where asset = 'raw.shop_order_items'")).toEqual([[2]]);
  });

  it("is listed and loaded for the first time while an engine holds the warehouse", async () => {
    const { child, finished } = await serveIn(dir);
    try {
      database.exec("create table staff (id integer primary key); insert into staff values (1), (2)");
      write("sources/more.yaml", 'name: "raw.more_{table}"\nfrom: { sqlite: { path: ./shop.sqlite, tables: staff } }\n');
      const run = await millrace(["run", "--select", "raw.more_staff"], dir);
      expect(run.exitCode, run.stdout + run.stderr).toBe(0);
      expect(await rows(dir, "select count(*) from raw.more_staff")).toEqual([[2]]);
    } finally {
      child.kill("SIGTERM");
      await finished;
    }
    rmSync(join(dir, "sources/more.yaml"));
    database.exec("drop table staff");
  });

  it("loads the others when one table fails", async () => {
    database.exec("create view broken as select no_such_function(id) as x from customers");
    write("sources/shop.yaml", `name: "raw.shop_{table}"\nfrom: { sqlite: { connection: shop, tables: ["*", "!tmp_*", "!Order-*"] } }\n`);
    const run = await millrace(["run"], dir);
    expect(run.exitCode, run.stdout + run.stderr).toBe(1);
    expect(run.stdout + run.stderr).toContain("raw.shop_broken");
    expect(await rows(dir, "select count(*) from raw.shop_customers")).toEqual([[2]]);
  });

  it("says what is there when no table matches", async () => {
    write("sources/shop.yaml", `name: "raw.shop_{table}"\nfrom: { sqlite: { connection: shop, tables: "nothing_*" } }\n`);
    const listed = await millrace(["ls"], dir);
    expect(listed.exitCode).toBe(3);
    expect(listed.stderr).toContain("no table matches");
    expect(listed.stderr).toContain("customers");
  });
});
