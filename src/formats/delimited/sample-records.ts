// Records of the samples under one dialect. A broken record is taken back to its first physical line, so that a stray quote costs one row and not the sample.
import type { Dialect } from "./dialect.ts";
import { physicalLine, splitLenient } from "./lines.ts";
import { FLAG, RecordScanner } from "./scanner.ts";

export interface SampleRecord {
  cells: string[];
  readonly quoted: readonly boolean[];
  /** The line, when its quotes are not well formed. */
  readonly raw: string | null;
  readonly block: number;
  /** Offsets in its block. */
  readonly start: number;
  readonly next: number;
  /** Physical line in its block, from 0, and how many it takes. */
  readonly line: number;
  readonly lines: number;
}

const SAMPLE_RECORD_BYTES_MAX = 1 << 16;
export const SAMPLE_RECORDS_MAX = 3000;

export interface SampleReading {
  readonly recordsMax: number;
  /** Lines that begin with it are left out. */
  readonly comment: string | null;
  /** Physical lines at the beginning of the first block that are left out. */
  readonly skipLines: number;
}

/** Records that are not blank, of all blocks. */
export function readSample(blocks: readonly Buffer[], dialect: Dialect, reading: SampleReading): SampleRecord[] {
  return blocks.flatMap((block, index) => readBlock(block, index, dialect, { ...reading, skipLines: index === 0 ? reading.skipLines : 0 }));
}

function readBlock(block: Buffer, index: number, dialect: Dialect, reading: SampleReading): SampleRecord[] {
  const records: SampleRecord[] = [];
  const scanner = new RecordScanner(dialect, SAMPLE_RECORD_BYTES_MAX);
  const comment = reading.comment === null ? null : Buffer.from(reading.comment);
  let line = 0;
  let at = 0;
  for (; line < reading.skipLines && at < block.length; line++) [, at] = physicalLine(block, at, block.length, dialect.crEnds);
  for (let taken = 0; at < block.length && taken < reading.recordsMax; taken++) {
    if (comment !== null && block.subarray(at, at + comment.length).equals(comment)) {
      [, at] = physicalLine(block, at, block.length, dialect.crEnds);
      line++;
      continue;
    }
    scanner.read(block, at, block.length, true);
    const isBroken = (scanner.flags & (FLAG.strayQuote | FLAG.unterminated | FLAG.overflow)) !== 0;
    const [end, nextLine] = isBroken ? physicalLine(block, at, block.length, dialect.crEnds) : [scanner.end, scanner.next];
    const raw = isBroken ? block.toString("utf8", at, end) : null;
    const cells = raw === null ? scanner.cells(block) : splitLenient(raw, dialect).cells;
    const quoted = raw === null ? cells.map((_, column) => scanner.quoted[column] === 1) : [];
    const lines = 1 + (isBroken ? 0 : scanner.lineBreaks);
    if (cells.length > 1 || cells[0] !== "") records.push({ cells, quoted, raw, block: index, start: at, next: nextLine, line, lines });
    line += lines;
    at = nextLine;
  }
  return records;
}
