// How a cell of text becomes a value of a declared type: SQL that yields the value or NULL, and SQL that says whether the cell stands for
// nothing. A cell that stands for something and yields NULL is a bad value. Text that DuckDB's casts would bend is refused:
// `1.5` is no integer, `0x1F` no number, `007` no decimal with meaning lost.
import { MillraceError } from "../model/errors.ts";
import { literal } from "../sql/text.ts";

export interface Parsing {
  readonly parse?: string | undefined;
  /** DuckDB type, normalised. */
  readonly type: string;
  readonly nulls?: readonly string[] | undefined;
}

export interface ParsedCell {
  /** The value, or NULL when it cannot be read. */
  readonly value: string;
  /** True where the cell means "nothing". */
  readonly isNull: string;
}

/** Types that a column may be declared with, besides DuckDB's own names. */
const ALIASES: Readonly<Record<string, string>> = { text: "VARCHAR", string: "VARCHAR", number: "DOUBLE", int: "INTEGER", bool: "BOOLEAN" };

/** A declared type as DuckDB writes it, for `select typeof(cast(null as …))`. */
export function declaredType(type: string): string {
  return ALIASES[type.trim().toLowerCase()] ?? type.trim();
}

/** The type that a `parse:` gives when no `type:` is declared. */
export function typeOfParse(parse: string): string {
  switch (parse) {
    case "money":
      return "DECIMAL(18,2)";
    case "percent":
    case "decimalComma":
      return "DOUBLE";
    case "boolean":
      return "BOOLEAN";
    case "epoch":
      return "TIMESTAMP";
    case "json":
      return "JSON";
    default:
      return /%[HIMSfpTXsc]/.test(parse) ? "TIMESTAMP" : "DATE";
  }
}

/** `cell` is SQL of type VARCHAR. @throws MR4014 when `parse` is no known word and no pattern. */
export function parseCell(cell: string, { parse, type, nulls }: Parsing): ParsedCell {
  const words =
    nulls === undefined || nulls.length === 0 ? null : `trim(${cell}) in (${nulls.map((word) => literal(word.trim())).join(", ")})`;
  if (type === "VARCHAR" && parse === undefined) {
    const isNull = words === null ? `${cell} is null` : `(${cell} is null or ${words})`;
    return { value: words === null ? cell : `case when ${words} then null else ${cell} end`, isNull };
  }
  const text = `trim(${cell})`;
  const isNull = `(${cell} is null or ${text} = ''${words === null ? "" : ` or ${words}`})`;
  return { value: `case when ${isNull} then null else ${valueOf(text, parse, type)} end`, isNull };
}

function valueOf(text: string, parse: string | undefined, type: string): string {
  switch (parse) {
    case undefined:
      return plainValue(text, type);
    case "money":
      return `try_cast(${moneyNumber(text)} as ${type})`;
    case "percent":
      return `try_cast(try_cast(regexp_extract(${text}, '^([+-]?[0-9]+(?:\\.[0-9]+)?)\\s*%?$', 1) as decimal(30,10)) / (case when ends_with(${text}, '%') then 100 else 1 end) as ${type})`;
    case "decimalComma":
      return `try_cast(case when regexp_full_match(${text}, '[+-]?([0-9]{1,3}(\\.[0-9]{3})+|[0-9]+)(,[0-9]+)?') then replace(replace(${text}, '.', ''), ',', '.') end as ${type})`;
    case "boolean":
      return `case when lower(${text}) in ('true','t','yes','y','1','on') then true when lower(${text}) in ('false','f','no','n','0','off') then false end`;
    case "epoch":
      return `try_cast(make_timestamp((try_cast(${text} as decimal(24,6)) * (case when abs(try_cast(${text} as double)) >= 1e11 then 1000 else 1000000 end))::bigint) as ${type})`;
    case "json":
      return `try_cast(case when json_valid(${text}) then ${text} end as ${type})`;
    default:
      if (!parse.includes("%")) {
        throw new MillraceError({
          code: "MR4014",
          message: `parse: ${parse} is not known.`,
          hint: 'Use money, percent, boolean, decimalComma, epoch, json or a pattern such as "%d/%m/%Y".',
        });
      }
      return `try_cast(try_strptime(${text}, ${literal(parse)}) as ${type})`;
  }
}

/** No symbol, no separators; parentheses and a minus on either side are negative, a lone dash is zero. */
function moneyNumber(text: string): string {
  const bare = `regexp_replace(${text}, '(\\$|€|£|¥|₹|[A-Z]{3}|\\s)', '', 'g')`;
  const digits = `regexp_replace(${bare}, '[-(),]', '', 'g')`;
  const isSound = `regexp_full_match(${bare}, '(-?[0-9]{1,3}(,[0-9]{3})*(\\.[0-9]+)?|-?[0-9]+(\\.[0-9]+)?|[0-9,]+(\\.[0-9]+)?-|\\(([0-9]{1,3}(,[0-9]{3})*|[0-9]+)(\\.[0-9]+)?\\))')`;
  return `case when ${bare} = '-' then '0' when ${isSound} then (case when contains(${bare}, '-') or starts_with(${bare}, '(') then '-' else '' end) || ${digits} end`;
}

/** A cast that does not bend: integers must look like integers, decimals must keep all their digits. */
function plainValue(text: string, type: string): string {
  const cast = `try_cast(${text} as ${type})`;
  if (/INT$|^(U?)(BIGINT|INTEGER|HUGEINT|SMALLINT|TINYINT)$/.test(type)) {
    return `case when regexp_full_match(${text}, '[+-]?[0-9]+(\\.0*)?') then ${cast} end`;
  }
  if (type.startsWith("DECIMAL")) {
    const scale = Number(/,\s*(\d+)\)/.exec(type)?.[1] ?? 0);
    return `case when regexp_full_match(${text}, '[+-]?([0-9]+(\\.[0-9]{0,${scale}}0*)?|\\.[0-9]{1,${Math.max(scale, 1)}}0*)') then ${cast} end`;
  }
  if (type === "DOUBLE" || type === "FLOAT") {
    return `case when regexp_full_match(${text}, '[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?|[Nn]a[Nn]|NaN|[+-]?[Ii]nf(inity)?') then ${cast} end`;
  }
  if (type === "DATE") {
    // `2020-01-02 00:00:00` is that day; any other time of day would be lost.
    return `case when regexp_full_match(${text}, '.*[0-9]:[0-9].*') then (case when try_cast(${text} as timestamp) = date_trunc('day', try_cast(${text} as timestamp)) then ${cast} end) else ${cast} end`;
  }
  return cast;
}
