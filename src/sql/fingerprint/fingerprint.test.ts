import { DuckDBInstance } from "@duckdb/node-api";
import { beforeAll, describe, expect, it } from "vitest";
import { diffFingerprints, isSameResult, type QueryFingerprint } from "../../model/fingerprint.ts";
import { compile } from "../compile/compile.ts";
import type { KnownSchema } from "../compile/types.ts";
import { UNSTEADY_FUNCTIONS } from "./functions.ts";
import { ORDERLESS_AGGREGATES } from "../plan/order.ts";

const table = (columns: Readonly<Record<string, string>>): KnownSchema => ({
  certain: true,
  columns: Object.entries(columns).map(([name, type]) => ({ name, type })),
});
const schemas = new Map([
  [
    "raw.orders",
    table({
      id: "INTEGER",
      customer_id: "INTEGER",
      amount: "DECIMAL(10,2)",
      status: "VARCHAR",
      currency: "VARCHAR",
      made: "TIMESTAMP",
      tags: "VARCHAR[]",
      attrs: "STRUCT(plan VARCHAR, seats INTEGER)",
    }),
  ],
  ["raw.customers", table({ id: "INTEGER", country: "VARCHAR", name: "VARCHAR", big: "BIGINT" })],
  ["raw.payments", table({ id: "INTEGER", order_id: "INTEGER", paid_at: "TIMESTAMP", amount: "DECIMAL(10,2)" })],
]);

async function fingerprints(texts: readonly string[]): Promise<readonly (QueryFingerprint | null)[]> {
  const models = texts.map((sql, index) => ({ id: `m.q${index}`, file: `models/m/q${index}.sql`, sql, text: sql, sqlOffset: 0 }));
  const { models: compiled, errors } = await compile({ models, schemas });
  expect(errors.map(({ message }) => message)).toEqual([]);
  return models.map(({ id }) => compiled.get(id)!.fingerprint);
}

const BASE = `SELECT o.id, o.customer_id, c.country, o.amount * 0.8 AS net, o.status FROM raw.orders o JOIN raw.customers c ON o.customer_id = c.id WHERE o.status <> 'deleted' AND o.amount > 0`;

/** Pairs that compute the same. */
const SAME: Readonly<Record<string, readonly [string, string]>> = {
  "comments, formatting and case": [
    BASE,
    `select o.id, o.CUSTOMER_ID, c.country, /* x */ o.amount*0.8 as net, o.status\n from raw.orders as o inner join raw.customers c on o.customer_id=c.id where o.status!='deleted' and o.amount>0 -- hi`,
  ],
  "other aliases": [
    BASE,
    `SELECT ord.id, ord.customer_id, cu.country, ord.amount * 0.8 AS net, ord.status FROM raw.orders ord JOIN raw.customers cu ON ord.customer_id = cu.id WHERE ord.status <> 'deleted' AND ord.amount > 0`,
  ],
  "a query taken apart with CTEs": [
    BASE,
    `WITH oo AS (SELECT id, customer_id, amount, status FROM raw.orders), cc AS (SELECT id AS cid, country FROM raw.customers), j AS (SELECT oo.*, cc.country FROM oo JOIN cc ON oo.customer_id = cc.cid) SELECT id, customer_id, country, amount * 0.8 AS net, status FROM j WHERE status <> 'deleted' AND amount > 0`,
  ],
  "a filter moved below a join": [
    BASE,
    `WITH oo AS (SELECT * FROM raw.orders WHERE status <> 'deleted' AND amount > 0) SELECT oo.id, oo.customer_id, c.country, oo.amount * 0.8 AS net, oo.status FROM oo JOIN raw.customers c ON oo.customer_id = c.id`,
  ],
  "swapped conjuncts, sides of a join, sides of =": [
    BASE,
    `SELECT o.id, o.customer_id, c.country, o.amount * 0.8 AS net, o.status FROM raw.customers c JOIN raw.orders o ON c.id = o.customer_id WHERE 0 < o.amount AND o.status <> 'deleted'`,
  ],
  "a join written with where": [
    BASE,
    BASE.replace("JOIN raw.customers c ON o.customer_id = c.id WHERE", ", raw.customers c WHERE o.customer_id = c.id AND"),
  ],
  "a cast to the type that it has": [BASE, BASE.replace("o.status FROM", "o.status::VARCHAR AS status FROM")],
  "a star": ["select id, country, name, big from raw.customers", "from raw.customers"],
  "a named window": [
    "select id, row_number() over w as n from raw.orders window w as (order by made)",
    "select id, row_number() over (order by made) as n from raw.orders",
  ],
  "another order of three joins": [
    "select o.id, c.name, p.paid_at from raw.orders o join raw.customers c on o.customer_id = c.id join raw.payments p on p.order_id = o.id",
    "select o.id, c.name, p.paid_at from raw.payments p join raw.orders o on p.order_id = o.id join raw.customers c on o.customer_id = c.id",
  ],
  "branches of union all": [
    "select id from raw.orders union all select id from raw.customers",
    "select id from raw.customers union all select id from raw.orders",
  ],
  "swapped sides of or": [
    "select id from raw.orders where amount > 1 or status = 'a'",
    "select id from raw.orders where status = 'a' or amount > 1",
  ],
  "exists taken out of a CTE": [
    "select id from raw.customers c where exists (select 1 from raw.orders o where o.customer_id = c.id)",
    "with o as (select customer_id from raw.orders) select id from raw.customers where exists (select 1 from o where o.customer_id = customers.id)",
  ],
  "group keys in another order": [
    "select status, currency, sum(amount) as s from raw.orders group by status, currency",
    "select status, currency, sum(amount) as s from raw.orders group by 2, 1",
  ],
  "between and two comparisons": [
    "select id from raw.orders where id between 1 and 3",
    "select id from raw.orders where id <= 3 and id >= 1",
  ],
};

