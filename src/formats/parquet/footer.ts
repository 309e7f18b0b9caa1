// The footer of a Parquet file, read without DuckDB: where the column chunks are, how many values and rows they should have.
import type { FileHandle } from "node:fs/promises";
import { MillraceError } from "../../model/errors.ts";
import { ThriftReader, type ThriftStruct, type ThriftValue } from "./thrift.ts";

/** Footers beyond this are refused; a real one has some hundred bytes a column and row group. */
const FOOTER_BYTES_MAX = 256 << 20;
const CODECS = ["uncompressed", "snappy", "gzip", "lzo", "brotli", "lz4", "zstd", "lz4_raw"] as const;
export type Codec = (typeof CODECS)[number];

export interface ColumnChunk {
  readonly path: string;
  readonly codec: Codec;
  readonly values: number;
  readonly start: number;
  readonly sizeBytes: number;
  /** Deepest repetition level; 0: a flat column. */
  readonly repetitionMax: number;
}

interface RowGroup {
  readonly rows: number;
  readonly chunks: readonly ColumnChunk[];
}

export interface ParquetFooter {
  readonly rows: number;
  readonly groups: readonly RowGroup[];
  /** Where the data ends and the footer begins. */
  readonly dataEnd: number;
}

/** Throws MR3130 (broken), MR3133 (encrypted). */
export async function readFooter(file: FileHandle, sizeBytes: number, name: string): Promise<ParquetFooter> {
  if (sizeBytes < 12) throw broken(name, `it has ${sizeBytes} bytes, the smallest Parquet file has 12`);
  const tail = await read(file, sizeBytes - 8, 8);
  const magic = tail.subarray(4).toString("latin1");
  if (magic === "PARE") throw encrypted(name);
  const head = (await read(file, 0, 4)).toString("latin1");
  if (magic !== "PAR1") {
    throw broken(
      name,
      head === "PAR1" ? "its end is missing: it was cut off, or is still being written" : "it does not begin and end as Parquet does",
    );
  }
  if (head !== "PAR1") throw broken(name, "its beginning is not that of a Parquet file");
  const length = tail.readUInt32LE(0);
  if (length > sizeBytes - 12 || length > FOOTER_BYTES_MAX) throw broken(name, `its footer claims ${length} bytes`);
  const bytes = await read(file, sizeBytes - 8 - length, length);
  try {
    const struct = new ThriftReader(bytes).struct();
    if (struct.has(8)) throw encrypted(name);
    return parse(struct, sizeBytes - 8 - length);
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    throw new MillraceError({ code: "MR3130", message: `${name} is no sound Parquet file: its footer cannot be read`, cause: error });
  }
}

export async function read(file: FileHandle, from: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, from);
  return buffer.subarray(0, bytesRead);
}

export function broken(name: string, why: string): MillraceError {
  return new MillraceError({ code: "MR3130", message: `${name} is no sound Parquet file: ${why}` });
}

function encrypted(name: string): MillraceError {
  return new MillraceError({ code: "MR3133", message: `${name} is encrypted` });
}

function parse(struct: ThriftStruct, dataEnd: number): ParquetFooter {
  const levels = levelsOf(list(struct, 2).map(asStruct));
  const groups = list(struct, 4).map(asStruct);
  return {
    rows: number(struct, 3),
    dataEnd,
    groups: groups.map((group) => ({
      rows: number(group, 3),
      chunks: list(group, 1).map((chunk) => parseChunk(asStruct(chunk), levels, dataEnd)),
    })),
  };
}

function parseChunk(chunk: ThriftStruct, levels: ReadonlyMap<string, number>, dataEnd: number): ColumnChunk {
  // Field 8 of a column chunk is how it is encrypted; then its metadata may be missing.
  const meta = chunk.get(3);
  if (!(meta instanceof Map)) throw new Error("a column without metadata");
  const path = list(meta, 3)
    .map((part) => text(part))
    .join(".");
  const dictionary = meta.get(11);
  const data = number(meta, 9);
  // Some writers say 0 for a dictionary that is not there, or begin the data at the dictionary.
  const start = typeof dictionary === "number" && dictionary > 0 && dictionary < data ? dictionary : data;
  const sizeBytes = number(meta, 7);
  if (start < 0 || sizeBytes < 0 || start + sizeBytes > dataEnd) throw new Error(`the column ${path} lies outside of the file`);
  const codec = CODECS[number(meta, 4)];
  if (codec === undefined) throw new Error(`the column ${path} has the unknown compression ${number(meta, 4)}`);
  const repetitionMax = levels.get(path) ?? 0;
  return { path, codec, values: number(meta, 5), start, sizeBytes, repetitionMax };
}

/** Repetition levels of the leaves of the schema, which is a tree written in preorder. */
function levelsOf(schema: readonly ThriftStruct[]): ReadonlyMap<string, number> {
  const leaves = new Map<string, number>();
  let next = 1;
  const visit = (path: readonly string[], above: number): void => {
    const element = schema[next++];
    if (element === undefined) throw new Error("the schema ends too early");
    const level = above + (element.get(3) === 2 ? 1 : 0);
    const way = [...path, text(element.get(4))];
    const children = element.get(5);
    if (typeof children !== "number" || children === 0) leaves.set(way.join("."), level);
    else for (let i = 0; i < children; i++) visit(way, level);
  };
  const children = schema[0]?.get(5);
  if (typeof children === "number") for (let i = 0; i < children; i++) visit([], 0);
  return leaves;
}

function list(struct: ThriftStruct, id: number): readonly ThriftValue[] {
  const value = struct.get(id);
  return Array.isArray(value) ? (value as readonly ThriftValue[]) : [];
}

function number(struct: ThriftStruct, id: number): number {
  const value = struct.get(id);
  if (typeof value !== "number") throw new Error(`field ${id} is missing`);
  return value;
}

function text(value: ThriftValue | undefined): string {
  return value instanceof Buffer ? value.toString("utf8") : "";
}

function asStruct(value: ThriftValue): ThriftStruct {
  if (value instanceof Map) return value as ThriftStruct;
  throw new Error("a structure is missing");
}
