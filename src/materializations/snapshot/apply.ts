// A model's rows become history: what its query answers now is held against the table of what it answered before. Needs no ledger and no run.
//   S1. The model's own columns come first, then valid_from and valid_to, then columns that an earlier query had; those keep their values.
//   S2. A column that is new is NULL in the rows that were there; one that changed its type is cast, and refused where that would lose something.
//   S3. A key that a query answers twice counts once: the later row of an order, by timestamp per moment.
import type { SnapshotSpec } from "../../model/definitions/kept.ts";
import { didYouMean } from "../../model/suggest.ts";
import { MillraceError } from "../../model/errors.ts";
import { type HistoryWritten, type VersionRule, writeHistory } from "../../load/history.ts";
import { type Keep, supersededRows, type WorkTable } from "../../load/merge.ts";
import { HISTORY_COLUMNS } from "../../load/snapshot.ts";
import { describeRelation, HIDDEN_COLUMNS } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";
import { ident, literal } from "../../sql/text.ts";

export interface SnapshotDelivery {
  /** Of the model, for messages. */
  readonly asset: string;
  readonly keys: readonly string[];
  readonly spec: SnapshotSpec;
  /** A table, qualified and quoted, with the rows that the query answers at `now`; rows of a key that come twice are taken out of it. */
  readonly rows: string;
  readonly now: Date;
}

export interface SnapshotInto extends SnapshotDelivery {
  /** Qualified and quoted. It is there already and has the shape that `shapeSnapshot` gives. */
  readonly table: string;
  /** Stands in `_load` of rows that are new or get another `valid_to`; left out where the table has no such column. */
  readonly load?: string;
  readonly keep?: Keep;
}

type Column = { readonly name: string; readonly type: string };

/** Columns that readers do not see. */
export const HIDDEN = [
  { name: "_load", type: "VARCHAR" },
  { name: "_file", type: "VARCHAR" },
  { name: "_line", type: "BIGINT" },
] as const;

/** What a snapshot is when its front matter does not say: any change of any column. */
export const SNAPSHOT_DEFAULT: SnapshotSpec = { by: "columns", columns: "all", deletes: "close" };

/**
 * Creates `table` with the rows of an earlier history (`null`: none yet) and then the delivery: all that a unit test of a snapshot model needs.
 * @throws MR4640–MR4644.
 */
export async function recordSnapshot(
  session: Session,
  delivery: SnapshotDelivery & { readonly table: string; readonly existing: string | null },
): Promise<HistoryWritten> {
  const columns = await describeRelation(session, delivery.rows);
  await shapeSnapshot(session, { asset: delivery.asset, table: delivery.table, existing: delivery.existing, columns, hidden: [] });
  return applySnapshot(session, delivery);
}

/** Holds the rows against the history and writes what is new. @throws MR4640–MR4643. */
export async function applySnapshot(session: Session, delivery: SnapshotInto): Promise<HistoryWritten> {
  const { asset, table, rows, keys, spec, now, load, keep } = delivery;
  const work: WorkTable = { table: rows, columns: await describeRelation(session, rows) };
  refuseOwnNames(asset, work.columns);
  const by = versionRule(delivery, work.columns);
  if (by.kind === "timestamp") await refuseNoMoment(session, asset, rows, by.column);
  const twice = await session.run(
    `delete from ${rows} where rowid in (${supersededRows(rows, by.kind === "timestamp" ? [...keys, by.column] : keys, null)})`,
  );
  const own = load === undefined ? {} : { _load: literal(load) };
  const written = await writeHistory(session, {
    table,
    work,
    keys,
    by,
    moment: `timestamp ${literal(now.toISOString().replace("T", " ").replace("Z", ""))}`,
    deletes: spec.deletes,
    carried: own,
    stamped: own,
    ...(keep === undefined ? {} : { keep }),
  });
  return twice === 0 ? written : { ...written, filtered: [...written.filtered, { rule: "superseded", file: null, rows: twice }] };
}

