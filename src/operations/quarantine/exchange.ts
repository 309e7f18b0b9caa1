// Records as a file that a person edits: CSV for a spreadsheet, NDJSON for a script. `_id` names the record; the other columns that begin with `_` only tell.
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { MillraceError, messageOf } from "../../model/errors.ts";
import type { CommittedColumn } from "../../load/columns.ts";
import { editable, tableOfRecords } from "../../load/amend/records.ts";
import { ident, literal } from "../../sql/text.ts";
import type { Warehouse } from "../../sql/warehouse.ts";
import type { QueryExportAnswer } from "../../model/query-answers.ts";
import { fileToKeep, keepFile } from "../query/export.ts";
import type { Workspace } from "../workspace.ts";
import { targetsOf } from "./targets.ts";

export interface ExportRequest {
  readonly named: readonly string[];
  readonly rule?: string;
  /** Absolute; `.csv` or `.ndjson`. */
  readonly file: string;
}

export interface QuarantineFileRequest {
  readonly asset: string;
  readonly rule?: string;
  readonly format: "csv" | "ndjson";
}

/** @throws as `exportRecords` */
export async function exportToFetch(workspace: Workspace, { asset, format, ...rest }: QuarantineFileRequest): Promise<QueryExportAnswer> {
  const { id, path } = fileToKeep(workspace, format);
  const { records } = await exportRecords(workspace, { named: [asset], file: path, ...rest });
  return keepFile({ id, path, format, rows: records, of: `quarantine-${asset.replaceAll(/[^\w.-]/g, "_")}` });
}

/** Writes the open records; the file is whole or not there. @throws MR8401 when there are none, MR8404 for another ending. */
export async function exportRecords(
  workspace: Workspace,
  request: ExportRequest,
): Promise<{ readonly file: string; readonly records: number }> {
  const { file, rule } = request;
  const format = formatOf(file);
  const warehouse = await workspace.warehouse();
  const { asset, key, ids } = await targetsOf(workspace, warehouse, request.named);
  return warehouse.session(async (session) => {
    const schema = await session.row<{ columns: string }>(
      "select columns from _millrace.schemas where asset = $1 order by number desc limit 1",
      [key],
    );
    const columns = schema === undefined ? [] : (JSON.parse(schema.columns) as CommittedColumn[]);
    const into = "_millrace_exported";
    const filter = { asset: key, ...(ids === undefined ? {} : { ids }), ...(rule === undefined ? {} : { rule }) };
    const records = await tableOfRecords(session, { ...filter, into, columns });
    if (records === 0)
      throw new MillraceError({
        code: "MR8401",
        message: `nothing of ${asset} is in quarantine that fits`,
        hint: `millrace quarantine list ${asset}`,
      });
    const listed = ["_id", "_rule", "_reason", "_file", "_line", "_raw", ...editable(columns).map((column) => column.name)]
      .map(ident)
      .join(", ");
    const beside = `${file}.part`;
    await mkdir(dirname(file), { recursive: true });
    try {
      await session.run(
        `copy (select ${listed} from ${into} order by rowid) to ${literal(beside)} (${format === "csv" ? "format csv, header true" : "format json"})`,
      );
      await rename(beside, file);
    } finally {
      await rm(beside, { force: true });
    }
    return { file, records };
  });
}

/** The records of an edited file, every cell as text. @throws MR8404 when it cannot be read or has no `_id`. */
export async function correctionsIn(warehouse: Warehouse, file: string): Promise<readonly Readonly<Record<string, string | null>>[]> {
  const format = formatOf(file);
  if (!existsSync(file)) throw new MillraceError({ code: "MR8404", message: `${file} does not exist` });
  const from =
    format === "csv"
      ? `read_csv(${literal(file)}, header = true, all_varchar = true, allow_quoted_nulls = false, null_padding = false)`
      : `read_json(${literal(file)}, format = 'newline_delimited', maximum_depth = 1)`;
  try {
    return await warehouse.session(async (session) => {
      const columns = await session.rows<{ column_name: string }>(`describe select * from ${from}`);
      if (!columns.some((column) => column.column_name === "_id"))
        throw new MillraceError({ code: "MR8404", message: `${file} has no column _id` });
      const cells = columns.map(({ column_name: name }) => (format === "csv" ? ident(name) : `${ident(name)} ->> '$' as ${ident(name)}`));
      return session.rows<Readonly<Record<string, string | null>>>(`select ${cells.join(", ")} from ${from}`);
    });
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    throw new MillraceError({ code: "MR8404", message: `${file} cannot be read: ${messageOf(error).split("\n", 1)[0]}`, cause: error });
  }
}

function formatOf(file: string): "csv" | "ndjson" {
  if (/\.csv$/i.test(file)) return "csv";
  if (/\.(ndjson|jsonl)$/i.test(file)) return "ndjson";
  throw new MillraceError({ code: "MR8404", message: `${file}: the ending must be .csv or .ndjson` });
}
