// Which rows of its inputs an interval, or a key, of a model depends on: DuckDB itself says it. The query is planned with a filter on the model's column, over
// empty tables of the same columns, and where the optimizer has moved that filter down to a table, no other row of that table can matter to what passes it.
// A table that it does not reach, but that is joined with one that it does, matters only in the rows that meet a row of that one.
//   L1. What the plan does not say is not assumed: a table that the filter does not reach may change any row, and the reader of this says so.
//   L2. Several intervals may be made by one statement when, for rows of one of them, the plan does not depend on where the statement begins and ends.
import type { IntervalUnit } from "../../model/incremental.ts";
import { parametersOf } from "../../sql/syntax/copy.ts";
import { ident } from "../../sql/text.ts";
import type { Question } from "./catalogue.ts";
import { fitsInto, momentMs, type TableExpression } from "./plan-expressions.ts";
import type { Condition, QueryPlan, Scan } from "./plan-tree.ts";
import { planOf } from "./planning.ts";

/** An expression over the columns of one table that tells the interval of its rows. */
export interface TimeRead {
  readonly sql: string;
  /** DATE, TIMESTAMP, TIMESTAMP WITH TIME ZONE. */
  readonly type: string;
  /** The query also takes the first moment after an interval. */
  readonly takesEnd: boolean;
}

/** Expressions over the columns of one table for columns of the key, by their numbers. */
export type KeyRead = ReadonlyMap<number, string>;

/** What rows of a table read in another, or, where it is read twice, also in itself. */
export interface ReadThrough<Read> {
  readonly read: Read;
  /** The other table, and what is equal, or NULL in both, in rows that meet: of the other, and of this. Null: `read` is of this. */
  readonly through: { readonly asset: string; readonly theirs: string; readonly own: string } | null;
}

export interface Reading<Read> {
  /** Tables that are read in the end; null: any row may matter. A table that is read twice has two. */
  readonly tables: ReadonlyMap<string, readonly Read[] | null>;
  /** Of tables that have null there: those of which another tells what a row matters to. */
  readonly met: ReadonlyMap<string, readonly ReadThrough<Read>[]>;
  /** Why nothing is known; rows may come from elsewhere than assets (a file that the SQL reads itself). */
  readonly unknown: string | null;
  /** What is elsewhere may change although no asset did. */
  readonly isElsewhere: boolean;
}

export interface TimeReading extends Reading<TimeRead> {
  /** L2. */
  readonly isJoinable: boolean;
  /** What the model's column is cut to, where that is more than an interval. */
  readonly coarser: string | null;
  /** The filter on `$start` leaves out the first moment of every interval. */
  readonly leavesStart: boolean;
}

interface Bounds {
  readonly start: string;
  readonly end: string;
}

/** Bounds of an interval, and of a statement around it, that no query writes. */
const INNER: Bounds = { start: "1987-06-15", end: "1987-07-13" };
const WHOLE: Bounds = { start: "1903-03-02", end: "2197-11-20" };
/** Others, with another year, month and day of the week: what depends on them comes out differently. */
const OTHER: Bounds = { start: "1905-08-21", end: "2193-02-07" };

const NOTHING = {
  tables: new Map<string, null>(),
  met: new Map<string, never[]>(),
  isElsewhere: false,
  isJoinable: false,
  coarser: null,
  leavesStart: false,
} as const;

/** What of the inputs the intervals of column `by` read. */
export async function readByTime(question: Question, by: string, unit: IntervalUnit): Promise<TimeReading> {
  const type = question.columns.find(({ name }) => name.toLowerCase() === by.toLowerCase())?.type ?? "TIMESTAMP";
  const condition = `${ident(by)} >= ${constant(INNER.start, type)} and ${ident(by)} < ${constant(INNER.end, type)}`;
  const plan = await planOf(question, bound(WHOLE), condition);
  if (typeof plan === "string") return { ...NOTHING, unknown: plan };
  if (plan.isEmpty) return readByParameters(question);
  let coarser: string | null = null;
  for (const { conditions } of plan.scans)
    for (const { expression } of between(conditions, INNER)) if (!fitsInto(expression.grain, unit)) coarser ??= expression.grain;
  const told = toldIn(plan, ({ conditions }) => {
    const inner = between(conditions, INNER)[0];
    return timeRead(inner === undefined ? between(conditions, WHOLE)[0] : { ...inner, takesEnd: false });
  });
  const joining = await joinableOf(question, { plan, condition, unit });
  return { ...told, unknown: plan.elsewhere, isElsewhere: plan.elsewhere !== null, coarser, ...joining };
}

interface Joining {
  readonly plan: QueryPlan;
  readonly condition: string;
  readonly unit: IntervalUnit;
}

