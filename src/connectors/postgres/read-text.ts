// The slower way, for a DuckDB whose vectors cannot be written as bytes: a cursor, every value as PostgreSQL writes it, cast in DuckDB.
import { fillTable } from "../../databases/fill.ts";
import type { Batch, WireColumn } from "../../databases/server.ts";
import type { Client } from "pg";
import { ident } from "../../sql/text.ts";
import type { Fill } from "./copy-into.ts";
import { Misfit, type Shape } from "../../databases/postgres/decode-values.ts";
import { duckType } from "./types.ts";

const FETCH_ROWS = 5_000;

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
  const items = columns.map(({ shape, name }) => (isNested(shape) ? `to_jsonb(${ident(name)})::text` : `${ident(name)}::text`)).join(", ");
  const readers = clients.map((client) => fetchAll(client, queue, (query) => `select ${items} from (${query}) q`));
  const filled = await fillTable({ connection, into, columns: wire, readers, name: server.place });
  for (const [index, column] of columns.entries()) {
    if (filled.columns[index]?.type === duckType(column.shape)) continue;
    await connection.run(`drop table ${into}`);
    throw Object.assign(new Misfit(`some of its values are no ${duckType(column.shape)}`), { found: column });
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

function isNested(shape: Shape): boolean {
  return shape.kind === "list" || shape.kind === "struct";
}

function castOf(shape: Shape, cell: string): string {
  if (shape.kind === "bytea") return `unhex(substr(${cell}, 3))`;
  return isNested(shape) ? `cast(${cell}::json as ${duckType(shape)})` : `cast(${cell} as ${duckType(shape)})`;
}
