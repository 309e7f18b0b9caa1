// A model's new rows become rows of its table, by its mode. No ledger, no publication: a build calls this in its transaction, a unit test on tables of its own.
//   A1. Only rows in the scope go: those of the intervals, of the keys or partitions that the new rows have or that are asked for, or all.
//   A2. NULL keys are equal. The same key twice in the new rows: the higher cursor wins, else the later (PROJECT §10).
//   A3. Appended rows that are there already, all values equal and each copy counted once, are left out.
import { repeatedRows, supersededRows } from "../../load/merge.ts";
import { CLOSED_COLUMN, type Incremental } from "../../model/incremental.ts";
import { MillraceError } from "../../model/errors.ts";
import type { Session } from "../../sql/session.ts";
import { ident } from "../../sql/text.ts";
import type { Range } from "./intervals.ts";
import { inKeys, type KeyList } from "./keys.ts";

const GONE = 'temp.main."_millrace_increment_gone"';

type Columns = readonly { readonly name: string; readonly type: string }[];

export type Scope =
  /** The new rows are the whole result. */
  | { readonly kind: "all" }
  | { readonly kind: "intervals"; readonly ranges: readonly Range[] }
  /** Rows whose columns have one of the values of a table; `columns` are names of both. Rows with NULL in one of them are always in it. */
  | { readonly kind: "keys"; readonly lists: readonly KeyList[] }
  /** The keys, or partitions, that the new rows have; `keys`: a table of them, where checks took rows out since. */
  | { readonly kind: "given"; readonly keys?: string };

export interface ApplyRequest {
  readonly asset: string;
  readonly how: Pick<Incremental, "mode" | "by" | "key" | "cursor" | "deletes">;
  /** The rows that are there, qualified and quoted. It may have `_load`, `_file`, `_line` and columns that the new rows lack. */
  readonly table: string;
  /** The new rows: a table that this may change, qualified and quoted. */
  readonly stage: string;
  /** Columns of the new rows; the table has all of them. */
  readonly columns: Columns;
  readonly scope: Scope;
  /** SELECT of the new rows as they are inserted by name; left out: as they are. */
  readonly inserted?: string;
  /** Moment that `deletes: close` notes, as SQL. */
  readonly now?: string;
  /** Told which rows are about to go: a table with them and their `_millrace_row`. `stay`: nothing is done. */
  readonly leaving?: (gone: string, rows: number) => Promise<"go" | "stay">;
}

export interface AppliedRows {
  readonly added: number;
  readonly removed: number;
  readonly superseded: number;
  /** Rows that were there already (append), or belong to no interval that was asked for. */
  readonly leftOut: number;
  /** Nothing was done: the rows that would have come are those that are there. */
  readonly isSame?: true;
}

/** Applies the rows of `stage` to `table`. @throws MR4613, MR4616 */
export async function applyIncrement(session: Session, request: ApplyRequest): Promise<AppliedRows> {
  const { how, table, stage, columns, scope } = request;
  const prepared = await prepareStage(session, request);
  const inserted = request.inserted ?? `select * from ${stage}`;
  if (how.mode === "append" && scope.kind !== "all") {
    const names = columns.map(({ name }) => ident(name)).join(", ");
    const repeated = await session.run(
      `delete from ${stage} where rowid in (${repeatedRows({ table: stage, columns }, `(select ${names} from ${table})`, columns[0]!.name, null)})`,
    );
    const added = await session.run(`insert into ${table} by name ${inserted}`);
    return { ...prepared, added, removed: 0, leftOut: prepared.leftOut + repeated };
  }
  if (how.deletes === "close" && how.mode === "merge") await carryClosed(session, request);
  const removed = await pickGone(session, request);
  try {
    if ((await request.leaving?.(GONE, removed)) === "stay") return { ...prepared, added: 0, removed: 0, isSame: true };
    if (removed > 0) await removeGone(session, request);
    const added = await session.run(`insert into ${table} by name ${inserted}`);
    return { ...prepared, added, removed };
  } finally {
    await session.run(`drop table if exists ${GONE}`).catch(() => undefined); // the next one replaces it
  }
}

