// The slower way, for a DuckDB whose vectors cannot be written as bytes: a cursor, every value as PostgreSQL writes it, cast in DuckDB.
//   T1. As R2 and D1: no value changes; a column with one that does not fit is a Misfit.
import { fillTable } from "../../databases/fill.ts";
import type { Batch, WireColumn } from "../../databases/server.ts";
import type { Client } from "pg";
import { ident } from "../../sql/text.ts";
import type { Fill } from "./copy-into.ts";
import { Misfit, type Shape } from "../../databases/postgres/decode-values.ts";
import { duckType } from "./types.ts";

const FETCH_ROWS = 5_000;
/** Stands where an array is of other dimensions than the column, with their number, or 0 for one that does not begin at 1: no value of any type. */
const MISFIT = "?dimensions ";

/** Fills the table; rows in it. */
export async function fillByText({ connection, into, names, columns, queries, clients, server }: Fill): Promise<number> {
  const wire = columns.map(({ shape, serverType }, index): WireColumn => ({
    name: names[index]!,
    wire: "text",
    type: duckType(shape),
    serverType,
    cast: (cell) => castOf(shape, cell),
  }));
  const queue = [...queries];
  // Names of our own: expressions have none, and those of a query may be there twice.
  const cells = columns.map((_, index) => `c${index}`);
  const items = columns.map(({ shape }, index) => textOf(shape, cells[index]!)).join(", ");
  const readers = clients.map((client) => fetchAll(client, queue, (query) => `select ${items} from (${query}) q(${cells.join(", ")})`));
  const filled = await fillTable({ connection, into, columns: wire, readers, name: server.place });
  for (const [index, column] of columns.entries()) {
    if (filled.columns[index]?.type === duckType(column.shape)) continue;
    const cell = ident(names[index]!);
    const seen = await connection.runAndReadAll(
      `select min(d), max(d) from (select cast(substr(${cell}, ${MISFIT.length + 1}) as integer) as d from ${into} where starts_with(${cell}, '${MISFIT}'))`,
    );
    const [least, most] = seen.getRowsJS()[0] as [number | null, number | null];
    await connection.run(`drop table ${into}`);
    const dimensions = least === null || least === 0 ? null : most;
    throw Object.assign(new Misfit(`some of its values are no ${duckType(column.shape)}`, dimensions), { found: column });
  }
  return filled.rows;
}

async function* fetchAll(client: Client, queue: string[], select: (query: string) => string): AsyncGenerator<Batch> {
  for (let query = queue.shift(); query !== undefined; query = queue.shift()) {
    await client.query(`declare millrace_rows no scroll cursor for ${select(query)}`);
    for (;;) {
      const { rows } = await client.query<(string | null)[]>({ text: `fetch ${FETCH_ROWS} from millrace_rows`, rowMode: "array" });
      if (rows.length === 0) break;
      yield rows;
    }
    await client.query("close millrace_rows");
  }
}

/** SQL of PostgreSQL: the cell as text. Arrays of plain values: as JSON of their texts. */
function textOf(shape: Shape, cell: string): string {
  switch (shape.kind) {
    case "text":
      // The cast of a padded text cuts its spaces, and of an address adds a mask.
      return `case when ${cell} is not null then format('%s', ${cell}) end`;
    case "list": {
      const value = hasFields(shape) ? `to_jsonb(${cell})::text` : `to_jsonb(${cell}::text[])::text`;
      const isElsewhere = String.raw`${cell}::text ~ '${hasFields(shape) ? "" : "^"}\[-?[0-9]+:-?[0-9]+\]'`;
      return `case when ${isElsewhere} then '${MISFIT}0' when array_ndims(${cell}) <> ${shape.dimensions} then '${MISFIT}' || array_ndims(${cell}) else ${value} end`;
    }
    case "struct":
      return String.raw`case when ${cell}::text ~ '\[-?[0-9]+:-?[0-9]+\]' then '${MISFIT}0' else to_jsonb(${cell})::text end`;
    default:
      return `${cell}::text`;
  }
}

function hasFields(shape: Shape): boolean {
  return shape.kind === "struct" || (shape.kind === "list" && hasFields(shape.element));
}

/** SQL of DuckDB: the text as a value. */
function castOf(shape: Shape, cell: string): string {
  switch (shape.kind) {
    case "bytea":
      return `unhex(substr(${cell}, 3))`;
    case "date":
    case "timestamp":
    case "timestamptz":
      // The era stands behind the time in PostgreSQL, behind the date in DuckDB, which reads over it.
      return String.raw`cast(case when ${cell} like '% BC' then regexp_replace(${cell}, '^(\S+)(.*) BC$', '\1 (BC)\2') else ${cell} end as ${duckType(shape)})`;
    case "list":
      if (hasFields(shape)) return castOfJson(shape, cell);
      return castOfElements(shape.element, `cast(${cell}::json as VARCHAR${"[]".repeat(shape.dimensions)})`, shape.dimensions);
    case "struct":
      return castOfJson(shape, cell);
    default:
      return `cast(${cell} as ${duckType(shape)})`;
  }
}

function castOfElements(element: Shape, list: string, dimensions: number): string {
  const each = `e${dimensions}`;
  const inner = dimensions === 1 ? castOf(element, each) : castOfElements(element, each, dimensions - 1);
  return `list_transform(${list}, lambda ${each}: ${inner})`;
}

/** A time before Christ would lose its era. */
function castOfJson(shape: Shape, cell: string): string {
  return `case when not contains(${cell}, ' BC"') then cast(${cell}::json as ${duckType(shape)}) end`;
}
