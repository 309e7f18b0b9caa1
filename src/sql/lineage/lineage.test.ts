import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { LineageSource } from "../../model/lineage.ts";
import { compile } from "../compile/compile.ts";
import type { KnownSchema } from "../compile/types.ts";

function schema(columns: Readonly<Record<string, string>>): KnownSchema {
  return { columns: Object.entries(columns).map(([name, type]) => ({ name, type })), certain: true };
}

const schemas = new Map([
  [
    "raw.sales",
    schema({ id: "BIGINT", shop: "VARCHAR", sold: "TIMESTAMP", price: "DECIMAL(12,2)", lines: "STRUCT(sku VARCHAR, n INTEGER)[]" }),
  ],
  [
    "raw.shops",
    schema({ shop: "VARCHAR", city: "VARCHAR", opened: "DATE", boss: "STRUCT(name VARCHAR, phone VARCHAR)", parent: "VARCHAR" }),
  ],
  ["raw.rates", schema({ day: "TIMESTAMP", rate: "DOUBLE" })],
  ["raw.months", schema({ shop: "VARCHAR", jan: "INTEGER", feb: "INTEGER" })],
]);

const MARKS = { identity: "", transform: "~", aggregate: "Σ", condition: "?" } as const;

function listOf(sources: readonly LineageSource[]): string {
  return sources.map(({ asset, path, kind }) => `${MARKS[kind]}${asset.replace("raw.", "")}.${path}`).join(" ");
}

/** Columns as `name <- sources`, then `rows <- influences`; `~` computed, `Σ` aggregated, `?` condition, raw. left out. */
async function lineageOf(sql: string, list = listOf): Promise<readonly string[]> {
  const { models, errors } = await compile({
    models: [{ id: "m.x", file: "x.sql", sql, text: sql, sqlOffset: 0 }],
    schemas,
    lineage: "columns",
  });
  expect(errors).toEqual([]);
  const { lineage } = models.get("m.x")!;
  if (lineage === null) return ["tables only"];
  const columns = Object.entries(lineage.columns).map(([name, sources]) => `${name} <- ${list(sources)}`.trim());
  return lineage.influences.length === 0 ? columns : [...columns, `rows <- ${list(lineage.influences).replaceAll("?", "")}`];
}