/** What the front matter says, held against the columns that there are. @throws MR4640, MR4642. */
function versionRule({ asset, keys, spec }: SnapshotDelivery, columns: readonly Column[]): VersionRule {
  const names = columns.map(({ name }) => name);
  const known = (name: string, where: string): string => {
    const found = names.find((each) => each.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return found;
    const hint = didYouMean(name, names) ?? `there are ${names.join(", ")}`;
    throw new MillraceError({ code: "MR4640", message: `${asset}: ${where} names ${name}, which is no column of its query`, hint });
  };
  for (const key of keys) known(key, "key");
  if (spec.by === "columns") {
    const listed =
      spec.columns === undefined || spec.columns === "all" ? names : [spec.columns].flat().map((name) => known(name, "snapshot.columns"));
    return { kind: "columns", columns: listed.filter((name) => !keys.includes(name)) };
  }
  const column = known(spec.updatedAt ?? "", "snapshot.updatedAt");
  const { type } = columns.find(({ name }) => name === column)!;
  if (/^(DATE|TIMESTAMP.*)$/.test(type)) return { kind: "timestamp", column };
  throw new MillraceError({
    code: "MR4642",
    message: `${asset}: snapshot.updatedAt: ${column} is ${type}, not a date or a timestamp`,
    hint: `cast it in the query: ${column}::timestamp as ${column}`,
  });
}

async function refuseNoMoment(session: Session, asset: string, rows: string, column: string): Promise<void> {
  const row = await session.row<{ n: number }>(
    `select count(*) as n from ${rows} where ${ident(column)} is null or not isfinite(${ident(column)})`,
  );
  if ((row?.n ?? 0) === 0) return;
  throw new MillraceError({
    code: "MR4643",
    message: `${asset}: ${row!.n} rows have no ${column}, so nothing tells from when on they are valid`,
    hint: `give them one in the query (coalesce), leave them out, or use snapshot: { by: columns }`,
  });
}

/** @throws MR4641. */
function refuseOwnNames(asset: string, columns: readonly Column[]): void {
  const own: readonly string[] = [...HISTORY_COLUMNS.map(({ name }) => name), ...HIDDEN_COLUMNS];
  const taken = columns.find(({ name }) => own.includes(name.toLowerCase()));
  if (taken === undefined) return;
  throw new MillraceError({
    code: "MR4641",
    message: `${asset}: ${taken.name} is a column that the snapshot adds itself; give it another name`,
  });
}

/** S1, S2: creates the table that holds the history, with the rows of the one before. @throws MR4641, MR4644. */
export async function shapeSnapshot(
  session: Session,
  request: {
    readonly asset: string;
    readonly table: string;
    readonly existing: string | null;
    readonly columns: readonly Column[];
    readonly hidden: readonly Column[];
  },
): Promise<void> {
  const { asset, table, existing, hidden } = request;
  refuseOwnNames(asset, request.columns);
  const before = existing === null ? [] : await describeRelation(session, existing);
  const columns = shapeOf(request.columns, before);
  const list = [...columns, ...hidden].map(({ name, type }) => `${ident(name)} ${type}`);
  await session.run(`create ${table.startsWith("temp.") ? "temp " : ""}table ${table} (${list.join(", ")})`);
  if (existing === null) return;
  const types = new Map(columns.map(({ name, type }) => [name.toLowerCase(), type]));
  for (const { name, type } of before)
    await refuseLoss(session, { asset, existing, name, from: type, to: types.get(name.toLowerCase()) ?? type });
  await session.run(`insert into ${table} by name select * from ${existing} order by rowid`);
}

/** S1. */
export function shapeOf(columns: readonly Column[], before: readonly Column[]): readonly Column[] {
  const named = new Set([...columns, ...HISTORY_COLUMNS].map(({ name }) => name.toLowerCase()));
  const kept = before.filter(({ name }) => !named.has(name.toLowerCase()) && !(HIDDEN_COLUMNS as readonly string[]).includes(name));
  return [...columns, ...HISTORY_COLUMNS, ...kept];
}

/** S2. */
async function refuseLoss(
  session: Session,
  {
    asset,
    existing,
    name,
    from,
    to,
  }: { readonly asset: string; readonly existing: string; readonly name: string; readonly from: string; readonly to: string },
): Promise<void> {
  if (from === to) return;
  const value = ident(name);
  const row = await session
    .row<{ n: number }>(
      `select count(*) as n from ${existing} where ${value} is not null and try_cast(try_cast(${value} as ${to}) as ${from}) is distinct from ${value}`,
    )
    .catch(() => undefined); // DuckDB knows no such cast at all
  if (row !== undefined && row.n === 0) return;
  throw new MillraceError({
    code: "MR4644",
    message: `${asset}: ${name} was ${from} and is ${to} now: ${row === undefined ? "its history has" : `${row.n} rows of its history have`} values that would be lost`,
    hint: `keep the type in the query (${name}::${from} as ${name}), or give the new column another name`,
  });
}
