// Rows of a streamed result within caps: what does not fit is never fetched, a long value is shortened before it becomes text of ours.
//   R1. Values are read one after the other, so that a chunk of huge ones ends at the cap and not in memory; of a list no more items than can be shown.
import { DuckDBListVector, type DuckDBResult, type DuckDBValue, type DuckDBVector, listValue } from "@duckdb/node-api";
import type { JsonValue } from "../../model/answers.ts";
import type { QueryRunAnswer } from "../../model/query-answers.ts";
import { jsonReader, toJson } from "../../sql/values.ts";

export interface RowCaps {
  readonly rowsMax: number;
  /** Of the answer as JSON, about. */
  readonly bytesMax: number;
  readonly cellCharactersMax: number;
}

export interface CappedRows {
  readonly rows: readonly (readonly JsonValue[])[];
  readonly cutBy: QueryRunAnswer["cutBy"];
  readonly cellsCut: number;
}

export async function readCapped(result: DuckDBResult, { rowsMax, bytesMax, cellCharactersMax }: RowCaps): Promise<CappedRows> {
  const readers = result.columnTypes().map((type) => jsonReader(type) ?? toJson);
  const rows: JsonValue[][] = [];
  let bytes = 0;
  let cellsCut = 0;
  const shortened = (value: JsonValue): JsonValue => {
    if (typeof value === "string") {
      bytes += value.length + 3;
      if (value.length <= cellCharactersMax) return value;
      bytes -= value.length - cellCharactersMax;
    } else if (typeof value === "object" && value !== null) {
      const text = JSON.stringify(value);
      bytes += text.length + 1;
      if (text.length <= cellCharactersMax) return value;
      bytes -= text.length - cellCharactersMax;
      cellsCut += 1;
      return `${text.slice(0, cellCharactersMax)}…`;
    } else {
      bytes += 8;
      return value;
    }
    cellsCut += 1;
    return `${value.slice(0, cellCharactersMax)}…`;
  };
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return { rows, cutBy: null, cellsCut };
    const vectors = readers.map((_, index) => chunk.getColumnVector(index));
    for (let row = 0; row < chunk.rowCount; row++) {
      if (rows.length >= rowsMax) return { rows, cutBy: "rows", cellsCut };
      if (bytes >= bytesMax) return { rows, cutBy: "bytes", cellsCut };
      rows.push(
        readers.map((read, index) => {
          const value = itemOf(vectors[index]!, row, cellCharactersMax);
          return value === null ? null : shortened(read(value));
        }),
      );
    }
  }
}

/** R1: an item has a character at least. */
function itemOf(vector: DuckDBVector, row: number, itemsMax: number): DuckDBValue {
  const items = vector instanceof DuckDBListVector ? vector.getItemVector(row) : null;
  return items === null || items.itemCount <= itemsMax ? vector.getItem(row) : listValue(items.slice(0, itemsMax).toArray());
}
