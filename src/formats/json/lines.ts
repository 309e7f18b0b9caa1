// The lines of a file, one after another, in bounded memory, whatever ends them (LF, CRLF, CR): reads, counts, hashes, and tells which are UTF-8.
// Synchronous: it runs in a thread, or on files so small that nobody waits.
import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { MillraceError } from "../../model/errors.ts";

/** Bytes of one record, and of one JSON document that is one record. */
export const RECORD_BYTES_MAX = 256 << 20;
const BLOCK_BYTES = 1 << 20;
const LF = 10;
const CR = 13;

export interface LinesSeen {
  readonly lines: number;
  readonly hasBom: boolean;
  /** Some line ended in a CR alone: DuckDB does not end a line there. */
  readonly hasLoneReturn: boolean;
  readonly longestBytes: number;
  readonly sizeBytes: number;
  readonly hash: string;
}

/** Return false to stop. `line` counts from 1. */
export type OnLine = (bytes: Buffer, from: number, to: number, line: number, valid: "utf8" | "bytes") => boolean;

/** Calls `onLine` for each line; `bytes` is used again afterwards. Throws MR3121 for a line beyond RECORD_BYTES_MAX. */
export function eachLine(path: string, onLine: OnLine): LinesSeen {
  const file = openSync(path, "r");
  const hash = createHash("sha256");
  let window: Buffer = Buffer.allocUnsafe(2 * BLOCK_BYTES);
  let [filled, at, sizeBytes, lines, longestBytes] = [0, 0, 0, 0, 0];
  let isEnd = false;
  let hasBom = false;
  let hasLoneReturn = false;
  let nextReturn = -1;
  let validUntil = 0;

  const readOn = (): void => {
    window.copy(window, 0, at, filled);
    filled -= at;
    at = 0;
    if (filled + BLOCK_BYTES > window.length) {
      if (window.length >= 2 * RECORD_BYTES_MAX) throw tooLong(lines + 1);
      const larger = Buffer.allocUnsafe(window.length * 2);
      window.copy(larger, 0, 0, filled);
      window = larger;
    }
    const got = readSync(file, window, filled, window.length - filled, null);
    hash.update(window.subarray(filled, filled + got));
    if (sizeBytes === 0 && got >= 3 && window[0] === 0xef && window[1] === 0xbb && window[2] === 0xbf) {
      hasBom = true;
      at = 3;
    }
    sizeBytes += got;
    filled += got;
    isEnd = got === 0;
    nextReturn = indexBefore(window, CR, at, filled);
    const whole = isEnd ? filled : window.lastIndexOf(LF, filled - 1) + 1;
    validUntil = whole > at && isUtf8(window.subarray(at, whole)) ? whole : 0;
  };

  const take = (to: number, next: number): boolean => {
    lines++;
    if (to - at > longestBytes) longestBytes = to - at;
    if (to - at > RECORD_BYTES_MAX) throw tooLong(lines);
    const valid = to <= validUntil || isUtf8(window.subarray(at, to)) ? "utf8" : "bytes";
    const goesOn = onLine(window, at, to, lines, valid);
    at = next;
    return goesOn;
  };

  try {
    readOn();
    for (;;) {
      const end = indexBefore(window, LF, at, filled);
      if (nextReturn !== -1 && nextReturn < at) nextReturn = indexBefore(window, CR, at, filled);
      if (nextReturn !== -1 && (end === -1 || nextReturn < end - 1)) {
        if (nextReturn + 1 < filled ? window[nextReturn + 1] !== LF : isEnd) {
          hasLoneReturn = true;
          if (!take(nextReturn, nextReturn + 1)) break;
          continue;
        }
      }
      if (end !== -1) {
        if (!take(end, end + 1)) break;
        continue;
      }
      if (!isEnd) {
        readOn();
        continue;
      }
      if (at < filled) take(filled, filled);
      break;
    }
    return { lines, hasBom, hasLoneReturn, longestBytes, sizeBytes, hash: hash.digest("hex") };
  } finally {
    closeSync(file);
  }
}

/** Bytes behind `end` are of an earlier block. */
function indexBefore(bytes: Buffer, byte: number, from: number, end: number): number {
  const found = bytes.indexOf(byte, from);
  return found < end ? found : -1;
}

function tooLong(line: number): MillraceError {
  return new MillraceError({
    code: "MR3121",
    message: `the record at line ${line} is larger than ${RECORD_BYTES_MAX >> 20} MB`,
    hint: "is it one JSON document? then read it with `format: json`",
  });
}
