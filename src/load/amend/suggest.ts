// What a cell that its type refuses may have meant: values that people and spreadsheets write. DuckDB itself says whether the type takes the suggestion; what
// could mean two things (1,500; 03/04/2026) gets none.
import type { Session } from "../../sql/session.ts";
import { ident, literal } from "../../sql/text.ts";

export interface CellSuggestion {
  readonly value: string | null;
  readonly set: string;
  readonly where: string;
  readonly why: string;
}

interface Candidate {
  /** SQL over the cell's column: is it written in this way? */
  readonly where: (column: string) => string;
  readonly set: (column: string) => string;
  readonly why: string;
}

const NOTHING_WORDS = ["n/a", "na", "-", "--", "null", "none", "nil", "unknown", "?", "#n/a", "tbd", ""];
const YES = ["yes", "y", "ja", "on", "x"];
const NO = ["no", "n", "nein", "off"];
/** With a decimal comma: one comma with one, two or more than three digits after it, dots only between thousands. */
const DECIMAL_COMMA = String.raw`^\D*[+-]?(\d{1,3}(\.\d{3})+|\d+),(\d{1,2}|\d{4,})\D*$`;
/** With thousands between commas; one comma alone before three digits could be a decimal one. */
const THOUSANDS_COMMA = String.raw`^\D*[+-]?\d{1,3}((,\d{3})+\.\d+|(,\d{3}){2,})\D*$`;
const PLAIN_NUMBER = String.raw`^[^\d,.]*\d+(\.\d+)?[^\d,.]*$`;

const listed = (words: readonly string[]): string => words.map(literal).join(", ");
const form =
  (pattern: string) =>
  (column: string): string =>
    `regexp_matches(${column}, ${literal(pattern)})`;
const dated = (pattern: string, format: string): Candidate => ({
  where: form(pattern),
  set: (column) => `strptime(trim(${column}), ${literal(format)})`,
  why: `a date written as ${format.replaceAll("%", "")}`,
});

const TRIMMED: Candidate = {
  where: (column) => `${column} <> trim(${column})`,
  set: (column) => `trim(${column})`,
  why: "blanks around it",
};
const NO_VALUE: Candidate = {
  where: (column) => `lower(trim(${column})) in (${listed(NOTHING_WORDS)})`,
  set: () => "null",
  why: "a word for no value",
};
const NUMBERS: readonly Candidate[] = [
  {
    where: form(DECIMAL_COMMA),
    set: (column) => `replace(regexp_replace(${column}, '[^0-9,+-]', '', 'g'), ',', '.')`,
    why: "a decimal comma",
  },
  { where: form(THOUSANDS_COMMA), set: (column) => `regexp_replace(${column}, '[^0-9.+-]', '', 'g')`, why: "commas between thousands" },
  {
    where: form(PLAIN_NUMBER),
    set: (column) => `regexp_replace(${column}, '[^0-9.+-]', '', 'g')`,
    why: "letters or signs around a number",
  },
];
const DATES: readonly Candidate[] = [
  dated(String.raw`^\s*\d{1,2}\.\d{1,2}\.\d{4}\s*$`, "%d.%m.%Y"),
  dated(String.raw`^\s*(1[3-9]|2\d|3[01])/\d{1,2}/\d{4}\s*$`, "%d/%m/%Y"),
  dated(String.raw`^\s*\d{1,2}/(1[3-9]|2\d|3[01])/\d{4}\s*$`, "%m/%d/%Y"),
  dated(String.raw`^\s*\d{8}\s*$`, "%Y%m%d"),
  dated(String.raw`^\s*\d{1,2} [A-Za-z]{3} \d{4}\s*$`, "%d %b %Y"),
  dated(String.raw`^\s*[A-Za-z]+ \d{1,2}, \d{4}\s*$`, "%B %d, %Y"),
  dated(String.raw`^\s*\d{4}/\d{1,2}/\d{1,2}\s*$`, "%Y/%m/%d"),
];
const BOOLEANS: readonly Candidate[] = [
  { where: (column) => `lower(trim(${column})) in (${listed(YES)})`, set: () => "'true'", why: "a word for yes" },
  { where: (column) => `lower(trim(${column})) in (${listed(NO)})`, set: () => "'false'", why: "a word for no" },
];

function candidatesOf(type: string, isRequired: boolean): readonly Candidate[] {
  const own = /^(DECIMAL|DOUBLE|FLOAT|U?(TINY|SMALL|BIG|HUGE)?INT)/.test(type)
    ? NUMBERS
    : /^(DATE|TIMESTAMP)/.test(type)
      ? DATES
      : type === "BOOLEAN"
        ? BOOLEANS
        : [];
  return own.length === 0 ? [] : [TRIMMED, ...own, ...(isRequired ? [] : [NO_VALUE])];
}

interface SuggestRequest {
  /** Table of records as text, with `_id`. */
  readonly table: string;
  readonly column: { readonly name: string; readonly type: string; readonly required?: boolean };
  readonly ids: readonly string[];
}

/** By id; records that nothing is known for are not in it. */
export async function suggestCells(session: Session, { table, column, ids }: SuggestRequest): Promise<ReadonlyMap<string, CellSuggestion>> {
  const candidates = candidatesOf(column.type, column.required === true);
  if (candidates.length === 0 || ids.length === 0) return new Map();
  const name = ident(column.name);
  const fits = ({ where, set }: Candidate): string =>
    `coalesce(${where(name)}, false) and (${set(name)} is null or try((${set(name)})::varchar::${column.type}) is not null)`;
  const which = candidates.map((each, index) => `when ${fits(each)} then ${index}`).join(" ");
  const values = candidates.map(({ set }, index) => `when ${index} then try((${set(name)})::${column.type}::varchar)`).join(" ");
  const rows = await session.rows<{ id: string; which: number; value: string | null }>(
    `select _id as id, which, case which ${values} end as value
     from (select *, case ${which} end as which from ${table} where _id in (${ids.map(literal).join(", ")})) where which is not null`,
  );
  return new Map(
    rows.map(({ id, which: index, value }) => {
      const { where, set, why } = candidates[index]!;
      return [id, { value, set: set(name), where: where(name), why }] as const;
    }),
  );
}
