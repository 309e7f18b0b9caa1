// The SQL of an audit: one query that counts every check, one that fetches the rows of those that failed. Text only, nothing is run here.
// Layers of subqueries, each called `t`, so that what a check wrote about `t` holds in all of them:
//   marks: the rows with one column per check (`_millrace_fail_N`) and, where needed, whether the row is looked at (`_millrace_look_N`).
//   Windows stand in the select list of a layer, since an aggregate or a filter may not hold one.
import type { CompiledCheck } from "./check.ts";
import { ident, literal } from "../sql/text.ts";

/** Failing rows that a result shows. */
export const SAMPLE_ROWS_MAX = 5;
export const ROW_ID = "_millrace_row";

export interface AuditedRelation {
  /** Qualified and quoted. */
  readonly relation: string;
  /** A table has row ids; a view has none. */
  readonly rowIds: boolean;
  /** Columns that samples and quarantine show. */
  readonly columns: readonly string[];
}

/** A statement and, for each of its lines, the check that stands there. */
export class AuditSql {
  private readonly lines: string[] = [];
  private readonly owners = new Map<number, CompiledCheck>();

  add(text: string, check?: CompiledCheck): this {
    for (const line of text.split("\n")) {
      this.lines.push(line);
      if (check !== undefined) this.owners.set(this.lines.length, check);
    }
    return this;
  }

  /** Joins items of a list with commas, each on lines of its own. */
  list(items: readonly { readonly text: string; readonly check?: CompiledCheck }[]): this {
    for (const [index, item] of items.entries()) this.add(`${item.text}${index === items.length - 1 ? "" : ","}`, item.check);
    return this;
  }

  get text(): string {
    return this.lines.join("\n");
  }

  /** The check on a line (from 1), as DuckDB's `LINE n:` counts. */
  checkAt(line: number): CompiledCheck | undefined {
    return this.owners.get(line);
  }
}

/** A check with its number among all of the asset: what its columns are named after. */
export interface NumberedCheck {
  readonly number: number;
  readonly check: CompiledCheck;
}

const failColumn = (item: NumberedCheck): string => `t.${failName(item)}`;
const failName = ({ number }: NumberedCheck): string => ident(`_millrace_fail_${number}`);
const lookName = ({ number }: NumberedCheck): string => ident(`_millrace_look_${number}`);

/** True for the rows that a check looks at; `true` when it looks at all. */
const lookColumn = (item: NumberedCheck): string => (item.check.where === null ? "true" : `t.${lookName(item)}`);

const isDuplicates = ({ check }: NumberedCheck): boolean => check.test.kind === "duplicates";
const isRow = ({ check }: NumberedCheck): boolean => check.test.kind === "row";

/** Rows of the relation with the marks of the row checks; duplicates are marked in layers above. */
function markRows(sql: AuditSql, source: AuditedRelation, checks: readonly NumberedCheck[]): AuditSql {
  const items = [
    { text: `t.*${source.rowIds ? `, t.rowid as ${ROW_ID}` : ""}` },
    ...checks
      .filter(({ check }) => check.where !== null)
      .map((item) => ({ text: `coalesce((\n${item.check.where}\n), false) as ${lookName(item)}`, check: item.check })),
    ...checks.filter(isRow).map((item) => ({ text: `${rowMark(item.check)} as ${failName(item)}`, check: item.check })),
  ];
  return sql.add("(select").list(items).add(`from ${source.relation} as t) as t`);
}

/** The CASE keeps a condition away from rows that `where` leaves out: it may be an error for them. */
function rowMark(check: CompiledCheck): string {
  if (check.test.kind !== "row") throw new Error("not a row check");
  const bad = `coalesce((${check.test.bad}), false)`;
  return check.where === null ? bad : `case when (\n${check.where}\n) then ${bad} else false end`;
}

function duplicateKeys(check: CompiledCheck): readonly string[] {
  if (check.test.kind !== "duplicates") throw new Error("not a check of duplicates");
  return check.test.of;
}

/** The rows that a check of duplicates compares: those it looks at, unless all their keys are NULL. */
function comparable(item: NumberedCheck): string {
  const keys = duplicateKeys(item.check);
  return `(${lookColumn(item)} and not (${keys.map((key) => `${key} is null`).join(" and ")}))`;
}

