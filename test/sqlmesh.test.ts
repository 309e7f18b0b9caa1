// `millrace init --from sqlmesh`: a project in SQLMesh's format runs to the tables that plain SQL makes; what cannot be turned is told with its place.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { project } from "./millrace.ts";
import { millrace } from "./warm.ts";

const ITEMS = Array.from({ length: 50 }, (_, at) => ({
  id: at + 1,
  shop: (at % 3) + 1,
  day: `2026-01-${String((at % 9) + 1).padStart(2, "0")}`,
  price: (at * 7) % 40,
}));
const SHOPS = [
  { id: 1, name: "north" },
  { id: 2, name: "south" },
  { id: 3, name: "east" },
];

const FILES = {
  "config.yaml": "project: items\nmodel_defaults: { dialect: duckdb, start: 2026-01-01 }\nvariables: { smallest: 1 }\n",
  "seeds/items.csv": `id,shop,day,price\n${ITEMS.map(({ id, shop, day, price }) => `${id},${shop},${day},${price}`).join("\n")}\n`,
  "seeds/shops.csv": `id,name\n${SHOPS.map(({ id, name }) => `${id},${name}`).join("\n")}\n`,
  "models/seeds/items.sql": `MODEL (
  name items.raw_items,
  kind SEED (path '../../seeds/items.csv'),
  columns (id INT, shop INT, day DATE, price DECIMAL(10, 2)),
  grain id
);
`,
  "models/seeds/shops.sql": "MODEL (name items.raw_shops, kind SEED (path '$root/seeds/shops.csv'));",
  "models/daily.sql": `/* what each shop sold */
MODEL (
  name items.daily,
  kind INCREMENTAL_BY_TIME_RANGE (time_column day, lookback 2),
  cron '@daily',
  start '2026-01-01',
  owner jen,
  tags (mart, daily),
  description 'What each shop sold, by day; it''s small',
  grain (shop, day),
  audits (
    not_null(columns := (shop, day)),
    accepted_values(column := shop, is_in := (1, 2, 3)),
    number_of_rows(threshold := 3),
    assert_positive(least := 0),
    forall(criteria := (total >= 0, sold > 0))
  ),
  column_descriptions (total = 'Sum of prices')
);

SELECT shop, day, sum(price) AS total, count(*) AS sold -- by day
FROM items.raw_items
WHERE day BETWEEN @start_date AND @end_date AND price >= @smallest
GROUP BY shop, day;
`,
  "models/named.sql": `MODEL (name items.named, kind FULL, dialect duckdb, physical_properties (x = 1));
SELECT s.name, sum(d.total) AS total FROM items.daily AS d JOIN items.raw_shops AS s ON s.id = d.shop GROUP BY ALL;
`,
  "models/history.sql": `MODEL (name items.history, kind SCD_TYPE_2_BY_COLUMN (unique_key id, columns [price]));
SELECT id, price FROM items.raw_items
`,
  "models/looped.sql": `MODEL (name items.looped, kind VIEW);

SELECT
  @EACH([1, 2], x -> x AS column_@x)
FROM items.raw_items
`,
  "audits/positive.sql": "AUDIT (name assert_positive, blocking false);\nSELECT * FROM @this_model WHERE total < @least;\n",
  "tests/named.yaml": `test_named:
  model: items.named
  inputs:
    items.daily: { rows: [{ shop: 1, day: 2026-01-01, total: 4 }, { shop: 1, day: 2026-01-02, total: 5 }] }
    items.raw_shops: [{ id: 1, name: north }]
  outputs:
    query: { rows: [{ name: north, total: 9 }] }
`,
  "macros/own.py": "def x(): pass\n",
};

describe("a project of SQLMesh", () => {
  const files = project(Object.fromEntries(Object.entries(FILES).map(([name, text]) => [`old/${name}`, text])));
  let notes: { file: string; line: number; message: string }[] = [];
  beforeAll(async () => {
    const made = await millrace(["init", "--from", "sqlmesh", "old", "new", "--json"], files.dir);
    expect(made.exitCode, made.stdout + made.stderr).toBe(0);
    notes = made.lines()[0]!["notes"];
  });
  afterAll(() => files.remove());
  const query = async (sql: string): Promise<unknown> =>
    (await millrace(["query", sql, "--json"], join(files.dir, "new"))).lines()[0]!["rows"];

  it("tells what cannot be turned, at its file and line", () => {
    expect(notes.map(({ file, line, message }) => `${file}:${line} ${message}`)).toEqual([
      "macros/own.py:1 Python is not turned; write it as SQL or TypeScript",
      "models/looped.sql:4 the macro @EACH is not turned; write what it stands for",
      "models/named.sql:1 the property physical_properties was left out",
    ]);
  });

  it("keeps what models say of themselves", () => {
    const daily = readFileSync(join(files.dir, "new/models/items/daily.sql"), "utf8");
    expect(daily).toContain("description: What each shop sold, by day; it's small");
    expect(daily).toContain("owner: jen");
    expect(daily).toContain("total:\n    description: Sum of prices");
    expect(daily).toMatch(/WHERE day >= \$start and day < \$end AND price >= 1/);
  });

  it("runs to the tables that follow from its rows, also a second time", async () => {
    for (let times = 0; times < 2; times++) {
      const run = await millrace(["run", "--json"], join(files.dir, "new"));
      expect(run.exitCode, run.stdout + run.stderr).toBe(0);
    }
    const sold = ITEMS.filter(({ price }) => price >= 1);
    const totals = SHOPS.map(({ id, name }) => [name, sold.filter(({ shop }) => shop === id).reduce((sum, { price }) => sum + price, 0)]);
    expect(await query("select name, total::integer from items.named order by name")).toEqual(
      totals.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    );
    expect(await query("select count(*), sum(sold)::integer from items.daily")).toEqual([
      [new Set(sold.map(({ shop, day }) => `${shop} ${day}`)).size, sold.length],
    ]);
    expect(await query("select count(*), count(valid_to) from items.history")).toEqual([[ITEMS.length, 0]]);
  }, 60_000);

  it("runs its unit tests", async () => {
    const tested = await millrace(["test", "--json"], join(files.dir, "new"));
    expect(tested.exitCode, tested.stdout + tested.stderr).toBe(0);
  });
});

describe("what is no project of the tool", () => {
  it("is refused with what tells one", async () => {
    const files = project({ "empty/x.txt": "" });
    for (const [kind, says] of [
      ["dbt", "dbt_project.yml"],
      ["sqlmesh", "config.yaml"],
    ]) {
      const made = await millrace(["init", "--from", kind!, "empty", "new"], files.dir);
      expect([made.exitCode, made.stderr.includes("MR9101"), made.stderr.includes(says!)]).toEqual([3, true, true]);
    }
    files.remove();
  });
});
