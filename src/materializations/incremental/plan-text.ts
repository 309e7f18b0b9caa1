// Reading of the filters that DuckDB writes into a plan: `d>='1987-06-15'::DATE AND (CAST(t AS DATE) BETWEEN … AND …)`. What has another form is not read.
import type { IntervalUnit } from "../../model/incremental.ts";

/** One condition of a filter, as DuckDB writes it. */
export type Conjunct = string;

/** A filter comes as one text or as several. */
export function conjunctsOf(filter: unknown): readonly Conjunct[] {
  const texts = Array.isArray(filter) ? (filter as unknown[]) : [filter];
  return texts
    .flatMap((text) => (typeof text === "string" ? splitAnd(text) : []))
    .filter((text) => text !== "" && !text.startsWith("optional:"));
}

/** At every AND that stands in no parentheses, text or quoted name. */
function splitAnd(text: string): readonly string[] {
  const parts: string[] = [];
  let [depth, from] = [0, 0];
  let quote: string | null = null;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (quote !== null) {
      if (char === quote) quote = null;
    } else if (char === "'" || char === '"') quote = char;
    else if (char === "(") depth++;
    else if (char === ")") depth--;
    else if (depth === 0 && text.startsWith(" AND ", at)) {
      parts.push(text.slice(from, at).trim());
      from = at + " AND ".length;
    }
  }
  return [...parts, text.slice(from).trim()];
}

const CONSTANT = String.raw`'([\d-]+)(?: 00:00:00(?:\+00)?)?'::(DATE|TIMESTAMP WITH TIME ZONE|TIMESTAMP_\w+|TIMESTAMP)`;
const BETWEEN = new RegExp(`^\\((.+) BETWEEN ${CONSTANT} AND ${CONSTANT}\\)$`);
const ONE_SIDE = new RegExp(`^\\(?(.+?) ?(>=|<=|>|<) ?${CONSTANT}\\)?$`);

export interface FoundRange {
  readonly expression: string;
  readonly type: string;
  /** The conditions that say it. */
  readonly texts: readonly string[];
}

/** Expressions that are at least the one moment and below the other. */
export function rangeOf(
  conjuncts: readonly Conjunct[],
  { start, end }: { readonly start: string; readonly end: string },
): readonly FoundRange[] {
  const lower = new Map<string, { readonly type: string; readonly text: string }>();
  const upper = new Map<string, string>();
  const found: FoundRange[] = [];
  for (const text of conjuncts) {
    const between = BETWEEN.exec(text);
    if (between !== null) {
      const [, expression, from, type, to] = between;
      if (from === start && to === end) found.push({ expression: expression!, type: type!, texts: [text] });
      continue;
    }
    const [, expression, sign, moment, type] = ONE_SIDE.exec(text) ?? [];
    if (expression === undefined) continue;
    if (moment === start && sign!.startsWith(">")) lower.set(expression, { type: type!, text });
    if (moment === end && sign!.startsWith("<")) upper.set(expression, text);
  }
  for (const [expression, { type, text }] of lower) {
    const other = upper.get(expression);
    if (other !== undefined) found.push({ expression, type, texts: [text, other] });
  }
  return found;
}

/** Expressions that are equal to a value. */
export function equalOf(conjuncts: readonly Conjunct[], mark: string): readonly string[] {
  return conjuncts.flatMap((text) => {
    const plain = text.startsWith("(") && text.endsWith(")") ? text.slice(1, -1) : text;
    for (const sign of [" = ", "="]) if (plain.endsWith(`${sign}${mark}`)) return [plain.slice(0, -(sign.length + mark.length))];
    return [];
  });
}

const SIZE: Readonly<Record<string, number>> = {
  second: 0,
  minute: 1,
  hour: 2,
  day: 3,
  week: 4,
  month: 5,
  quarter: 6,
  year: 7,
  decade: 8,
  century: 9,
  millennium: 10,
};

/** The column that an expression of time cuts or casts, and the unit where it cuts to more than an interval holds (weeks do not fit into months). */
export function momentOf(expression: string, unit: IntervalUnit): { readonly base: string; readonly coarser: string | null } {
  const cast = /^CAST\((.+) AS (DATE|TIMESTAMP|TIMESTAMP WITH TIME ZONE|TIMESTAMP_\w+)\)$/.exec(expression);
  if (cast !== null) {
    const inside = momentOf(cast[1]!, unit);
    return cast[2] === "DATE" && unit === "hour" ? { base: inside.base, coarser: "day" } : inside;
  }
  const cut = /^date_trunc\('(\w+)', (.+)\)$/.exec(expression);
  if (cut === null) return { base: expression, coarser: null };
  const inside = momentOf(cut[2]!, unit);
  const size = SIZE[cut[1]!] ?? Number.POSITIVE_INFINITY;
  const fits = size <= SIZE[unit]! && !(cut[1] === "week" && unit === "month");
  return { base: inside.base, coarser: fits ? inside.coarser : cut[1]! };
}