/** Pairs that must not be taken for the same. */
const OTHER: Readonly<Record<string, readonly [string, string]>> = {
  "a constant": [BASE, BASE.replace("0.8", "0.75")],
  "a large constant": [
    "select id from raw.customers where big = 9007199254740993",
    "select id from raw.customers where big = 9007199254740992",
  ],
  "an infinite constant": [
    "select id, 'infinity'::double as x from raw.customers",
    "select id, '-infinity'::double as x from raw.customers",
  ],
  "a filter": [BASE, BASE.replace("> 0", "> 1")],
  "a filter's edge": [BASE, BASE.replace("> 0", ">= 0")],
  "a kind of join": [BASE, BASE.replace("JOIN", "LEFT JOIN")],
  "a join that nothing uses": [BASE, BASE.replace(" WHERE", " LEFT JOIN raw.payments p ON p.order_id = o.id WHERE")],
  distinct: [BASE, BASE.replace("SELECT", "SELECT DISTINCT")],
  "a limit": [BASE, `${BASE} LIMIT 10`],
  "a qualify": [BASE, `${BASE} QUALIFY row_number() OVER (PARTITION BY o.id ORDER BY o.made DESC) = 1`],
  "a type": [BASE, BASE.replace("o.id,", "o.id::BIGINT AS id,")],
  "a try_cast": ["select status::integer as x from raw.orders", "select try_cast(status as integer) as x from raw.orders"],
  "an exists": [BASE, `${BASE} AND EXISTS (SELECT 1 FROM raw.payments p WHERE p.order_id = o.id)`],
  "the order of columns": [BASE, BASE.replace("o.id, o.customer_id", "o.customer_id, o.id")],
  "the sides of a self-join": [
    "select a.id, b.id as other from raw.orders a join raw.orders b on a.customer_id = b.id",
    "select b.id, a.id as other from raw.orders a join raw.orders b on a.customer_id = b.id",
  ],
  "the condition of a self-join": [
    "select a.id from raw.orders a join raw.orders b on a.customer_id = b.id",
    "select a.id from raw.orders a join raw.orders b on a.id = b.customer_id",
  ],
  "a self-join over CTEs": [
    "with x as (select id, customer_id from raw.orders) select a.id, b.customer_id from x a join x b on a.id = b.customer_id",
    "with x as (select id, customer_id from raw.orders) select b.id, b.customer_id from x a join x b on a.id = b.customer_id",
  ],
  "columns of a self-join that was joined before": [
    "select a.id x, b.id y, c.id z from raw.orders a join (raw.customers c join raw.orders b on c.id = b.customer_id) on a.id = b.id, raw.customers d",
    "select a.id x, b.id y, d.id z from raw.orders a join (raw.customers c join raw.orders b on c.id = b.customer_id) on a.id = b.id, raw.customers d",
  ],
  "a coalesce inside and outside of a left join": [
    "select c.id, coalesce(o.amount, 0) as amount from raw.customers c left join raw.orders o on o.customer_id = c.id",
    "select c.id, o.amount from raw.customers c left join (select customer_id, coalesce(amount, 0) as amount from raw.orders) o on o.customer_id = c.id",
  ],
  "flags of two left joins": [
    "select c.id, o.flag from raw.customers c left join (select customer_id, 1 as flag from raw.orders) o on o.customer_id = c.id left join (select order_id, 1 as flag from raw.payments) p on p.order_id = c.id",
    "select c.id, p.flag from raw.customers c left join (select customer_id, 1 as flag from raw.orders) o on o.customer_id = c.id left join (select order_id, 1 as flag from raw.payments) p on p.order_id = c.id",
  ],
  "names of two unions": [
    "select x.kind from (select id, 1 as kind from raw.orders union all select id, 2 from raw.customers) x, (select id, 1 as kind from raw.payments union all select id, 2 from raw.customers where big > 1) y",
    "select y.kind from (select id, 1 as kind from raw.orders union all select id, 2 from raw.customers) x, (select id, 1 as kind from raw.payments union all select id, 2 from raw.customers where big > 1) y",
  ],
  "a list without order below which rows are sorted": [
    "select list(id) as ids from (select id from raw.orders order by amount)",
    "select list(id) as ids from (select id from raw.orders order by made)",
  ],
  "a list over swapped sides": [
    "select list(o.id) as ids from raw.orders o join raw.customers c on o.customer_id = c.id",
    "select list(o.id) as ids from raw.customers c join raw.orders o on o.customer_id = c.id",
  ],
  "a hidden sort below a limit": [
    "select id from (select id from raw.orders order by amount) limit 5",
    "select id from (select id from raw.orders order by made) limit 5",
  ],
  "string_agg's own order": [
    "select string_agg(status, ',' order by id) as s from raw.orders",
    "select string_agg(status, ',' order by made) as s from raw.orders",
  ],
  "string_agg's separator": ["select string_agg(status, ',') as s from raw.orders", "select string_agg(status, ';') as s from raw.orders"],
  "row_number's order": [
    "select id, row_number() over (order by made) as n from raw.orders",
    "select id, row_number() over (order by made desc) as n from raw.orders",
  ],
  "a frame": [
    "select id, sum(amount) over (order by made rows between 1 preceding and current row) as s from raw.orders",
    "select id, sum(amount) over (order by made rows between 2 preceding and current row) as s from raw.orders",
  ],
  "a frame's kind": [
    "select id, sum(amount) over (order by made rows between unbounded preceding and current row) as s from raw.orders",
    "select id, sum(amount) over (order by made range between unbounded preceding and current row) as s from raw.orders",
  ],
  "an exclusion": [
    "select id, sum(amount) over (order by made range between unbounded preceding and current row exclude ties) as s from raw.orders",
    "select id, sum(amount) over (order by made range between unbounded preceding and current row exclude group) as s from raw.orders",
  ],
  "ignore nulls": [
    "select id, lag(amount) over (order by made) as s from raw.orders",
    "select id, lag(amount ignore nulls) over (order by made) as s from raw.orders",
  ],
  "columns of a union swapped in one branch": [
    "select id, customer_id from raw.orders union all select id, order_id from raw.payments",
    "select id, customer_id from raw.orders union all select order_id, id from raw.payments",
  ],
  "columns of a union of one table swapped": [
    "select x as a, y as b from (select id as x, customer_id as y from raw.orders union all select customer_id, id from raw.orders where id > 3)",
    "select y as a, x as b from (select id as x, customer_id as y from raw.orders union all select customer_id, id from raw.orders where id > 3)",
  ],
  "union all and union": [
    "select id from raw.orders union all select id from raw.customers",
    "select id from raw.orders union select id from raw.customers",
  ],
  "except's sides": [
    "select id from raw.orders except select id from raw.customers",
    "select id from raw.customers except select id from raw.orders",
  ],
  "except all and except": [
    "select id from raw.orders except all select id from raw.customers",
    "select id from raw.orders except select id from raw.customers",
  ],
  "an asof's comparison": [
    "select o.id, p.amount from raw.orders o asof join raw.payments p on o.id = p.order_id and o.made >= p.paid_at",
    "select o.id, p.amount from raw.orders o asof join raw.payments p on o.id = p.order_id and o.made > p.paid_at",
  ],
  "asof and asof left": [
    "select o.id, p.amount from raw.orders o asof join raw.payments p on o.id = p.order_id and o.made >= p.paid_at",
    "select o.id, p.amount from raw.orders o asof left join raw.payments p on o.id = p.order_id and o.made >= p.paid_at",
  ],
  "a collation": ["select id from raw.orders where status = 'a'", "select id from raw.orders where status collate nocase = 'a'"],
  "a correlation": [
    "select id, (select max(amount) from raw.payments p where p.order_id = o.id) as m from raw.orders o",
    "select id, (select max(amount) from raw.payments p where p.order_id = o.customer_id) as m from raw.orders o",
  ],
  "a correlation within one table": [
    "select id from raw.orders o where amount > (select avg(amount) from raw.orders i where i.customer_id = o.customer_id)",
    "select id from raw.orders o where amount > (select avg(amount) from raw.orders i where i.customer_id = o.id)",
  ],
  "the level of a correlation": [
    "select id from raw.orders o where exists (select 1 from raw.customers c where c.id = o.customer_id and exists (select 1 from raw.payments p where p.order_id = o.id))",
    "select id from raw.orders o where exists (select 1 from raw.customers c where c.id = o.customer_id and exists (select 1 from raw.payments p where p.order_id = c.id))",
  ],
  "not in and not exists": [
    "select id from raw.orders where customer_id not in (select id from raw.customers)",
    "select id from raw.orders o where not exists (select 1 from raw.customers c where c.id = o.customer_id)",
  ],
  "in and any": [
    "select id in (select id from raw.customers) as x from raw.orders",
    "select id > any (select id from raw.customers) as x from raw.orders",
  ],
  "a step of a recursion": [
    "with recursive r(n) as (select 1 union all select n + 1 from r where n < 5) select n from r",
    "with recursive r(n) as (select 1 union all select n + 2 from r where n < 5) select n from r",
  ],
  "a recursion's column": [
    "with recursive r(a, b) as (select 1, 1 union all select a + 1, b * 2 from r where a < 5) select a as x from r",
    "with recursive r(a, b) as (select 1, 1 union all select a + 1, b * 2 from r where a < 5) select b as x from r",
  ],
  "a parameter": ["select id from raw.orders where made >= $start", "select id from raw.orders where made >= $end"],
  "a field of $param": ["select id from raw.orders where status = $param.a", "select id from raw.orders where status = $param.b"],
  "a field of a struct": ["select attrs.plan as x from raw.orders", "select attrs.seats::varchar as x from raw.orders"],
  "the body of a lambda": [
    "select list_transform(tags, x -> x || 'a') as t from raw.orders",
    "select list_transform(tags, x -> x || 'b') as t from raw.orders",
  ],
  "the arguments of a lambda": [
    "select list_reduce(tags, (a, b) -> a || b) as t from raw.orders",
    "select list_reduce(tags, (a, b) -> b || a) as t from raw.orders",
  ],
  "what a lambda catches": [
    "select list_transform(tags, x -> x || status) as t from raw.orders",
    "select list_transform(tags, x -> x || currency) as t from raw.orders",
  ],
  "grouping sets": [
    "select status, currency, sum(amount) s from raw.orders group by rollup (status, currency)",
    "select status, currency, sum(amount) s from raw.orders group by cube (status, currency)",
  ],
  "a key above and below a rollup": [
    "select coalesce(status, '-') as status, sum(amount) s from raw.orders group by rollup (status)",
    "select status, sum(amount) s from (select coalesce(status, '-') as status, amount from raw.orders) group by rollup (status)",
  ],
  "a distinct aggregate": ["select count(customer_id) as n from raw.orders", "select count(distinct customer_id) as n from raw.orders"],
  "an aggregate's filter": ["select count(*) filter (id > 1) as n from raw.orders", "select count(*) filter (id > 2) as n from raw.orders"],
  "a quantile": ["select quantile_cont(amount, 0.5) as n from raw.orders", "select quantile_cont(amount, 0.25) as n from raw.orders"],
  "unnest of the same list twice": [
    "select a, b from (select tags, unnest(tags) as b from raw.orders) t, unnest(t.tags) u(a) where b > 'x'",
    "select b, a from (select tags, unnest(tags) as b from raw.orders) t, unnest(t.tags) u(a) where a > 'x'",
  ],
  "unnest of constant lists": [
    "select x.a, y.b from (select unnest([1, 2]) as a) x, (select unnest([1, 2]) as b) y where x.a > 1",
    "select x.a, y.b from (select unnest([1, 2]) as a) x, (select unnest([1, 2]) as b) y where y.b > 1",
  ],
  "two lists of values": [
    "select a.x, b.y from (values (1), (2)) a(x), (values (1), (2)) b(y) where a.x > 1",
    "select a.x, b.y from (values (1), (2)) a(x), (values (1), (2)) b(y) where b.y > 1",
  ],
  "rows of a function": ["select i from range(3) r(i)", "select i from range(4) r(i)"],
  "distinct on another order": [
    "select distinct on (customer_id) customer_id, id from raw.orders order by made",
    "select distinct on (customer_id) customer_id, id from raw.orders order by made desc",
  ],
  "a sort of the result": ["select id from raw.orders order by id", "select id from raw.orders order by id desc"],
  "a pivot's values": [
    "pivot (select status, customer_id, amount from raw.orders) on status in ('a', 'b') using sum(amount) group by customer_id",
    "pivot (select status, customer_id, amount from raw.orders) on status in ('a', 'c') using sum(amount) group by customer_id",
  ],
  "an unpivot's columns": [
    "select n, v from (select id, customer_id from raw.orders) unpivot (v for n in (id, customer_id))",
    "select n, v from (select id, customer_id from raw.orders) unpivot (v for n in (customer_id))",
  ],
  "an offset": ["select id from raw.orders order by id limit 3 offset 1", "select id from raw.orders order by id limit 3 offset 2"],
  "a limit in percent": ["select id from raw.orders order by id limit 3", "select id from raw.orders order by id limit 3%"],
  "sides of a positional join": [
    "select a.id as x, b.id as y from raw.orders a positional join raw.customers b",
    "select b.id as x, a.id as y from raw.orders a positional join raw.customers b",
  ],
  "a condition of a left join in where": [
    "select c.id, o.id as o from raw.customers c left join raw.orders o on o.customer_id = c.id and o.amount > 1",
    "select c.id, o.id as o from raw.customers c left join raw.orders o on o.customer_id = c.id where o.amount > 1",
  ],
  "a table": ["select id from raw.orders", "select id from raw.customers"],
  "semi and anti": [
    "select id from raw.orders semi join raw.customers using (id)",
    "select id from raw.orders anti join raw.customers using (id)",
  ],
  "an interval": ["select made + interval 1 day as x from raw.orders", "select made + interval 1 month as x from raw.orders"],
  "case branches": [
    "select case when id > 1 then 'a' else 'b' end as x from raw.orders",
    "select case when id > 1 then 'b' else 'a' end as x from raw.orders",
  ],
};