function duplicateMark(item: NumberedCheck, except: string): string {
  const looked = except === "" ? comparable(item) : `(${comparable(item)} and not ${except})`;
  // DuckDB turns a bare count over a partition into a join of the table with itself, which scans it twice; one with an order it does not.
  const whole = "order by 1 rows between unbounded preceding and unbounded following";
  return `${looked} and count(*) over (partition by ${looked}, ${duplicateKeys(item.check).join(", ")} ${whole}) > 1 as ${failName(item)}`;
}

/** A layer that adds the marks of duplicates. `except`: rows that are set aside already do not count. */
function markDuplicates(inner: (sql: AuditSql) => AuditSql, checks: readonly NumberedCheck[], except: string): (sql: AuditSql) => AuditSql {
  if (checks.length === 0) return inner;
  return (sql) => {
    sql.add("(select").list([{ text: "t.*" }, ...checks.map((item) => ({ text: duplicateMark(item, except), check: item.check }))]);
    sql.add("from");
    return inner(sql).add(") as t");
  };
}

/** Column of the answer of `countingSql` and `samplingSql`. */
export const failingOf = ({ number }: NumberedCheck): string => `failing_${number}`;
export const lookedOf = ({ number }: NumberedCheck): string => `looked_${number}`;
export const sampleOf = ({ number }: NumberedCheck): string => `sample_${number}`;
export const foundOf = ({ number }: NumberedCheck): string => `found_${number}`;

/**
 * Scan one: counts everything. For duplicates a bound that is 0 when there are none (a hash may only make it too high), which costs less than
 * marking them; but exactly where the number decides whether rows leave.
 */
export function countingSql(source: AuditedRelation, checks: readonly NumberedCheck[]): AuditSql {
  const exact = checks.filter((item) => isDuplicates(item) && item.check.onFail === "quarantine" && !isStrict(item.check));
  const items = checks.flatMap((item) => counters(item, exact));
  const sql = new AuditSql().add("select").list([{ text: "count(*) as rows" }, ...items]);
  return markDuplicates((inner) => markRows(inner, source, checks), exact, "")(sql.add("from"));
}

/** Is no failing row accepted? */
function isStrict({ tolerate }: CompiledCheck): boolean {
  return "rows" in tolerate ? tolerate.rows === 0 : tolerate.share === 0;
}

/** How many rows a check looks at, where that is not all of them. */
function lookCounter(item: NumberedCheck): { readonly text: string; readonly check: CompiledCheck }[] {
  return item.check.where === null ? [] : [{ text: `count_if(${lookColumn(item)}) as ${lookedOf(item)}`, check: item.check }];
}

/** `marked`: checks of duplicates whose rows are marked, so that they can be counted like any others. */
function counters(item: NumberedCheck, marked: readonly NumberedCheck[]): { readonly text: string; readonly check: CompiledCheck }[] {
  const { check } = item;
  const looked = lookCounter(item);
  switch (check.test.kind) {
    case "row":
      return [...looked, { text: `count_if(${failColumn(item)}) as ${failingOf(item)}`, check }];
    case "duplicates": {
      if (marked.includes(item)) return [...looked, { text: `count_if(${failColumn(item)}) as ${failingOf(item)}`, check }];
      const keys = duplicateKeys(check);
      const key = keys.length === 1 ? keys[0]! : `hash(${keys.join(", ")})`;
      const surplus = `count_if(${comparable(item)}) - count(distinct ${key}) filter (where ${comparable(item)})`;
      return [...looked, { text: `${surplus} as ${failingOf(item)}`, check }];
    }
    case "count":
      return looked;
    case "aggregate":
      return [
        ...looked,
        { text: `${check.test.failing} as ${failingOf(item)}`, check },
        { text: `${check.test.found} as ${foundOf(item)}`, check },
      ];
    case "query":
      return [];
    default:
      return check.test satisfies never;
  }
}

/** Everything in one pass, exact, samples included: for a view, whose query should run once only. */
export function onePassSql(source: AuditedRelation, checks: readonly NumberedCheck[]): AuditSql {
  const duplicates = checks.filter(isDuplicates);
  const items = checks.flatMap((item) => [
    ...counters(item, duplicates),
    ...(isDuplicates(item) || isRow(item) ? [{ text: sampler(source, item), check: item.check }] : []),
  ]);
  const sql = new AuditSql()
    .add("select")
    .list([{ text: "count(*) as rows" }, ...items])
    .add("from");
  return markDuplicates((inner) => markRows(inner, source, checks), duplicates, "")(sql);
}

