// How a cell of text becomes a value of a declared type, as SQL for DuckDB: `value` yields it or NULL, `bad` is true where the cell means something
// that the type cannot hold without loss.
//   P1. Never a rounded, cut or bent value: `1.5` is no integer, `0x1F` and `1_000` are no numbers, 12.345 is no decimal(9,2).
//   P2. An empty cell and the words of `nulls` are NULL, never bad. Typed values are read without surrounding space; text is kept as it is.
//   P3. No row makes the statement fail.
import { MillraceError } from "../../model/errors.ts";
import { didYouMean } from "../../model/suggest.ts";
import { literal } from "../../sql/text.ts";

export interface ParseRequest {
  /** money, percent, boolean, decimalComma, epoch, epochMs, json, or a strptime pattern. */
  readonly parse?: string | undefined;
  /** A DuckDB type or one of the short names (text, number, …); by default what `parse` gives. */
  readonly type?: string | undefined;
  readonly nulls?: readonly string[] | undefined;
}

export interface ParseExpression {
  /** SQL of the type `type`. */
  readonly value: string;
  /** SQL boolean, never NULL. */
  readonly bad: string;
  /** SQL boolean, never NULL: the cell means "no value". */
  readonly isNull: string;
  /** The type of `value`. */
  readonly type: string;
}

/** The words of `parse:`; anything with a % in it is a strptime pattern. */
const PARSE_WORDS = ["money", "percent", "boolean", "decimalComma", "epoch", "epochMs", "json"] as const;
type ParseWord = (typeof PARSE_WORDS)[number];

const ALIASES: Readonly<Record<string, string>> = {
  TEXT: "VARCHAR",
  STRING: "VARCHAR",
  NUMBER: "DOUBLE",
  INT: "INTEGER",
  INT4: "INTEGER",
  INT8: "BIGINT",
  LONG: "BIGINT",
  BOOL: "BOOLEAN",
  REAL: "FLOAT",
  DATETIME: "TIMESTAMP",
  "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ",
};

/** What can be written behind `type:`, in the words that people use; DuckDB knows more. */
export const TYPE_WORDS: readonly string[] = [
  ..."text string varchar number double float real decimal numeric integer int bigint long smallint tinyint hugeint".split(" "),
  ..."ubigint uinteger usmallint utinyint boolean bool date time datetime timestamp timestamptz interval json uuid blob".split(" "),
];

/** A declared type as DuckDB writes it. */
export function normalType(type: string): string {
  const upper = type.trim().toUpperCase().replace(/\s+/g, " ");
  const decimal = /^(?:DECIMAL|NUMERIC|DEC) ?(?:\( ?(\d+) ?(?:, ?(\d+) ?)?\))?$/.exec(upper);
  if (decimal !== null) return `DECIMAL(${decimal[1] ?? 18},${decimal[2] ?? (decimal[1] === undefined ? 3 : 0)})`;
  return ALIASES[upper] ?? (/^[A-Z0-9 _]+$/.test(upper) ? upper : type.trim());
}

/** The type a `parse:` gives when none is declared; VARCHAR without one. Throws MR3050 for an unknown word. */
export function typeOfParse(parse: string | undefined): string {
  if (parse === undefined) return "VARCHAR";
  const word = parseWord(parse);
  switch (word) {
    case null:
      return /%[HIMSfpTXscLgn]/.test(parse) ? (/%z/i.test(parse) ? "TIMESTAMPTZ" : "TIMESTAMP") : "DATE";
    case "money":
      return "DECIMAL(18,2)";
    case "percent":
    case "decimalComma":
      return "DOUBLE";
    case "boolean":
      return "BOOLEAN";
    case "epoch":
    case "epochMs":
      return "TIMESTAMP";
    case "json":
      return "JSON";
    default:
      return word satisfies never;
  }
}

/** `column` is SQL of type VARCHAR. Throws MR3050 when `parse` is neither a known word nor a pattern. */
export function parseExpression(request: ParseRequest, column: string): ParseExpression {
  const text = `(${trimmedText(column)})`;
  const { value, isNull, type } = parseStep(request, { cell: column, text, number: numberText(request.parse, text) ?? text });
  return { value, bad: type === "VARCHAR" && request.parse === undefined ? "false" : badCell(isNull, value), isNull, type };
}

const SPACES = " \t\r\n\u00a0";
const HAS_SPACE = `^[${SPACES}]|[${SPACES}]$`;

/** SQL of a cell without the space around it. Looking whether there is any costs a third of trimming a set of letters. */
export function trimmedText(column: string): string {
  return `CASE WHEN regexp_matches(${column}, ${literal(HAS_SPACE)}) THEN trim(${column}, ${literal(SPACES)}) ELSE ${column} END`;
}

/** The number in `text` without what is written around it; null where `parse` is of another kind. */
export function numberText(parse: string | undefined, text: string): string | null {
  switch (parse) {
    case "money":
      return moneyNumber(text);
    case "percent":
      return percentNumber(text);
    case "decimalComma":
      return decimalCommaNumber(text);
    default:
      return null;
  }
}

