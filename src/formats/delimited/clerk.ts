// Decides about every record that the fast lane left: loaded, repaired, quarantined or blank. One call takes one record, or its first line.
//   1. Every physical line is in exactly one account.
//   2. A quoted cell over several lines is taken only if its lines are no rows of the table by themselves.
//   3. What is not sure is quarantined, with its line, its rule and its raw text.
import { isAscii, isUtf8 } from "node:buffer";
import type { Accounts } from "./accounts.ts";
import { ONE_COLUMN } from "./dialect.ts";
import { decoderOf } from "./encoding.ts";
import { physicalLine, splitLenient } from "./lines.ts";
import type { NullWords } from "./null-words.ts";
import type { Notes } from "./notes.ts";
import type { Patch } from "./patch.ts";
import { hidesRows, settleCells, settleLine, type LineState, type RepairContext } from "./repair.ts";
import type { Rule } from "./rules.ts";
import { FLAG, type RecordScanner } from "./scanner.ts";

export interface ClerkOptions {
  readonly context: RepairContext;
  /** Labels of a header of one row, to recognise it when it comes again. */
  readonly header: readonly string[] | null;
  readonly comment: Buffer | null;
  readonly nulls: NullWords;
  readonly repair: "note" | "quarantine";
  /** Write every row anew, in the dialect of the patch. */
  readonly isRewriting: boolean;
  readonly accounts: Accounts;
  readonly patch: Patch;
  readonly notes: Notes;
  readonly recordBytesMax: number;
}

/** The part of the file that is in memory. */
export interface Chunk {
  readonly buffer: Buffer;
  /** Position of the buffer's first byte in the file. */
  readonly base: number;
  readonly end: number;
  readonly isLast: boolean;
  /** Does it hold bytes that are not UTF-8? */
  readonly isInvalid: boolean;
}

/** The record's first line does not end in this chunk and is too long to wait for. */
export const LINE_TOO_LONG = -1;
/** The decision needs the line that follows. */
export const MORE_NEEDED = -2;

const COMMENTS_KEPT = 20;
const PEEK_BYTES_MAX = 1 << 20;

interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly next: number;
  readonly lines: number;
}

export class Clerk {
  /** Physical line of the next record, from 0. */
  line: number;
  private readonly options: ClerkOptions;
  private exactUntil = -1;
  private oddWidth = 0;
  private oddEnd = -1;

  constructor(options: ClerkOptions, line: number) {
    this.options = options;
    this.line = line;
  }