/** Takes out of the new rows what is superseded or outside of the intervals. */
export async function prepareStage(session: Session, { asset, how, stage, columns, scope }: ApplyRequest): Promise<AppliedRows> {
  let [superseded, leftOut] = [0, 0];
  if (how.mode === "merge") {
    const cursor = how.cursor === undefined ? null : columnOf(asset, columns, how.cursor).name;
    superseded = await session.run(
      `delete from ${stage} where rowid in (${supersededRows(stage, namesOf(asset, columns, how.key), cursor)})`,
    );
  }
  if (how.mode === "time") {
    const column = columnOf(asset, columns, how.by[0]!);
    const inside = scope.kind === "intervals" ? inRanges(asset, column, scope.ranges) : `${ident(column.name)} is not null`;
    leftOut = await session.run(`delete from ${stage} where not coalesce(${inside}, false)`);
  }
  return { added: 0, removed: 0, superseded, leftOut };
}

/** A1, as conditions on the table: a row meets at most one of them, and each may be answered by itself. */
export function removedRows({ asset, how, stage, columns, scope, table }: ApplyRequest): readonly string[] {
  switch (how.mode) {
    case "time": {
      if (scope.kind !== "intervals") return ["true"];
      return [inRanges(asset, columnOf(asset, columns, how.by[0]!), scope.ranges)];
    }
    case "append":
      return scope.kind === "all" ? ["true"] : [];
    case "merge":
    case "partition": {
      const names = namesOf(asset, columns, how.mode === "merge" ? how.key : how.by);
      const given = givenRows(table, scope.kind === "given" ? (scope.keys ?? stage) : stage, names);
      if (scope.kind === "given" || scope.kind === "intervals" || how.deletes === "ignore") return [given];
      return scope.kind === "all" ? ["true"] : inKeys(scope.lists);
    }
    default:
      return how.mode satisfies never;
  }
}

/** Rows whose columns have the values of a row of the stage. */
function givenRows(table: string, stage: string, names: readonly string[]): string {
  const same = names.map((name) => `t.${ident(name)} is not distinct from s.${ident(name)}`).join(" and ");
  return `rowid in (select t.rowid from ${table} t semi join ${stage} s on ${same})`;
}

/** Rows of an interval lie together and are found by it; others are looked for by their keys alone, and then by their numbers. */
function isNear({ how, scope }: ApplyRequest): boolean {
  return how.mode === "time" || scope.kind === "all";
}

/** The rows that are about to go, with the numbers under which they stand, in a table of the session. */
async function pickGone(session: Session, request: ApplyRequest): Promise<number> {
  const { table } = request;
  const [first = "false", ...rest] = removedRows(request);
  const pick = `select rowid as _millrace_row${isNear(request) ? ", *" : ""} from ${table} where`;
  await session.run(`create or replace temp table ${GONE} as ${pick} ${first}`);
  for (const where of rest) await session.run(`insert into ${GONE} ${pick} ${where}`);
  if (!isNear(request)) {
    const rows = `select rowid as _millrace_row, * from ${table} where rowid in (select _millrace_row from ${GONE})`;
    await byNumbers(session, `create or replace temp table ${GONE} as ${rows}`);
  }
  return (await session.row<{ n: number }>(`select count(*) as n from ${GONE}`))?.n ?? 0;
}

/** Takes out what was picked. */
async function removeGone(session: Session, request: ApplyRequest): Promise<void> {
  const { table } = request;
  if (!isNear(request)) return byNumbers(session, `delete from ${table} where rowid in (select _millrace_row from ${GONE})`);
  for (const where of removedRows(request)) await session.run(`delete from ${table} where ${where}`);
}

/** Up to so many rows are read where they stand; beyond, the table is read from the first to the last of them. */
const ROW_NUMBERS_MAX = 5_000;

/** Runs a statement with `rowid in (…)`: for 1,000 rows scattered over 20 million it takes 0.1 s in place of 0.5 s. */
async function byNumbers(session: Session, sql: string): Promise<void> {
  await session.run(`set session dynamic_or_filter_threshold = ${ROW_NUMBERS_MAX}`);
  try {
    await session.run(sql);
  } finally {
    await session.run("reset session dynamic_or_filter_threshold").catch(() => undefined); // a transaction that failed: the setting costs nothing
  }
}