/** Written by hand from the meaning of each query. */
const CORPUS: readonly (readonly [string, string, readonly string[]])[] = [
  ["a renamed column", "select id as sale from raw.sales", ["sale <- sales.id"]],
  ["a star", "from raw.rates", ["day <- rates.day", "rate <- rates.rate"]],
  ["a star without and with another column", "select * exclude (day) replace (rate * 2 as rate) from raw.rates", ["rate <- ~rates.rate"]],
  ["a renaming star", "select * rename (rate as r) from raw.rates", ["day <- rates.day", "r <- rates.rate"]],
  ["COLUMNS()", "select max(columns('^(day|rate)$')) from raw.rates", ["day <- Σrates.day", "rate <- Σrates.rate"]],
  ["an expression of two", "select price * id as x from raw.sales", ["x <- ~sales.id ~sales.price"]],
  ["a constant", "select 1 as one, 'x' || 'y' as xy from raw.sales", ["one <-", "xy <-"]],
  ["a filter", "select id from raw.sales where price > 1", ["id <- sales.id", "rows <- sales.price"]],
  [
    "a CTE chain",
    "with a as (select id as i, price from raw.sales), b as (select i, price + 1 as p from a) select p, i from b",
    ["p <- ~sales.price", "i <- sales.id"],
  ],
  [
    "a group",
    "select shop, sum(price) as total, count(*) as n from raw.sales group by shop",
    ["shop <- sales.shop", "total <- Σsales.price", "n <-", "rows <- sales.shop"],
  ],
  [
    "a filtered and an ordered aggregate",
    "select sum(price) filter (where id > 1) as a, string_agg(shop, ',' order by sold) as b from raw.sales",
    ["a <- ?sales.id Σsales.price", "b <- Σsales.shop ?sales.sold"],
  ],
  ["a having", "select shop from raw.sales group by shop having max(price) > 2", ["shop <- sales.shop", "rows <- sales.price sales.shop"]],
  [
    "a window",
    "select sum(price) over (partition by shop order by sold) as running from raw.sales",
    ["running <- Σsales.price ?sales.shop ?sales.sold"],
  ],
  ["a numbering", "select row_number() over (order by sold) as n from raw.sales", ["n <- ?sales.sold"]],
  [
    "qualify",
    "select id from raw.sales qualify row_number() over (partition by shop order by sold desc) = 1",
    ["id <- sales.id", "rows <- sales.shop sales.sold"],
  ],
  [
    "a join",
    "select s.id, h.city from raw.sales s join raw.shops h using (shop)",
    ["id <- sales.id", "city <- shops.city", "rows <- sales.shop shops.shop"],
  ],
  [
    "a left join on an expression",
    "select s.id, h.city from raw.sales s left join raw.shops h on lower(h.shop) = s.shop",
    ["id <- sales.id", "city <- shops.city", "rows <- sales.shop shops.shop"],
  ],
  [
    "a join by inequality",
    "select a.id from raw.sales a join raw.rates b on a.sold < b.day or a.price > b.rate",
    ["id <- sales.id", "rows <- rates.day rates.rate sales.price sales.sold"],
  ],
  [
    "a self-join",
    "select a.shop, b.city as parent_city from raw.shops a join raw.shops b on a.parent = b.shop",
    ["shop <- shops.shop", "parent_city <- shops.city", "rows <- shops.parent shops.shop"],
  ],
  [
    "a full join with using",
    "select shop, jan from raw.shops full join raw.months using (shop)",
    ["shop <- ~months.shop ~shops.shop", "jan <- months.jan", "rows <- months.shop shops.shop"],
  ],
  [
    "an asof join",
    "select s.price * r.rate as eur from raw.sales s asof join raw.rates r on s.sold >= r.day",
    ["eur <- ~rates.rate ~sales.price", "rows <- rates.day sales.sold"],
  ],
  [
    "a cross and a positional join",
    "select s.id, r.rate, m.jan from raw.sales s cross join raw.rates r positional join raw.months m",
    ["id <- sales.id", "rate <- rates.rate", "jan <- months.jan"],
  ],
  ["a semi join", "select city from raw.shops semi join raw.sales using (shop)", ["city <- shops.city", "rows <- sales.shop shops.shop"]],
  [
    "an anti join by not exists",
    "select city from raw.shops h where not exists (select 1 from raw.sales s where s.shop = h.shop)",
    ["city <- shops.city", "rows <- sales.shop shops.shop"],
  ],
  [
    "in a subquery",
    "select id from raw.sales where shop in (select shop from raw.shops where city = 'Rome')",
    ["id <- sales.id", "rows <- sales.shop shops.city shops.shop"],
  ],
  ["a scalar subquery", "select id, (select max(rate) from raw.rates) as top from raw.sales", ["id <- sales.id", "top <- Σrates.rate"]],
  ["a union", "select shop from raw.sales union all select city from raw.shops", ["shop <- sales.shop shops.city"]],
  [
    "a union by name",
    "select shop, id from raw.sales union all by name select city, shop from raw.shops",
    ["shop <- sales.shop shops.shop", "id <- sales.id", "city <- shops.city"],
  ],
  ["except", "select shop from raw.shops except select shop from raw.sales", ["shop <- shops.shop", "rows <- sales.shop shops.shop"]],
  [
    "distinct on",
    "select distinct on (shop) shop, id from raw.sales order by shop, sold",
    ["shop <- sales.shop", "id <- sales.id", "rows <- sales.shop sales.sold"],
  ],
  ["order and limit", "select id from raw.sales order by price limit 3", ["id <- sales.id", "rows <- sales.price"]],
  ["an order alone", "select id from raw.sales order by price", ["id <- sales.id"]],
  ["the order that a list is in", "select list(id) as ids from (from raw.sales order by price)", ["ids <- Σsales.id ?sales.price"]],
  [
    "values",
    "select v.a, s.id from (values ('x', 1)) v(a, b) join raw.sales s on s.id = v.b",
    ["a <-", "id <- sales.id", "rows <- sales.id"],
  ],
  ["a field of a struct", "select boss.name as boss, boss as whole from raw.shops", ["boss <- shops.boss.name", "whole <- shops.boss"]],
  ["a struct made and taken apart", "select {'p': price, 's': shop}.p as p from raw.sales", ["p <- ~sales.price ~sales.shop"]],
  [
    "unnest of a list of structs",
    "select id, l.sku from raw.sales, unnest(lines) as t(l)",
    ["id <- sales.id", "sku <- ~sales.lines", "rows <- sales.lines"],
  ],
  [
    "unnest in the list",
    "select id, unnest(lines) as line from raw.sales",
    ["id <- sales.id", "line <- ~sales.lines", "rows <- sales.lines"],
  ],
  ["a list comprehension", "select [x.sku for x in lines if x.n > 1] as many from raw.sales", ["many <- ~sales.lines"]],
  [
    "pivot",
    "select * from (pivot (select shop, price, id from raw.sales) on id in (1 as one, 2 as two) using sum(price) group by shop)",
    ["shop <- sales.shop", "one <- ?sales.id Σsales.price", "two <- ?sales.id Σsales.price", "rows <- sales.shop"],
  ],
  [
    "unpivot",
    "select * from raw.months unpivot (sold for month in (jan, feb))",
    ["shop <- months.shop", "month <-", "sold <- ~months.feb ~months.jan", "rows <- months.feb months.jan"],
  ],
  [
    "a recursive CTE",
    "with recursive up as (select shop, parent, 0 as n from raw.shops union all select u.shop, h.parent, n + 1 from up u join raw.shops h on h.shop = u.parent) select * from up",
    ["shop <- shops.shop", "parent <- shops.parent", "n <-", "rows <- shops.parent shops.shop"],
  ],
  [
    "grouping sets",
    "select shop, sum(price) as p, grouping(shop) as g from raw.sales group by grouping sets ((shop), ())",
    ["shop <- sales.shop", "p <- Σsales.price", "g <- ?sales.shop", "rows <- sales.shop"],
  ],
  ["a case", "select case when price > 1 then shop else 'none' end as c from raw.sales", ["c <- ~sales.price ~sales.shop"]],
  [
    "a cast and a json arrow",
    "select id::varchar as t, to_json(boss)->>'name' as n from raw.sales join raw.shops using (shop)",
    ["t <- ~sales.id", "n <- ~shops.boss", "rows <- sales.shop shops.shop"],
  ],
  [
    "parameters",
    "select id, sold - $start as d from raw.sales where sold >= $start and shop = $param.shop",
    ["id <- sales.id", "d <- ~sales.sold", "rows <- sales.shop sales.sold"],
  ],
  ["query()", "select n from query('select id as n from raw.sales')", ["n <- sales.id"]],
  ["query_table()", "select id from query_table('raw.sales')", ["id <- sales.id"]],
];

