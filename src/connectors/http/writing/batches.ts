// Rows of a query cut into batches, by number and by bytes. The same query over the same rows gives the same batches, each with a name of its own.
import { createHash } from "node:crypto";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { JsonValue } from "../../../model/json.ts";
import { MillraceError } from "../../../model/errors.ts";
import { readRowChunks } from "../../../sql/values.ts";

export type WriteRow = Readonly<Record<string, JsonValue>>;

export interface Batch {
  /** From 1. */
  readonly number: number;
  /** "3-9f86d081884c": number and contents, so that other rows are another batch. */
  readonly name: string;
  readonly rows: readonly WriteRow[];
  /** Rows of all batches before it. */
  readonly before: number;
}

export interface BatchLimits {
  readonly rowsMax: number;
  readonly bytesMax: number;
  /** Only these columns; undefined: all. */
  readonly columns: readonly string[] | undefined;
}

/** @throws MR3531 for a row that is larger than a batch may be, or that lacks a column of the key. */
export async function* batchesOf(connection: DuckDBConnection, query: string, limits: BatchLimits): AsyncGenerator<Batch> {
  const { rowsMax, bytesMax, columns } = limits;
  const result = await connection.stream(query);
  const names = result.columnNames();
  const missing = columns?.find((column) => !names.includes(column));
  if (missing !== undefined) throw wrong(`the query has no column "${missing}", which is part of the key`);
  const places = (columns ?? names).map((name) => [name, names.indexOf(name)] as const);
  let rows: WriteRow[] = [];
  let sizeBytes = 0;
  let number = 0;
  let before = 0;
  const cut = (): Batch => {
    number += 1;
    const batch = { number, name: nameOf(number, rows), rows, before };
    before += rows.length;
    [rows, sizeBytes] = [[], 0];
    return batch;
  };
  for await (const chunk of readRowChunks(result)) {
    for (const values of chunk) {
      const row = Object.fromEntries(places.map(([name, index]) => [name, values[index] ?? null]));
      const rowBytes = Buffer.byteLength(JSON.stringify(row)) + 1;
      if (rowBytes > bytesMax)
        throw wrong(`row ${before + rows.length + 1} has ${rowBytes} bytes, more than a batch may have (${bytesMax})`);
      if (rows.length > 0 && (rows.length >= rowsMax || sizeBytes + rowBytes > bytesMax)) yield cut();
      rows.push(row);
      sizeBytes += rowBytes;
    }
  }
  if (rows.length > 0) yield cut();
}

/** Halves of a batch that was refused as a whole. */
export function halvesOf({ number, rows, before }: Batch): readonly Batch[] {
  const half = Math.ceil(rows.length / 2);
  return [
    { number, rows: rows.slice(0, half), before },
    { number, rows: rows.slice(half), before: before + half },
  ].map((part) => ({ ...part, name: nameOf(number, part.rows) }));
}

function nameOf(number: number, rows: readonly WriteRow[]): string {
  return `${number}-${createHash("sha256").update(JSON.stringify(rows)).digest("hex").slice(0, 12)}`;
}

export function wrong(message: string): MillraceError {
  return new MillraceError({ code: "MR3531", message });
}