/** `deletes: close`: rows of the scope whose key the query no longer gives stay, with the moment at which that was seen. */
async function carryClosed(session: Session, request: ApplyRequest): Promise<void> {
  const { asset, how, table, stage, columns, scope } = request;
  if (columns.some(({ name }) => name.toLowerCase() === CLOSED_COLUMN))
    throw new MillraceError({
      code: "MR4616",
      message: `${asset}: ${CLOSED_COLUMN} is the column in which deletes: close notes when a row was closed`,
    });
  await session.run(`alter table ${stage} add column ${CLOSED_COLUMN} timestamp`);
  if (scope.kind === "given" || scope.kind === "intervals") return;
  const same = namesOf(asset, columns, how.key).map((name) => `t.${ident(name)} is not distinct from s.${ident(name)}`);
  const names = columns.map(({ name }) => `t.${ident(name)}`).join(", ");
  const inScope = scope.kind === "all" ? "true" : inKeys(scope.lists).join(" or ");
  await session.run(
    `insert into ${stage} by name select ${names}, coalesce(t.${CLOSED_COLUMN}, ${request.now ?? "(current_timestamp at time zone 'UTC')"}) as ${CLOSED_COLUMN}
     from (select * from ${table} where ${inScope}) t anti join ${stage} s on ${same.join(" and ")}`,
  );
}

/** Condition: a column of time lies in one of the ranges, in UTC. @throws MR4613 */
export function inRanges(asset: string, column: Columns[number], ranges: readonly Range[]): string {
  const cell = ident(column.name);
  const parts = ranges.map(({ startMs, endMs }) => {
    const [from, to] = [bound(asset, column, startMs), bound(asset, column, endMs)];
    return (
      [...(from === null ? [] : [`${cell} >= ${from}`]), ...(to === null ? [] : [`${cell} < ${to}`])].join(" and ") || `${cell} is not null`
    );
  });
  return parts.length === 0 ? "false" : `(${parts.map((part) => `(${part})`).join(" or ")})`;
}

/** A moment as a constant of the column's type; null where it has no end. */
function bound(asset: string, { name, type }: Columns[number], ms: number): string | null {
  if (!Number.isFinite(ms)) return null;
  const [day, time] = new Date(ms).toISOString().split("T") as [string, string];
  if (type === "DATE") {
    if (!time.startsWith("00:00:00"))
      throw wrongColumn(asset, `${name} is a DATE, and its intervals are hours`, "cast it to TIMESTAMP, or unit: day");
    return `DATE '${day}'`;
  }
  if (type === "TIMESTAMP WITH TIME ZONE") return `TIMESTAMPTZ '${day} ${time.slice(0, 12)}+00'`;
  if (type.startsWith("TIMESTAMP")) return `TIMESTAMP '${day} ${time.slice(0, 12)}'`;
  throw wrongColumn(
    asset,
    `${name} is ${type}, which tells no time`,
    "cast it to DATE or TIMESTAMP; rows that replace each other by the key alone need `mode: merge` and no `by`",
  );
}

/** The column of the intervals. @throws MR4613 for one that tells no time, or no hours. */
export function timeColumn(asset: string, columns: Columns, { by, unit }: Pick<Incremental, "by" | "unit">): Columns[number] {
  const column = columnOf(asset, columns, by[0]!);
  // An hour of the first day shows what a bound of the column's type would be.
  bound(asset, column, unit === "hour" ? 3_600_000 : 0);
  return column;
}

function namesOf(asset: string, columns: Columns, written: readonly string[]): readonly string[] {
  return written.map((name) => columnOf(asset, columns, name).name);
}

/** A column in any case. @throws MR4613 */
export function columnOf(asset: string, columns: Columns, written: string): Columns[number] {
  const found = columns.find(({ name }) => name === written) ?? columns.find(({ name }) => name.toLowerCase() === written.toLowerCase());
  if (found !== undefined) return found;
  throw wrongColumn(
    asset,
    `there is no column ${written} in its rows`,
    `its columns are ${columns
      .map(({ name }) => name)
      .slice(0, 30)
      .join(", ")}`,
  );
}

function wrongColumn(asset: string, what: string, hint: string): MillraceError {
  return new MillraceError({ code: "MR4613", message: `${asset}: ${what}`, hint });
}
