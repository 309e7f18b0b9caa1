// The chain of versions of each key (SCD2), for snapshots of sources and of models alike: what closes, what opens, and what is put between.
//   H1. Of one key the intervals [valid_from, valid_to) are disjoint; `valid_to` is NULL for what is current. Null keys are equal.
//   H2. By columns, a row that differs from its key's current one is valid from the moment of the delivery on.
//   H3. By timestamp, every moment of a key's timestamp is a version of its own, valid from it on: an older row is put in its place in the chain.
//   H4. With `deletes: close` a key that the delivery lacks is closed at its moment; one that returns is open again from its own time on, at the
//       earliest from when it was closed, and from this moment on where its own time says nothing new.
//   H5. A moment never lies before what is there: a clock that was set back makes no interval overlap another.
import type { Session } from "../sql/session.ts";
import { ident } from "../sql/text.ts";
import { type FilteredRows, type Keep, sameKey, type WorkTable } from "./merge.ts";

/** What makes a row another version of its key. */
export type VersionRule =
  | { readonly kind: "columns"; readonly columns: readonly string[] }
  /** `column` is a date or a timestamp and never NULL. */
  | { readonly kind: "timestamp"; readonly column: string };

export interface HistoryRequest {
  /** Qualified and quoted; it has the columns of `work`, valid_from and valid_to. */
  readonly table: string;
  /** What was delivered: of one key one row, by timestamp one row for each of its moments. */
  readonly work: WorkTable;
  readonly keys: readonly string[];
  readonly by: VersionRule;
  /** SQL of the delivery's moment, a timestamp in UTC. */
  readonly moment: string;
  readonly deletes: "close" | "ignore";
  /** Further columns of new rows, with their SQL over `w`. */
  readonly carried?: Readonly<Record<string, string>>;
  /** Columns that are set in rows that get another `valid_to`, with their SQL. */
  readonly stamped?: Readonly<Record<string, string>>;
  /** SQL over the work table of the file a row came from. */
  readonly file?: string;
  readonly keep?: Keep;
}

export interface HistoryWritten {
  readonly closed: number;
  readonly opened: number;
  /** Rows that brought nothing new: `unchanged`, and `sameTimestamp` where values differ although the timestamp does not. */
  readonly filtered: readonly FilteredRows[];
}

const FRESH = 'temp.main."_millrace_fresh"';
const CHAIN = 'temp.main."_millrace_chain"';

/** Brings a delivery into the history. Everything happens in the caller's transaction. */
export async function writeHistory(session: Session, request: HistoryRequest): Promise<HistoryWritten> {
  await findFresh(session, request);
  const filtered = await countKnown(session, request);
  const row = await session.row(`select 1 from ${FRESH} limit 1`);
  let [closed, opened] = [0, 0];
  if (row !== undefined) {
    await linkChain(session, request);
    closed += await closeWithin(session, request);
    opened += await insert(session, request, `join ${CHAIN} c on c._new and c._row = w.rowid`, { from: "c._from", to: "c._until" });
    await session.run(`drop table ${CHAIN}`);
  }
  await session.run(`drop table ${FRESH}`);
  if (request.deletes === "close") {
    closed += await closeMissing(session, request);
    if (request.by.kind === "timestamp") opened += await reopen(session, request);
  }
  return { closed, opened, filtered };
}

/** SQL of a row's own moment. */
function momentOf(row: string, { work }: HistoryRequest, column: string): string {
  const type = work.columns.find(({ name }) => name === column)?.type ?? "TIMESTAMP";
  const value = `${row}.${ident(column)}`;
  return type === "TIMESTAMP WITH TIME ZONE" ? `(${value} at time zone 'UTC')` : `${value}::timestamp`;
}

/** The end of each key's chain. */
function lastMoments({ table, keys }: HistoryRequest, which: string): string {
  const by = keys.map((key) => `t.${ident(key)}`).join(", ");
  return `(select ${by}, max(greatest(t.valid_from, t.valid_to)) as _last from ${table} t semi join ${which} f on ${sameKey("t", "f", keys)} group by ${by})`;
}

/** H2, H3: rows of the work table that are no version yet, with the moment from which they are valid. */
async function findFresh(session: Session, request: HistoryRequest): Promise<void> {
  const { table, work, keys, by, moment } = request;
  if (by.kind === "timestamp") {
    const of = (row: string): string => momentOf(row, request, by.column);
    await session.run(
      `create or replace temp table ${FRESH} as select w.rowid as _row, ${of("w")} as _from from ${work.table} w
       anti join ${table} t on ${sameKey("t", "w", keys)} and coalesce(${of("t")}, t.valid_from) = ${of("w")}`,
    );
    return;
  }
  await session.run(
    `create or replace temp table ${FRESH} as select w.rowid as _row, ${moment} as _from from ${work.table} w
     anti join (select * from ${table} where valid_to is null) t on ${sameKey("t", "w", [...keys, ...by.columns])}`,
  );
  const fresh = `(select w.* from ${work.table} w semi join ${FRESH} f on f._row = w.rowid)`;
  await session.run(
    `update ${FRESH} set _from = h._last from ${work.table} w, ${lastMoments(request, fresh)} h
     where _row = w.rowid and ${sameKey("h", "w", keys)} and h._last > _from`,
  );
}

