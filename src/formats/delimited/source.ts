// The bytes to read, in UTF-8: the file itself where it is that already, else a transcoded copy with the same lines.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream, statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { MillraceError } from "../../model/errors.ts";
import { canonicalName, decoderOf, detectEncoding, markOf, type Encoding } from "./encoding.ts";
import { headOf } from "./sample.ts";

export interface TextSource {
  readonly path: string;
  readonly sizeBytes: number;
  readonly markBytes: number;
  readonly encoding: Encoding;
  /** SHA-256 of the original where it was read anyway; null when it was not. */
  readonly hash: string | null;
}

const STREAM_BYTES = 1 << 20;
/** First bytes of what is no text; the name is for the message. */
const SIGNATURES: readonly (readonly [string, string])[] = [
  ["1f8b", "gzip"],
  ["28b52ffd", "Zstandard"],
  ["504b0304", "ZIP or a spreadsheet"],
  ["50415231", "Parquet"],
  ["25504446", "PDF"],
  ["89504e47", "PNG"],
  ["d0cf11e0", "an old Excel or Word file"],
  ["7f454c46", "a program"],
];
/** More NUL bytes than this are no accident in a text. */
const NUL_SHARE_MAX = 0.05;

/** Finds the encoding, and refuses what is no text (MR3006). */
export async function encodingOf(path: string, name: string, pinned: string | undefined): Promise<Encoding> {
  const { bytes, isWhole } = await headOf(path);
  const start = bytes.toString("hex", 0, 8);
  const signature = SIGNATURES.find(([magic]) => start.startsWith(magic));
  if (signature !== undefined)
    throw new MillraceError({ code: "MR3006", message: `${name}: this is ${signature[1]}, not a delimited file` });
  const mark = markOf(bytes);
  if (pinned !== undefined) {
    const own = canonicalName(pinned);
    return { name: own, markBytes: mark?.name === own ? mark.markBytes : 0, confidence: 1, why: "as configured" };
  }
  const encoding = detectEncoding(bytes, isWhole);
  const nuls = encoding.name.startsWith("utf-16") ? 0 : countNuls(bytes);
  if (nuls > 1 && nuls > bytes.length * NUL_SHARE_MAX)
    throw new MillraceError({
      code: "MR3006",
      message: `${name}: ${nuls} of the first ${bytes.length} bytes are NUL; this is not a text file`,
    });
  return encoding;
}

function countNuls(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === 0) count++;
  return count;
}

/** A path whose bytes are UTF-8. Throws MR3004 when the bytes are not in the encoding. */
export async function asUtf8(path: string, name: string, encoding: Encoding, scratch: string): Promise<TextSource> {
  if (encoding.name === "utf-8") return { path, sizeBytes: statSync(path).size, markBytes: encoding.markBytes, encoding, hash: null };
  const copy = join(scratch, "utf8");
  const decoder = decoderOf(encoding.name, name);
  const hash = createHash("sha256");
  const out = createWriteStream(copy);
  let isFirst = true;
  const write = async (text: string): Promise<void> => {
    if (!out.write(isFirst && text.startsWith("\ufeff") ? text.slice(1) : text)) await once(out, "drain");
    if (text !== "") isFirst = false;
  };
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: STREAM_BYTES }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      await write(decoder.decode(chunk));
    }
    await write(decoder.end());
  } catch (cause) {
    out.destroy();
    if (!(cause instanceof TypeError)) throw cause;
    throw new MillraceError({ code: "MR3004", message: `${name}: bytes that are not ${encoding.name}`, cause });
  }
  out.end();
  await once(out, "finish");
  return { path: copy, sizeBytes: (await stat(copy)).size, markBytes: 0, encoding, hash: hash.digest("hex") };
}

/** Writes a stream to `path`, so that it can be read from several places; memory is one chunk of the stream. */
export async function spill(stream: Readable, path: string, signal?: AbortSignal): Promise<void> {
  await pipeline(stream, createWriteStream(path), signal === undefined ? {} : { signal });
}
