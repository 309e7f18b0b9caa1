/*---
description: One row per deed, with the parcel number in one form
materialize: table
key: [deed]
checks:
  - notNull: [deed, parcel, neighborhood, sold_on]
  - unique: [deed]
  - matches: { column: zip, pattern: "^0\\d{4}$" }
columns: { price: "US dollars; null for gifts and formalities below $10,000" }
---*/
select
  sales.deed_no as deed,
  printf('%d-%05d-%04d', district, block, lot) as parcel,
  addresses.normal as address,
  coalesce(neighborhood, neighborhood_name) as neighborhood,     -- the second delivery renamed the column
  zip_code as zip,
  sale_date as sold_on,
  case when sale_price >= 10000 then sale_price end as price
from raw.county_sales as sales
join clean.addresses as addresses on addresses.written = sales.address