/** Sources with the ways in which they take part. */
function ways(sources: readonly LineageSource[]): string {
  return sources.map(({ path, kind, ways: all = [kind] }) => `${path}:${all.join("+")}`).join(" ");
}

describe("the ways in which sources take part", () => {
  it.each<[string, string, readonly string[]]>([
    ["a value and a filter", "select id from raw.sales where price > 1", ["id <- id:identity", "rows <- price:filter"]],
    [
      "what a CASE asks for",
      "select case when shop = 'a' then price else id end as x from raw.sales",
      ["x <- id:transform price:transform shop:case"],
    ],
    ["what a CASE asks for and gives", "select sum(case when price > 1 then price end) as x from raw.sales", ["x <- price:aggregate+case"]],
    [
      "a window",
      "select sum(price) filter (where id > 1) over (partition by shop order by sold) as x from raw.sales",
      ["x <- id:filter price:aggregate shop:window sold:window"],
    ],
    [
      "an order inside and below",
      "select list(id order by price) as x from (from raw.sales order by sold)",
      ["x <- id:aggregate price:sort sold:sort"],
    ],
    [
      "a join, a group, a limit",
      "select city, count(*) as n from raw.sales join raw.shops using (shop) group by city order by n limit 1",
      ["city <- city:identity", "n <-", "rows <- shop:join city:group shop:join"],
    ],
    ["an order under a limit", "select id from raw.sales order by price limit 3", ["id <- id:identity", "rows <- price:sort"]],
    [
      "distinct and a semi join",
      "select distinct id from raw.sales where shop in (from raw.shops select shop)",
      ["id <- id:identity", "rows <- id:group shop:join+filter shop:join+filter"],
    ],
    [
      "a union of a value and what is made of it",
      "select shop as p from raw.sales union all select upper(shop) from raw.sales",
      ["p <- shop:identity+transform"],
    ],
  ])("tells %s", async (_what, sql, expected) => {
    expect(await lineageOf(sql, ways)).toEqual(expected);
  });
});

describe("column lineage", () => {
  it.each(CORPUS)("follows %s", async (_what, sql, expected) => {
    expect(await lineageOf(sql)).toEqual(expected);
  });

  it("goes through a lateral join", async () => {
    const lines = await lineageOf(
      "select h.city, l.price from raw.shops h left join lateral (select price from raw.sales s where s.shop = h.shop order by sold desc limit 1) l on true",
    );
    expect(lines.slice(0, 2)).toEqual(["city <- shops.city", "price <- sales.price"]);
  });

  it("reaches the columns of files that a query reads itself", async () => {
    const dir = mkdtempSync(join(tmpdir(), "lineage-"));
    writeFileSync(join(dir, "x.csv"), "id,city\n1,Rome\n");
    const sql = "select upper(city) as c, s.id from 'x.csv' x join raw.sales s using (id)";
    const { models } = await compile({
      models: [{ id: "m.x", file: "x.sql", sql, text: sql, sqlOffset: 0 }],
      schemas,
      lineage: "columns",
      projectDir: dir,
    });
    rmSync(dir, { recursive: true });
    expect(models.get("m.x")!.lineage!.columns).toEqual({
      c: [{ asset: "x.csv", path: "city", kind: "transform" }],
      id: [{ asset: "raw.sales", path: "id", kind: "identity" }],
    });
  });
});
