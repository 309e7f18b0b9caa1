// Some rows of an asset as readers see it: a page of them, in an order, that fit a condition. Bytes, rows and time are bounded.
import type { JsonValue } from "../../model/answers.ts";
import { MillraceError } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import type { AssetRowsAnswer } from "../../model/look-answers.ts";
import { readLive } from "../../sql/ledger/publish.ts";
import { qualified, ident } from "../../sql/text.ts";
import type { Warehouse } from "../../sql/warehouse.ts";
import { keepInside } from "../access/expressions.ts";
import { findAsset } from "../assets/assets.ts";
import { runQuery } from "../assets/query.ts";
import { warehouseToRead } from "../functions/install.ts";
import { boundedQuery, newQueryId, QUERY_BOUNDS } from "../query/running.ts";
import type { Workspace } from "../workspace.ts";

export interface RowsRequest {
  readonly asset: string;
  readonly limit: number;
  readonly offset: number;
  /** A column. */
  readonly order?: string;
  readonly direction?: "up" | "down";
  /** A condition in SQL. */
  readonly where?: string;
}

/** Bytes of one page of rows; what is more waits for the next page. */
const BYTES_MAX = 4_000_000;
/** Characters of one text; what is longer is cut. */
const TEXT_MAX = 2_000;

export interface Shown {
  readonly id: NodeId;
  readonly warehouse: Warehouse;
  /** Quoted. */
  readonly table: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: number | null;
}

/** The table that readers see under the asset's name. @throws MR6102 no such asset, MR8160 nothing is to be seen there. */
export async function shownTable(workspace: Workspace, name: string): Promise<Shown> {
  const project = await workspace.projectWithErrors();
  const id = findAsset(
    project.nodes.map((node) => node.id),
    name,
  );
  const warehouse = await warehouseToRead(workspace);
  const version = (await warehouse.session((session) => readLive(session))).get(id);
  if (version === undefined) throw nothingToSee(id, "missing");
  if (version.kind === "share" || version.kind === "remote") throw nothingToSee(id, version.kind);
  return { id, warehouse, table: qualified(...id.split(".")), columns: version.columns, rows: version.rows };
}

function nothingToSee(id: NodeId, kind: "missing" | "share" | "remote"): MillraceError {
  const message = {
    missing: `${id} has no rows yet: it was never built`,
    share: `${id} has no rows here: they went to a place outside of the warehouse`,
    remote: `${id} has no rows here: they stand on the server of its engine`,
  };
  const hint = kind === "missing" ? { hint: `build it: millrace run --select ${id}` } : {};
  return new MillraceError({ code: "MR8160", message: message[kind], ...hint });
}

/** @throws MR6102, MR8160, MR8001 for a condition that DuckDB does not take, MR8161 for an order by what is no column. */
export async function rowsOf(workspace: Workspace, request: RowsRequest): Promise<AssetRowsAnswer> {
  const { limit, offset, order, direction = "up", where } = request;
  const { id, warehouse, table, columns, rows: known } = await shownTable(workspace, request.asset);
  if (order !== undefined && !columns.some(({ name }) => name === order))
    throw new MillraceError({ code: "MR8161", message: `${id} has no column ${order}` });
  const condition = where === undefined || where.trim() === "" ? "" : ` where (${where}\n)`;
  await keepInside(warehouse, [condition === "" ? undefined : where]);
  const ordered = order === undefined ? "" : ` order by ${ident(order)} ${direction === "up" ? "asc" : "desc"} nulls last`;
  const sql = `select * from ${table}${condition}${ordered} limit ${limit + 1} offset ${offset}`;
  const page = new Page(limit);
  const call = { id: newQueryId(), bounds: QUERY_BOUNDS, signal: workspace.signal };
  // A condition may have no end.
  const bounded: Pick<Warehouse, "session"> = { session: (use) => boundedQuery(warehouse, call, use) };
  await runQuery(condition === "" ? warehouse : bounded, sql, (part) => page.take(part));
  const end = page.more ? null : offset + page.rows.length;
  // Behind the last row an offset tells nothing of how many there are.
  const total = page.rows.length === 0 && offset > 0 ? null : (end ?? (condition === "" ? known : null));
  return { asset: id, columns: page.columns, rows: page.rows, offset, total, more: page.more, cut: page.cut };
}

class Page {
  columns: AssetRowsAnswer["columns"] = [];
  readonly rows: JsonValue[][] = [];
  more = false;
  cut = 0;
  private bytes = 0;
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  take(part: Parameters<Parameters<typeof runQuery>[2]>[0]): void {
    if ("columns" in part) {
      this.columns = part.columns;
      return;
    }
    for (const row of part.rows) {
      if (this.more) return;
      const shown = row.map((value) => this.shorten(value));
      this.bytes += JSON.stringify(shown).length;
      if (this.rows.length >= this.limit || (this.bytes > BYTES_MAX && this.rows.length > 0)) this.more = true;
      else this.rows.push(shown);
    }
  }

  private shorten(value: JsonValue): JsonValue {
    if (value === null || typeof value === "number" || typeof value === "boolean") return value;
    const text = typeof value === "string" ? value : JSON.stringify(value);
    if (text.length <= TEXT_MAX) return value;
    this.cut++;
    return `${text.slice(0, TEXT_MAX)}…`;
  }
}
