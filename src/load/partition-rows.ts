// Conditions in SQL: which rows belong to a partition. NULL belongs to none.
//   R1. A DATE is compared with days of the partition's own calendar; a TIMESTAMP is in UTC; a TIMESTAMPTZ is an instant.
import { MillraceError } from "../model/errors.ts";
import { snakeName } from "../model/names.ts";
import type { Session, Transaction } from "../sql/session.ts";
import { ident, literal } from "../sql/text.ts";
import { hasColumns, type PartitionPart, type PartitionRequest, type TimeBounds, type ValueBounds } from "./partition-port.ts";

type Columns = readonly { readonly name: string; readonly type: string }[];

/** True for rows of any of the partitions, as far as columns tell; null when none does. @throws MR8206. */
export function belongs(asset: string, { parts }: PartitionRequest, columns: Columns): string | null {
  const joined = adjacent(parts);
  const conditions = joined.map((bounds) => {
    const each = bounds.flatMap((bound) => (bound.column === null ? [] : [condition(asset, bound, columns)]));
    return each.length === 0 ? null : each.join(" and ");
  });
  const known = conditions.filter((each) => each !== null);
  if (known.length < conditions.length || known.length === 0) return null;
  return known.length === 1 ? `(${known[0]})` : `(${known.map((each) => `(${each})`).join(" or ")})`;
}

/** Adjacent intervals of one dimension as one. */
function adjacent(parts: readonly PartitionPart[]): readonly (readonly (TimeBounds | ValueBounds)[])[] {
  const [first] = parts;
  const last = parts.at(-1);
  const [from] = first?.bounds ?? [];
  const [to] = last?.bounds ?? [];
  const isRow = parts.every((part, index) => index === 0 || (part.bounds.length === 1 && part.startMs === parts[index - 1]!.endMs));
  if (parts.length < 2 || !isRow || from?.kind !== "time" || to?.kind !== "time") return parts.map(({ bounds }) => bounds);
  return [[{ ...from, endMs: to.endMs, endDay: to.endDay }]];
}

function condition(asset: string, bound: TimeBounds | ValueBounds, columns: Columns): string {
  const column = columnOf(bound.column ?? "", columns);
  if (column === undefined) {
    throw new MillraceError({
      code: "MR8206",
      message: `${asset}: partition: there is no column ${bound.column} in its rows`,
      hint: `its columns are ${columns
        .map(({ name }) => name)
        .slice(0, 30)
        .join(", ")}`,
    });
  }
  const cell = ident(column.name);
  return bound.kind === "value"
    ? `${cell}::varchar is not distinct from ${literal(bound.value)}`
    : timeCondition(asset, bound, cell, column.type);
}

/** By its name in any case, or by its header. */
function columnOf(written: string, columns: Columns): Columns[number] | undefined {
  return (
    columns.find(({ name }) => name === written) ??
    columns.find(({ name }) => name.toLowerCase() === written.toLowerCase()) ??
    columns.find(({ name }) => name === snakeName(written))
  );
}

function timeCondition(asset: string, bound: TimeBounds, cell: string, type: string): string {
  if (type === "DATE") return dayCondition(asset, bound, cell);
  if (type.startsWith("TIMESTAMP WITH TIME ZONE") || type === "TIMESTAMPTZ") return instants(bound, cell, "TIMESTAMPTZ", "+00");
  if (type.startsWith("TIMESTAMP")) return instants(bound, cell, "TIMESTAMP", "");
  if (type === "VARCHAR") {
    const days = bound.startDay === null ? "false" : dayCondition(asset, bound, `try_cast(${cell} as date)`);
    return `coalesce(case when length(${cell}) <= 10 then ${days} else ${instants(bound, `try_cast(${cell} as timestamptz)`, "TIMESTAMPTZ", "+00")} end, false)`;
  }
  throw new MillraceError({
    code: "MR8206",
    message: `${asset}: partition: the column ${bound.column} is ${type}, which tells no time`,
    hint: "cast it to DATE or TIMESTAMP",
  });
}

function dayCondition(asset: string, { column, startDay, endDay }: TimeBounds, cell: string): string {
  if (startDay === null || endDay === null) {
    throw new MillraceError({
      code: "MR8206",
      message: `${asset}: partition: the column ${column} is a DATE, and its partitions are shorter than a day`,
      hint: "use a column that is a TIMESTAMP, or by: day",
    });
  }
  return `coalesce(${cell} >= DATE ${literal(startDay)} and ${cell} < DATE ${literal(endDay)}, false)`;
}

