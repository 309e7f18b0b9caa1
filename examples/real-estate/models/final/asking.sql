/*---
description: Each listing of a known home with the next sale of that home
materialize: table
key: [id]
checks:
  - unique: [id]
  - references: { column: parcel, to: clean.homes.parcel }
---*/
select
  listing.id, listing.parcel, listing.neighborhood, listing.listed_on, listing.asking,
  sale.sold_on, sale.price,
  round((sale.price / listing.asking)::double, 6) as price_to_asking
from clean.listings as listing
asof left join (select * from clean.sales where price is not null) as sale
  on sale.parcel = listing.parcel and sale.sold_on >= listing.listed_on
where listing.matched_by <> 'nothing'
