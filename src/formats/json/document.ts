// One JSON document, read in bounded memory: its records become lines of a file, one by one, and are taken note of as scanLines does.
//   D1. Nothing of a document counts before all of it was seen to be valid: `invalid` says what is wrong, and then the copy is to be thrown away.
import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { MillraceError } from "../../model/errors.ts";
import { RECORD_BYTES_MAX } from "./lines.ts";
import { Origins, type JsonScan } from "./scan.ts";
import { keyText, Scanner } from "./scanner.ts";
import { newShape } from "./shape.ts";
import { skipBlanks, skipValue } from "./skip.ts";
import { ByteWriter } from "./writer.ts";

const BLOCK_BYTES = 1 << 20;
const LF = 10;
/** Keys that are named when the path of the rows leads nowhere. */
const KEYS_NAMED_MAX = 12;

export interface DocumentScan extends JsonScan {
  readonly invalid: { readonly line: number; readonly reason: string } | null;
}

/** `rows` is the way to the list of records; [] is the document itself: its items when it is a list, else the one record. Throws MR3121, MR3122. */
export function scanDocument(path: string, copy: string, rows: readonly string[]): DocumentScan {
  const { sizeBytes, hash, badUtf8Line, lines } = checkBytes(path);
  const reader = new DocumentReader(path, copy);
  try {
    const invalid = badUtf8Line === null ? reader.read(rows) : { line: badUtf8Line, reason: "bytes that are not UTF-8" };
    return { ...reader.scan(), sizeBytes, hash, lines, invalid };
  } finally {
    reader.close();
  }
}

/** Thrown within this file only: the document is wrong here. */
class Wrong {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

class DocumentReader {
  private readonly file: number;
  private readonly out: ByteWriter;
  private window: Buffer = Buffer.allocUnsafe(2 * BLOCK_BYTES);
  private filled = 0;
  private at = 0;
  private isEnd = false;
  private hasBom = false;
  private line = 1;
  private counted = 0;
  private readonly scanner = new Scanner();
  private readonly root = newShape();
  private readonly origins = new Origins();
  private records = 0;
  private others = 0;
  private duplicates = 0;
  private longestBytes = 0;
  private found = false;

  constructor(path: string, copy: string) {
    this.file = openSync(path, "r");
    this.out = new ByteWriter(copy);
  }

  read(rows: readonly string[]): DocumentScan["invalid"] {
    try {
      this.more();
      if (this.filled >= 3 && this.window[0] === 0xef && this.window[1] === 0xbb && this.window[2] === 0xbf) {
        this.hasBom = true;
        this.at = 3;
      }
      this.descend(rows, [], rows);
      if (this.peek() !== -1) throw new Wrong("something follows the document");
      if (!this.found) throw noRows(rows, []);
      return null;
    } catch (error) {
      if (error instanceof Wrong) return { line: this.lineAt(this.at), reason: error.reason };
      throw error;
    }
  }

  scan(): Omit<JsonScan, "lines" | "sizeBytes" | "hash"> {
    const { root, records, others, duplicates, longestBytes, hasBom } = this;
    return {
      root,
      records,
      others,
      duplicates,
      longestBytes,
      hasBom,
      bad: 0,
      blank: 0,
      hasLoneReturn: false,
      origins: this.origins.list(),
    };
  }

  close(): void {
    this.out.close();
    closeSync(this.file);
  }

  private descend(rest: readonly string[], passed: readonly string[], rows: readonly string[]): void {
    const first = this.peek();
    if (first === -1) throw new Wrong("it ends before the document does");
    const [key, ...further] = rest;
    if (key === undefined) {
      this.found = true;
      if (first === 91) this.items();
      else this.value("record");
      return;
    }
    if (first !== 123) throw noRows(rows, passed);
    const keys = new Set<string>();
    let isTaken = false;
    this.at++;
    for (let next = this.peek(); next !== 125; next = this.peek()) {
      if (keys.size > 0 || isTaken) {
        if (next !== 44) throw new Wrong("a comma or } is missing in an object");
        this.at++;
        next = this.peek();
      }
      if (next !== 34) throw new Wrong("a key in quotes is missing");
      const [from, to] = this.value("skipped");
      const name = keyText(this.window, from + 1, to - 1);
      keys.add(name);
      if (this.peek() !== 58) throw new Wrong("a colon behind a key is missing");
      this.at++;
      if (name !== key) {
        this.peek();
        this.value("skipped");
      } else if (isTaken) throw new Wrong(`the key ${JSON.stringify(key)} stands twice on the way to the rows`);
      else {
        isTaken = true;
        this.descend(further, [...passed, key], rows);
      }
    }
    this.at++;
    if (!isTaken) throw noRows(rows, passed, [...keys]);
  }

  private items(): void {
    this.at++;
    if (this.peek() === 93) {
      this.at++;
      return;
    }
    for (;;) {
      this.peek();
      this.value("record");
      const next = this.peek();
      if (next !== 44 && next !== 93) throw new Wrong(next === -1 ? "it ends within a list" : "a comma or ] is missing in a list");
      this.at++;
      if (next === 93) return;
    }
  }

