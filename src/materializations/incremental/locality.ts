// Which rows of its inputs an interval, or a key, of a model depends on: DuckDB itself says it. The query is planned with a filter on the model's column, over
// empty tables of the same columns, and where the optimizer has moved that filter down to a table, no other row of that table can matter to what passes it.
//   L1. What the plan does not say is not assumed: a table that the filter does not reach may change any row, and the reader of this says so.
//   L2. Several intervals may be made by one statement when the plan for a filter within them no longer shows where they begin and end as a whole.
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { messageOf } from "../../model/errors.ts";
import type { IntervalUnit } from "../../model/incremental.ts";
import type { SqlUnit } from "../../sql/errors.ts";
import { FUNCTIONS_SCHEMA, functionsSql } from "../../sql/functions.ts";
import type { LiveVersion } from "../../sql/publish.ts";
import { scanSql } from "../../sql/syntax-scan.ts";
import { ident, qualified } from "../../sql/text.ts";
import { bindings } from "../statement.ts";
import { conjunctsOf, equalOf, momentOf, rangeOf, type Conjunct } from "./plan-text.ts";

/** An expression over the columns of one table that tells the interval of its rows. */
export interface TimeRead {
  readonly expression: string;
  /** As DuckDB writes it: DATE, TIMESTAMP, TIMESTAMP WITH TIME ZONE. */
  readonly type: string;
  /** The query also takes the first moment after an interval. */
  readonly takesEnd: boolean;
}

/** Expressions over the columns of one table for columns of the key, by their numbers. */
export type KeyRead = ReadonlyMap<number, string>;

export interface Reading<Read> {
  /** Tables that are read in the end; null: any row may matter. A table that is read twice has two. */
  readonly tables: ReadonlyMap<string, readonly Read[] | null>;
  /** Why nothing is known; rows may come from elsewhere than assets (a file that the SQL reads itself). */
  readonly unknown: string | null;
  /** What is elsewhere may change although no asset did. */
  readonly isElsewhere: boolean;
}

export interface TimeReading extends Reading<TimeRead> {
  /** L2. */
  readonly isJoinable: boolean;
  /** The model's column is cut to this unit. */
  readonly grain: string | null;
}

export interface Question {
  readonly unit: SqlUnit;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The model's own columns. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Everything that readers see, of which its inputs are used. */
  readonly live: ReadonlyMap<string, LiveVersion>;
  readonly inputs: readonly string[];
}

/** Moments that stand for the bounds of the statement, and of an interval in it. */
const WHOLE = { start: "1903-03-02", end: "2197-11-24" };
const INNER = { start: "1987-06-15", end: "1987-07-13" };

/** What of the inputs the intervals of column `by` read. */
export async function readByTime(question: Question, by: string, unit: IntervalUnit): Promise<TimeReading> {
  const { unit: model, columns } = question;
  const type = columns.find(({ name }) => name.toLowerCase() === by.toLowerCase())?.type ?? "TIMESTAMP";
  const marked = [WHOLE.start, WHOLE.end, INNER.start, INNER.end].some((moment) => model.sql.includes(moment));
  if (marked)
    return {
      tables: new Map(),
      unknown: "its SQL has a moment that is needed to look into it",
      isElsewhere: false,
      isJoinable: false,
      grain: null,
    };
  const bound = { ...question.parameters, start: new Date(WHOLE.start), end: new Date(WHOLE.end) };
  const condition = `${ident(by)} >= ${typed(INNER.start, type)} and ${ident(by)} < ${typed(INNER.end, type)}`;
  let plan = await planOf(question, bound, condition);
  // Where the model's column is one of its parameters, the filter leaves nothing: then only what the parameters say is seen.
  const isEmpty = typeof plan !== "string" && plan.isEmpty;
  if (isEmpty) plan = await planOf(question, bound, null);
  if (typeof plan === "string") return { tables: new Map(), unknown: plan, isElsewhere: false, isJoinable: false, grain: null };
  const takesEnd = takesLastMoment(model.sql);
  const tables = new Map<string, TimeRead[] | null>();
  let rest = plan.text;
  let grain: string | null = null;
  for (const { table, filters } of plan.scans) {
    const inner = rangeOf(filters, INNER);
    const outer = rangeOf(filters, WHOLE);
    for (const found of inner) grain ??= momentOf(found.expression, unit).coarser;
    for (const found of outer) {
      const same = inner.some(({ expression }) => momentOf(expression, unit).base === momentOf(found.expression, unit).base);
      if (same) for (const text of found.texts) rest = rest.replace(text, "");
    }
    const [read] = [...inner, ...outer];
    const known = tables.get(table);
    if (read === undefined || known === null) tables.set(table, null);
    else tables.set(table, [...(known ?? []), { expression: read.expression, type: read.type, takesEnd: takesEnd && inner.length === 0 }]);
  }
  const isJoinable = !isEmpty && !rest.includes(WHOLE.start) && !rest.includes(WHOLE.end);
  return { tables, unknown: plan.elsewhere, isElsewhere: plan.elsewhere !== null, isJoinable, grain };
}

