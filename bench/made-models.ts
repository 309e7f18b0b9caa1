// A made project of models for benchmarks, in any tool's words: a fifth reads a source, the others join two earlier ones with QUALIFY, EXCLUDE or a CTE.

export interface MadeModel {
  /** `m12`; without its schema. */
  readonly name: string;
  /** SQL with the name of each table it reads as `refer` writes it. */
  sql(refer: (table: string) => string): string;
}

export const SOURCES = 10;
export const ROWS_PER_SOURCE = 200;
const STAGING_SHARE = 0.2;

/** Rows of `s0` … `s9` as CSV. */
export function madeRows(source: number): string {
  const rows = Array.from(
    { length: ROWS_PER_SOURCE },
    (_, id) => `${id},${(id * 7 + source) % 20},${(id * 31) % 997},2026-01-${String((id % 28) + 1).padStart(2, "0")}`,
  );
  return `id,k,v,d\n${rows.join("\n")}\n`;
}

/** The same models each time. Every one has the columns id, k, v, d. */
export function madeModels(count: number): readonly MadeModel[] {
  const staging = Math.max(SOURCES, Math.floor(count * STAGING_SHARE));
  return Array.from({ length: count }, (_, at) => {
    const name = `m${at}`;
    if (at < staging)
      return { name, sql: (refer) => `select id, k, v + ${at % 7} as v, d from ${refer(`s${at % SOURCES}`)} where v > ${at % 50}` };
    // Parents from anywhere before, so that the graph is some ten levels deep.
    const a = `m${(at * 7_919) % at}`;
    const b = `m${(at * 104_729 + 13) % at}`;
    return { name, sql: (refer) => joined(at, refer(a), refer(b)) };
  });
}

function joined(at: number, a: string, b: string): string {
  switch (at % 3) {
    case 0:
      return `select a.id, a.k, a.v + coalesce(b.v, 0) as v, a.d\nfrom ${a} as a left join ${b} as b on a.id = b.id\nqualify row_number() over (partition by a.id order by b.v, a.v) = 1`;
    case 1:
      return `select * exclude (w, v), v + w as v\nfrom (select a.id, a.k, a.v, a.d, b.k as w from ${a} as a join ${b} as b on a.id = b.id)`;
    default:
      return `with totals as (select k, max(v) as most from ${b} group by k)\nselect a.id, a.k, case when a.v > t.most then a.v else t.most end as v, a.d\nfrom ${a} as a join totals as t on t.k = a.k`;
  }
}