  /** Reads the value at hand; its bounds hold until the next read. */
  private value(use: "record" | "skipped"): readonly [number, number] {
    let end = skipValue(this.window, this.at, this.filled);
    while (end === -1 && !this.isEnd) {
      this.more();
      end = skipValue(this.window, this.at, this.filled);
    }
    if (end === -1) end = this.filled;
    const from = this.at;
    const { root } = this;
    const objects = root.objects;
    if (!this.scanner.record(this.window, from, end, use === "record" ? root : newShape())) {
      this.at = Math.min(this.scanner.at, this.filled);
      throw new Wrong(this.scanner.problem);
    }
    if (use === "record") {
      this.records++;
      if (this.window[from] !== 123 || root.objects === objects) this.others++;
      if (this.scanner.hasDuplicateKey) this.duplicates++;
      if (end - from > this.longestBytes) this.longestBytes = end - from;
      this.origins.add(this.lineAt(from));
      this.lineAt(end);
      // Line ends stand only between the parts of a valid value.
      for (let i = from; i < end; i++) if (this.window[i] === LF || this.window[i] === 13) this.window[i] = 32;
      this.out.bytes(this.window, from, end);
      this.out.text("\n");
    }
    this.at = end;
    return [from, end];
  }

  /** The next byte that is not blank, or -1 at the end of the file. */
  private peek(): number {
    for (;;) {
      this.at = skipBlanks(this.window, this.at, this.filled);
      if (this.at < this.filled) return this.window[this.at] ?? -1;
      if (this.isEnd) return -1;
      this.more();
    }
  }

  private lineAt(at: number): number {
    if (at > this.counted) {
      for (let i = this.counted; i < at; i++) if (this.window[i] === LF) this.line++;
      this.counted = at;
    }
    return this.line;
  }

  private more(): void {
    this.lineAt(this.at);
    this.window.copy(this.window, 0, this.at, this.filled);
    this.filled -= this.at;
    this.counted -= this.at;
    this.at = 0;
    if (this.filled + BLOCK_BYTES > this.window.length) {
      if (this.filled > RECORD_BYTES_MAX) {
        throw new MillraceError({
          code: "MR3121",
          message: `the record at line ${this.line} is larger than ${RECORD_BYTES_MAX >> 20} MB`,
          hint: "name the list of records with `rows:`",
        });
      }
      const larger = Buffer.allocUnsafe(this.window.length * 2);
      this.window.copy(larger, 0, 0, this.filled);
      this.window = larger;
    }
    const got = readSync(this.file, this.window, this.filled, this.window.length - this.filled, null);
    this.filled += got;
    this.isEnd = got === 0;
  }
}

function noRows(rows: readonly string[], passed: readonly string[], keys: readonly string[] = []): MillraceError {
  const place = passed.length === 0 ? "the document" : `\`${passed.join(".")}\``;
  const named = keys
    .slice(0, KEYS_NAMED_MAX)
    .map((key) => JSON.stringify(key))
    .join(", ");
  return new MillraceError({
    code: "MR3122",
    message: `\`rows: ${rows.join(".")}\` leads nowhere: ${place} ${keys.length === 0 ? "is no object with keys" : `has the keys ${named}`}`,
  });
}

/** Hash, size and lines of the bytes, and the line where they stop being UTF-8. */
function checkBytes(path: string): { sizeBytes: number; hash: string; badUtf8Line: number | null; lines: number } {
  const file = openSync(path, "r");
  const hash = createHash("sha256");
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  let [kept, sizeBytes, lines, last] = [0, 0, 0, LF];
  let badUtf8Line: number | null = null;
  try {
    for (;;) {
      const got = readSync(file, block, kept, BLOCK_BYTES - kept, null);
      if (got === 0) break;
      const filled = kept + got;
      hash.update(block.subarray(kept, filled));
      sizeBytes += got;
      for (let at = block.indexOf(LF, kept); at !== -1 && at < filled; at = block.indexOf(LF, at + 1)) lines++;
      last = block[filled - 1] ?? LF;
      // A character may be cut at the end of the block: at most three bytes wait for the next one.
      let whole = filled;
      while (whole > 0 && filled - whole < 3 && ((block[whole - 1] ?? 0) & 0xc0) === 0x80) whole--;
      if (whole > 0 && (block[whole - 1] ?? 0) >= 0xc0) whole--;
      else whole = filled;
      if (badUtf8Line === null && !isUtf8(block.subarray(0, whole))) badUtf8Line = lines + 1;
      block.copy(block, 0, whole, filled);
      kept = filled - whole;
    }
    if (kept > 0 && badUtf8Line === null && !isUtf8(block.subarray(0, kept))) badUtf8Line = lines + 1;
    return { sizeBytes, hash: hash.digest("hex"), badUtf8Line, lines: lines + (last === LF ? 0 : 1) };
  } finally {
    closeSync(file);
  }
}