/** What of the inputs rows of one key read, for the first of some choices of its columns under which every table in `needed` is told apart. */
export async function readByKey(question: Question, key: readonly string[], needed: readonly string[]): Promise<Reading<KeyRead>> {
  const marks = key
    .map((name, index) => ({ index, name, mark: markOf(typeOf(question, name), index) }))
    .filter(({ mark }) => mark !== null);
  const choices = marks.length > 1 ? [marks, ...marks.map((each) => [each])] : [marks];
  let last: Reading<KeyRead> = { tables: new Map(), unknown: "no column of its key can be looked for", isElsewhere: false };
  for (const choice of choices) {
    if (choice.length === 0) continue;
    const condition = choice.map(({ name, mark }) => `${ident(name)} = ${mark!.sql}`).join(" and ");
    const bound = { ...question.parameters, start: new Date(WHOLE.start), end: new Date(WHOLE.end) };
    const plan = await planOf(question, bound, condition);
    if (typeof plan === "string") return { tables: new Map(), unknown: plan, isElsewhere: false };
    if (plan.isEmpty) continue;
    const tables = new Map<string, KeyRead[] | null>();
    for (const { table, filters } of plan.scans) {
      const found = choice.flatMap(({ index, mark }) => equalOf(filters, mark!.text).map((expression) => [index, expression] as const));
      const known = tables.get(table);
      if (found.length === 0 || known === null) tables.set(table, null);
      else tables.set(table, [...(known ?? []), new Map(found)]);
    }
    last = { tables, unknown: plan.elsewhere, isElsewhere: plan.elsewhere !== null };
    if (needed.every((table) => tables.get(table) !== null)) return last;
  }
  return last;
}

function typeOf({ columns }: Question, name: string): string {
  return columns.find((column) => column.name.toLowerCase() === name.toLowerCase())?.type ?? "";
}

/** A value that no query writes, of a column's type: as SQL, and as DuckDB shows it in a plan. */
function markOf(type: string, index: number): { readonly sql: string; readonly text: string } | null {
  const number = 1_131_719_000 + index;
  switch (type) {
    case "TINYINT":
    case "UTINYINT":
      return { sql: String(97 + index), text: String(97 + index) };
    case "SMALLINT":
    case "USMALLINT":
      return { sql: String(21_317 + index), text: String(21_317 + index) };
    case "INTEGER":
    case "UINTEGER":
    case "BIGINT":
    case "UBIGINT":
    case "HUGEINT":
      return { sql: String(number), text: String(number) };
    case "VARCHAR":
      return { sql: `'~key ${number}'`, text: `'~key ${number}'` };
    case "DATE": {
      const day = `1987-06-${10 + index}`;
      return { sql: `DATE '${day}'`, text: `'${day}'::DATE` };
    }
    case "UUID": {
      const uuid = `5ca1ab1e-0000-4000-8000-0000${String(number).padStart(8, "0").slice(-8)}`;
      return { sql: `'${uuid}'::UUID`, text: `'${uuid}'::UUID` };
    }
    default:
      return null;
  }
}

function typed(moment: string, type: string): string {
  if (type === "DATE") return `DATE '${moment}'`;
  return type.startsWith("TIMESTAMP WITH TIME ZONE") ? `TIMESTAMPTZ '${moment} 00:00:00+00'` : `TIMESTAMP '${moment} 00:00:00'`;
}

/** `<= $end`, or BETWEEN. */
function takesLastMoment(sql: string): boolean {
  const words = scanSql(sql).map(({ text }) => text.toLowerCase());
  return words.some(
    (word, index) =>
      word === "between" ||
      (word === "$end" && ["=", "<="].includes(words[index - 1] ?? "")) ||
      (word === "$end" && words[index + 1] === ">"),
  );
}

interface Scan {
  readonly table: string;
  readonly filters: readonly Conjunct[];
}

interface Plan {
  readonly scans: readonly Scan[];
  readonly text: string;
  readonly isEmpty: boolean;
  /** A leaf that is no asset. */
  readonly elsewhere: string | null;
}

interface Operator {
  readonly name: string;
  readonly extra_info: Readonly<Record<string, unknown>>;
  readonly children: readonly Operator[];
}

/** Leaves that hold no data of their own. */
const EMPTY_HANDED = new Set([
  "CTE_SCAN",
  "REC_CTE_SCAN",
  "DELIM_GET",
  "DUMMY_SCAN",
  "COLUMN_DATA_SCAN",
  "CHUNK_GET",
  "EXPRESSION_SCAN",
  "RANGE",
  "GENERATE_SERIES",
  "UNNEST",
  "REPEAT",
  "EMPTY_RESULT",
]);

