/*---
description: Listings merged with the county's homes, by parcel number where it is right, else by address
materialize: table
checks:
  - unique: [id]
  - acceptedValues: { column: matched_by, values: [parcel, address, nothing] }
  - rule: { name: home_is_known, where: "matched_by <> 'nothing'", severity: warn, tolerate: 20% }
---*/
with written as (
  select *, regexp_extract_all(parcel, '\d+') as part from raw.listings
)
select
  listing.id,
  addresses.normal as address,
  coalesce(parcels.parcel, homes.parcel) as parcel,
  coalesce(parcels.neighborhood, homes.neighborhood) as neighborhood,
  case when parcels.parcel is not null then 'parcel' when homes.parcel is not null then 'address' else 'nothing' end as matched_by,
  listing.listed_on,
  listing.asking_price as asking
from written as listing
join clean.addresses as addresses on addresses.written = listing.address
left join clean.homes as parcels on parcels.parcel = printf('%d-%05d-%04d', part[1]::int, part[2]::int, part[3]::int)
left join clean.homes as homes on homes.address = addresses.normal