/** L2: the plan is the same wherever the statement begins and ends around an interval, also where it is the interval itself. */
async function joinableOf(
  question: Question,
  { plan, condition, unit }: Joining,
): Promise<Pick<TimeReading, "isJoinable" | "leavesStart">> {
  if (!parametersOf(question.unit.sql).some((name) => name === "start" || name === "end")) return { isJoinable: true, leavesStart: false };
  const bare = await planOf(question, bound(WHOLE), null);
  const leavesStart =
    typeof bare !== "string" && bare.scans.some(({ conditions }) => between(conditions, WHOLE).some(({ takesStart }) => !takesStart));
  const said = withoutBounds(plan.root, accountedIn(plan.scans, WHOLE, unit));
  const other = await planOf(question, bound(OTHER), condition);
  if (typeof other === "string" || withoutBounds(other.root, accountedIn(other.scans, OTHER, unit)) !== said)
    return { isJoinable: false, leavesStart };
  const itself = await planOf(question, bound(INNER), condition);
  const isJoinable = typeof itself !== "string" && withoutBounds(itself.root, accountedAgain(itself.scans, plan.scans, unit)) === said;
  return { isJoinable, leavesStart };
}

/** Where the model's column is one of its parameters, a filter on it leaves nothing: then only what the parameters say is seen. */
async function readByParameters(question: Question): Promise<TimeReading> {
  const plan = await planOf(question, bound(WHOLE), null);
  if (typeof plan === "string") return { ...NOTHING, unknown: plan };
  if (plan.isEmpty) return { ...NOTHING, unknown: "DuckDB finds that it can give no row" };
  const told = toldIn(plan, ({ conditions }) => timeRead(between(conditions, WHOLE)[0]));
  return { ...NOTHING, ...told, unknown: plan.elsewhere, isElsewhere: plan.elsewhere !== null };
}

function timeRead(found: Between | undefined): TimeRead | undefined {
  return found === undefined ? undefined : { sql: found.expression.sql, type: found.type, takesEnd: found.takesEnd };
}

/** What of each table is read, by what a scan tells of itself. */
function toldIn<Read>({ scans }: QueryPlan, tell: (scan: Scan) => Read | undefined): Pick<Reading<Read>, "tables" | "met"> {
  const reads = new Map<string, (ReadThrough<Read> | null)[]>();
  for (const scan of scans) {
    const own = tell(scan);
    const known = reads.get(scan.table) ?? [];
    reads.set(scan.table, [...known, own === undefined ? throughAnother(scan, tell) : { read: own, through: null }]);
  }
  const tables = new Map<string, readonly Read[] | null>();
  const met = new Map<string, readonly ReadThrough<Read>[]>();
  for (const [table, found] of reads) {
    const known = found.filter((each) => each !== null);
    const isOwn = known.length === found.length && known.every(({ through }) => through === null);
    tables.set(table, isOwn ? known.map(({ read }) => read) : null);
    if (!isOwn && known.length === found.length) met.set(table, known);
  }
  return { tables, met };
}

function throughAnother<Read>({ joins }: Scan, tell: (scan: Scan) => Read | undefined): ReadThrough<Read> | null {
  for (const { scan, own, theirs } of joins) {
    const read = tell(scan);
    if (read !== undefined) return { read, through: { asset: scan.table, theirs: theirs.sql, own: own.sql } };
  }
  return null;
}

/** What of the inputs rows of one key read, for the first of some choices of its columns under which every table in `needed` is told apart. */
export async function readByKey(question: Question, key: readonly string[], needed: readonly string[]): Promise<Reading<KeyRead>> {
  const marks = key.flatMap((name, index) => {
    const mark = markOf(question.columns.find((column) => column.name.toLowerCase() === name.toLowerCase())?.type ?? "", index);
    return mark === null ? [] : [{ index, name, mark }];
  });
  const choices = marks.length > 1 ? [marks, ...marks.map((each) => [each])] : [marks];
  let last: Reading<KeyRead> = { ...NOTHING, unknown: "no column of its key can be looked for" };
  for (const choice of choices) {
    if (choice.length === 0) continue;
    const plan = await planOf(question, bound(WHOLE), choice.map(({ name, mark }) => `${ident(name)} = ${mark.sql}`).join(" and "));
    if (typeof plan === "string") return { ...NOTHING, unknown: plan };
    if (plan.isEmpty) continue;
    const told = toldIn<KeyRead>(plan, ({ conditions }) => {
      const found = choice.flatMap(({ index, mark }) => {
        const equal = conditions.find(({ sign, constant: { value } }) => sign === "=" && value === mark.value);
        return equal === undefined ? [] : [[index, equal.expression.sql] as const];
      });
      return found.length === 0 ? undefined : new Map(found);
    });
    last = { ...told, unknown: plan.elsewhere, isElsewhere: plan.elsewhere !== null };
    if (needed.every((table) => told.tables.get(table) !== null || told.met.has(table))) return last;
  }
  return last;
}

