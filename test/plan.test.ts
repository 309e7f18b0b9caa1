// plan, apply and diff as scripts rely on them: exit codes, what goes to stdout, and a process that is killed in the middle of a plan.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { planMarkdown } from "../src/cli/plan-markdown.ts";
import type { PlanAnswer } from "../src/model/answers.ts";
import { millrace, project, rows, start } from "./millrace.ts";

const FILES = {
  "millrace.yaml": "name: shop\n",
  "data/sales.csv": "id,area,price\n1,north,10\n2,south,20\n",
  "sources/sales.yaml": "from: { files: { path: data/sales.csv } }\nprimaryKey: [id]\n",
  "models/clean/sales.sql": "/*---\nmaterialize: table\nkey: id\n---*/\nselect id, area, price from raw.sales\n",
  "exports/sales.yaml": "select: clean.sales\nto: { files: { path: out/sales.csv } }\n",
};
const CHANGED = FILES["models/clean/sales.sql"].replace("price from", "price * 2 as price from");
const LOOKS_MAX = 600;

describe("plan, apply, diff", () => {
  const shop = project(FILES);
  afterAll(() => shop.remove());
  const exits = async (...words: readonly string[]): Promise<number | null> => (await millrace(words, shop.dir)).exitCode;

  it("agree on what there is to do, and say it by their exit codes", async () => {
    expect(await exits("plan", "--exit-code", "--out", "plan.json")).toBe(4);
    const asked = await millrace(["apply"], shop.dir);
    expect([asked.exitCode, asked.stderr]).toEqual([2, expect.stringContaining("MR8808")]);
    const applied = await millrace(["apply", "plan.json", "--json"], shop.dir);
    expect(applied.exitCode, applied.stderr).toBe(0);
    expect(applied.lines().at(-1)).toMatchObject({ type: "summary", status: "succeeded", nodes: { succeeded: 3 } });
    expect(await exits("apply", "plan.json")).toBe(1);
    expect(await exits("plan", "--exit-code")).toBe(0);
    expect(await exits("apply")).toBe(0);
    expect(await exits("apply", "plan.json", "--select", "clean.sales")).toBe(2);
    expect(await exits("apply", "nothing.json")).toBe(2);
    expect(await exits("plan", "--against", "-x")).toBe(7);
    expect(await exits("diff", "clean.sales")).toBe(7);
  });

  it("of two applies at once one wins, and the other is told", async () => {
    shop.write("models/clean/sales.sql", FILES["models/clean/sales.sql"].replace("price from", "price + 1 as price from"));
    expect(await exits("plan", "--out", "plan.json")).toBe(0);
    const both = await Promise.all([0, 1].map(async () => millrace(["apply", "plan.json"], shop.dir)));
    const [won, lost] = both.toSorted((a, b) => Number(a.exitCode) - Number(b.exitCode));
    expect([won!.exitCode, lost!.exitCode === 0, lost!.stderr]).toEqual([0, false, expect.stringMatching(/MR(5001|880[34])/)]);
    expect(
      await rows(shop.dir, "select sum(price), (select count(*) from _millrace.versions where asset = 'clean.sales') from clean.sales"),
    ).toEqual([[32, 2]]);
    shop.write("models/clean/sales.sql", FILES["models/clean/sales.sql"]);
    expect(await exits("run")).toBe(0);
  });

  it("write a comment for a pull request, and tables of what differs", async () => {
    shop.write("models/clean/sales.sql", CHANGED);
    const { stdout } = await millrace(["plan", "--markdown"], shop.dir);
    expect(stdout).toMatch(/^<!-- millrace plan -->\n/);
    expect(stdout).toContain("| `clean.sales` | 🔴 breaking | price is computed in another way");
    expect(stdout).toContain("<details>");
    expect(await exits("apply", "--yes")).toBe(0);
    expect(await exits("diff", "clean.sales", "--exit-code")).toBe(4);
    const told = await millrace(["diff", "clean.sales", "--json"], shop.dir);
    expect(told.lines()).toMatchObject([
      { v: 1, by: "key", rows: { added: 0, removed: 0, changed: 2, same: 0 }, columns: [{ column: "price", changed: 2 }] },
    ]);
  });
});

it("a comment never grows beyond what it may hold, says what it leaves out, and mentions nobody", () => {
  const name = (index: number): string => `clean.${"long_name_".repeat(20)}${index}`;
  const asset = (index: number): NonNullable<PlanAnswer["changes"]>["assets"][number] => ({
    asset: name(index),
    kind: "model",
    change: "breaking",
    rows: true,
    columns: [],
    settings: [],
    reasons: Array.from({ length: 4 }, () => ({
      text: "ä | @team </details> `x` ".repeat(9),
      place: { file: "models/a.sql", line: 1, column: 1, text: "select '```'" },
    })),
  });
  const assets = Array.from({ length: 3_000 }, (_, index) => asset(index));
  const nodes = assets.map(({ asset: id }) => ({
    asset: id,
    action: "build" as const,
    reason: "x",
    change: "breaking" as const,
    partitions: [],
  }));
  const text = planMarkdown({ nodes, changes: { against: { kind: "environment", name: "prod" }, assets, touched: [], notes: [] } });
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(60_000);
  expect(text).toContain("was left out");
  expect(text).not.toContain("@team");
  expect(text.split("<details>")).toHaveLength(text.split("\n</details>").length);
});

it("a comment shows a changed line once, not again for all that follows from it", () => {
  const place = { file: "models/a.sql", line: 3, column: 1, text: "select price * 2" };
  const asset = (id: string, change: "breaking" | "indirect") => ({
    asset: id,
    kind: "model" as const,
    change,
    rows: false,
    columns: [],
    settings: [],
    reasons: [{ text: `price of ${id}`, place }],
  });
  const assets = [asset("clean.a", "breaking"), asset("clean.b", "indirect"), asset("clean.c", "indirect")];
  const text = planMarkdown({ nodes: [], changes: { against: { kind: "environment", name: "prod" }, assets, touched: [], notes: [] } });
  expect(text.split("select price * 2")).toHaveLength(2);
  expect(text.split("<details>")).toHaveLength(2);
  expect(text).toContain("| `clean.c` | ⚪ indirect | price of clean.c");
});

it("an apply that was killed leaves what it committed, and does not go on when a definition has moved", async () => {
  const shop = project({
    ...FILES,
    "models/final/slow.sql":
      "/*---\nmaterialize: table\n---*/\nselect count(*) as n, sum(hash(i)) as h from clean.sales, range(2000000000) r(i)\n",
  });
  await millrace(["plan", "--out", "plan.json"], shop.dir);
  const { child, finished } = start(["apply", "plan.json"], shop.dir);
  let seen = "";
  child.stderr!.on("data", (text: string) => (seen += text));
  for (let looks = 0; looks < LOOKS_MAX && !seen.includes("clean.sales"); looks++) await pause(50);
  child.kill("SIGKILL");
  await finished;
  expect(await rows(shop.dir, "select sum(price) from clean.sales")).toEqual([[30]]);
  shop.write("models/final/slow.sql", "/*---\nmaterialize: table\n---*/\nselect 1 as n from clean.sales\n");
  const moved = await millrace(["apply", "plan.json"], shop.dir);
  expect([moved.exitCode, moved.stderr]).toEqual([1, expect.stringContaining("the definition of final.slow changed")]);
  expect(await rows(shop.dir, "select count(*) from _millrace.versions where asset = 'clean.sales'")).toEqual([[1]]);
  expect(readFileSync(join(shop.dir, "plan.json"), "utf8")).toContain('"kind":"millrace-plan"');
  shop.remove();
});
