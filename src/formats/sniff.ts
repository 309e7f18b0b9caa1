// Which format do the first bytes of a file speak? For files whose ending does not tell, or tells less than the whole (.json may hold JSON lines).
import { open } from "node:fs/promises";
import { skipBlanks, skipValue } from "./json/skip.ts";

const HEAD_BYTES = 1 << 20;
/** A first record beyond this is taken for a document. */
const HEAD_BYTES_MAX = 64 << 20;

export type SniffedFormat = "json" | "ndjson" | "parquet" | "delimited" | "binary" | "empty";

export async function sniffFormat(path: string): Promise<SniffedFormat> {
  const file = await open(path, "r");
  try {
    let size = HEAD_BYTES;
    for (;;) {
      const buffer = Buffer.alloc(size);
      const { bytesRead } = await file.read(buffer, 0, size, 0);
      const found = formatOf(buffer.subarray(0, bytesRead), bytesRead < size);
      if (found !== "more") return found;
      if (size >= HEAD_BYTES_MAX) return "json";
      size *= 4;
    }
  } finally {
    await file.close();
  }
}

function formatOf(bytes: Buffer, isAll: boolean): SniffedFormat | "more" {
  if (bytes.length === 0) return "empty";
  if (bytes.subarray(0, 4).toString("latin1") === "PAR1") return "parquet";
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) return utf16Format(bytes);
  const from = skipBlanks(bytes, bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0, bytes.length);
  const first = bytes[from];
  if (first !== 123 && first !== 91) return bytes.subarray(0, 8192).includes(0) ? "binary" : "delimited";
  const end = skipValue(bytes, from, bytes.length);
  if (end === -1) return isAll ? "json" : "more";
  const next = skipBlanks(bytes, end, bytes.length);
  if (next === bytes.length) return isAll ? "json" : "more";
  // Another value on a later line, and the first one on one line: JSON lines. (A list of names in brackets may begin a CSV, but not twice so.)
  const isOneLine = !hasLineEnd(bytes, from, end);
  return isOneLine && hasLineEnd(bytes, end, next) ? "ndjson" : "json";
}

function utf16Format(bytes: Buffer): SniffedFormat {
  const text = new TextDecoder(bytes[0] === 0xff ? "utf-16le" : "utf-16be").decode(bytes.subarray(0, bytes.length & ~1)).trimStart();
  if (!text.startsWith("{") && !text.startsWith("[")) return "delimited";
  const [line = "", ...rest] = text.split(/\r\n|\n|\r/);
  return rest.some((other) => other.trim() !== "") && /[}\]]\s*$/.test(line) ? "ndjson" : "json";
}

function hasLineEnd(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] === 10 || bytes[at] === 13) return true;
  return false;
}