let opening: Promise<DuckDBConnection> | undefined;
let last: Promise<unknown> = Promise.resolve();
let catalogues = 0;

/** One at a time: the catalogue in use belongs to the connection. A text: why there is no plan. */
function planOf(question: Question, parameters: Readonly<Record<string, unknown>>, condition: string | null): Promise<Plan | string> {
  const mine = last.then(() => planned(question, parameters, condition));
  last = mine.catch(() => undefined);
  return mine;
}

async function open(): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1", autoinstall_known_extensions: "false" });
  const connection = await instance.connect();
  // Statistics of empty tables would fold filters away.
  await connection.run("set explain_output = 'optimized_only'; set disabled_optimizers = 'statistics_propagation'");
  return connection;
}

async function planned(
  { unit, live, inputs }: Question,
  parameters: Readonly<Record<string, unknown>>,
  condition: string | null,
): Promise<Plan | string> {
  const connection = await (opening ??= open());
  const catalogue = `plan${++catalogues}`;
  await connection.run(`attach ':memory:' as ${catalogue}; use ${catalogue}`);
  try {
    const names = new Map<string, string>();
    if (mentionsFunctions(unit.sql, live, inputs))
      await connection.run(`create schema if not exists ${FUNCTIONS_SCHEMA}; ${functionsSql()}`);
    for (const asset of inputs) await addRelation(connection, catalogue, { asset, live, names });
    const filter = condition === null ? "" : ` where ${condition}`;
    const statement = await connection.prepare(`explain (format json) select * from (\n${withoutEnd(unit.sql)}\n) as model${filter}`);
    const { values, types } = bindings(unit, parameters);
    if (statement.parameterCount > 0) statement.bind(values, types);
    const rows = await (await statement.run()).getRows();
    const text = String(rows[0]?.[1] ?? "[]");
    return readPlan(JSON.parse(text) as Operator[], names);
  } catch (error) {
    return `DuckDB cannot plan it over empty tables (${messageOf(error).split("\n", 1)[0]})`;
  } finally {
    await connection.run(`use memory; detach ${catalogue}`).catch(() => undefined); // a catalogue that stays is empty
  }
}

function mentionsFunctions(sql: string, live: Question["live"], inputs: readonly string[]): boolean {
  const texts = [sql, ...inputs.map((asset) => live.get(asset)?.viewSql ?? "")];
  return texts.some((text) => text.includes(`${FUNCTIONS_SCHEMA}.`));
}

interface Adding {
  readonly asset: string;
  readonly live: Question["live"];
  readonly names: Map<string, string>;
}

/** An empty table for a table, the view itself over what it reads for a view. */
async function addRelation(connection: DuckDBConnection, catalogue: string, { asset, live, names }: Adding): Promise<void> {
  const version = live.get(asset);
  if (version === undefined || [...names.values()].includes(asset)) return;
  const dot = asset.indexOf(".");
  const [schema, name] = [asset.slice(0, dot), asset.slice(dot + 1)];
  await connection.run(`create schema if not exists ${ident(schema)}`);
  names.set(`${catalogue}.${schema}.${name}`, asset);
  if (version.kind === "view" && version.viewSql !== null) {
    for (const input of Object.keys(version.inputs)) await addRelation(connection, catalogue, { asset: input, live, names });
    await connection.run(`create or replace view ${qualified(schema, name)} as ${withoutEnd(version.viewSql)}`);
    return;
  }
  const columns = version.columns.map((column) => `${ident(column.name)} ${column.type}`).join(", ");
  await connection.run(`create table ${qualified(schema, name)} (${columns})`);
}

/** The user's query as it stands, without the semicolon that ends it. */
export function withoutEnd(sql: string): string {
  const end = scanSql(sql).at(-1);
  return end?.text === ";" ? sql.slice(0, end.start) + sql.slice(end.end) : sql;
}

function readPlan(roots: readonly Operator[], names: ReadonlyMap<string, string>): Plan {
  const scans: Scan[] = [];
  let isEmpty = false;
  let elsewhere: string | null = null;
  const walk = (operator: Operator, above: readonly Conjunct[]): void => {
    const { name, children, extra_info: info } = operator;
    const own = name === "FILTER" ? conjunctsOf(info["Expressions"]) : [];
    if (name === "EMPTY_RESULT") isEmpty = true;
    if (children.length === 0) {
      const asset = typeof info["Table"] === "string" ? names.get(info["Table"].replaceAll('"', "")) : undefined;
      if (asset !== undefined) scans.push({ table: asset, filters: [...above, ...conjunctsOf(info["Filters"])] });
      else if (!EMPTY_HANDED.has(name.trim())) elsewhere ??= `${name.trim().toLowerCase()} is no asset`;
    }
    for (const child of children) walk(child, own);
  };
  for (const root of roots) walk(root, []);
  return { scans, text: JSON.stringify(roots), isEmpty, elsewhere };
}
