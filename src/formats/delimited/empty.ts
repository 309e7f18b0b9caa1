// A file without any byte: a table without rows. DuckDB wants a column, so there is one that nobody may use.
import { createHash } from "node:crypto";
import type { StagedFile, StageRequest } from "../format.ts";
import type { Encoding } from "./encoding.ts";

/** `columns` is empty; the table has one column `column_1` and no rows. */
export async function emptyFile(request: StageRequest, encoding: Encoding, sizeBytes: number): Promise<StagedFile> {
  await request.connection.run(`CREATE OR REPLACE TABLE ${request.into} (column_1 VARCHAR)`);
  const mark =
    encoding.name === "utf-8" && sizeBytes === 3 ? Buffer.from("\ufeff") : sizeBytes === 2 ? markOfUtf16(encoding.name) : Buffer.alloc(0);
  return {
    rows: 0,
    columns: [],
    origins: [],
    hasRejected: false,
    records: { read: 0, quarantined: 0, repaired: 0 },
    lines: { total: 0, header: 0, preamble: 0, blank: 0 },
    sizeBytes,
    hash: createHash("sha256").update(mark).digest("hex"),
    understood: {
      format: "delimited",
      compression: "none",
      encoding: { name: encoding.name, why: encoding.why, confidence: encoding.confidence },
      confidence: 1,
      doubts: ["The file is empty."],
      warnings: [],
      road: "nothing to read",
    },
  };
}

function markOfUtf16(name: string): Buffer {
  return Buffer.from(name === "utf-16be" ? [0xfe, 0xff] : [0xff, 0xfe]);
}