/** What has no fingerprint. */
const UNKNOWN: Readonly<Record<string, string>> = {
  "what differs at each run": "select id, random() as x from raw.orders",
  "a sample": "select id from raw.orders using sample 10%",
  "a seeded sample": "select id from raw.orders using sample 10% (bernoulli, 42)",
  settings: "select current_setting('threads') as x from raw.orders",
  "rows of the catalogue": "select table_name from duckdb_tables()",
  "a recursion by key": "with recursive r(k, v) using key (k) as (select 1, 1 union select k, v + 1 from r where v < 5) select k, v from r",
};

describe("fingerprints", () => {
  const found = new Map<string, QueryFingerprint | null>();
  beforeAll(async () => {
    const texts = [...new Set([...Object.values(SAME).flat(), ...Object.values(OTHER).flat(), ...Object.values(UNKNOWN)])];
    for (const [index, one] of (await fingerprints(texts)).entries()) found.set(texts[index]!, one);
  });

  it.each(Object.entries(SAME))("are the same: %s", (_what, [a, b]) => {
    expect(found.get(a)).not.toBeNull();
    expect(diffFingerprints(found.get(a)!, found.get(b)!)).toMatchObject({ rows: false, changed: [], added: [], removed: [] });
    expect(isSameResult(diffFingerprints(found.get(a)!, found.get(b)!))).toBe(true);
  });

  it.each(Object.entries(OTHER))("differ: %s", (_what, [a, b]) => {
    expect(isSameResult(diffFingerprints(found.get(a)!, found.get(b)!))).toBe(false);
  });

  it("are there for all but what is not understood", () => {
    const without = Object.entries(OTHER).filter(([, [a, b]]) => found.get(a) === null || found.get(b) === null);
    for (const pair of Object.values(SAME)) for (const sql of pair) expect(found.get(sql)).not.toBeNull();
    expect(without.map(([what]) => what)).toEqual([]);
  });

  it.each(Object.entries(UNKNOWN))("are none: %s", (_what, sql) => {
    expect(found.get(sql)).toBeNull();
  });
});

