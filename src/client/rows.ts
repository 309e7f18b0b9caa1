// Rows of queries and of assets. Values are those of the API: decimals and integers beyond 2^53 are texts, dates and times ISO 8601 (`JsonRows` of
// `millrace types` says them exactly).
import type { JsonValue } from "../model/answers.ts";
import type { Ask } from "./ask.ts";

/** A row of which nothing more is known. */
// oxlint-disable-next-line typescript/no-explicit-any -- so that a value can be taken for what one knows it to be
export type JsonRow = Readonly<Record<string, any>>;

/** Rows by asset: `JsonRows` of the file that `millrace types` writes. */
export type RowsByAsset = Readonly<Record<string, JsonRow>>;

export interface QueryRequest {
  /** At most so many rows; default: 10,000. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

export interface QueryResult<Row> {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly Row[];
  /** There are more rows than these. */
  readonly isCut: boolean;
}

export interface RowsRequest<Row> extends QueryRequest {
  readonly columns?: readonly (keyof Row & string)[];
  /** A condition in SQL. */
  readonly where?: string;
  /** Columns or expressions, in SQL. */
  readonly orderBy?: string;
}

export interface Rows<Assets = RowsByAsset> {
  /** @throws MR8001 when the query fails, MR8002 when it would write */
  query<Row = JsonRow>(sql: string, request?: QueryRequest): Promise<QueryResult<Row>>;
  /** Rows that readers of an asset see. */
  rows<Asset extends keyof Assets & string>(asset: Asset, request?: RowsRequest<Assets[Asset]>): Promise<QueryResult<Assets[Asset]>>;
}

const ROWS_DEFAULT = 10_000;

export function createRows<Assets>(ask: Ask): Rows<Assets> {
  const query: Rows["query"] = async <Row>(sql: string, { limit = ROWS_DEFAULT, signal }: QueryRequest = {}): Promise<QueryResult<Row>> => {
    const { columns, rows, cutBy } = await ask("query.run", { sql, rows: limit }, signal === undefined ? {} : { signal });
    return { columns, rows: rows.map((row) => named(columns, row) as Row), isCut: cutBy !== null };
  };
  return {
    query,
    rows: (asset, { columns, where, orderBy, ...request } = {}) => {
      const list = columns === undefined || columns.length === 0 ? "*" : columns.map(quoted).join(", ");
      const table = asset.split(".").map(quoted).join(".");
      const parts = [where === undefined ? "" : ` where (${where}\n)`, orderBy === undefined ? "" : ` order by ${orderBy}\n`];
      return query(`select ${list} from ${table}${parts.join("")}`, request);
    },
  };
}

function named(columns: QueryResult<never>["columns"], row: readonly JsonValue[]): Readonly<Record<string, JsonValue>> {
  return Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null]));
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