  /** Takes the record that `scanner` has read; returns the offset to go on at, LINE_TOO_LONG or MORE_NEEDED. */
  take(scanner: RecordScanner, chunk: Chunk): number {
    const { accounts, context, header, comment, recordBytesMax } = this.options;
    const { start, end, next, flags, fieldCount, lineBreaks } = scanner;
    const { buffer } = chunk;
    const { crEnds } = context.dialect;
    if (comment !== null && comment.equals(buffer.subarray(start, start + comment.length))) return this.skipComment(start, chunk);
    if (start === end && flags === (flags & FLAG.otherLineEnd)) return this.skipBlank(scanner);
    if ((flags & FLAG.unterminated) !== 0 || next - start > recordBytesMax) {
      const [lineEnd, lineNext] = physicalLine(buffer, start, chunk.end, crEnds);
      if (lineNext === chunk.end && lineEnd === lineNext && !chunk.isLast) return LINE_TOO_LONG;
      if (lineEnd - start > recordBytesMax)
        return this.quarantine({ from: start, to: lineEnd, next: lineNext, lines: 1 }, chunk, "lineTooLong");
    }
    const whole: Stretch = { from: start, to: end, next, lines: lineBreaks + 1 };
    if (header !== null && flags === 0 && fieldCount === context.width && this.isHeader(scanner, buffer, header))
      return this.quarantine(whole, chunk, "headerAgain");
    const isBroken = (flags & (FLAG.strayQuote | FLAG.unterminated | FLAG.overflow)) !== 0;
    const hides = lineBreaks > 0 && hidesRows(buffer.subarray(start, end), scanner.cells(buffer), context, isBroken);
    const [lineEnd, lineNext] = lineBreaks > 0 ? physicalLine(buffer, start, end, crEnds) : [end, next];
    const first: Stretch = { from: start, to: lineEnd, next: lineNext, lines: 1 };
    const asOne = isBroken || hides ? first : whole;
    if (chunk.isInvalid) {
      const raw = buffer.subarray(asOne.from, asOne.to);
      if (!isUtf8(raw)) {
        accounts.invalidLines += asOne.lines;
        return this.quarantine(asOne, chunk, "invalidBytes");
      }
      if (!isAscii(raw)) accounts.validMultibyte++;
    }
    if ((flags & FLAG.nul) !== 0 && buffer.subarray(asOne.from, asOne.to).includes(0)) return this.quarantine(asOne, chunk, "nulByte");
    if (lineBreaks > 0) return this.takeLines(scanner, chunk, { whole, first, isBroken, hides });
    if (!isBroken && fieldCount === context.width) {
      // Only the line end differs, a lone carriage return sits inside a cell, or all is well and something else closed the fast lane.
      const cells = scanner.cells(buffer);
      if (flags !== 0 && !this.options.isRewriting) {
        if ((flags & FLAG.strayCr) === 0) this.options.patch.straighten(buffer, chunk.base, start, next);
        else this.options.patch.replace(buffer, chunk.base, whole, cells);
      }
      return this.load(whole, chunk, cells, null);
    }
    if (!isBroken && context.width === 1 && context.dialect.delimiter === ONE_COLUMN) {
      // The character that stands for "no delimiter" is part of the text after all: quoted in the copy, DuckDB takes it so.
      const cells = [buffer.toString("utf8", start, end)];
      if (!this.options.isRewriting) this.options.patch.replace(buffer, chunk.base, whole, cells);
      return this.load(whole, chunk, cells, null);
    }
    // One row of a wrong width may be repaired; two in a row of the same wrong width are another table.
    if (!isBroken && !context.shortRowsUsual) {
      const [peekEnd, peekNext] = physicalLine(buffer, next, chunk.end, crEnds);
      if (peekEnd === peekNext && !chunk.isLast && chunk.end - start < PEEK_BYTES_MAX) return MORE_NEEDED;
      const follower = splitLenient(buffer.toString("utf8", next, peekEnd), context.dialect).cells.length;
      const isAlone = !(this.oddEnd === chunk.base + start && this.oddWidth === fieldCount) && follower !== fieldCount;
      this.oddWidth = fieldCount;
      this.oddEnd = chunk.base + next;
      if (!isAlone) return this.quarantine(whole, chunk, fieldCount === 1 ? "notARow" : "otherTable");
    }
    return this.settle(whole, chunk, { isBroken, exactOnly: chunk.base + start < this.exactUntil });
  }

  /** A line of which only the beginning was ever in memory. */
  longLine(raw: string): void {
    this.note("quarantined", { from: 0, to: 0, next: 0, lines: 1 }, "lineTooLong", raw);
    this.options.accounts.quarantinedLines++;
    this.options.accounts.quarantinedRecords++;
    this.line++;
  }

  /** A cell over several lines, or a quote that swallowed some. */
  private takeLines(
    scanner: RecordScanner,
    chunk: Chunk,
    found: { readonly whole: Stretch; readonly first: Stretch; readonly isBroken: boolean; readonly hides: boolean },
  ): number {
    const { context, patch, isRewriting } = this.options;
    const { whole, first, isBroken, hides } = found;
    const { buffer, base } = chunk;
    if (!isBroken && !hides) {
      const cells = scanner.cells(buffer);
      if (scanner.fieldCount === context.width) {
        if (scanner.flags !== 0 && !isRewriting) patch.replace(buffer, base, whole, cells);
        return this.load(whole, chunk, cells, null);
      }
      const verdict = settleCells(cells, context);
      return verdict.cells === null ? this.quarantine(whole, chunk, verdict.rule) : this.load(whole, chunk, verdict.cells, verdict.rule);
    }
    if (!hides && (scanner.flags & FLAG.unterminated) === 0) {
      const { cells, unclosed } = splitLenient(buffer.toString("utf8", whole.from, whole.to), context.dialect);
      if (cells.length === context.width && unclosed === 0) return this.load(whole, chunk, cells, "strayQuoteKept");
    }
    // Go back and take the lines one by one; inside this stretch only exact rows count as sure.
    this.exactUntil = Math.max(this.exactUntil, base + first.next);
    const state = { isBroken: true, exactOnly: true };
    return hides && !isBroken ? this.settle(first, chunk, state, "hiddenRows") : this.settle(first, chunk, state);
  }

