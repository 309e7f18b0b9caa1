// The rows of some intervals, keys, or of everything, made by the user's query in tables of the session.
import { CLOSED_COLUMN, type Incremental } from "../../model/incremental.ts";
import { MillraceError } from "../../model/errors.ts";
import type { SqlUnit } from "../../sql/compile/errors.ts";
import { describeRelation, HIDDEN_COLUMNS } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";
import { literal } from "../../sql/text.ts";
import { createTableAs } from "../statement.ts";
import { columnOf, inRanges, timeColumn } from "./apply.ts";
import { batches, type Range } from "./intervals.ts";
import { withoutEnd } from "./catalogue.ts";

export type Columns = readonly { readonly name: string; readonly type: string }[];

export interface Making {
  readonly unit: SqlUnit;
  readonly how: Incremental;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** Before and after all moments that a filter may compare with. */
const ALWAYS = { start: new Date("0001-01-01T00:00:00Z"), end: new Date("9999-12-31T00:00:00Z") };
const SHAPE = 'temp.main."_millrace_increment_shape"';
const NEXT = 'temp.main."_millrace_increment_next"';

/** Names and types of what the query gives. @throws MR4604, MR4616 */
export async function columnsOf(session: Session, { unit, how, parameters }: Making): Promise<Columns> {
  await createTableAs(session, SHAPE, unit, { ...parameters, ...ALWAYS }, around(unit, "limit 0"));
  const columns = await describeRelation(session, SHAPE);
  await session.run(`drop table ${SHAPE}`);
  if (how.mode === "time") timeColumn(unit.id, columns, how);
  const own: readonly string[] = how.deletes === "close" && how.mode === "merge" ? [...HIDDEN_COLUMNS, CLOSED_COLUMN] : HIDDEN_COLUMNS;
  const clash = columns.find(({ name }) => own.includes(name.toLowerCase()));
  if (clash === undefined) return columns;
  throw new MillraceError({ code: "MR4616", message: `${unit.id}: ${clash.name} is a column of Millrace's own; give it another name` });
}

/** The columns that tell where a row came from, behind those of the query. */
export function origin(load: string): string {
  return `${literal(load)} as _load, null::varchar as _file, null::bigint as _line`;
}

export interface MakeRequest extends Making {
  /** A temporary table, made anew, or one that is not there yet. */
  readonly table: string;
  readonly columns: Columns;
  /** Columns behind those of the query. */
  readonly behind?: string;
  /** Rows of the query that are wanted, by conditions of which a row meets at most one; null: all. */
  readonly where: readonly string[] | null;
  /** Where $start is; null: before everything. */
  readonly sinceMs?: number | null;
}

/** The query's rows, as far as they are wanted. */
export async function makeRows(session: Session, { unit, parameters, table, where, sinceMs, behind }: MakeRequest): Promise<void> {
  const given = { ...parameters, ...ALWAYS, ...(sinceMs == null ? {} : { start: new Date(sinceMs) }) };
  if (where === null)
    return void (await createTableAs(session, table, unit, given, behind === undefined ? undefined : around(unit, "", selectWith(behind))));
  for (const [index, condition] of where.entries()) {
    await createTableAs(session, index === 0 ? table : NEXT, unit, given, around(unit, `where ${condition}`, selectWith(behind)));
    if (index > 0) await session.run(`insert into ${table} by name select * from ${NEXT}`);
  }
  if (where.length > 1) await session.run(`drop table ${NEXT}`);
}

function selectWith(behind: string | undefined): string {
  return behind === undefined ? "*" : `*, ${behind}`;
}

export interface IntervalsRequest extends Omit<MakeRequest, "where" | "sinceMs"> {
  readonly ranges: readonly Range[];
  readonly isJoinable: boolean;
}

/** The rows of intervals: by as few statements as may make them. */
export async function makeIntervals(session: Session, request: IntervalsRequest): Promise<void> {
  const { unit, how, parameters, table, columns, ranges, isJoinable, behind } = request;
  const column = columnOf(unit.id, columns, how.by[0]!);
  const pieces = batches(how.unit, ranges, isJoinable ? (how.batch ?? Number.POSITIVE_INFINITY) : 1);
  const make = (into: string, { startMs, endMs }: Range): Promise<number> => {
    const bounds = { start: new Date(startMs), end: new Date(endMs) };
    const mine = `where ${inRanges(unit.id, column, [{ startMs, endMs }])}`;
    return createTableAs(session, into, unit, { ...parameters, ...bounds }, around(unit, mine, selectWith(behind)));
  };
  const [first = { startMs: 0, endMs: 0 }, ...rest] = pieces;
  await make(table, first);
  for (const piece of rest) {
    await make(NEXT, piece);
    await session.run(`insert into ${table} by name select * from ${NEXT}`);
  }
  if (rest.length > 0) await session.run(`drop table ${NEXT}`);
}

/** The text as a query within a query. */
function around({ sql }: SqlUnit, behind: string, select = "*"): { readonly before: string; readonly sql: string; readonly after: string } {
  return { before: ` select ${select} from (`, sql: withoutEnd(sql), after: `\n) as model ${behind}` };
}