/** The cell means something that is no value of the type. */
export function badCell(isNull: string, value: string): string {
  return `(NOT ${isNull} AND (${value}) IS NULL)`;
}

/**
 * The last step, given SQL of the cell, of its `trimmedText` and of its `numberText` (its text where it has none). A caller that makes columns of those
 * first has each computed once for a row; written into each other they are computed at every place where they stand.
 */
export function parseStep(
  request: ParseRequest,
  { cell, text, number }: { readonly cell: string; readonly text: string; readonly number: string },
): Omit<ParseExpression, "bad"> {
  const { parse, nulls = [] } = request;
  const type = request.type === undefined ? typeOfParse(parse) : normalType(request.type);
  const words = nulls.map((word) => word.trim()).filter((word) => word !== "");
  const isWord = words.length === 0 ? "" : ` OR ${text} IN (${words.map(literal).join(", ")})`;
  if (type === "VARCHAR" && parse === undefined) {
    const isNull = `(${cell} IS NULL${isWord})`;
    return { value: words.length === 0 ? cell : `CASE WHEN ${isNull} THEN NULL ELSE ${cell} END`, isNull, type };
  }
  const isNull = `(${cell} IS NULL OR ${text} = ''${isWord})`;
  return { value: `CASE WHEN ${isNull} THEN NULL ELSE ${valueOf(text, number, parse, type)} END`, isNull, type };
}

function parseWord(parse: string): ParseWord | null {
  const word = PARSE_WORDS.find((known) => known === parse);
  if (word !== undefined) return word;
  if (parse.includes("%")) return null;
  const all = `use ${PARSE_WORDS.join(", ")}, or a pattern such as "%d/%m/%Y"`;
  const meant = didYouMean(parse, PARSE_WORDS);
  throw new MillraceError({
    code: "MR3050",
    message: `parse: ${parse} is not known`,
    hint: meant === undefined ? `U${all.slice(1)}.` : `${meant} Else ${all}.`,
  });
}

function valueOf(text: string, number: string, parse: string | undefined, type: string): string {
  if (parse === undefined) return plainValue(text, type);
  const word = parseWord(parse);
  switch (word) {
    case null:
      return momentAs(`try_strptime(${text}, ${literal(parse)})`, type);
    case "money":
    case "percent":
    case "decimalComma":
      return plainValue(number, type);
    case "boolean":
      return `try_cast(CASE WHEN lower(${text}) IN ('true', 't', 'yes', 'y', '1', 'on') THEN true WHEN lower(${text}) IN ('false', 'f', 'no', 'n', '0', 'off') THEN false END AS ${type})`;
    case "epoch":
      return momentAs(epochMoment(text, { digitsMax: 11, fractionMax: 6, unitMicros: 1_000_000 }), type);
    case "epochMs":
      return momentAs(epochMoment(text, { digitsMax: 14, fractionMax: 3, unitMicros: 1000 }), type);
    case "json":
      return `try_cast(CASE WHEN json_valid(${text}) THEN ${type === "JSON" || type === "VARCHAR" ? text : `${text}::JSON`} END AS ${type})`;
    default:
      return word satisfies never;
  }
}

/** A cast that does not bend. */
function plainValue(text: string, type: string): string {
  const whenMatches = (pattern: string, value = `try_cast(${text} AS ${type})`): string =>
    `CASE WHEN regexp_full_match(${text}, ${literal(pattern)}) THEN ${value} END`;
  if (/^U?(TINY|SMALL|BIG|HUGE)?INT$|^U?INTEGER$/.test(type))
    return whenMatches("[+-]?[0-9]+(\\.0+)?", `try_cast(regexp_replace(${text}, '\\.0+$', '') AS ${type})`);
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(type);
  if (decimal !== null) {
    const scale = Number(decimal[2]);
    const fraction = `(\\.[0-9]{0,${scale}}0*)?`;
    return whenMatches(`[+-]?([0-9]+${fraction}|\\.[0-9]{1,${Math.max(1, scale)}}0*)`);
  }
  if (type === "DOUBLE" || type === "FLOAT") {
    const finite = whenMatches(
      "[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?",
      `CASE WHEN isfinite(try_cast(${text} AS ${type})) THEN try_cast(${text} AS ${type}) END`,
    );
    return `coalesce(${finite}, ${whenMatches("[+-]?(?i:nan|inf|infinity)")})`;
  }
  if (type === "BOOLEAN")
    return `CASE WHEN lower(${text}) IN ('true', 't', '1') THEN true WHEN lower(${text}) IN ('false', 'f', '0') THEN false END`;
  // A time of day other than midnight would be lost.
  if (type === "DATE") return whenMatches(`${DAY}([ T]00:00(:00(\\.0+)?)?)?`, `try_cast(try_cast(${text} AS TIMESTAMP) AS DATE)`);
  if (type.startsWith("TIMESTAMP")) {
    // A cast to TIMESTAMP drops an offset without a word; the instant is kept by going through TIMESTAMPTZ.
    const withOffset = whenMatches(
      `${DAY}[ T]${TIME} ?(Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)`,
      `timezone('UTC', try_cast(${text} AS TIMESTAMPTZ))`,
    );
    return momentAs(`coalesce(${whenMatches(`${DAY}([ T]${TIME})?`, `try_cast(${text} AS TIMESTAMP)`)}, ${withOffset})`, type);
  }
  if (type === "TIME") return whenMatches(TIME);
  if (type === "JSON") return `CASE WHEN json_valid(${text}) THEN try_cast(${text} AS JSON) END`;
  return `try_cast(${text} AS ${type})`;
}

