// Which dialects are worth a look, and how well one explains the samples: how much of the body has one width, how believable and how uniform
// the cells are, how rarely quotes go wrong, times how much a delimiter is trusted before looking.
import { familyOf, plausibilityOf, shapeOf, type Family } from "./cells.ts";
import { ONE_COLUMN, type Dialect } from "./dialect.ts";
import { delimiterOf, markOfOption, type DelimitedOptions } from "./options.ts";
import { readSample, type SampleReading } from "./sample-records.ts";

/** The common four fully, characters that also live inside values less. */
const TRUST: Readonly<Record<string, number>> = {
  ",": 1,
  "\t": 1,
  ";": 1,
  "|": 1,
  "\u0001": 1,
  "^": 0.85,
  "~": 0.85,
  "§": 0.85,
  "!": 0.7,
  "#": 0.75,
  "%": 0.65,
  ">": 0.65,
  "&": 0.65,
  "@": 0.55,
  "*": 0.7,
  "=": 0.55,
  " ": 0.75,
  ":": 0.45,
};
const TRUST_IN_ONE_COLUMN = 0.42;
const JUDGED_RECORDS_MAX = 200;
const JUDGED_CELL_ROWS_MAX = 150;
const NAMED_ROWS_MAX = 250;
const CANDIDATE_LINES_MAX = 2000;
/** A delimiter worth judging stands in at least this share of the lines. */
const LINES_WITH_DELIMITER_MIN = 0.3;

export interface LineEnds {
  readonly newline: Dialect["newline"];
  readonly crEnds: boolean;
  readonly isMixed: boolean;
}

export interface Judgement {
  readonly dialect: Dialect;
  readonly width: number;
  readonly score: number;
  readonly consistency: number;
  readonly plausibility: number;
  readonly uniformity: number;
  readonly brokenQuotes: number;
}

