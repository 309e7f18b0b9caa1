// A generated project of SQL for benchmarks of the compiler: stars, CTEs, joins, windows, QUALIFY and EXCLUDE; two parents each.
import type { KnownSchema } from "../src/sql/compile/types.ts";
import type { SqlUnit } from "../src/sql/compile/errors.ts";

export const ORDERS = "id BIGINT, customer_id BIGINT, ordered_at TIMESTAMP, status VARCHAR, amount DOUBLE, updated_at TIMESTAMP";
export const CUSTOMERS = "id BIGINT, name VARCHAR, country VARCHAR, created_at TIMESTAMP";

export const ordersSchemas: ReadonlyMap<string, KnownSchema> = new Map([
  ["raw.orders", schema(ORDERS)],
  ["raw.customers", schema(CUSTOMERS)],
]);

function schema(columns: string): KnownSchema {
  return {
    certain: true,
    columns: columns.split(", ").map((column) => ({ name: column.split(" ")[0]!, type: column.split(" ")[1]! })),
  };
}

/** A fifth stages the sources, the others read two models made before them. */
export function ordersProject(models: number): readonly SqlUnit[] {
  let seed = 1;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  return Array.from({ length: models }, (_, n) => {
    if (n < models / 5)
      return unit(
        `m.model_${n}`,
        `-- staging\nwith src as (\n  select * from raw.orders where amount > ${n}\n), c as (select id as cust_id, country from raw.customers)
select src.id, src.customer_id, c.country, src.status, src.amount * ${1 + (n % 7)} as amount, date_trunc('day', src.ordered_at) as day,
  row_number() over (partition by src.customer_id order by src.ordered_at desc) as rn
from src left join c on c.cust_id = src.customer_id\nqualify rn <= 5`,
      );
    return unit(
      `m.model_${n}`,
      `with a as (select * exclude (rn) from m.model_${random(n)}), total as (
  select customer_id, sum(amount) as total, count(*) as n from m.model_${random(n)} group by all\n)
select a.id, a.customer_id, a.country, a.status, a.amount + total.total as amount, a.day,
  row_number() over (partition by a.customer_id order by a.day) as rn
from a join total using (customer_id)\nwhere a.status <> 'x${n}' and total.n > ${n % 9}`,
    );
  });
}

export function unit(id: string, sql: string): SqlUnit {
  return { id, sql, text: sql, sqlOffset: 0, file: `models/${id.replace(".", "/")}.sql` };
}
