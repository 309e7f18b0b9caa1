// A table that a connector filled as a Parquet file, and back: the same values of the same types in the same order. What Parquet has no type for stands in it
// as text and is cast back.
import { open } from "node:fs/promises";
import type { StagedColumn } from "../../formats/format.ts";
import { hashFile } from "../../platform/files.ts";
import type { Session } from "../../sql/session.ts";
import { ident, literal } from "../../sql/text.ts";
import type { Warehouse } from "../../sql/warehouse.ts";
import type { PieceColumn } from "./ledger.ts";

/** DuckDB writes these as something else: huge integers as doubles, intervals without microseconds, enums as text, … */
const NOT_IN_PARQUET =
  /\b(U?HUGEINT|INTERVAL|BIT|VARINT|BIGNUM|ENUM|TIME WITH TIME ZONE|TIMETZ|TIMESTAMP_S|TIMESTAMP_MS|UNION|GEOMETRY|VARIANT)\b|\bMAP\(/;

export interface TableRequest {
  /** Qualified and quoted. */
  readonly table: string;
  readonly path: string;
  readonly columns: readonly StagedColumn[];
}

export interface WrittenTable {
  readonly columns: readonly PieceColumn[];
  readonly storedBytes: number;
  readonly hash: string;
}

/**
 * Writes the table on a connection of its own, beside what else is done with it: what it finds is the table as it stands when `seen` is called.
 * @throws DuckDB's error.
 */
export async function writeTable(warehouse: Warehouse, { table, path, columns }: TableRequest, seen: () => void): Promise<WrittenTable> {
  return warehouse.transaction(async (session) => {
    const types = await session.rows<{ column_name: string; column_type: string }>(`describe select * from ${table}`);
    const known = new Map(columns.map((column) => [column.name, column]));
    const kept = types.map(({ column_name: name, column_type: type }): PieceColumn => {
      const { label = name, exactText = false, why = "" } = known.get(name) ?? {};
      return { name, label, type, exactText, why, asText: NOT_IN_PARQUET.test(type) };
    });
    seen();
    const listed = kept.map(({ name, asText }) => (asText ? `${ident(name)}::varchar as ${ident(name)}` : ident(name)));
    await session.run(
      `copy (select ${listed.join(", ")} from ${table}) to ${literal(path)} (format parquet, compression snappy, use_tmp_file false)`,
    );
    const file = await open(path, "r+");
    try {
      await file.sync();
      return { columns: kept, storedBytes: (await file.stat()).size, hash: await hashFile(path) };
    } finally {
      await file.close();
    }
  });
}

/** Creates `into` as it was. @throws DuckDB's error. */
export async function readTable(
  session: Pick<Session, "run">,
  { into, path, columns }: { readonly into: string; readonly path: string; readonly columns: readonly PieceColumn[] },
): Promise<void> {
  const listed = columns.map(({ name, type }) => `${ident(name)}::${type} as ${ident(name)}`);
  await session.run(`create table ${into} as select ${listed.join(", ")} from read_parquet(${literal(path)})`);
}