/** Scan two when no row is set aside: exact counts and the first failing rows of the checks that failed. */
export function samplingSql(source: AuditedRelation, failed: readonly NumberedCheck[]): AuditSql {
  const items = failed.flatMap((item) => [
    { text: `count_if(${failColumn(item)}) as ${failingOf(item)}`, check: item.check },
    { text: sampler(source, item), check: item.check },
  ]);
  const sql = new AuditSql().add("select").list(items).add("from");
  return markDuplicates((inner) => markRows(inner, source, failed), failed.filter(isDuplicates), "")(sql);
}

function sampler(source: AuditedRelation, item: NumberedCheck): string {
  const order = source.rowIds ? `t.${ROW_ID}` : "0";
  return `arg_min(${rowStruct(source)}, ${order}, ${SAMPLE_ROWS_MAX}) filter (where ${failColumn(item)}) as ${sampleOf(item)}`;
}

/** A row as one value. */
function rowStruct({ columns }: AuditedRelation): string {
  return `struct_pack(${columns.map((name) => `${ident(name)} := t.${ident(name)}`).join(", ")})`;
}

export interface FetchRequest {
  readonly source: AuditedRelation;
  /** Checks whose failing rows leave the table. */
  readonly quarantining: readonly NumberedCheck[];
  /** The other checks that failed. */
  readonly others: readonly NumberedCheck[];
  /** Checks that count the rows left, to be told which of the rows set aside they had looked at. */
  readonly counting: readonly NumberedCheck[];
  /** Extra columns, already written as `expression as name`. */
  readonly extra: readonly string[];
}

/**
 * Scan two when rows are set aside: all of those, and of every combination of other failures the first few.
 * Columns: ROW_ID, `fail_N`, `look_N`, `weight` (failing rows that this one stands for), `row`, and the extra ones.
 */
export function fetchingSql(request: FetchRequest): AuditSql {
  const { source, quarantining, others, counting, extra } = request;
  const rowMarks = quarantining.filter(isRow);
  const first = rowMarks.length === 0 ? "" : `(${rowMarks.map(failColumn).join(" or ")})`;
  const aside = `(${quarantining.map(failColumn).join(" or ")})`;
  const marked = markDuplicates(
    markDuplicates((sql) => markRows(sql, source, [...quarantining, ...others, ...counting]), quarantining.filter(isDuplicates), first),
    others.filter(isDuplicates),
    aside,
  );
  const flags = [
    ...quarantining.map((item) => ({ name: fetchedFail(item), sql: failColumn(item) })),
    ...others.map((item) => ({ name: fetchedFail(item), sql: `(${failColumn(item)} and not ${aside})` })),
  ];
  const combination = flags.map((flag) => flag.sql).join(", ");
  const place = `row_number() over (partition by ${combination} order by t.${ROW_ID})`;
  const sql = new AuditSql().add("select").list([
    { text: `t.${ROW_ID}` },
    ...flags.map((flag) => ({ text: `${flag.sql} as ${flag.name}` })),
    ...counting.map((item) => ({ text: `${lookColumn(item)} as ${fetchedLook(item)}` })),
    // Rows that leave are all here and count one each; for the others the first of a combination stands for all of it.
    { text: `case when ${aside} then 1 when ${place} = 1 then count(*) over (partition by ${combination}) else 0 end as weight` },
    { text: `${rowStruct(source)} as row` },
    ...extra.map((text) => ({ text })),
  ]);
  marked(sql.add("from"));
  sql.add(`where ${flags.map((flag) => flag.sql).join(" or ")}`);
  return sql.add(`qualify ${aside} or ${place} <= ${SAMPLE_ROWS_MAX}`);
}

export const fetchedFail = ({ number }: NumberedCheck): string => `fail_${number}`;
export const fetchedLook = ({ number }: NumberedCheck): string => `look_${number}`;

/** Name of the first check that a fetched row breaks, and a sentence with all of them. */
export function ruleAndReason(quarantining: readonly NumberedCheck[]): { readonly rule: string; readonly reason: string } {
  const when = quarantining.map((item) => `when f.${fetchedFail(item)} then ${literal(item.check.name)}`).join(" ");
  const said = quarantining.map((item) => `case when f.${fetchedFail(item)} then ${literal(`breaks ${item.check.name}`)} end`).join(", ");
  return { rule: `case ${when} end`, reason: `concat_ws('; ', ${said})` };
}
