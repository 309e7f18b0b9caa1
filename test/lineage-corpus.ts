// Every kind of SELECT that DuckDB has, over a few small tables: for the oracle of lineage. No expectations here; data decide.
import type { DuckDBConnection } from "@duckdb/node-api";

/** NULLs, duplicates and ties; drawn from DuckDB's hash, so that every machine has the same rows. */
export async function fillCorpusTables(connection: DuckDBConnection): Promise<void> {
  const h = (n: number, salt: number, below: number): string => `(hash(i * ${n} + ${salt}) % ${below})::integer`;
  await connection.run(`
    create table sales as select i as id, case when i % 11 = 0 then null else 's' || ${h(3, 1, 5)} end as shop,
      timestamp '2026-01-01' + to_hours(${h(5, 2, 400)}) as sold, ${h(7, 3, 30)}::decimal(12,2) as price, ${h(9, 9, 4)} as qty,
      [{'sku': 'k' || ${h(11, 4, 6)}, 'n': ${h(13, 5, 4)}}, {'sku': 'k' || ${h(17, 6, 6)}, 'n': ${h(19, 7, 4)}}] as lines,
      [${h(23, 8, 9)}, ${h(29, 8, 9)}] as scores from range(40) t(i);
    create table shops as select 's' || i as shop, 'c' || (i % 3) as city, date '2020-01-01' + ${h(3, 31, 900)} as opened,
      {'name': 'n' || ${h(5, 32, 7)}, 'phone': 'p' || ${h(7, 33, 7)}} as boss, 's' || (i // 2) as parent, i * 10 as lat from range(6) t(i);
    create table rates as select timestamp '2026-01-01' + to_hours(i * 24) as day, (${h(3, 41, 20)} / 10)::double as rate from range(15) t(i);
    create table months as select 's' || i as shop, ${h(3, 51, 9)} as jan, ${h(5, 52, 9)} as feb, ${h(7, 53, 9)} as mar from range(6) t(i);
    create table docs as select i as id, json_object('a', ${h(3, 61, 5)}, 'b', json_array(${h(5, 62, 5)}, ${h(7, 63, 5)})) as body, map {'x': ${h(11, 64, 5)}, 'y': i} as props from range(12) t(i);
  `);
}

