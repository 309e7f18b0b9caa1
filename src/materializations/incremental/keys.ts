// Which rows have keys that changed: conditions over the model's columns, on its query and on its table.
//   K1. A NULL in a column of the key is always meant: a join that found nothing gives it, whatever changed.
//   K2. Few keys are named one by one. DuckDB moves such a condition down to the tables, also below a GROUP BY, where it leaves a join with a list of keys above:
//       1,000 of 20 million groups are made in 0.3 s in place of 5 s.
import { describeRelation } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";
import { ident, literal } from "../../sql/text.ts";

export interface KeyList {
  /** With one row per key. */
  readonly table: string;
  /** Its columns, which are some of the key's. */
  readonly columns: readonly string[];
  /** Per column its values as constants, where they are few. */
  readonly named?: ReadonlyMap<string, readonly string[]>;
}

/** More are looked up in their table: naming costs twice as much for 20,000 as for 1,000. */
const NAMED_MAX = 10_000;
/** Types whose text is exact. */
const NAMEABLE = /^(U?(TINY|SMALL|BIG)INT|U?INTEGER|VARCHAR|DATE|TIMESTAMP)$/;

/** Puts keys into tables of the session, those of the same columns together. `columns`: numbers of columns of the key. */
export async function listKeys(
  session: Session,
  key: readonly string[],
  affected: readonly { readonly columns: readonly number[]; readonly select: string }[],
): Promise<readonly KeyList[]> {
  const selects = new Map<string, { readonly columns: readonly string[]; readonly all: string[] }>();
  for (const { columns, select } of affected) {
    const known = selects.get(columns.join()) ?? { columns: columns.map((number) => key[number]!), all: [] };
    selects.set(columns.join(), known);
    known.all.push(`(${select})`);
  }
  const lists: KeyList[] = [];
  for (const { columns, all } of selects.values()) {
    const table = `temp.main."_millrace_keys_${lists.length}"`;
    const names = columns.map((name) => ident(name)).join(", ");
    await session.run(`create or replace temp table ${table} as select distinct * from (${all.join(" union ")}) k(${names})`);
    lists.push({ table, columns, named: await namedIn(session, table) });
  }
  return lists;
}

async function namedIn(session: Session, table: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const named = new Map<string, readonly string[]>();
  for (const { name, type } of await describeRelation(session, table)) {
    if (!NAMEABLE.test(type)) continue;
    const values = `select distinct ${ident(name)} as v from ${table} where ${ident(name)} is not null limit ${NAMED_MAX + 1}`;
    const rows = await session.rows<{ v: string }>(`select v::varchar as v from (${values})`);
    if (rows.length <= NAMED_MAX)
      named.set(
        name,
        rows.map(({ v }) => `${literal(v)}::${type}`),
      );
  }
  return named;
}

/** Conditions of which a row meets at most one: a column has one of the values, or is NULL. */
export function inKeys(lists: readonly KeyList[]): readonly string[] {
  const [first, ...rest] = lists.map((list) => conditionsOf(list));
  if (first === undefined) return ["false"];
  // DuckDB answers `in` with a join of its own only where no OR is beside it: 20 million rows in 0.1 s in place of 1 s.
  if (rest.length === 0) return [first.some, first.none];
  return [[first, ...rest].map(({ some, none }) => `${some} or ${none}`).join(" or ")];
}

function conditionsOf({ table, columns, named }: KeyList): { readonly some: string; readonly none: string } {
  const names = columns.map((name) => ident(name));
  const among = columns.flatMap((name) => {
    const values = named?.get(name);
    return values === undefined ? [] : [values.length === 0 ? "false" : `${ident(name)} in (${values.join(", ")})`];
  });
  const isNamed = columns.length === 1 && among.length === 1;
  const row = names.length === 1 ? names[0]! : `(${names.join(", ")})`;
  const some = [...among, ...(isNamed ? [] : [`${row} in (select ${names.join(", ")} from ${table})`])];
  return { some: `(${some.join(" and ")})`, none: `(${names.map((name) => `${name} is null`).join(" or ")})` };
}