describe("a difference", () => {
  it("is told in words, with renames, added and removed columns", async () => {
    const [a, b, c, d] = await fingerprints([
      BASE,
      BASE.replace("0.8", "0.75"),
      BASE.replace("> 0", "> 1").replace("AS net", "AS paid"),
      BASE.replace("o.status FROM", "o.currency FROM"),
    ]);
    expect(diffFingerprints(a!, b!)).toEqual({
      rows: false,
      added: [],
      removed: [],
      changed: ["net"],
      renamed: [],
      order: false,
      sort: false,
      because: expect.stringMatching(/^net was "raw\.orders\.amount.*0\.8.*" and is "raw\.orders\.amount.*0\.75.*"$/) as string,
    });
    expect(diffFingerprints(a!, c!)).toMatchObject({
      rows: true,
      changed: [],
      renamed: [{ from: "net", to: "paid" }],
      because: expect.stringMatching(/^"where raw\.orders\.amount > 0" became "where raw\.orders\.amount > 1"$/) as string,
    });
    expect(diffFingerprints(a!, d!)).toMatchObject({ rows: false, added: ["currency"], removed: ["status"], changed: [] });
    expect(diffFingerprints(a!, null)).toMatchObject({ rows: true });
  });

  it("may lie in ties where order, a collation or a limit decides", async () => {
    const texts = [
      "select distinct status from raw.orders",
      "select distinct status collate nocase as status from raw.orders",
      "select id, row_number() over (order by made) as n, rank() over (order by made) as r from raw.orders",
      "select id from raw.orders order by made limit 3",
      "select id, (select max(amount) from raw.payments) as m from raw.orders",
    ];
    const delicate = (await fingerprints(texts)).map((one) => one!.delicate);
    expect(delicate.map(({ rows }) => rows)).toEqual([false, true, false, true, false]);
    expect(delicate.map(({ columns }) => columns)).toEqual([[], [], ["n"], [], []]);
  });

  it("names what is read, by asset and column", async () => {
    const [one] = await fingerprints([
      "select c.country, count(*) as n from raw.orders o join raw.customers c on c.id = o.customer_id group by 1",
    ]);
    expect(one!.reads).toEqual({ "raw.customers": ["country", "id"], "raw.orders": ["customer_id"] });
  });
});

describe("what is known of DuckDB's functions", () => {
  it("names all whose value differs by itself, and no aggregate that is not there", async () => {
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    const namesOf = async (condition: string): Promise<readonly string[]> =>
      (await connection.runAndReadAll(`select distinct function_name from duckdb_functions() where ${condition} order by 1`))
        .getRows()
        .map(([name]) => String(name));
    // `error` gives no value, and stands in the plan of every scalar subquery.
    const unsteady = (await namesOf("function_type = 'scalar' and stability <> 'CONSISTENT'")).filter((name) => name !== "error");
    expect(unsteady.filter((name) => !UNSTEADY_FUNCTIONS.has(name))).toEqual([]);
    const aggregates = new Set(await namesOf("function_type = 'aggregate'"));
    expect([...ORDERLESS_AGGREGATES].filter((name) => !aggregates.has(name))).toEqual([]);
    connection.closeSync();
    instance.closeSync();
  });
});