const DAY = "[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}";
const TIME = "[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6}0*)?)?";

/** A timestamp without a zone means UTC, whatever the session's zone is. */
function momentAs(moment: string, type: string): string {
  if (type !== "TIMESTAMPTZ") return `try_cast(${moment} AS ${type})`;
  return `CASE WHEN typeof(${moment}) = 'TIMESTAMP' THEN timezone('UTC', try_cast(${moment} AS TIMESTAMP)) ELSE try_cast(${moment} AS TIMESTAMPTZ) END`;
}

const BLANKS = "[\\s\u00a0\u202f]*";
const CURRENCY = "([A-Z]{0,3}[$€£¥₹₩₽₺₫₪฿]|[A-Z]{3}|kr|zł)";
const CURRENCY_SIDE = `(${CURRENCY}${BLANKS})?`;
const GROUPED = "([0-9]{1,3}([,' \u00a0\u202f’][0-9]{3})+|[0-9]+)(\\.[0-9]+)?|\\.[0-9]+";

/** The number in an amount of money as plain text. Parentheses or a minus on either side are negative, a lone dash is zero. */
function moneyNumber(text: string): string {
  const amount = `(${GROUPED})`;
  const forms = [
    `-?${BLANKS}${CURRENCY_SIDE}${amount}${BLANKS}${CURRENCY_SIDE}`,
    `${CURRENCY_SIDE}-${BLANKS}${amount}${BLANKS}${CURRENCY_SIDE}`,
    `${CURRENCY_SIDE}${amount}${BLANKS}${CURRENCY_SIDE}-`,
    `${CURRENCY_SIDE}${amount}-${BLANKS}${CURRENCY_SIDE}`,
    `${CURRENCY_SIDE}\\(${BLANKS}${CURRENCY_SIDE}${amount}${BLANKS}${CURRENCY_SIDE}\\)${BLANKS}${CURRENCY_SIDE}`,
  ];
  const digits = `regexp_replace(${text}, '[^0-9.]', '', 'g')`;
  const sign = `CASE WHEN contains(${text}, '-') OR contains(${text}, '(') THEN '-' ELSE '' END`;
  // "kr." and the like would leave a point of their own: only the forms above get here.
  return (
    // Most amounts look like this, and replacing by a pattern takes longer than all the rest.
    `CASE WHEN regexp_full_match(${text}, '\\$?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\\.[0-9]+)?') THEN replace(replace(${text}, '$', ''), ',', '') ` +
    `WHEN regexp_full_match(${text}, ${literal(`${CURRENCY_SIDE}[-–—]${BLANKS}${CURRENCY_SIDE}`)}) THEN '0' ` +
    `WHEN regexp_full_match(${text}, ${literal(forms.join("|"))}) THEN (${sign}) || ${digits} END`
  );
}

/** `12.5%` is 0.125, and so is `12.5`. */
function percentNumber(text: string): string {
  const number = `regexp_extract(${text}, '^[+-]?[0-9]+([.][0-9]{1,8})?')`;
  return (
    `CASE WHEN regexp_full_match(${text}, '[+-]?[0-9]+([.][0-9]{1,8})?\\s*%?') ` +
    `THEN (try_cast(${number} AS DECIMAL(28,8)) * 0.01::DECIMAL(3,2))::VARCHAR END`
  );
}

/** `1.234,56` is 1234.56. */
function decimalCommaNumber(text: string): string {
  const form = `${CURRENCY_SIDE}[+-]?${BLANKS}([0-9]{1,3}([.' \u00a0\u202f’][0-9]{3})+|[0-9]+)(,[0-9]+)?${BLANKS}${CURRENCY_SIDE}`;
  return `CASE WHEN regexp_full_match(${text}, ${literal(form)}) THEN replace(regexp_replace(${text}, '[^-0-9,]', '', 'g'), ',', '.') END`;
}

interface EpochUnit {
  readonly digitsMax: number;
  readonly fractionMax: number;
  readonly unitMicros: number;
}

function epochMoment(text: string, { digitsMax, fractionMax, unitMicros }: EpochUnit): string {
  const form = `[+-]?[0-9]{1,${digitsMax}}(\\.[0-9]{1,${fractionMax}})?`;
  return `CASE WHEN regexp_full_match(${text}, ${literal(form)}) THEN make_timestamp((try_cast(${text} AS DECIMAL(24,6)) * ${unitMicros})::BIGINT) END`;
}
