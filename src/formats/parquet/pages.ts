// An audit of the pages of a Parquet file that knows nothing of DuckDB's reader. DuckDB does not look at checksums and takes some contradictions
// for data; here each of them is an error:
//   Q1. Pages follow one another without a gap and end before the footer; what has a checksum has the right one.
//   Q2. The values of the pages are as many as the chunk says; those of a flat column as many as the rows of the group.
//   Q3. A nested column begins each page-independent row at level 0, and has as many such beginnings as the group has rows.
import { crc32 } from "node:zlib";
import type { FileHandle } from "node:fs/promises";
import { expandPage } from "./expand.ts";
import { broken, read, type ColumnChunk, type ParquetFooter } from "./footer.ts";
import { levelsOf } from "./levels.ts";
import { ThriftReader, type ThriftStruct } from "./thrift.ts";
import { MillraceError } from "../../model/errors.ts";

const HEADER_BYTES = 16 << 10;
/** A header holds the smallest and largest value, which may be long texts. */
const HEADER_BYTES_MAX = 64 << 20;
const PAGE = { data: 0, data2: 3 } as const;

/** Throws MR3130 or MR3132 for the first thing that is wrong. */
export async function auditPages(file: FileHandle, footer: ParquetFooter, name: string): Promise<void> {
  for (const [group, { rows, chunks }] of footer.groups.entries()) {
    for (const chunk of chunks)
      await auditChunk(file, chunk, rows, footer.dataEnd, `${name}: column ${chunk.path}, row group ${group + 1}`);
  }
}

interface PageHeader {
  readonly type: number;
  readonly headerBytes: number;
  readonly bytes: number;
  readonly fullBytes: number;
  readonly crc: number | undefined;
  readonly struct: ThriftStruct;
}

async function auditChunk(file: FileHandle, chunk: ColumnChunk, rows: number, dataEnd: number, place: string): Promise<void> {
  // Some writers leave the dictionary's header out of the size of the chunk: only the footer is a sure end.
  const end = dataEnd;
  let at = chunk.start;
  let values = 0;
  let beginnings = 0;
  while (values < chunk.values && at < end) {
    const page = await readHeader(file, at, end, place);
    const from = at + page.headerBytes;
    at = from + page.bytes;
    if (at > end) throw broken(place, "a page reaches beyond the end of its column");
    if (page.crc !== undefined) await checkCrc(file, from, page, place);
    if (page.type !== PAGE.data && page.type !== PAGE.data2) continue;
    const count = field(page.struct, page.type === PAGE.data ? 5 : 8, 1);
    const isFirst = values === 0;
    values += count;
    if (values > chunk.values) throw broken(place, `the footer says ${chunk.values} values, its pages have ${values} or more`);
    if (count === 0 || chunk.repetitionMax === 0) continue;
    const levels = await readRepetition(file, from, page, chunk, count, place);
    if (levels === null) {
      beginnings = Number.NaN; // a codec that only DuckDB knows: what cannot be looked at cannot be counted
      continue;
    }
    if (isFirst && levels.first !== 0) throw broken(place, "its first row begins within a list");
    beginnings += levels.zeros;
  }
  if (values !== chunk.values) throw broken(place, `the footer says ${chunk.values} values, its pages have ${values}`);
  if (chunk.repetitionMax === 0 && values !== rows) throw broken(place, `the row group has ${rows} rows, the column ${values} values`);
  if (chunk.repetitionMax > 0 && !Number.isNaN(beginnings) && beginnings !== rows) {
    throw broken(place, `the row group has ${rows} rows, the column begins ${beginnings}`);
  }
}

async function readHeader(file: FileHandle, at: number, end: number, place: string): Promise<PageHeader> {
  for (let size = HEADER_BYTES; ; size *= 16) {
    const bytes = await read(file, at, Math.min(size, end - at));
    const reader = new ThriftReader(bytes);
    try {
      const struct = reader.struct();
      const crc = struct.get(4);
      const header = {
        type: plain(struct, 1),
        headerBytes: reader.at,
        fullBytes: plain(struct, 2),
        bytes: plain(struct, 3),
        crc: typeof crc === "number" ? crc >>> 0 : undefined,
        struct,
      };
      if (header.bytes < 0 || header.fullBytes < 0) throw new Error("a page of negative size");
      return header;
    } catch (error) {
      if (size < HEADER_BYTES_MAX && size < end - at) continue;
      throw new MillraceError({ code: "MR3130", message: `${place}: the header of a page cannot be read`, cause: error });
    }
  }
}

async function checkCrc(file: FileHandle, from: number, page: PageHeader, place: string): Promise<void> {
  const bytes = await read(file, from, page.bytes);
  if (crc32(bytes) === page.crc) return;
  throw new MillraceError({ code: "MR3132", message: `${place}: a page has a wrong checksum; its bytes are not those that were written` });
}

/** The repetition levels of a page; null when its compression is not one of ours. */
async function readRepetition(
  file: FileHandle,
  from: number,
  page: PageHeader,
  chunk: ColumnChunk,
  count: number,
  place: string,
): Promise<ReturnType<typeof levelsOf> | null> {
  try {
    // In pages of version 2 the levels stand before the compressed part.
    if (page.type === PAGE.data2) return levelsOf(await read(file, from, field(page.struct, 8, 6)), chunk.repetitionMax, count);
    const bytes = expandPage(chunk.codec, await read(file, from, page.bytes), page.fullBytes);
    if (bytes === null) return null;
    const length = bytes.readUInt32LE(0);
    if (length > bytes.length - 4) throw new Error("levels reach beyond the page");
    return levelsOf(bytes.subarray(4, 4 + length), chunk.repetitionMax, count);
  } catch (error) {
    throw new MillraceError({ code: "MR3130", message: `${place}: a page cannot be taken apart`, cause: error });
  }
}

function plain(struct: ThriftStruct, id: number): number {
  const value = struct.get(id);
  if (typeof value !== "number") throw new Error(`field ${id} of a page header is missing`);
  return value;
}

function nested(struct: ThriftStruct, id: number): ThriftStruct {
  const value = struct.get(id);
  return value instanceof Map ? (value as ThriftStruct) : new Map();
}

function field(struct: ThriftStruct, id: number, inner: number): number {
  const value = nested(struct, id).get(inner);
  return typeof value === "number" ? value : 0;
}