function instants({ startMs, endMs }: TimeBounds, cell: string, type: string, zone: string): string {
  const at = (ms: number): string => `${type} ${literal(new Date(ms).toISOString().replace("Z", zone).replace("T", " "))}`;
  return `coalesce(${cell} >= ${at(startMs)} and ${cell} < ${at(endMs)}, false)`;
}

export interface OwnRows {
  readonly asset: string;
  readonly partition: PartitionRequest;
  readonly columns: Columns;
  /** The asset's table, qualified and quoted. It has the hidden columns. */
  readonly table: string;
}

/** Which rows of an asset's table are those of the partitions: by their columns, or by the loads and builds that made them. @throws MR8207. */
export async function ownRows(tx: Transaction, { asset, partition, columns, table }: OwnRows): Promise<string> {
  if (hasColumns(partition)) return belongs(asset, partition, columns) ?? "false";
  const stray = await tx.row(
    `select 1 from ${table} where _load is null or _load not in (select load from _millrace.partitions where asset = ${literal(asset)}) limit 1`,
  );
  if (stray !== undefined) {
    throw new MillraceError({
      code: "MR8207",
      message: `${asset} has rows that were made without partitions, and no column tells which are of ${partition.name}`,
    });
  }
  return `_load in (${loadsOf(asset, partition)})`;
}

/** Which of an asset's quarantine records are of these partitions: by the cells that were set aside, else by the builds that set them aside. */
export function ownRecords(asset: string, partition: PartitionRequest, columns: Columns): string {
  const loads = loadsOf(asset, partition);
  if (!hasColumns(partition) || belongs(asset, partition, columns) === null) return `load in (${loads})`;
  const bound = new Set(partition.parts.flatMap((part) => part.bounds.map((each) => columnOf(each.column ?? "", columns)?.name)));
  const cells = columns
    .filter(({ name }) => bound.has(name))
    .map(({ name, type }) => ({
      name,
      type,
      text: `json_extract_string("row", ${literal(`$."${name.replaceAll('"', String.raw`\"`)}"`)})`,
    }));
  const typed = cells.map(({ name, type, text }) => `try_cast(${text} as ${type}) as ${ident(name)}`).join(", ");
  const told = cells.map(({ text }) => `${text} is not null`).join(" and ");
  const mine = `select id from (select id, ${typed} from _millrace.quarantine where asset = ${literal(asset)} and status = 'open')
    where ${belongs(asset, partition, columns)}`;
  // A record of an earlier shape lacks the cells; a build of several partitions does not tell which of them it is of.
  return `(id in (${mine}) or (not coalesce(${told}, false) and ${ofLoads(asset, partition, "false")}))`;
}

/** What came with the loads of these partitions: all of it, or what `shared` says where a load also made other partitions. */
export function ofLoads(asset: string, partition: PartitionRequest, shared: string): string {
  const others = `select load from _millrace.partitions where asset = ${literal(asset)} and partition not in (${keysOf(partition)})`;
  return `load in (${loadsOf(asset, partition)}) and (load not in (${others}) or ${shared})`;
}

/** SELECT of the loads that made these partitions as they stand. */
export function loadsOf(asset: string, partition: PartitionRequest): string {
  return `select load from _millrace.partitions where asset = ${literal(asset)} and partition in (${keysOf(partition)})`;
}

function keysOf({ parts }: PartitionRequest): string {
  return parts.map(({ key }) => literal(key)).join(", ");
}

/** Rows per partition of a table that holds only those of the request, in its order. */
export async function rowsPerPart(
  session: Session,
  { asset, partition, columns, table }: OwnRows,
  where: string = "true",
): Promise<readonly number[]> {
  const counts = partition.parts.map((part, index) => {
    const mine = belongs(asset, { name: part.key, parts: [part] }, columns) ?? "true";
    return `count(*) filter (where ${mine}) as p${index}`;
  });
  const row = (await session.row<Record<string, number>>(`select ${counts.join(", ")} from ${table} where ${where}`)) ?? {};
  return partition.parts.map((_, index) => row[`p${index}`] ?? 0);
}
