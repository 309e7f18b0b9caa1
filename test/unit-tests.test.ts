// `millrace test` as it is typed: what it prints, and what it ends with.
import { afterAll, describe, expect, it } from "vitest";
import { project } from "./millrace.ts";
import { millrace } from "./warm.ts";

const shop = project({
  "millrace.yaml": "name: shop\n",
  "data/sales.csv": "id,price,sold_on\n1,2.50,2026-01-02\n",
  "sources/sales.yaml":
    'from: { files: { path: "data/*.csv" } }\nprimaryKey: [id]\ncolumns: { id: { type: bigint }, price: { type: "decimal(9,2)" } }\n',
  "models/clean/sales.sql": "/*---\nmaterialize: table\nkey: id\n---*/\nselect id, price * 2 as twice, sold_on from raw.sales\n",
  "tests/good.yaml": "model: clean.sales\ngiven: { raw.sales: [ { id: 1, price: 2 } ] }\nexpect: [ { id: 1, twice: 4 } ]\n",
  "tests/wrong.yaml":
    "model: clean.sales\ngiven: { raw.sales: [ { id: 1, price: 2 }, { id: 2, price: 3 }, { id: 3 } ] }\nexpect: [ { id: 1, twice: 4 }, { id: 2, twice: 7 }, { id: 9, twice: 1 } ]\n",
});
afterAll(() => shop.remove());

describe("millrace test", { timeout: 60_000 }, () => {
  it("shows the rows that differ, expected above actual, and ends with 1", async () => {
    const { exitCode, stdout, stderr } = await millrace(["test"], shop.dir);
    expect(exitCode).toBe(1);
    expect(stdout.split("\n").map((line) => line.trimEnd())).toEqual([
      "✓ good  clean.sales",
      "✗ wrong  clean.sales",
      "    tests/wrong.yaml:1",
      "",
      "    clean.sales: 3 rows expected, 3 found: 1 changed, 1 missing, 1 unexpected",
      "",
      "                  id  twice",
      "    expected 2    2  *7.00",
      "    actual 2      2  *6.00",
      "    missing 3     9   1.00",
      "    unexpected 3  3   NULL",
      "",
      "",
    ]);
    expect(stderr).toMatch(/2 tests: 1 passed, 1 failed in /);
  });

  it("answers one object with --json; 0 when all pass, 3 with everything that is wrong in files, 7 for nothing", async () => {
    const good = await millrace(["test", "good", "--json"], shop.dir);
    expect(good.exitCode).toBe(0);
    expect(good.lines()).toMatchObject([
      { v: 1, counts: { passed: 1, failed: 0, error: 0 }, tests: [{ name: "good", status: "passed", line: 1 }] },
    ]);
    const failed = await millrace(["test", "--select", "clean.*", "--json"], shop.dir);
    expect(failed.exitCode).toBe(1);
    expect(failed.lines()[0]!["tests"][1].differences[0].changed[0].differences).toEqual([
      { column: "twice", expected: "7.00", actual: "6.00" },
    ]);
    expect((await millrace(["test", "--select", "raw.sales"], shop.dir)).exitCode).toBe(7);
    expect((await millrace(["test", "goood"], shop.dir)).stderr).toContain('did you mean "good"?');
    expect((await millrace(["test", "--rows", "2"], shop.dir)).exitCode).toBe(2);
    const bad = project({
      "millrace.yaml": "name: bad\n",
      "models/one.sql": "select 1 as n\n",
      "tests/a.yaml": "model: main.one\nexpect: [ { m: 1 } ]\n",
      "tests/b.yaml": "model: main.two\nexpect: []\n",
    });
    const refused = await millrace(["test"], bad.dir);
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain("tests/a.yaml:2:13");
    expect(refused.stderr).toContain("tests/b.yaml:1:8");
    bad.remove();
  });

  it("says how to begin where there is no test yet", async () => {
    const empty = project({ "millrace.yaml": "name: empty\n" });
    const { exitCode, stderr } = await millrace(["test"], empty.dir);
    expect(exitCode).toBe(7);
    expect(stderr).toContain("millrace test --record MODEL");
    empty.remove();
  });
});
