// What was kept of a load as deliveries again: pages from their journal, tables from Parquet, files through the connector that knows their format.
import type { DuckDBConnection } from "@duckdb/node-api";
import { createReadStream, createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { MillraceError } from "../../model/errors.ts";
import { hashFile } from "../../platform/files.ts";
import { joinInside } from "../../platform/paths.ts";
import type { Delivery, FileDelivery, KeptFile, TableDelivery } from "../connector.ts";
import { pagesIn } from "./journal.ts";
import type { RawLoad, RawPiece } from "./ledger.ts";
import { readTable } from "./table-file.ts";

const READ_BYTES = 1 << 20;

export interface KeptSource {
  /** Folder of the load. */
  readonly folder: string;
  readonly tempDir: string;
  /** The file's delivery from bytes that lie elsewhere. Undefined: there never was a connector of files. */
  readonly file: ((file: KeptFile, connection: DuckDBConnection) => FileDelivery) | undefined;
}

/** The deliveries of a load in the order in which they came. */
export async function* keptDeliveries({ load, pieces }: RawLoad, source: KeptSource): AsyncGenerator<Delivery> {
  for (const [index, piece] of pieces.entries()) {
    const path = joinInside(source.folder, piece.path);
    if (piece.kind === "rows") yield* pagesIn(createReadStream(path));
    else if (piece.kind === "table") yield tableDelivery(piece, path);
    else yield fileDelivery(piece, path, { ...source, name: `${load}-${index}` });
  }
}

function tableDelivery({ name, rows, position, columns }: RawPiece, path: string): TableDelivery {
  return {
    kind: "table",
    name,
    fill: async ({ connection, into }) => {
      await readTable({ run: async (sql) => (await connection.run(sql)).rowsChanged }, { into, path, columns: columns ?? [] });
      const staged = (columns ?? []).map(({ name: column, label, type, exactText, why }) => ({
        name: column,
        label,
        type,
        exactText,
        why,
      }));
      return { rows: rows ?? 0, columns: staged, ...(position === undefined ? {} : { position }) };
    },
  };
}

/** Its bytes are put where they can be read as they were for as long as they are staged. */
function fileDelivery(piece: RawPiece, stored: string, { tempDir, file, name }: KeptSource & { readonly name: string }): FileDelivery {
  if (file === undefined)
    throw new MillraceError({ code: "MR4301", message: `${piece.name} is a file, and the source's connector of today reads none` });
  const whole = { name: piece.name, sizeBytes: piece.sizeBytes ?? 0, modifiedMs: piece.modifiedMs ?? 0 };
  const isPlain = piece.encoding === "none" && piece.storedBytes === piece.sizeBytes && piece.offset === 0 && !piece.path.endsWith(".gz");
  const stage: FileDelivery["stage"] = async (request) => {
    if (isPlain) return file({ ...whole, path: stored }, request.connection).stage(request);
    const path = join(tempDir, `raw-${name}`);
    try {
      await pipeline(bytesOf(piece, stored), createWriteStream(path, { mode: 0o600 }));
      return await file({ ...whole, path }, request.connection).stage(request);
    } finally {
      await rm(path, { force: true });
    }
  };
  return { kind: "file", ...whole, format: "auto", stage, hash: () => Promise.resolve(piece.hash) };
}

/** What was received, of the part of the file that holds the piece. */
async function* bytesOf({ offset, storedBytes, encoding }: RawPiece, path: string): AsyncGenerator<Buffer> {
  const part = storedBytes === 0 ? [] : createReadStream(path, { start: offset, end: offset + storedBytes - 1, highWaterMark: READ_BYTES });
  if (Array.isArray(part)) return;
  const bytes = encoding === "gzip" ? part.pipe(createGunzip()) : part;
  part.on("error", (error) => bytes.destroy(error));
  yield* bytes as AsyncIterable<Buffer>;
}

/** What is wrong with the pieces of a load; null when all are as they were. */
export async function damageOf({ pieces }: RawLoad, folder: string): Promise<string | null> {
  for (const piece of pieces) {
    const path = joinInside(folder, piece.path);
    try {
      const { size } = await stat(path);
      if (size < piece.offset + piece.storedBytes) return `${piece.name}: ${piece.path} is cut off`;
      const hash = piece.kind === "file" ? await hashOf(piece, path) : await hashFile(path);
      if (hash !== piece.hash) return `${piece.name}: ${piece.path} has other contents`;
    } catch (error) {
      return `${piece.name}: ${piece.path} ${(error as NodeJS.ErrnoException).code === "ENOENT" ? "is gone" : "cannot be read"}`;
    }
  }
  return null;
}

async function hashOf(piece: RawPiece, path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of bytesOf(piece, path)) hash.update(chunk);
  return hash.digest("hex");
}
