// Which format do the first bytes of a file speak? For files whose ending does not tell, or tells less than the whole (.json may hold JSON lines).
import { open } from "node:fs/promises";
import { skipBlanks, skipValue } from "./json/skip.ts";
import { accessForm } from "./logs/forms.ts";

const HEAD_BYTES = 1 << 20;
/** A first record beyond this is taken for a document. */
const HEAD_BYTES_MAX = 64 << 20;

export type SniffedFormat =
  | "json"
  | "ndjson"
  | "parquet"
  | "delimited"
  | "excel"
  | "xml"
  | "avro"
  | "orc"
  | "logs"
  | "geojson"
  | "html"
  | "binary"
  | "empty";
const GEOJSON = /^\s*\{[^{[]*"type"\s*:\s*"Feature(Collection)?"/;
/** Lines that say whether a text is an access log. */
const LOG_LINES_MAX = 5;

export async function sniffFormat(path: string): Promise<SniffedFormat> {
  const found = await sniff(path);
  return found.isGeojson ? "geojson" : found.format;
}

/** Is JSON one document, or a value on each line? */
export async function sniffLayout(path: string): Promise<"document" | "lines"> {
  return (await sniff(path)).format === "ndjson" ? "lines" : "document";
}

async function sniff(path: string): Promise<{ readonly format: SniffedFormat; readonly isGeojson: boolean }> {
  const file = await open(path, "r");
  try {
    let size = HEAD_BYTES;
    for (;;) {
      const buffer = Buffer.alloc(size);
      const { bytesRead } = await file.read(buffer, 0, size, 0);
      const head = buffer.subarray(0, bytesRead);
      const found = formatOf(head, bytesRead < size);
      const isGeojson = (found === "json" || found === "ndjson") && GEOJSON.test(head.toString("latin1", 0, 4096));
      if (found !== "more") return { format: found, isGeojson };
      if (size >= HEAD_BYTES_MAX) return { format: "json", isGeojson: GEOJSON.test(head.toString("latin1", 0, 4096)) };
      size *= 4;
    }
  } finally {
    await file.close();
  }
}

function formatOf(bytes: Buffer, isAll: boolean): SniffedFormat | "more" {
  if (bytes.length === 0) return "empty";
  const magic = magicOf(bytes);
  if (magic !== null) return magic;
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) return utf16Format(bytes);
  const from = skipBlanks(bytes, bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0, bytes.length);
  const first = bytes[from];
  if (first !== 123 && first !== 91) return bytes.subarray(0, 8192).includes(0) ? "binary" : textFormat(bytes, from);
  const end = skipValue(bytes, from, bytes.length);
  if (end === -1) return isAll ? "json" : "more";
  const next = skipBlanks(bytes, end, bytes.length);
  if (next === bytes.length) return isAll ? "json" : "more";
  // Another value on a later line, and the first one on one line: JSON lines. (A list of names in brackets may begin a CSV, but not twice so.)
  const isOneLine = !hasLineEnd(bytes, from, end);
  return isOneLine && hasLineEnd(bytes, end, next) ? "ndjson" : "json";
}

function magicOf(bytes: Buffer): SniffedFormat | null {
  const start = bytes.toString("latin1", 0, 4);
  if (start === "PAR1") return "parquet";
  if (start === "Obj\u0001") return "avro";
  if (start.startsWith("ORC")) return "orc";
  if (start === "\u00d0\u00cf\u0011\u00e0") return "excel";
  // A workbook names its parts early on; other archives are no workbooks.
  if (start === "PK\u0003\u0004")
    return /\[Content_Types\]\.xml|xl\/|_rels\/\.rels/.test(bytes.toString("latin1", 0, 8192)) ? "excel" : "binary";
  return null;
}

function textFormat(bytes: Buffer, from: number): SniffedFormat {
  const head = bytes.toString("latin1", from, from + 8192);
  if (head.startsWith("<")) {
    if (/^<!doctype html|<html[\s>]|<table[\s>]/i.test(head)) return "html";
    if (/^<(\?xml|!--|!DOCTYPE|[A-Za-z_][\w.:-]*[\s/>])/.test(head)) return "xml";
  }
  const lines = head.split(/\r?\n/).slice(0, LOG_LINES_MAX);
  const whole = lines.length > 1 ? lines.slice(0, -1) : lines;
  return whole.every((line) => accessForm(line) !== null) ? "logs" : "delimited";
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