  private settle(stretch: Stretch, chunk: Chunk, state: Omit<LineState, "breaksOff">, refusal?: Rule): number {
    const breaksOff = state.isBroken && !this.isRowAt(stretch.next, chunk);
    const verdict = settleLine(chunk.buffer.toString("utf8", stretch.from, stretch.to), this.options.context, { ...state, breaksOff });
    if (verdict.cells === null) return this.quarantine(stretch, chunk, refusal ?? verdict.rule);
    return this.load(stretch, chunk, verdict.cells, verdict.rule);
  }

  /** Is the line at `from` a row by its width? The end of the file counts as one. */
  private isRowAt(from: number, { buffer, end }: Chunk): boolean {
    const { dialect, width } = this.options.context;
    if (from >= end) return true;
    const [to] = physicalLine(buffer, from, end, dialect.crEnds);
    return splitLenient(buffer.toString("utf8", from, to), dialect).cells.length === width;
  }

  private load(stretch: Stretch, chunk: Chunk, cells: readonly string[], rule: Rule | null): number {
    const { accounts, context, nulls, patch, isRewriting, repair } = this.options;
    if (rule !== null) {
      if (repair === "quarantine") return this.quarantine(stretch, chunk, rule);
      this.note("repaired", stretch, rule, this.rawOf(stretch, chunk));
      accounts.repairedRecords++;
    }
    if (cells.every((cell) => cell === "")) {
      if (rule !== null || isRewriting) patch.omit(chunk.buffer, chunk.base, stretch.from, stretch.next);
      accounts.blankLines += stretch.lines;
      this.line += stretch.lines;
      return stretch.next;
    }
    if (rule !== null || isRewriting) patch.replace(chunk.buffer, chunk.base, stretch, cells);
    accounts.place(this.line);
    accounts.rows++;
    for (let column = 0; column < context.width; column++) {
      const cell = Buffer.from(cells[column] ?? "");
      if (cell.length === 0 || nulls.has(cell, 0, cell.length)) continue;
      accounts.filled[column] = (accounts.filled[column] ?? 0) + 1;
      accounts.bytes[column] = (accounts.bytes[column] ?? 0) + cell.length;
      accounts.order[column] = ((accounts.order[column] ?? 0) + Math.imul(accounts.rows, cell.length)) | 0;
      accounts.forms.see(column, cell, 0, cell.length);
    }
    accounts.loadedLines += stretch.lines;
    // The row after one of several lines stands further down than one line.
    this.line += stretch.lines;
    return stretch.next;
  }

  private quarantine(stretch: Stretch, chunk: Chunk, rule: Rule): number {
    const { accounts, patch } = this.options;
    this.note("quarantined", stretch, rule, this.rawOf(stretch, chunk));
    patch.omit(chunk.buffer, chunk.base, stretch.from, stretch.next);
    accounts.quarantinedLines += stretch.lines;
    accounts.quarantinedRecords++;
    this.line += stretch.lines;
    return stretch.next;
  }

  private skipBlank(scanner: RecordScanner): number {
    this.options.accounts.blankLines++;
    this.line++;
    return scanner.next;
  }

  private skipComment(start: number, chunk: Chunk): number {
    const { accounts, context, patch } = this.options;
    const [end, next] = physicalLine(chunk.buffer, start, chunk.end, context.dialect.crEnds);
    if (end === next && !chunk.isLast) return LINE_TOO_LONG;
    if (accounts.comments.length < COMMENTS_KEPT) accounts.comments.push(chunk.buffer.toString("utf8", start, end));
    patch.omit(chunk.buffer, chunk.base, start, next);
    accounts.commentLines++;
    this.line++;
    return next;
  }

  private isHeader(scanner: RecordScanner, buffer: Buffer, header: readonly string[]): boolean {
    return header.every((label, column) => scanner.cell(buffer, column) === label);
  }

  private rawOf({ from, to }: Stretch, { buffer, isInvalid }: Chunk): string {
    const bytes = buffer.subarray(from, to);
    return isInvalid && !isUtf8(bytes) ? decoderOf("windows-1252", "").decode(bytes) : bytes.toString("utf8");
  }

  private note(kind: "quarantined" | "repaired", stretch: Stretch, rule: Rule, raw: string): void {
    const { accounts, notes } = this.options;
    accounts.rules.set(`${kind} ${rule}`, (accounts.rules.get(`${kind} ${rule}`) ?? 0) + 1);
    notes.add({ kind, line: this.line + 1, lines: stretch.lines, rule, raw });
  }
}
