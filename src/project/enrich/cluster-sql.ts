// Pairs become groups: records that are joined by matches, over any number of steps, are one entity, named after its smallest id.
import type { ClusterSpec } from "../../model/definitions/enrich.ts";
import { ident, qualified } from "../../sql/text.ts";
import { nameParts } from "./match-sql.ts";

/** Columns: entity, records (how many it has), and those of the asset. */
export function clusterSql({ pairs, of, id }: ClusterSpec): string {
  return `with recursive _edges as (
  select left_id as a, right_id as b from ${qualified(...nameParts(pairs))} where status = 'match'
  union all select right_id, left_id from ${qualified(...nameParts(pairs))} where status = 'match'
), _labels(_id, _entity) using key (_id) as (
  select ${ident(id)}::varchar, ${ident(id)}::varchar from ${qualified(...nameParts(of))}
  union
  select * from (
    select e.b as _id, min(l._entity) as _entity from _labels l join _edges e on e.a = l._id join recurring._labels known on known._id = e.b
    where l._entity < known._entity group by e.b
  )
)
select l._entity as entity, count(*) over (partition by l._entity) as records, o.*
from ${qualified(...nameParts(of))} o join _labels l on l._id = o.${ident(id)}::varchar
`;
}
