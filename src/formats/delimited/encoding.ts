// Encodings: which one a file has, and a copy of it in UTF-8 with the same lines. DuckDB and the scanner read UTF-8 only.
import { isAscii, isUtf8 } from "node:buffer";
import { MillraceError } from "../../model/errors.ts";

export interface Encoding {
  readonly name: string;
  /** Bytes of the byte order mark. */
  readonly markBytes: number;
  readonly confidence: number;
  readonly why: string;
}

const ZERO_SHARE_MIN = 0.2;

/** By mark, by the pattern of zero bytes, by validity as UTF-8, else Windows-1252 (which holds Latin-1's letters in the same places). */
export function detectEncoding(sample: Uint8Array, isWhole: boolean): Encoding {
  const mark = markOf(sample);
  if (mark !== null) return mark;
  let even = 0;
  let odd = 0;
  for (let i = 0; i < sample.length; i++)
    if (sample[i] === 0) {
      if (i % 2 === 0) even++;
      else odd++;
    }
  const why = "every second byte is zero";
  if (odd > sample.length * ZERO_SHARE_MIN && even < odd / 10) return { name: "utf-16le", markBytes: 0, confidence: 0.9, why };
  if (even > sample.length * ZERO_SHARE_MIN && odd < even / 10) return { name: "utf-16be", markBytes: 0, confidence: 0.9, why };
  const text = isWhole ? sample : sample.subarray(0, wholeCharacters(sample, sample.length));
  if (isUtf8(text)) return { name: "utf-8", markBytes: 0, confidence: 0.99, why: "valid UTF-8" };
  if (isMostlyUtf8(text))
    return { name: "utf-8", markBytes: 0, confidence: 0.8, why: "mostly valid UTF-8; lines with other bytes are quarantined" };
  return { name: "windows-1252", markBytes: 0, confidence: 0.7, why: "bytes that are not UTF-8" };
}

/** Letters beyond ASCII hardly ever look like UTF-8 by accident: more lines that do than lines that do not mean a few damaged lines. */
function isMostlyUtf8(text: Uint8Array): boolean {
  let valid = 0;
  let invalid = 0;
  for (let from = 0; from < text.length;) {
    const end = text.indexOf(10, from);
    const line = text.subarray(from, end < 0 ? text.length : end);
    if (!isUtf8(line)) invalid++;
    else if (!isAscii(line)) valid++;
    from = end < 0 ? text.length : end + 1;
  }
  return valid > 2 * invalid;
}

/** The encoding a byte order mark tells, or null. */
export function markOf(sample: Uint8Array): Encoding | null {
  const why = "byte order mark";
  if (sample[0] === 0xef && sample[1] === 0xbb && sample[2] === 0xbf) return { name: "utf-8", markBytes: 3, confidence: 1, why };
  if (sample[0] === 0xff && sample[1] === 0xfe) return { name: "utf-16le", markBytes: 2, confidence: 1, why };
  if (sample[0] === 0xfe && sample[1] === 0xff) return { name: "utf-16be", markBytes: 2, confidence: 1, why };
  return null;
}

/** Where the last whole UTF-8 character of `buffer[0, end)` ends. */
export function wholeCharacters(buffer: Uint8Array, end: number): number {
  let cut = end;
  while (cut > 0 && end - cut < 4 && ((buffer[cut - 1] ?? 0) & 0xc0) === 0x80) cut--;
  return cut > 0 && (buffer[cut - 1] ?? 0) >= 0xc0 ? cut - 1 : end;
}

/** Node 20 decodes 0x80–0x9F of Windows-1252 as control characters (€, ’ and Œ are lost), hence the table; five bytes stand for nothing. */
const WINDOWS_1252_HIGH =
  "\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178";

/** Turns chunks of bytes into text; `end` gives what was held back and throws when the bytes break off inside a character. */
export interface Decoder {
  decode(chunk: Uint8Array): string;
  end(): string;
}

/** Throws MR3003 for an encoding nobody knows. Bytes that are invalid in it throw a TypeError from `decode`. */
export function decoderOf(name: string, file: string): Decoder {
  const label = canonicalName(name);
  if (label === "windows-1252") return { decode: (chunk) => decodeSingleBytes(chunk, WINDOWS_1252_HIGH), end: () => "" };
  if (label === "latin-1") return { decode: (chunk) => asBuffer(chunk).toString("latin1"), end: () => "" };
  try {
    const decoder = new TextDecoder(label, { fatal: true });
    return { decode: (chunk) => decoder.decode(chunk, { stream: true }), end: () => decoder.decode() };
  } catch (cause) {
    throw new MillraceError({ code: "MR3003", message: `${file}: there is no encoding "${name}"`, cause });
  }
}

/** `UTF8`, `cp1252`, `iso-8859-1` and so on under one name each. */
export function canonicalName(name: string): string {
  const label = name.trim().toLowerCase().replaceAll("_", "-");
  if (["utf8", "utf-8", "utf-8-sig", "ascii", "us-ascii"].includes(label)) return "utf-8";
  if (["utf16", "utf-16", "utf16le", "utf-16-le", "utf-16le", "ucs-2"].includes(label)) return "utf-16le";
  if (["utf16be", "utf-16-be", "utf-16be"].includes(label)) return "utf-16be";
  if (["latin1", "latin-1", "iso-8859-1", "iso8859-1", "l1"].includes(label)) return "latin-1";
  if (["cp1252", "cp-1252", "windows1252", "windows-1252", "ansi"].includes(label)) return "windows-1252";
  return label;
}

function decodeSingleBytes(chunk: Uint8Array, high: string): string {
  const text = asBuffer(chunk).toString("latin1");
  // eslint-disable-next-line no-control-regex -- exactly the range that Latin-1 and Windows-1252 read differently
  return text.replace(/[\u0080-\u009f]/g, (letter) => high[letter.charCodeAt(0) - 0x80] ?? letter);
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
