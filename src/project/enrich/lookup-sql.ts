// Columns of a reference beside an asset's own. A reference that has a key twice is an error at the first row that asks for it: rows never double.
import type { LookupSpec } from "../../model/definitions/enrich.ts";
import { ident, literal, qualified, value } from "../../sql/text.ts";
import { nameParts } from "./match-sql.ts";

export function lookupSql({ from, in: reference, on, columns, validAt, defaults = {}, found }: LookupSpec): string {
  const keys = Object.entries(on);
  const named = Object.entries(columns);
  const keyed = keys.map(([, column], index) => `${ident(column)} as _k${index}`);
  const values = named.map(([, column], index) => `any_value(${ident(column)}) as _v${index}`);
  const validity = validAt === undefined ? [] : ["valid_from as _from", "valid_to as _to"];
  const grouped = [...keys.map((_, index) => `_k${index}`), ...(validAt === undefined ? [] : ["_from", "_to"])];
  const join = keys.map(([column], index) => `f.${ident(column)} = r._k${index}`);
  if (validAt !== undefined) join.push(`f.${ident(validAt)} >= r._from`);
  // Of the rows of a key the one that began last before the moment; whether it still held is asked behind it.
  const isThere = validAt === undefined ? "r._n is not null" : `(r._n is not null and (r._to is null or f.${ident(validAt)} < r._to))`;
  const twice = `error(${literal(`${reference} has a key twice: `)} || concat_ws(', ', ${keys.map((_, index) => `r._k${index}`).join(", ")}))`;
  const selected = named.map(([name], index) => {
    const read = `case when r._n > 1 then ${twice} else r._v${index} end`;
    return `case when ${isThere} then ${read}${defaults[name] === undefined ? "" : ` else ${value(defaults[name])}`} end as ${ident(name)}`;
  });
  if (found !== undefined) selected.push(`${isThere} as ${ident(found)}`);
  return `select f.*, ${selected.join(", ")}
from ${qualified(...nameParts(from))} f ${validAt === undefined ? "" : "asof "}left join (
  select ${[...keyed, ...validity, ...values].join(", ")}, count(*) as _n from ${qualified(...nameParts(reference))} group by ${grouped.join(", ")}
) r on ${join.join(" and ")}
`;
}
