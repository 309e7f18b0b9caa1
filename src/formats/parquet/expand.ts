// Decompresses one page of a Parquet file, for the audit. Sizes are known beforehand and checked.
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { decompress as expandZstd } from "fzstd";
import type { Codec } from "./footer.ts";

/** Pages beyond this are not taken apart. */
const PAGE_BYTES_MAX = 512 << 20;

/** The bytes of a page, `size` of them; null for a codec that is not read here. Throws when they are damaged. */
export function expandPage(codec: Codec, bytes: Buffer, size: number): Buffer | null {
  if (size > PAGE_BYTES_MAX) return null;
  switch (codec) {
    case "uncompressed":
      return bytes;
    case "snappy":
      return expandSnappy(bytes, size);
    case "gzip":
      return gunzipSync(bytes, { maxOutputLength: Math.max(size, 1) });
    case "brotli":
      return brotliDecompressSync(bytes, { maxOutputLength: Math.max(size, 1) });
    case "zstd":
      return Buffer.from(expandZstd(bytes, new Uint8Array(size)));
    case "lz4_raw":
    case "lz4":
    case "lzo":
      return null;
    default:
      throw new Error(`unknown codec: ${String(codec satisfies never)}`);
  }
}

/** Snappy: literals and copies of what came before. */
function expandSnappy(bytes: Buffer, size: number): Buffer {
  let at = 0;
  let claimed = 0;
  for (let factor = 1, byte = 128; byte >= 128; factor *= 128) {
    byte = bytes[at++] ?? 0;
    claimed += (byte & 127) * factor;
  }
  if (claimed !== size) throw new Error(`snappy data of ${claimed} bytes where ${size} should be`);
  const out = Buffer.alloc(size);
  let to = 0;
  while (at < bytes.length) {
    const tag = bytes[at++] ?? 0;
    const kind = tag & 3;
    if (kind === 0) {
      let length = tag >> 2;
      if (length >= 60) {
        const extra = length - 59;
        length = bytes.readUIntLE(at, extra);
        at += extra;
      }
      length++;
      if (at + length > bytes.length || to + length > size) throw new Error("a snappy literal that leads beyond the page");
      bytes.copy(out, to, at, at + length);
      at += length;
      to += length;
      continue;
    }
    const length = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const offset = kind === 1 ? ((tag >> 5) << 8) | (bytes[at] ?? 0) : kind === 2 ? bytes.readUInt16LE(at) : bytes.readUInt32LE(at);
    at += kind === 1 ? 1 : kind === 2 ? 2 : 4;
    if (offset === 0 || offset > to || to + length > size) throw new Error("a snappy copy that leads beyond the page");
    for (let i = 0; i < length; i++) out[to + i] = out[to + i - offset] ?? 0;
    to += length;
  }
  if (to !== size) throw new Error("snappy data that ends too early");
  return out;
}
