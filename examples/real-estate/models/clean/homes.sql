/*---
description: One row per home that the county knows
materialize: table
checks:
  - unique: [parcel]
  - unique: [address]
---*/
select parcel, arg_max(address, sold_on) as address, arg_max(neighborhood, sold_on) as neighborhood
from clean.sales
group by parcel
