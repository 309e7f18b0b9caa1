// Rows of a query as code gets them, in batches, streamed, so that memory is one batch. Values as code expects them:
//   R1. Numbers are numbers where that is exact, else bigint (integers) or text (decimals). R2. Dates and times are ISO text, to the microsecond.
//   R3. Lists, structs and maps are arrays and objects by the same rules; blobs are bytes.
import { DuckDBBlobValue, DuckDBDecimalValue, type DuckDBResult, type DuckDBType, type DuckDBValue } from "@duckdb/node-api";
import type { Row } from "../model/define.ts";
import { toJson } from "../sql/values.ts";
import type { Warehouse } from "../sql/warehouse.ts";

/** Digits that every decimal number keeps on its way through a double and back. */
const EXACT_DIGITS = 15;

/** Streams the rows of a query; `note` is told the columns before the first batch. */
export async function* streamRows(
  warehouse: Warehouse,
  sql: string,
  signal: AbortSignal,
  note: (column: string, type: string) => void = () => {},
): AsyncGenerator<readonly Row[]> {
  // A generator cannot stand inside `session`, so the session waits until the last row was taken.
  const finished = resolvers<void>();
  const started = resolvers<AsyncGenerator<readonly Row[]>>();
  const held = warehouse.session(async ({ connection }) => {
    const result = await connection.stream(sql);
    const names = result.columnNames();
    const types = result.columnTypes();
    for (const [index, type] of types.entries()) note(names[index]!, type.toString());
    started.resolve(batches(result, names, types));
    await finished.promise;
  });
  held.catch((error: unknown) => started.reject(error));
  try {
    for await (const rows of await started.promise) {
      signal.throwIfAborted();
      yield rows;
    }
  } finally {
    finished.resolve();
    await held;
  }
}

async function* batches(result: DuckDBResult, names: readonly string[], types: readonly DuckDBType[]): AsyncGenerator<readonly Row[]> {
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    const rows: Record<string, unknown>[] = Array.from({ length: chunk.rowCount }, () => ({}));
    for (const [index] of types.entries()) {
      const values = chunk.getColumnValues(index);
      const name = names[index]!;
      for (let row = 0; row < rows.length; row++) rows[row]![name] = codeValue(values[row] ?? null);
    }
    yield rows;
  }
}

interface Resolvers<Value> {
  readonly promise: Promise<Value>;
  resolve(value: Value): void;
  reject(error: unknown): void;
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function resolvers<Value>(): Resolvers<Value> {
  const made: { resolve?: (value: Value) => void; reject?: (error: unknown) => void } = {};
  const promise = new Promise<Value>((resolve, reject) => Object.assign(made, { resolve, reject }));
  return { promise, resolve: made.resolve!, reject: made.reject! };
}

/** R1–R3. */
function codeValue(value: DuckDBValue): unknown {
  switch (typeof value) {
    case "boolean":
    case "string":
    case "number":
      return value;
    case "bigint":
      return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    default:
      if (value === null) return null;
      if (value instanceof DuckDBDecimalValue) return decimal(value);
      if (value instanceof DuckDBBlobValue) return value.bytes;
      return toJson(value);
  }
}

function decimal(value: DuckDBDecimalValue): number | string {
  const text = value.toString();
  return text.replace(/^-?0*\.?0*/, "").replace(".", "").length <= EXACT_DIGITS ? Number(text) : text;
}
