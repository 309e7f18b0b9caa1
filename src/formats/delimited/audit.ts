// Reads every byte of a body under one dialect and says what must come out of any honest parser. Lines that break the dialect are repaired or
// quarantined; from the first of them on a patched copy is written. Memory: two chunks, whatever the file's size and however long its lines.
//   1. Loaded, blank, comment and quarantined lines add up to a count of line ends that knows nothing of quotes.
//   2. The audit knows nothing of DuckDB.
import { isAscii, isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import assert from "node:assert";
import { Accounts, type AuditResult } from "./accounts.ts";
import { Clerk, LINE_TOO_LONG, MORE_NEEDED, type Chunk } from "./clerk.ts";
import { LF, CR, PLAIN, type Dialect } from "./dialect.ts";
import { wholeCharacters } from "./encoding.ts";
import { FastLane } from "./fast-lane.ts";
import { countLineEnds } from "./lines.ts";
import { Notes } from "./notes.ts";
import { NullWords } from "./null-words.ts";
import { Patch } from "./patch.ts";
import type { ColumnProfile } from "./profile.ts";
import { RecordScanner } from "./scanner.ts";

/** A record of more bytes is quarantined; DuckDB is told a little more. */
export const RECORD_BYTES_MAX = 4_000_000;
const CHUNK_BYTES = 4 << 20;
/** Room for a sentinel behind the bytes. */
const SPARE_BYTES = 16;
const RAW_BYTES_KEPT = 1 << 16;

/** Everything an audit needs, as plain values: it may run in another thread. */
export interface AuditTask {
  readonly path: string;
  readonly bodyStart: number;
  /** Physical lines before the body. */
  readonly bodyLine: number;
  readonly dialect: Dialect;
  readonly width: number;
  readonly profile: readonly ColumnProfile[];
  readonly shortRowsUsual: boolean;
  readonly header: readonly string[] | null;
  /** Columns that are text whatever they hold. */
  readonly textColumns: readonly number[];
  readonly nulls: readonly string[];
  readonly comment: string | null;
  readonly repair: "note" | "quarantine";
  /** Write the whole body anew in the PLAIN dialect. */
  readonly isRewriting: boolean;
  readonly wantsHash: boolean;
  readonly patchPath: string;
  readonly notesPath: string;
}

/** Audits a file; writes `patchPath` when it must and `notesPath` when there is something to note. */
export function audit(task: AuditTask): AuditResult {
  const { dialect, width, profile, header, shortRowsUsual, isRewriting } = task;
  const file = openSync(task.path, "r");
  const notes = new Notes(task.notesPath);
  const accounts = new Accounts(width);
  const patch = new Patch({ path: task.patchPath, dialect: isRewriting ? PLAIN : dialect, source: file, bodyStart: task.bodyStart });
  try {
    for (const column of task.textColumns) accounts.forms.giveUp(column);
    if (isRewriting) patch.start(task.bodyStart);
    const nulls = new NullWords(task.nulls);
    const comment = task.comment === null ? null : Buffer.from(task.comment);
    const context = { dialect, width, profile, shortRowsUsual };
    const { repair } = task;
    const clerk = new Clerk(
      { context, header, comment, nulls, repair, isRewriting, accounts, patch, notes, recordBytesMax: RECORD_BYTES_MAX },
      task.bodyLine,
    );
    const lane = new FastLane({
      dialect,
      width,
      accounts,
      nulls,
      headerStart: header === null ? null : Buffer.from(header[0] ?? ""),
      commentByte: comment?.[0] ?? -1,
      recordBytesMax: RECORD_BYTES_MAX,
    });
    const hash = readThrough(task, file, { accounts, patch, clerk, lane: isRewriting ? null : lane });
    const counted = accounts.loadedLines + accounts.blankLines + accounts.commentLines + accounts.quarantinedLines;
    assert(counted === accounts.physicalLines, `${counted} lines in the accounts, ${accounts.physicalLines} in ${task.path}`);
    return { ...plain(accounts), isPatched: patch.isStarted, hash };
  } finally {
    patch.close();
    notes.close();
    closeSync(file);
  }
}

interface Parts {
  readonly accounts: Accounts;
  readonly patch: Patch;
  readonly clerk: Clerk;
  readonly lane: FastLane | null;
}

/** The loop over chunks; returns the hash of the file when it is wanted. */
function readThrough(task: AuditTask, file: number, { accounts, patch, clerk, lane }: Parts): string {
  const { dialect } = task;
  const { crEnds } = dialect;
  const { size } = fstatSync(file);
  const hash = createHash("sha256");
  if (task.wantsHash) hashBefore(file, task.bodyStart, hash);
  const scanner = new RecordScanner(dialect, RECORD_BYTES_MAX);
  const chunkBytes = Math.min(CHUNK_BYTES, Math.max(1, size - task.bodyStart)); // thousands of small files: 8 MB each is what the garbage collector works for
  const buffer = Buffer.allocUnsafe(2 * chunkBytes + SPARE_BYTES);
  let held = 0;
  let base = task.bodyStart;
  let longLine: string | null = null;
  let endsLine = true;
  for (let position = task.bodyStart; ;) {
    const bytes = readSync(file, buffer, held, chunkBytes, position);
    position += bytes;
    const end = held + bytes;
    const isLast = bytes === 0 || position >= size;
    if (bytes > 0) {
      if (task.wantsHash) hash.update(buffer.subarray(held, end));
      accounts.physicalLines += countLineEnds(buffer, held, end, crEnds);
      if (crEnds && held > 0 && buffer[held] === LF && buffer[held - 1] === CR) accounts.physicalLines--; // a CRLF cut by the chunk
      endsLine = buffer[end - 1] === LF || (crEnds && buffer[end - 1] === CR);
    }
    let at = 0;
    if (longLine !== null) {
      at = endOfLine(buffer, end, crEnds);
      if (at < 0 && !isLast) {
        base += end;
        held = 0;
        continue;
      }
      at = at < 0 ? end : at;
      patch.endOmission(base + at);
      clerk.longLine(longLine);
      longLine = null;
    }
    const text = buffer.subarray(0, isLast ? end : wholeCharacters(buffer, end));
    const isInvalid = !isUtf8(text);
    if (!isInvalid && accounts.validMultibyte === 0 && !isAscii(text)) accounts.validMultibyte++;
    const chunk: Chunk = { buffer, base, end, isLast, isInvalid };
    const run = isInvalid ? null : lane;
    while (at < end) {
      if (run !== null) {
        const rows = accounts.rows;
        at = run.run(buffer, at, end, clerk.line);
        clerk.line += accounts.rows - rows;
        if (at >= end) break;
      }
      const next = scanner.read(buffer, at, end, isLast)
        ? clerk.take(scanner, chunk)
        : end - at > RECORD_BYTES_MAX
          ? LINE_TOO_LONG
          : MORE_NEEDED;
      if (next === MORE_NEEDED) break;
      if (next === LINE_TOO_LONG) {
        patch.beginOmission(buffer, base, at);
        longLine = buffer.toString("utf8", at, Math.min(end, at + RAW_BYTES_KEPT));
        at = end;
        break;
      }
      at = next;
    }
    patch.endOfChunk(buffer, base, at);
    base += at;
    held = end - at;
    if (isLast) {
      assert(held === 0 && longLine === null, `the audit stopped at byte ${base} of ${task.path}`);
      break;
    }
    buffer.copy(buffer, 0, at, end);
  }
  if (!endsLine) accounts.physicalLines++;
  return task.wantsHash ? hash.digest("hex") : "";
}

function endOfLine(buffer: Buffer, end: number, crEnds: boolean): number {
  for (let i = 0; i < end; i++) {
    if (buffer[i] === LF) return i + 1;
    if (crEnds && buffer[i] === CR && i + 1 < end && buffer[i + 1] !== LF) return i + 1;
  }
  return -1;
}

function hashBefore(file: number, bodyStart: number, hash: { update(bytes: Buffer): unknown }): void {
  const part = Buffer.allocUnsafe(Math.min(bodyStart, CHUNK_BYTES));
  for (let at = 0; at < bodyStart;) {
    const bytes = readSync(file, part, 0, Math.min(part.length, bodyStart - at), at);
    if (bytes === 0) break;
    hash.update(part.subarray(0, bytes));
    at += bytes;
  }
}

function plain(accounts: Accounts): Omit<AuditResult, "isPatched" | "hash"> {
  const { rows, physicalLines, loadedLines, blankLines, commentLines, quarantinedLines, quarantinedRecords, repairedRecords } = accounts;
  const { rules, filled, bytes, order, forms, invalidLines, validMultibyte, comments } = accounts;
  const counts = { rows, physicalLines, loadedLines, blankLines, commentLines, quarantinedLines, quarantinedRecords, repairedRecords };
  return { ...counts, rules, filled, bytes, order, forms, invalidLines, validMultibyte, comments, originPairs: accounts.originPairs() };
}
