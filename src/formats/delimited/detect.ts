// The whole hypothesis about a file: dialect, table, confidence, and the next best explanations. The audit tests it on every byte.
import type { Dialect } from "./dialect.ts";
import { ONE_COLUMN } from "./dialect.ts";
import { candidates, detectLineEnds, judge, type Judgement, type LineEnds } from "./judge.ts";
import type { DelimitedOptions } from "./options.ts";
import { readSample, SAMPLE_RECORDS_MAX } from "./sample-records.ts";
import { findTable, type Table } from "./table.ts";

export interface Hypothesis extends Table {
  readonly dialect: Dialect;
  readonly lineEnds: LineEnds;
  /** Sound rows of the samples. */
  readonly sampleRows: readonly (readonly string[])[];
  /** Records in the samples, broken ones included. */
  readonly sampleRecords: number;
  readonly confidence: number;
  readonly alternatives: readonly Readonly<Record<string, string | number>>[];
  /** The best reading with a delimiter, when the file was taken for one column. */
  readonly rival: Judgement | null;
  readonly isOneColumn: boolean;
  /** Do the samples hold quotes that go wrong, so that DuckDB will not read the original? */
  readonly isBroken: boolean;
}

const SAMPLE_ROWS_MAX = 1000;
/** A blank or a colon stands in many a text of one column; these hardly ever do. */
const USUAL_DELIMITERS: ReadonlySet<string> = new Set([",", ";", "\t", "|"]);
const ALTERNATIVES_SHOWN = 4;

/** `blocks[0]` is the beginning of the file without its mark; the others start at line starts anywhere in it. */
export function detect(blocks: readonly Buffer[], options: DelimitedOptions): Hypothesis {
  const lineEnds = detectLineEnds(blocks, options);
  const reading = { comment: options.comment ?? null, skipLines: options.skipLines ?? 0 };
  const judged = candidates(blocks, lineEnds, options)
    .map((dialect) => judge(blocks, dialect, reading))
    .toSorted((a, b) => b.score - a.score);
  const best = bestOf(judged);
  const second = judged.find((other) => other.dialect.delimiter !== best.dialect.delimiter);
  const { dialect } = best;
  const records = readSample(blocks, dialect, { ...reading, recordsMax: SAMPLE_RECORDS_MAX });
  const { header } = options;
  const table = findTable(records, best.width, dialect, {
    headerRows: header === undefined ? undefined : Number(header),
    startsAtOnce: options.skipLines !== undefined,
  });
  const margin = second === undefined ? 1 : 1 - second.score / Math.max(best.score, Number.EPSILON);
  const sound = records.filter((r) => r.cells.length === table.width && r.raw === null && !(r.block === 0 && r.start < table.bodyStart));
  const step = Math.ceil(sound.length / SAMPLE_ROWS_MAX);
  const isOneColumn = table.width === 1 && options.delimiter === undefined;
  return {
    ...table,
    dialect,
    lineEnds,
    isOneColumn,
    isBroken: best.brokenQuotes > 0,
    rival: isOneColumn ? (judged.find((other) => USUAL_DELIMITERS.has(other.dialect.delimiter) && other.width > 1) ?? null) : null,
    sampleRows: sound.filter((_, index) => index % step === 0).map((record) => record.cells),
    sampleRecords: records.length,
    confidence: rounded(Math.min(1, best.consistency + 0.05) * (0.5 + 0.5 * Math.min(1, margin * 2)) * table.headerConfidence),
    alternatives: judged.slice(0, ALTERNATIVES_SHOWN).map((other) => ({
      delimiter: other.dialect.delimiter === ONE_COLUMN ? "none" : other.dialect.delimiter,
      quote: other.dialect.quote,
      escape: other.dialect.escape,
      width: other.width,
      score: rounded(other.score),
      consistency: rounded(other.consistency),
      plausibility: rounded(other.plausibility),
      uniformity: rounded(other.uniformity),
      brokenQuotes: rounded(other.brokenQuotes),
    })),
  };
}

/** `a||b` also reads as single pipes with nothing between them, `a | b` as `| `: the longer delimiter wins if it explains the lines as well. */
function bestOf(judged: readonly Judgement[]): Judgement {
  const top = judged[0];
  if (top === undefined) throw new Error("no dialect was judged");
  const { delimiter } = top.dialect;
  const longer = judged.find(
    (other) =>
      other.dialect.delimiter.length > delimiter.length &&
      other.dialect.delimiter.includes(delimiter) &&
      other.width > 1 &&
      other.consistency >= top.consistency - 0.02 &&
      other.plausibility >= top.plausibility - 0.05 &&
      other.score > top.score * 0.8,
  );
  return longer ?? top;
}

function rounded(value: number): number {
  return Number((Number.isFinite(value) ? value : 0).toFixed(3));
}
