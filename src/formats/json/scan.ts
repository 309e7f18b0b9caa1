// The account of a file of JSON lines, made without DuckDB: which lines are records, blank or wrong, what stands in the records, where they stand.
//   S1. A line that is wrong leaves no trace in the shape: one bad line never changes the type of a column.
import type { LineOrigin } from "../format.ts";
import { eachLine, type LinesSeen } from "./lines.ts";
import { Scanner } from "./scanner.ts";
import { newShape, type Shape } from "./shape.ts";

/** Stretches of rows whose lines are kept; a file broken up more finely than this has no line numbers for its rows. */
const ORIGINS_MAX = 100_000;

export interface JsonScan extends LinesSeen {
  readonly root: Shape;
  /** Lines that are not blank: sound records and wrong ones. */
  readonly records: number;
  readonly bad: number;
  readonly blank: number;
  /** Sound records that are no objects. */
  readonly others: number;
  /** Sound records with a key twice. */
  readonly duplicates: number;
  /** Where the sound records stand. */
  readonly origins: readonly LineOrigin[];
}

/** Reads the whole file, or its first `linesMax` lines. Throws MR3121. */
export function scanLines(path: string, linesMax = Number.POSITIVE_INFINITY): JsonScan {
  // Wrong lines are rare: look at each line once, and only when one turns out wrong begin again with care.
  const first = scanOnce(path, linesMax, "trusting");
  return first.bad === 0 ? first : scanOnce(path, linesMax, "careful");
}

function scanOnce(path: string, linesMax: number, manner: "trusting" | "careful"): JsonScan {
  const scanner = new Scanner();
  const judge = new Scanner();
  const root = newShape();
  const origins = new Origins();
  let [records, bad, blank, others, duplicates] = [0, 0, 0, 0, 0];
  const seen = eachLine(path, (bytes, from, to, line, valid) => {
    if (line > linesMax) return false;
    if (isBlank(bytes, from, to)) {
      blank++;
      return true;
    }
    records++;
    if (valid !== "utf8" || (manner === "careful" && !judge.record(bytes, from, to, newShape()))) {
      bad++;
      return manner === "careful";
    }
    const objects = root.objects;
    if (!scanner.record(bytes, from, to, root)) {
      bad++;
      return false;
    }
    if (root.objects === objects || !isObjectAt(bytes, from)) others++;
    if (scanner.hasDuplicateKey) duplicates++;
    origins.add(line);
    return true;
  });
  return { ...seen, root, records, bad, blank, others, duplicates, origins: origins.list() };
}

function isObjectAt(bytes: Buffer, from: number): boolean {
  let at = from;
  while ((bytes[at] ?? 0) <= 32) at++;
  return bytes[at] === 123;
}

export function isBlank(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte !== 32 && byte !== 9 && byte !== 13 && byte !== 10) return false;
  }
  return true;
}

/** Lines of rows, as stretches of lines that follow one another. */
export class Origins {
  private readonly stretches: LineOrigin[] = [];
  private rows = 0;
  private expected = -1;

  add(line: number): void {
    if (line !== this.expected && this.stretches.length <= ORIGINS_MAX) this.stretches.push({ firstRow: this.rows, line });
    this.expected = line + 1;
    this.rows++;
  }

  list(): readonly LineOrigin[] {
    return this.stretches.length > ORIGINS_MAX ? [] : this.stretches;
  }
}
