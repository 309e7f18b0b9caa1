// Macros that dbt and dbt_utils bring along, as DuckDB's SQL. What is not here is told as unknown where it is used.
import { callable } from "./jinja.ts";

/** What a macro is given, as text; a list by commas, what is left out as an empty text. */
type Given = Readonly<Record<string, string>>;

/** Takes the named value, else the one in its place. */
function macro(names: readonly string[], write: (given: Given) => string): (...values: unknown[]) => unknown {
  return callable(({ values, named }) =>
    write(Object.fromEntries(names.map((name, index) => [name, [named[name] ?? values[index] ?? ""].flat().map(String).join(BETWEEN)]))),
  );
}

/** Never part of SQL. */
const BETWEEN = "\u0000";
const list = (text = ""): readonly string[] => text.split(BETWEEN);

const TYPES = {
  string: "varchar",
  timestamp: "timestamp",
  float: "double",
  numeric: "decimal(28,6)",
  bigint: "bigint",
  int: "integer",
  boolean: "boolean",
};

/** The namespace `dbt`, which also works without its name. */
export const dbtMacros: Readonly<Record<string, unknown>> = {
  ...Object.fromEntries(Object.entries(TYPES).map(([name, type]) => [`type_${name}`, () => type])),
  current_timestamp: () => "now()",
  date_trunc: macro(["datepart", "date"], ({ datepart, date }) => `date_trunc('${datepart}', ${date})`),
  dateadd: macro(["datepart", "interval", "from"], ({ datepart, interval, from }) => `(${from} + (${interval}) * interval 1 ${datepart})`),
  datediff: macro(
    ["first", "second", "datepart"],
    ({ first, second, datepart }) => `date_diff('${datepart}', ${first}::timestamp, ${second}::timestamp)`,
  ),
  last_day: macro(["date", "datepart"], ({ date, datepart }) =>
    datepart === "month" ? `last_day(${date})` : `(date_trunc('${datepart}', ${date}) + interval 1 ${datepart} - interval 1 day)::date`,
  ),
  safe_cast: macro(["field", "type"], ({ field, type }) => `try_cast(${field} as ${type})`),
  cast: macro(["field", "type"], ({ field, type }) => `cast(${field} as ${type})`),
  concat: macro(["fields"], ({ fields }) => `(${list(fields).join(" || ")})`),
  hash: macro(["field"], ({ field }) => `md5(cast(${field} as varchar))`),
  length: macro(["expression"], ({ expression }) => `length(${expression})`),
  position: macro(["substring", "text"], ({ substring, text: within }) => `position(${substring} in ${within})`),
  replace: macro(["field", "old", "by"], ({ field, old, by }) => `replace(${field}, ${old}, ${by})`),
  right: macro(["text", "length"], ({ text: whole, length }) => `right(${whole}, ${length})`),
  split_part: macro(["text", "delimiter", "part"], ({ text: whole, delimiter, part }) => `split_part(${whole}, ${delimiter}, ${part})`),
  any_value: macro(["expression"], ({ expression }) => `any_value(${expression})`),
  bool_or: macro(["expression"], ({ expression }) => `bool_or(${expression})`),
  cast_bool_to_text: macro(["field"], ({ field }) => `cast(${field} as varchar)`),
  escape_single_quotes: macro(["text"], ({ text: whole = "" }) => whole.replaceAll("'", "''")),
  string_literal: macro(["text"], ({ text: whole }) => `'${whole}'`),
  except: () => "except",
  intersect: () => "intersect",
  listagg: macro(
    ["measure", "delimiter", "order"],
    ({ measure, delimiter, order }) => `string_agg(${measure}, ${delimiter || "','"} ${order})`,
  ),
};

/** The namespace `dbt_utils`: what needs no look into a database. */
export const dbtUtils: Readonly<Record<string, unknown>> = {
  generate_surrogate_key: macro(["fields"], ({ fields }) => {
    const parts = list(fields).map((field) => `coalesce(cast(${field} as varchar), '_dbt_utils_surrogate_key_null_')`);
    return `md5(${parts.join(" || '-' || ")})`;
  }),
  group_by: macro(["n"], ({ n }) => `group by ${Array.from({ length: Number(n) }, (_, index) => index + 1).join(", ")}`),
  safe_divide: macro(["numerator", "denominator"], ({ numerator, denominator }) => `(${numerator}) / nullif(${denominator}, 0)`),
  safe_add: macro(["fields"], ({ fields }) =>
    list(fields)
      .map((field) => `coalesce(${field}, 0)`)
      .join(" + "),
  ),
  safe_subtract: macro(["fields"], ({ fields }) =>
    list(fields)
      .map((field) => `coalesce(${field}, 0)`)
      .join(" - "),
  ),
  star: macro(["from", "relation_alias", "except"], ({ relation_alias, except }) => {
    const columns = except === "" ? "" : ` exclude (${list(except).join(", ")})`;
    return `${relation_alias === "" ? "" : `${relation_alias}.`}*${columns}`;
  }),
  date_spine: macro(
    ["datepart", "start_date", "end_date"],
    ({ datepart, start_date, end_date }) =>
      `select unnest(generate_series(${start_date}::timestamp, ${end_date}::timestamp - interval 1 ${datepart}, interval 1 ${datepart})) as date_${datepart}`,
  ),
  generate_series: macro(["upper_bound"], ({ upper_bound }) => `select unnest(generate_series(1, ${upper_bound})) as generated_number`),
};