async function countKnown(session: Session, request: HistoryRequest): Promise<readonly FilteredRows[]> {
  const { table, work, keys, by, file = "null::varchar" } = request;
  const known = `(select rowid as _row, * from ${work.table} where rowid not in (select _row from ${FRESH}))`;
  const all = [...new Set([...keys, ...work.columns.map(({ name }) => name)])];
  const rule =
    by.kind === "columns"
      ? "'unchanged'"
      : `case when exists (select 1 from ${table} t where ${sameKey("t", "w", all)}) then 'unchanged' else 'sameTimestamp' end`;
  return session.rows<{ rule: string; file: string | null; rows: number }>(
    `select rule, file, count(*) as rows from (select ${rule} as rule, ${file} as file from ${known} w) group by all order by all`,
  );
}

/** H1, H3: for every key that has fresh rows its whole chain, with the moment until which each row is valid. */
async function linkChain(session: Session, { table, work, keys }: HistoryRequest): Promise<void> {
  const names = keys.map(ident).join(", ");
  const of = (row: string): string => keys.map((key) => `${row}.${ident(key)}`).join(", ");
  const order = `partition by ${names} order by _from, _new, _to nulls last, _row`;
  await session.run(
    `create or replace temp table ${CHAIN} as
     with fresh as (select w.rowid as _row, f._from, ${of("w")} from ${work.table} w join ${FRESH} f on f._row = w.rowid),
     links as (
       select t.rowid as _row, false as _new, t.valid_from as _from, t.valid_to as _to, ${of("t")} from ${table} t semi join fresh f on ${sameKey("t", "f", keys)}
       union all select _row, true, _from, null, ${names} from fresh
     ),
     placed as (
       select _row, _new, _from, _to, lead(_from) over (${order}) as _next,
         last_value(case when not _new then coalesce(_to, timestamp 'infinity') end ignore nulls) over (${order}) as _within
       from links
     )
     select _row, _new, _from, _to,
       case when _new then nullif(least(_next, case when _within > _from then _within end), timestamp 'infinity') else least(_to, _next) end as _until
     from placed`,
  );
}

async function closeWithin(session: Session, { table, stamped, keep }: HistoryRequest): Promise<number> {
  const moved = `not c._new and c._until is distinct from c._to`;
  await keep?.(`rowid in (select c._row from ${CHAIN} c where ${moved})`);
  return session.run(
    `update ${table} set valid_to = c._until${settings(stamped)} from ${CHAIN} c where ${moved} and ${table}.rowid = c._row`,
  );
}

/** H4. */
async function closeMissing(session: Session, { table, work, keys, moment, stamped, keep }: HistoryRequest): Promise<number> {
  const missing = `rowid in (select t.rowid from (select rowid, * from ${table} where valid_to is null) t anti join ${work.table} w on ${sameKey("t", "w", keys)})`;
  await keep?.(missing);
  return session.run(`update ${table} set valid_to = greatest(${moment}, valid_from)${settings(stamped)} where ${missing}`);
}

/** H4: keys that are delivered, but whose chain is closed, with the newest row that they have. */
async function reopen(session: Session, request: HistoryRequest): Promise<number> {
  const { table, work, keys, by, moment } = request;
  const own = by.kind === "timestamp" ? momentOf("w", request, by.column) : moment;
  const names = keys.map((key) => `w.${ident(key)}`).join(", ");
  await session.run(
    `create or replace temp table ${FRESH} as select w.rowid as _row from ${work.table} w
     anti join (select * from ${table} where valid_to is null) t on ${sameKey("t", "w", keys)}
     qualify row_number() over (partition by ${names} order by ${own} desc, w.rowid desc) = 1`,
  );
  const back = `(select w.* from ${work.table} w semi join ${FRESH} f on f._row = w.rowid)`;
  const opened = await insert(
    session,
    request,
    `join ${FRESH} f on f._row = w.rowid join ${lastMoments(request, back)} h on ${sameKey("h", "w", keys)}`,
    { from: `greatest(${moment}, h._last)`, to: "null" },
  );
  await session.run(`drop table ${FRESH}`);
  return opened;
}

async function insert(
  session: Session,
  { table, work, carried = {} }: HistoryRequest,
  joined: string,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<number> {
  const names = [...work.columns.map(({ name }) => ident(name)), ...Object.keys(carried).map(ident), "valid_from", "valid_to"];
  const values = [...work.columns.map(({ name }) => `w.${ident(name)}`), ...Object.values(carried), from, to];
  return session.run(
    `insert into ${table} (${names.join(", ")}) select ${values.join(", ")} from ${work.table} w ${joined} order by w.rowid`,
  );
}

function settings(stamped: HistoryRequest["stamped"]): string {
  return Object.entries(stamped ?? {})
    .map(([name, sql]) => `, ${ident(name)} = ${sql}`)
    .join("");
}