interface Between {
  readonly expression: TableExpression;
  readonly type: string;
  readonly takesEnd: boolean;
  readonly takesStart: boolean;
  readonly conditions: readonly Condition[];
}

/** Expressions that the plan holds between two moments. */
function between(conditions: readonly Condition[], { start, end }: Bounds): readonly Between[] {
  const [startMs, endMs] = [Date.parse(start), Date.parse(end)];
  const lower = conditions.filter(({ sign, constant: moment }) => sign.startsWith(">") && momentMs(moment) === startMs);
  return lower.flatMap((from) => {
    const to = conditions.find(
      ({ sign, constant: moment, expression }) =>
        sign.startsWith("<") && momentMs(moment) === endMs && expression.sql === from.expression.sql,
    );
    if (to === undefined) return [];
    return [
      {
        expression: from.expression,
        type: from.constant.type,
        takesEnd: to.sign === "<=",
        takesStart: from.sign === ">=",
        conditions: [from, to],
      },
    ];
  });
}

/** L2: conditions on the statement's bounds that every row of an interval within them meets anyhow. */
function accountedIn(scans: readonly Pick<Scan, "conditions">[], bounds: Bounds, unit: IntervalUnit): ReadonlySet<unknown> {
  const accounted = new Set<unknown>();
  for (const { conditions } of scans) {
    const inner = between(conditions, INNER).filter(({ expression }) => fitsInto(expression.grain, unit));
    for (const outer of between(conditions, bounds)) {
      const isMet =
        outer.takesStart &&
        fitsInto(outer.expression.grain, unit) &&
        inner.some(({ expression }) => expression.base === outer.expression.base);
      if (isMet) for (const { said } of outer.conditions) accounted.add(said);
    }
  }
  return accounted;
}

/** Fields that differ from plan to plan and say nothing. */
const UNTOLD = new Set(["query_location", "catalog"]);

/** The same conditions where the statement's bounds are those of the interval: what is not said of the interval itself. */
function accountedAgain(scans: readonly Scan[], whole: readonly Scan[], unit: IntervalUnit): ReadonlySet<unknown> {
  const accounted = new Set<unknown>();
  for (const [index, { conditions }] of scans.entries()) {
    const before = whole[index]?.conditions ?? [];
    const met = accountedIn([{ conditions: before }], WHOLE, unit);
    const names = new Set(
      between(before, WHOLE).flatMap((each) => (each.conditions.every(({ said }) => met.has(said)) ? [each.expression.sql] : [])),
    );
    for (const each of between(conditions, INNER))
      if (names.has(each.expression.sql)) for (const { said } of each.conditions) accounted.add(said);
  }
  return accounted;
}

function withoutBounds(root: unknown, accounted: ReadonlySet<unknown>): string {
  return JSON.stringify(root, (name, value: unknown) => (UNTOLD.has(name) ? undefined : accounted.has(value) ? "met" : value));
}

function bound({ start, end }: Bounds): Readonly<Record<string, unknown>> {
  return { start: new Date(start), end: new Date(end) };
}

function constant(moment: string, type: string): string {
  if (type === "DATE") return `DATE '${moment}'`;
  return type === "TIMESTAMP WITH TIME ZONE" ? `TIMESTAMPTZ '${moment} 00:00:00+00'` : `TIMESTAMP '${moment} 00:00:00'`;
}

const DAY_MS = 86_400_000;

/** A value of a column's type that no query writes: as SQL, and as a plan shows it. */
function markOf(type: string, index: number): { readonly sql: string; readonly value: unknown } | null {
  const whole = (value: number): { sql: string; value: number } => ({ sql: `${value}::${type}`, value });
  switch (type) {
    case "TINYINT":
    case "UTINYINT":
      return whole(97 + index);
    case "SMALLINT":
    case "USMALLINT":
      return whole(21_317 + index);
    case "INTEGER":
    case "UINTEGER":
    case "BIGINT":
    case "UBIGINT":
      return whole(1_131_719_000 + index);
    case "VARCHAR":
      return { sql: `'~key ${index} of 1131719'`, value: `~key ${index} of 1131719` };
    case "DATE":
      return { sql: `DATE '1987-06-${10 + index}'`, value: Date.parse(`1987-06-${10 + index}`) / DAY_MS };
    case "TIMESTAMP":
      return { sql: `TIMESTAMP '1987-06-${10 + index} 01:02:03'`, value: Date.parse(`1987-06-${10 + index}T01:02:03Z`) * 1_000 };
    default:
      return null;
  }
}
