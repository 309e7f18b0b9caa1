// Rows that a person took out of quarantine (fixed, accepted, tried again): what they are stands in the asset alone, so a replay takes them over as they stand,
// each with the file and line that it came from.
import { readLiveVersion } from "../../sql/ledger/publish.ts";
import { ROWS_SCHEMA } from "../../sql/ledger/ledger.ts";
import { ident, literal, qualified } from "../../sql/text.ts";
import type { Warehouse } from "../../sql/warehouse.ts";
import type { FileDelivery } from "../connector.ts";
import { HISTORY_COLUMNS } from "../snapshot.ts";

/** One delivery per file that the rows of the act came from. */
export async function* actedRows(warehouse: Warehouse, asset: string, load: string): AsyncGenerator<FileDelivery> {
  const from = `${qualified(ROWS_SCHEMA, asset)} where _load = ${literal(load)}`;
  const { live, files } = await warehouse.session(async (session) => ({
    live: await readLiveVersion(session, asset),
    files: await session.rows<{ file: string | null }>(`select distinct _file as file from ${from} order by file`),
  }));
  const history = new Set<string>(HISTORY_COLUMNS.map(({ name }) => name));
  const columns = (live?.columns ?? []).filter(({ name }) => !history.has(name));
  for (const { file } of files) {
    const own = `${from} and _file is not distinct from ${file === null ? "null" : literal(file)}`;
    yield {
      kind: "file",
      name: file ?? load,
      sizeBytes: 0,
      modifiedMs: 0,
      format: "quarantine",
      hash: () => Promise.resolve(load),
      stage: async ({ connection, into }) => {
        await connection.run(
          `create table ${into} as select ${columns.map(({ name }) => ident(name)).join(", ")} from ${own} order by _line`,
        );
        const lines = (await connection.runAndReadAll(`select coalesce(_line, 0)::integer from ${own} order by _line`)).getRows();
        return {
          rows: lines.length,
          columns: columns.map(({ name, type }) => ({ name, label: name, type, exactText: true, why: "as it stood" })),
          origins: lines.map(([line], firstRow) => ({ firstRow, line: Number(line) })),
          hasRejected: false,
          records: { read: lines.length, quarantined: 0, repaired: 0 },
          lines: null,
          sizeBytes: 0,
          hash: load,
          understood: { format: "quarantine", compression: "none", confidence: 1, doubts: [], warnings: [], road: "as it stood" },
        };
      },
    };
  }
}
