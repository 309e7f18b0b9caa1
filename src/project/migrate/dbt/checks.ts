// dbt's tests as checks: the four of its own, those of dbt_utils that say a condition, and generic tests of the project by their SQL.
import { mapping, mappings, tidy, type Values, word } from "../move.ts";
import type { Property } from "./read.ts";
import { plainName, render, type World } from "./world.ts";

type Entry = Readonly<Record<string, unknown>>;

/** Keys that are no arguments of a test. */
const OF_EVERY_TEST = new Set("arguments config severity where error_if warn_if name description tags enabled test_name meta".split(" "));

interface Test {
  readonly name: string;
  readonly given: Values;
  readonly column: string | undefined;
  readonly common: Entry;
}

/** Checks of a model, seed, snapshot or table of a source. `asset`: what they look at. */
export function checksOf(
  world: World,
  { values, file, line }: Pick<Property, "values" | "file" | "line">,
  asset: string,
): readonly Entry[] {
  const columns = mappings(values, "columns");
  const tests = [
    ...columns.flatMap((column) => testsOf(column).map((test) => ({ test, column: String(column["name"]) }))),
    ...testsOf(values).map((test) => ({ test, column: undefined })),
  ];
  return tests.flatMap(({ test, column }) => {
    const known = understand(test, column);
    if (known === undefined) return [];
    const entry = translate(world, known, asset, { file, line });
    if (entry === undefined) {
      world.move.note(
        { file, line },
        `the test ${known.name} of ${asset}${column === undefined ? "" : `.${column}`} has no check that says the same`,
      );
      return [];
    }
    return [{ ...entry, ...known.common }];
  });
}

function testsOf(values: Values): readonly unknown[] {
  return [values["data_tests"] ?? values["tests"] ?? []].flat();
}

function understand(test: unknown, column: string | undefined): Test | undefined {
  if (typeof test === "string") return { name: test, given: {}, column, common: {} };
  if (typeof test !== "object" || test === null) return undefined;
  const all = test as Values;
  // `- unique: { … }`, or `- name: … test_name: unique`.
  const [key] = Object.keys(all);
  const name = (all["test_name"] as string | undefined) ?? key!;
  const raw = all["test_name"] === undefined ? mapping(all, key!) : all;
  const config: Values = { ...raw, ...mapping(raw, "config") };
  if (config["enabled"] === false) return undefined;
  const given = { ...Object.fromEntries(Object.entries(raw).filter(([name]) => !OF_EVERY_TEST.has(name))), ...mapping(raw, "arguments") };
  const most = /^>\s*(\d+)$/.exec(word(config["error_if"]))?.[1];
  const common = {
    ...(typeof raw["name"] === "string" && all["test_name"] === undefined ? { name: raw["name"] } : {}),
    ...(word(config["severity"]).toLowerCase() === "warn" ? { severity: "warn" } : {}),
    ...(typeof config["where"] === "string" ? { where: config["where"] } : {}),
    ...(most === undefined ? {} : { tolerate: Number(most) }),
  };
  return { name, given, column: (given["column_name"] as string | undefined) ?? column, common };
}

function translate(
  world: World,
  { name, given, column }: Test,
  asset: string,
  at: { readonly file: string; readonly line: number },
): Entry | undefined {
  const target = column === undefined ? "" : `${column} `;
  switch (name.replace(/^dbt\./, "")) {
    case "unique":
      return column === undefined ? undefined : { unique: [column] };
    case "not_null":
      return column === undefined ? undefined : { notNull: [column] };
    case "accepted_values":
      return { acceptedValues: { column, values: given["values"] } };
    case "relationships": {
      const to = render(world, `{{ ${String(given["to"])} }}`, at)?.text.trim();
      return to === undefined ? undefined : { references: { column, to: `${to}.${String(given["field"])}` } };
    }
    case "dbt_utils.unique_combination_of_columns":
      return { unique: given["combination_of_columns"] };
    case "dbt_utils.expression_is_true":
      return { rule: { where: `${target}${String(given["expression"])}` } };
    case "dbt_utils.accepted_range":
      return acceptedRange(given, column);
    case "dbt_utils.not_empty_string":
      return { rule: { where: `trim(${String(column)}) <> ''` } };
    case "dbt_utils.not_constant":
      return { query: { sql: `select 1 from ${asset} having count(distinct ${String(column)}) = 1` } };
    default:
      return ownTest(world, { name, given, column }, asset, at);
  }
}

function acceptedRange(given: Values, column: string | undefined): Entry {
  const { min_value: min, max_value: max, inclusive = true } = given;
  const isPlain = [min, max].every((bound) => bound === undefined || typeof bound === "number");
  if (inclusive === true && isPlain)
    return { range: { column, ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) } };
  const equal = inclusive === true ? "=" : "";
  const parts = [
    ...(min === undefined ? [] : [`${column} >${equal} ${word(min)}`]),
    ...(max === undefined ? [] : [`${column} <${equal} ${word(max)}`]),
  ];
  return { rule: { where: parts.join(" and ") } };
}

/** `{% test NAME(model, column_name) %}` of the project: the query that it writes. */
function ownTest(
  world: World,
  { name, given, column }: Omit<Test, "common">,
  asset: string,
  at: { readonly file: string; readonly line: number },
): Entry | undefined {
  const macro = `test_${name.replace(`${world.project.name}.`, "")}`;
  if (!world.jinja.hasMacro(macro)) return undefined;
  const values = { model: asset, ...(column === undefined ? {} : { column_name: column }), ...given };
  const named = Object.keys(values).map((key) => `${key}=millrace_values.${key}`);
  const rendered = render(world, `{{ ${macro}(${named.join(", ")}) }}`, { ...at, values: { millrace_values: values } });
  return rendered === undefined
    ? undefined
    : { query: { name: plainName(`${name}${column === undefined ? "" : `_${column}`}`), sql: tidy(rendered.text) } };
}