/** Scores one dialect, 0–1. */
export function judge(blocks: readonly Buffer[], dialect: Dialect, reading: Omit<SampleReading, "recordsMax">): Judgement {
  const records = readSample(blocks, dialect, { ...reading, recordsMax: JUDGED_RECORDS_MAX });
  const width = likelyWidth(records.map((record) => record.cells.length));
  const first = records.findIndex((record) => record.cells.length === width);
  const last = records.findLastIndex((record) => record.cells.length === width);
  const body = records.slice(Math.max(first, 0), last + 1);
  const matching = body.filter((record) => record.cells.length === width);
  if (matching.length === 0) return { dialect, width, score: 0, consistency: 0, plausibility: 0, uniformity: 0, brokenQuotes: 0 };
  let plausible = 0;
  let judged = 0;
  const families = Array.from({ length: width }, () => new Map<Family, number>());
  for (const record of matching.slice(0, JUDGED_CELL_ROWS_MAX))
    for (const [column, cell] of record.cells.entries()) {
      const shape = shapeOf(cell);
      if (shape === "empty" && !/['"]/.test(cell)) continue;
      judged++;
      plausible += record.quoted[column] === true ? 1 : plausibilityOf(cell, shape, dialect.delimiter);
      const counts = families[column];
      counts?.set(familyOf(shape), (counts.get(familyOf(shape)) ?? 0) + 1);
    }
  // A column without even a name counts against the dialect; one with a name and nothing below it does not count.
  const isNamed = new Set(
    matching.slice(0, NAMED_ROWS_MAX).flatMap((record) => record.cells.flatMap((cell, c) => (cell === "" ? [] : [c]))),
  );
  const uniform = families.flatMap((counts, column) => (counts.size > 0 ? [shareOfLargest(counts)] : isNamed.has(column) ? [] : [0]));
  const consistency = matching.length / body.length;
  const coverage = matching.length / records.length;
  const plausibility = judged > 0 ? plausible / judged : 0.5;
  const uniformity = uniform.length > 0 ? uniform.reduce((a, b) => a + b, 0) / uniform.length : 0.5;
  const brokenQuotes = records.filter((record) => record.raw !== null).length / records.length;
  const isTyped = families.some((counts) => [...counts.keys()].some((family) => family !== "text" && family !== "code"));
  const score =
    trustIn(dialect.delimiter, width, isTyped) *
    consistency *
    Math.sqrt(coverage) *
    plausibility *
    (0.75 + 0.25 * uniformity) *
    (1 - 0.5 * brokenQuotes) *
    (1 - 0.3 / (width + 1));
  return { dialect, width, score, consistency, plausibility, uniformity, brokenQuotes };
}

function likelyWidth(widths: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const width of widths) counts.set(width, (counts.get(width) ?? 0) + 1);
  let likely = 1;
  let best = -1;
  for (const [width, count] of counts) {
    const value = count * (width === 1 ? 0.2 : 1 - 0.5 / width);
    if (value <= best) continue;
    best = value;
    likely = width;
  }
  return likely;
}

function shareOfLargest(counts: ReadonlyMap<Family, number>): number {
  let all = 0;
  let top = 0;
  for (const count of counts.values()) {
    all += count;
    top = Math.max(top, count);
  }
  return top / all;
}

function trustIn(delimiter: string, width: number, isTyped: boolean): number {
  if (delimiter === ONE_COLUMN) return width === 1 ? TRUST_IN_ONE_COLUMN : 1;
  const own = TRUST[delimiter];
  if (delimiter === " ") return (own ?? 1) * (isTyped ? 1 : 0.5);
  if (own !== undefined) return own;
  return delimiter.includes(" ") ? 0.97 * (TRUST[delimiter.trim()] ?? 0.9) : 0.9;
}

/** Dialects to judge: delimiters that stand in enough lines, quotes and escapes that stand where they could be meant. */
export function candidates(blocks: readonly Buffer[], lineEnds: LineEnds, options: DelimitedOptions): Dialect[] {
  const text = blocks.map((block) => block.toString("utf8")).join("\n");
  const delimiters = options.delimiter === undefined ? likelyDelimiters(text) : [delimiterOf(options.delimiter)];
  const quotes = options.quote === undefined ? ['"'] : [markOfOption(options.quote)];
  if (options.quote === undefined && /(^|[^\w\s'])'|'($|[^\w\s'])/m.test(text)) quotes.push("'");
  const found: Dialect[] = [];
  for (const delimiter of delimiters)
    for (const quote of quotes) {
      const pinned = options.escape === undefined ? null : markOfOption(options.escape);
      const base = { delimiter: delimiter === "" ? ONE_COLUMN : delimiter, quote, newline: lineEnds.newline, crEnds: lineEnds.crEnds };
      found.push({ ...base, escape: pinned === null || pinned === "" ? quote : pinned });
      if (pinned === null && quote !== "" && text.includes(`\\${quote}`)) found.push({ ...base, escape: "\\" });
    }
  return found;
}

function likelyDelimiters(text: string): string[] {
  const lines = text
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim() !== "")
    .slice(0, CANDIDATE_LINES_MAX);
  const enough = Math.max(1, lines.length * LINES_WITH_DELIMITER_MIN);
  const single = Object.keys(TRUST).filter((delimiter) => lines.filter((line) => line.includes(delimiter)).length >= enough);
  const longer: string[] = [];
  for (const delimiter of single.filter((mark) => mark !== " ")) {
    const count = text.split(delimiter).length - 1;
    if (text.split(`${delimiter} `).length - 1 > 0.8 * count) longer.push(`${delimiter} `);
    if (text.split(` ${delimiter} `).length - 1 > 0.9 * count) longer.push(` ${delimiter} `);
    const runs = text.match(new RegExp(`(${delimiter.replace(/[|^*]/g, "\\$&")})+`, "g")) ?? [];
    for (const times of [2, 3, 4])
      if (runs.length > 0 && runs.filter((run) => run.length % times === 0).length > 0.95 * runs.length)
        longer.push(delimiter.repeat(times));
  }
  return [...single, ...longer, ""];
}

/** Which line ends there are. A lone carriage return is one when there are no others, or enough of it. */
export function detectLineEnds(blocks: readonly Buffer[], options: DelimitedOptions): LineEnds {
  let crlf = 0;
  let lf = 0;
  let cr = 0;
  for (const block of blocks)
    for (let i = 0; i < block.length; i++) {
      if (block[i] === 10) lf++;
      else if (block[i] !== 13) continue;
      else if (block[i + 1] === 10) {
        crlf++;
        i++;
      } else cr++;
    }
  const crEnds = options.newline === "cr" || (options.newline === undefined && cr > 0 && (lf + crlf === 0 || cr >= 0.1 * (lf + crlf)));
  const found = crEnds && cr > lf && cr > crlf ? "\r" : crlf > lf ? "\r\n" : "\n";
  const pinned = options.newline === undefined ? undefined : ({ lf: "\n", crlf: "\r\n", cr: "\r" } as const)[options.newline];
  const kinds = [crlf > 0, lf > 0, crEnds && cr > 0].filter(Boolean).length;
  return { newline: pinned ?? found, crEnds, isMixed: kinds > 1 };
}
