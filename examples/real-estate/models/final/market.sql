/*---
description: The market per neighborhood and month - sales, listings, and what was paid of what was asked
materialize: table
key: [neighborhood, month]
checks:
  - unique: [neighborhood, month]
  - range: { column: median_price, min: 10000, max: 10000000 }
---*/
with sold as (
  select neighborhood, date_trunc('month', sold_on)::date as month, count(*) as sales, median(price)::double as median_price
  from clean.sales where price is not null group by all
), listed as (
  select neighborhood, date_trunc('month', listed_on)::date as month, count(*) as listings, median(asking)::double as median_asking,
    round(median(price_to_asking), 4) as price_to_asking
  from final.asking group by all
)
select neighborhood, month, coalesce(sales, 0) as sales, median_price, coalesce(listings, 0) as listings, median_asking, price_to_asking
from sold full join listed using (neighborhood, month)
order by neighborhood, month