export const CORPUS: Readonly<Record<string, string>> = {
  "a star": "from rates",
  "a method chain": "select (shop.upper() || '!').lower() as s from shops",
  "exclude, replace, rename": "select * exclude (lines, scores) replace (price * 2 as price) rename (qty as n) from sales",
  "star like": "select * like '%a%' from months",
  "COLUMNS() in an aggregate": "select max(columns('jan|feb')) from months",
  "COLUMNS() with a lambda": "select columns(lambda c: c like 'm%') + 1 from months",
  "COLUMNS() in a filter": "select shop from months where columns('jan|feb|mar') > 2",
  "unpacked COLUMNS()": "select shop, greatest(*columns('jan|feb|mar')) as best from months",
  "a reused alias": "select price * 2 as twice, twice + 1 as more from sales where twice > 4",
  "a subquery in from": "select x.p from (select price as p, shop from sales where qty > 1) x where x.shop = 's1'",
  "column aliases of a table": "select a, b from rates r(a, b)",
  values: "select v.a, s.price from (values ('x', 1), ('y', 2)) v(a, b) join sales s on s.id = v.b",
  "a table of lists of values from columns": "select s.id, v.x from sales s, lateral (values (s.price), (s.qty)) v(x)",
  "from first": "from sales select shop, price where qty > 1",
  "group by": "select shop, sum(price) as total, count(*) as n from sales group by shop",
  "group by all": "select shop, qty, avg(price) as a from sales group by all",
  "group by position and alias": "select upper(shop) as s, qty, max(price) as m from sales group by 1, qty",
  having: "select shop from sales group by shop having max(price) > 20",
  rollup: "select shop, qty, sum(price) as p, grouping(shop) as g from sales group by rollup (shop, qty)",
  cube: "select shop, qty, count(*) as n from sales group by cube (shop, qty)",
  "grouping sets": "select shop, qty, sum(price) as p from sales group by grouping sets ((shop), (qty), ())",
  "count of a column and of distinct values": "select count(shop) as n, count(distinct qty) as d from sales",
  "a filtered aggregate": "select sum(price) filter (where qty > 1) as a from sales",
  "an ordered aggregate": "select string_agg(shop, ',' order by sold, id) as l, list(id order by price desc, id) as ids from sales",
  "arg_max and first": "select arg_max(shop, price * 100 + id) as top, first(shop order by sold, id) as f from sales",
  "a list in the order of a subquery": "select list(id) as ids from (select id, price from sales order by price, id)",
  "quantiles and mode": "select quantile_cont(price, [0.1, 0.9]) as q, mode(qty) as m, median(price) as d from sales",
  histogram: "select histogram(qty) as h from sales",
  "an aggregate over an aggregate": "select max(t) as m from (select sum(price) as t from sales group by shop)",
  "an aggregate without rows": "select count(*) as n from sales where price > 10",
  "a running sum": "select id, sum(price) over (partition by shop order by sold, id) as running from sales",
  "a frame": "select id, avg(price) over (order by id rows between qty preceding and current row) as a from sales",
  "a range frame": "select id, sum(price) over (order by sold range between interval 3 days preceding and current row) as a from sales",
  "a frame that excludes":
    "select id, sum(price) over (order by id rows between 2 preceding and 2 following exclude current row) as a from sales",
  "a named window":
    "select id, lag(price) over w as before, lead(qty, 1, 0) over w as after from sales window w as (partition by shop order by id)",
  "first_value that ignores nulls": "select id, first_value(shop ignore nulls) over (order by sold, id) as f from sales",
  "a filtered window": "select id, count(*) filter (where qty > 1) over (partition by shop) as n from sales",
  qualify: "select id from sales qualify row_number() over (partition by shop order by sold desc, id) = 1",
  "the order that a window leaves behind":
    "select first(id) as f, max(n) as m from (select id, row_number() over (order by price, id) as n from sales)",
  "the partitions that a window leaves behind":
    "select list(id) as l, max(n) as m from (select id, row_number() over (partition by shop order by id) as n from sales)",
  "a limit above a window": "select id, n from (select id, row_number() over (order by price, id) as n from sales) limit 5",
  "ties of a window in the order of a subquery":
    "select id, row_number() over (order by qty) as n from (select id, qty from sales order by price, id)",
  "ties of an ordered list in the order of a subquery":
    "select list(id order by qty) as l from (select id, qty from sales order by price, id)",
  "row_number in the order of a subquery": "select id, row_number() over () as n from (select id from sales order by price, id)",
  "an inner join": "select s.id, h.city from sales s join shops h using (shop)",
  "a natural join": "select id, city, jan from sales natural join shops natural join months",
  "a left join": "select s.id, h.city from sales s left join shops h on lower(h.shop) = s.shop and h.lat > s.price",
  "a right join": "select s.id, h.city from sales s right join shops h on h.shop = s.shop and s.qty = 2",
  "a full join": "select shop, price, jan from sales full join months using (shop)",
  "a join by inequality": "select a.id, b.rate from sales a join rates b on a.sold < b.day and a.price > b.rate * 10",
  "a join by or": "select a.id from sales a join rates b on a.sold < b.day or a.price > b.rate * 18",
  "a self-join": "select a.shop, b.city as parent_city from shops a join shops b on a.parent = b.shop",
  "a cross join": "select a.shop, b.rate from shops a cross join rates b",
  "a positional join": "select m.shop, r.rate from months m positional join (select rate from rates order by rate, day limit 6) r",
  "a semi join": "select city from shops semi join (select shop from sales where price > 20) using (shop)",
  "an anti join": "select city from shops anti join (select shop from sales where price > 20) using (shop)",
  "an asof join": "select s.id, s.price * r.rate as eur from sales s asof join rates r on s.sold >= r.day",
  "a left asof join": "select s.id, r.rate from sales s asof left join rates r on s.qty = r.rate * 10 and s.sold >= r.day",
  "an asof join by using": "select s.id, r.rate from (select id, sold as day from sales) s asof join rates r using (day)",
  "a lateral join":
    "select h.city, l.price from shops h, lateral (select price from sales s where s.shop = h.shop order by sold desc, id limit 1) l",
  "a left lateral join":
    "select h.city, l.m from shops h left join lateral (select max(price) as m from sales s where s.shop = h.shop) l on true",
  exists: "select city from shops h where exists (select 1 from sales s where s.shop = h.shop and s.price > 20)",
  "not exists": "select city from shops h where not exists (select 1 from sales s where s.shop = h.shop and s.price > 20)",
  "in a subquery": "select id from sales where shop in (select shop from shops where city = 'c1')",
  "not in a subquery": "select id from sales where shop not in (select shop from shops where city = 'c1')",
  "a tuple in a subquery": "select id from sales where (shop, qty) in (select shop, jan % 4 from months)",
  "any and all": "select id from sales where price > all (select rate * 10 from rates) or qty = any (select jan from months)",
  "in as a value": "select id, shop in (select shop from months where jan > 3) as flag from sales",
  "a scalar subquery": "select id, (select max(rate) from rates) as top from sales",
  "a correlated scalar subquery": "select id, (select max(rate) from rates r where r.day <= s.sold) as top from sales s",
  "a correlated subquery in a filter": "select id from sales s where price > (select avg(price) from sales t where t.shop = s.shop)",
  "a twice correlated subquery":
    "select shop, (select count(*) from sales s where s.shop = h.shop and exists (select 1 from months m where m.shop = h.shop and m.jan > s.qty)) as n from shops h",
  "array(subquery)": "select shop, array(select price from sales s where s.shop = h.shop order by id) as prices from shops h",
  union: "select shop from sales union select city from shops",
  "union all": "select shop, id from sales union all select city, lat from shops",
  "union by name": "select shop, id from sales union all by name select city, shop from shops",
  except: "select shop, qty from sales except select shop, jan from months",
  "except all": "select shop from sales except all select shop from months",
  intersect: "select shop, qty from sales intersect select shop, jan % 4 from months",
  "a nested set operation": "(select shop from sales union select shop from shops) except (select shop from months where jan > 4)",
  distinct: "select distinct shop, qty from sales",
  "distinct on": "select distinct on (shop) shop, id from sales order by shop, sold, id",
  "order by and limit": "select id from sales order by price desc, id limit 3",
  "limit with an offset": "select id, shop from sales order by sold, id limit 5 offset 2",
  "a limit in percent": "select id from sales order by price, id limit 20%",
  "a limit from a subquery": "select id from sales order by id limit (select min(jan) + 2 from months)",
  "a limit over computed columns": "select p * 2 as p2 from (select price as p, id from sales order by qty, id limit 7)",
  "a CTE": "with a as (select id as i, price from sales where qty > 0), b as (select i, price + 1 as p from a) select p, i from b",
  "a materialised CTE":
    "with a as materialized (select shop, sum(price) as t from sales group by shop) select x.t, y.t as u from a x join a y using (shop)",
  "a CTE in a CTE":
    "with a as (with b as (select price from sales where qty = 1) select max(price) as m from b) select m, lat from a, shops",
  "a recursive CTE":
    "with recursive up as (select shop, parent, 0 as n from shops union all select u.shop, h.parent, n + 1 from up u join shops h on h.shop = u.parent where n < 3) select * from up",
  "a recursive CTE without repeats":
    "with recursive up(shop, root) as (select shop, parent from shops union select u.shop, h.parent from up u join shops h on h.shop = u.root) select * from up",
  "a recursive CTE with a key":
    "with recursive best(shop, n) using key (shop) as (select shop, jan from months union select b.shop, b.n + m.feb + 1 from best b join months m using (shop) where b.n < 20) select * from best",
  "a recursive CTE whose key decides":
    "with recursive k(a, b) using key (a) as (select qty, id from sales union all select a, b from k where false) select b from k",
  pivot: "pivot (select shop, price, qty from sales) on qty in (1, 2, 3) using sum(price) as p, count(*) as n group by shop",
  "pivot of the standard":
    "select * from (select shop, price, qty from sales) pivot (sum(price) for qty in (1 as one, 2 as two) group by shop)",
  "pivot on two":
    "pivot (select shop, price, qty, id % 2 as odd from sales) on qty in (1, 2), odd in (0, 1) using max(price) group by shop",
  unpivot: "unpivot months on jan, feb into name month value sold",
  "unpivot with nulls": "select * from (select shop, nullif(jan, 3) as jan, feb from months) unpivot include nulls (v for m in (jan, feb))",
  "unpivot by COLUMNS()": "unpivot months on columns(* exclude shop) into name month value v",
  "unpivot of several":
    "select * from (select shop, jan, feb, mar, jan + feb as jf from months) unpivot ((a, b) for m in ((jan, feb) as x, (mar, jf) as y))",
  "unnest in from": "select id, l.sku from sales, unnest(lines) as t(l)",
  "unnest in the list": "select id, unnest(lines) as line from sales",
  "unnest twice": "select id, unnest(scores) as a, unnest(lines).sku as b from sales",
  "a recursive unnest": "select id, unnest(lines, recursive := true) from sales",
  "unnest with its place": "select s.id, u.x, u.i from sales s, unnest(s.scores) with ordinality as u(x, i)",
  "a series per row": "select s.id, g.n from sales s, range(s.qty) as g(n)",
  "a generated series": "select s.id, unnest(generate_series(1, s.qty)) as n from sales s",
  "a list comprehension": "select id, [x.sku for x in lines if x.n > 1] as many from sales",
  "a lambda that captures":
    "select id, list_transform(scores, lambda x: x + qty) as l, list_reduce(scores, lambda a, b: a + b) as r from sales",
  "a slice and an index": "select id, scores[1] as f, scores[1:1] as s, lines[1].sku as k from sales",
  "a field of a struct": "select boss.name as n, boss from shops",
  "a star of a struct": "select boss.* from shops",
  "a struct made and taken apart": "select {'p': price, 's': shop}.p as p from sales",
  "struct functions":
    "select struct_pack(a := price, b := qty) as s, struct_insert(boss, lat := lat) as t from sales join shops using (shop)",
  maps: "select id, props['x'] as x, map_keys(props) as k, map_from_entries([(id, id + 1)]) as m from docs",
  json: "select id, body->>'a' as a, json_extract(body, '$.b[0]')::int as b, body.a as dot from docs",
  json_each: "select d.id, j.key, j.value from docs d, json_each(d.body) j",
  case: "select case when price > 10 then shop when qty = 1 then 'one' else 'none' end as c from sales",
  "if, coalesce, nullif":
    "select if(qty > 1, price, 0) as a, coalesce(shop, 'x') as b, nullif(qty, 2) as c, ifnull(shop, qty::text) as d from sales",
  "between and like": "select id from sales where price between qty and 20 and shop like 's%' and shop ~ '[0-3]'",
  casts: "select id::varchar as a, try_cast(shop as integer) as b, cast(price as double) as c, sold::date as d from sales",
  dates:
    "select date_trunc('day', sold) as d, extract(hour from sold) as h, sold + interval 1 day as n, strftime(sold, '%Y') as y from sales",
  collation: "select shop collate nocase as s from sales order by s",
  "is distinct from":
    "select a.id from sales a join sales b on a.shop is not distinct from b.shop and a.id <> b.id and b.price is distinct from a.price",
  "a row as a value": "select s as whole from (select id, qty from sales) s",
  "a table macro of DuckDB": "select n from query('select id as n from sales where qty > 1')",
  query_table: "select id, price from query_table('sales')",
  "query_table of several": "select shop from query_table(['months', 'shops'], true)",
  "summing a whole row": "select count(s) as n, sum(s.price) as p from sales s",
  "a window in a group": "select shop, sum(sum(price)) over (order by shop) as t from sales group by shop",
  "a group over windows": "select n, count(*) as c from (select ntile(3) over (order by price, id) as n from sales) group by n",
  "an expression of aggregates": "select shop, sum(price) / count(*) + max(qty) as x from sales group by shop",
  "a condition on a group's value in order": "select shop from sales group by shop order by max(price), shop limit 2",
  "order by all": "select shop, qty from sales order by all limit 4",
  "window in order by with a limit": "select id from sales order by row_number() over (order by price, id) limit 5",
  "an empty select": "select 1 as one",
  "a constant beside rows": "select 'x' as x from sales where qty > 2",
  "columns called by numbers": "pivot (select shop, price, qty from sales) on qty in (1, 2) using sum(price) group by shop",
  "positional reference": "select #1 as a, #2 as b from months",
  "a fill of series": "select id, shop from sales tablesample 100%",
  "error() that never fires": "select case when price < 0 then error('no') else id::varchar end as e from sales",
  "variadic functions": "select concat_ws('-', shop, qty, id) as c, greatest(price, qty) as g, hash(shop, qty) as h from sales",
  "a bitwise and a modulo": "select (qty & 3) | 1 as b, id % 5 as m, -price as n, not (qty > 1) as k from sales",
  "a VALUES statement": "values (1, 'a'), (2, 'b')",
  "a table statement": "table rates",
};
