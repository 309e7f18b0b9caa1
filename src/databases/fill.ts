// From a driver's rows into a DuckDB table. Rows are appended to a temporary table in the form in which they travelled; one statement then makes the
// typed table, so that texts become dates and decimals in DuckDB and not in JavaScript. (0.7 M rows/s × 12 columns on the way in, 1.9 M typed.)
//   D1. Memory is one batch per reader, whatever the number of rows.
//   D2. A value that its column's type cannot hold is not lost: the whole column stays text, exactly as the server wrote it.
//   D3. The rows in the table are as many as the readers sent.
import { randomBytes } from "node:crypto";
import {
  BIGINT,
  BLOB,
  BOOLEAN,
  DOUBLE,
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
  VARCHAR,
} from "@duckdb/node-api";
import type { FilledTable } from "../load/connector.ts";
import { MillraceError } from "../model/errors.ts";
import { ident } from "../sql/text.ts";
import type { Batch, Cell, Wire, WireColumn } from "./server.ts";

const CHUNK_ROWS = 2048;
const WIRE_TYPES: Readonly<Record<Wire, DuckDBType>> = { text: VARCHAR, bigint: BIGINT, double: DOUBLE, boolean: BOOLEAN, blob: BLOB };

export interface FillRequest {
  readonly connection: DuckDBConnection;
  /** Qualified and quoted. */
  readonly into: string;
  readonly columns: readonly WireColumn[];
  /** Read at the same time; each in its own order. */
  readonly readers: readonly AsyncIterable<Batch>[];
  /** For messages. */
  readonly name: string;
  readonly signal?: AbortSignal | undefined;
}

/** Creates `into` and fills it. @throws what a reader throws; MR4857. */
export async function fillTable({ connection, into, columns, readers, name, signal }: FillRequest): Promise<FilledTable> {
  const names = distinctNames(columns.map((column) => column.name));
  if (columns.length === 0) {
    await connection.run(`create table ${into} (_empty varchar)`);
    return { rows: 0, columns: [] };
  }
  const bare = `_millrace_wire_${randomBytes(6).toString("hex")}`;
  const wire = `temp.${ident(bare)}`;
  await connection.run(
    `create temp table ${ident(bare)} (${columns.map((column, index) => `c${index} ${WIRE_TYPES[column.wire].toString()}`).join(", ")})`,
  );
  try {
    const appended = await appendAll(connection, bare, columns, readers, signal);
    signal?.throwIfAborted();
    const stays = await columnsThatStayText(connection, wire, columns);
    const final = columns.map((column, index) => (stays.has(index) ? { ...column, type: "VARCHAR", cast: undefined } : column));
    const select = final.map((column, index) => `${castOf(column, `c${index}`)} as ${ident(names[index]!)}`).join(", ");
    await connection.run(`create table ${into} as select ${select} from ${wire}`);
    const counted = await connection.runAndReadAll(`select count(*) from ${into}`);
    const rows = Number(counted.getRows()[0]?.[0]);
    if (rows !== appended) throw new MillraceError({ code: "MR4857", message: `${name}: ${appended} rows were sent, but ${rows} arrived` });
    return {
      rows,
      columns: final.map(({ name: label, type, serverType }, index) => ({
        name: names[index]!,
        label,
        type,
        exactText: !/^(DOUBLE|FLOAT|DECIMAL|BLOB|TIMESTAMP|INTERVAL)/.test(type),
        why: stays.has(index)
          ? `${serverType} in the database, with values that no ${columns[index]!.type} holds`
          : `${serverType} in the database`,
      })),
    };
  } finally {
    await connection.run(`drop table if exists ${wire}`);
  }
}

function castOf(
  { wire, type, cast }: Pick<WireColumn, "wire" | "type"> & { readonly cast?: WireColumn["cast"] | undefined },
  cell: string,
): string {
  if (cast !== undefined) return cast(cell);
  return WIRE_TYPES[wire].toString() === type ? cell : `cast(${cell} as ${type})`;
}

/** D2: columns with a text that the cast refuses. */
async function columnsThatStayText(
  connection: DuckDBConnection,
  wire: string,
  columns: readonly WireColumn[],
): Promise<ReadonlySet<number>> {
  const doubtful = columns.flatMap((column, index) => (column.wire === "text" && column.type !== "VARCHAR" ? [{ column, index }] : []));
  if (doubtful.length === 0) return new Set();
  const tests = doubtful.map(({ column, index }) => `bool_or(c${index} is not null and try(${castOf(column, `c${index}`)}) is null)`);
  const found = await connection.runAndReadAll(`select ${tests.join(", ")} from ${wire}`);
  const refused = found.getRows()[0] ?? [];
  return new Set(doubtful.filter((_, at) => refused[at] === true).map(({ index }) => index));
}

async function appendAll(
  connection: DuckDBConnection,
  table: string,
  columns: readonly WireColumn[],
  readers: FillRequest["readers"],
  signal: AbortSignal | undefined,
): Promise<number> {
  const appender = await connection.createAppender(table, "main", "temp");
  const types = columns.map((column) => WIRE_TYPES[column.wire]);
  let rows = 0;
  let stopped = false;
  const append = (batch: Batch): void => {
    for (let from = 0; from < batch.length; from += CHUNK_ROWS) {
      const count = Math.min(CHUNK_ROWS, batch.length - from);
      const chunk = DuckDBDataChunk.create(types, CHUNK_ROWS);
      chunk.rowCount = count;
      for (const [index, column] of columns.entries()) {
        const values = Array.from({ length: count }, (_, row) => wireValue(batch[from + row]![index], column.wire));
        chunk.setColumnValues(index, values);
      }
      appender.appendDataChunk(chunk);
    }
    rows += batch.length;
  };
  try {
    await Promise.all(
      readers.map(async (reader) => {
        try {
          for await (const batch of reader) {
            if (stopped) return;
            signal?.throwIfAborted();
            append(batch);
          }
        } catch (error) {
          stopped = true;
          throw error;
        }
      }),
    );
  } catch (error) {
    try {
      appender.closeSync();
    } catch {
      // The first error is the one to tell.
    }
    throw error;
  }
  appender.closeSync();
  return rows;
}

function wireValue(cell: Cell | undefined, wire: Wire): DuckDBValue {
  if (cell === null || cell === undefined) return null;
  switch (wire) {
    case "text":
      return typeof cell === "string" ? cell : cell instanceof Uint8Array ? Buffer.from(cell).toString("utf8") : String(cell);
    case "bigint":
      return typeof cell === "bigint" ? cell : BigInt(cell as number | string);
    case "double":
      return Number(cell);
    case "boolean":
      return Boolean(cell);
    case "blob":
      return new DuckDBBlobValue(cell as Uint8Array);
    default:
      return wire satisfies never;
  }
}

/** Names that DuckDB tells apart. */
export function distinctNames(labels: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return labels.map((label, index) => {
    const bare = label === "" || label.includes("\0") ? `column_${index + 1}` : label;
    let name = bare;
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${bare}_${n}`;
    taken.add(name.toLowerCase());
    return name;
  });
}
