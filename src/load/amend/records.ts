// Records in quarantine as a table of text: one column per column of the asset, so that a person, a file or an expression can correct them.
// A record that a reader could not take apart has no cells yet, only `_raw`.
import type { Session } from "../../sql/session.ts";
import { ident, literal } from "../../sql/text.ts";
import type { CommittedColumn } from "../columns.ts";

/** Beside the cells: where a record came from and why it was set aside. */
export const RECORD_COLUMNS = ["_id", "_rule", "_reason", "_file", "_line", "_raw"] as const;

export interface RecordFilter {
  readonly asset: string;
  /** Left out: all that are open. */
  readonly ids?: readonly string[];
  readonly rule?: string;
}

/** Condition on `_millrace.quarantine` for what waits for a decision. */
export function openRecords({ asset, ids, rule }: RecordFilter): string {
  return [
    `asset = ${literal(asset)} and status = 'open'`,
    ...(ids === undefined ? [] : [ids.length === 0 ? "false" : `id in (${ids.map(literal).join(", ")})`]),
    ...(rule === undefined ? [] : [`rule = ${literal(rule)}`]),
  ].join(" and ");
}

/** Columns that Millrace fills itself (variants, history) cannot be corrected. */
export function editable(columns: readonly CommittedColumn[]): readonly CommittedColumn[] {
  return columns.filter((column) => column.from !== null);
}

/** Creates the temporary table `into` of these records, in the order in which they were set aside; returns how many there are. */
export async function tableOfRecords(
  session: Session,
  { into, columns, ...filter }: RecordFilter & { readonly into: string; readonly columns: readonly CommittedColumn[] },
): Promise<number> {
  const cells = editable(columns).map((column) => `${cellText(column)} as ${ident(column.name)}`);
  const listed = [
    "id as _id",
    "rule as _rule",
    "reason as _reason",
    "file as _file",
    "line as _line",
    "raw as _raw",
    "load as _load",
    ...cells,
  ];
  await session.run(
    `create or replace temp table ${into} as select ${listed.join(", ")} from _millrace.quarantine
     where ${openRecords(filter)} order by "at", file, line, id`,
  );
  return (await session.row<{ n: number }>(`select count(*) as n from ${into}`))?.n ?? 0;
}

/** Rows of the source are kept by their headers, rows of checks by the names of columns. */
function cellText({ name, from }: CommittedColumn): string {
  const labels = [...new Set([from ?? name, (from ?? name).trim(), name])];
  return `coalesce(${labels.map((label) => `json_extract_string("row", ${literal(pointer(label))})`).join(", ")}, null)`;
}

/** JSON pointer (RFC 6901): a header may hold anything. */
function pointer(label: string): string {
  return `/${label.replaceAll("\0", "").replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
