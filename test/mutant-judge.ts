// Runs mutants of queries on data and holds the claims of their fingerprints against what comes out.
//   J1. Equal rows and equal columns claim equal results: checked between a query and its mutants and among the mutants, on every data set.
//   J2. Where only some columns are claimed to be equal, those are compared, row by row.
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import type { QueryFingerprint } from "../src/model/fingerprint.ts";
import type { CompiledColumn } from "../src/sql/compile/types.ts";
import type { TreeNode } from "../src/sql/syntax/tree.ts";
import { mutationsOf } from "./mutants.ts";

export type Fingerprints = (plan: TreeNode, columns: readonly CompiledColumn[]) => QueryFingerprint | null;

export interface Judgement {
  readonly executed: number;
  readonly invalid: number;
  /** Mutants whose plan is not understood. */
  readonly unknown: number;
  /** Mutants that give what the query gives on every data set, and how many of those have its fingerprint. */
  readonly equal: number;
  readonly kept: number;
  readonly unsound: readonly { readonly what: string; readonly of: string; readonly sql: string }[];
}

export interface JudgeInput {
  /** A query, or several that are easily taken for one: the others are mutants of the first. */
  readonly corpus: Readonly<Record<string, string | readonly [string, ...string[]]>>;
  readonly fill: (connection: DuckDBConnection) => Promise<void>;
  readonly fingerprints: Fingerprints;
  readonly planOf: (connection: DuckDBConnection, text: string) => Promise<{ readonly plan: TreeNode } | { readonly failure: unknown }>;
  readonly perQuery: number;
  readonly seed: number;
  /** Ends at the first unsound mutant: enough to see that a planted bug is found. */
  readonly stop?: "first" | "never";
}

interface Result {
  readonly columns: readonly CompiledColumn[];
  readonly rows: readonly (readonly string[])[];
}

interface Candidate {
  readonly what: string;
  readonly sql: string;
  readonly fingerprint: QueryFingerprint | null;
  readonly results: Map<string, Result | null>;
}

const SETS = ["main", "drawn_1", "drawn_2"] as const;
const PATIENCE_MS = 500;
const ROWS_MAX = 20_000;

export async function judgeMutants(input: JudgeInput): Promise<Judgement> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1", memory_limit: "1GB" });
  const connection = await instance.connect();
  try {
    await input.fill(connection);
    const tables = await drawSets(connection);
    const total = { executed: 0, invalid: 0, unknown: 0, equal: 0, kept: 0 };
    const unsound: Judgement["unsound"][number][] = [];
    const random = generator(input.seed);
    for (const [of, texts] of Object.entries(input.corpus)) {
      const [sql, ...siblings] = typeof texts === "string" ? [texts] : texts;
      const base = await candidate(connection, input, "itself", sql);
      if (base === null || base.fingerprint === null) continue;
      const groups = new Map<string, Candidate[]>([[base.fingerprint.rows, [base]]]);
      const made = await mutants(connection, sql, { tables, random, perQuery: input.perQuery });
      for (const { what, sql: text } of [...siblings.map((sibling) => ({ what: "a sibling", sql: sibling })), ...made]) {
        const one = await candidate(connection, input, what, text);
        if (one === null) {
          total.invalid += 1;
          continue;
        }
        total.executed += 1;
        if (one.fingerprint === null) total.unknown += 1;
        const isEqual = await isSame(connection, base, one, "everything");
        const isKept = one.fingerprint !== null && signature(one.fingerprint) === signature(base.fingerprint);
        if (isEqual) total.equal += 1;
        if (isEqual && isKept) total.kept += 1;
        if (one.fingerprint === null) continue;
        const group = groups.get(one.fingerprint.rows) ?? [];
        groups.set(one.fingerprint.rows, [...group, one].slice(0, 8));
        for (const other of group)
          if (!(await isSame(connection, other, one, "claims")) && (await isSteady(connection, other)) && (await isSteady(connection, one)))
            unsound.push({ what: `${what} (beside ${other.what})`, of, sql: text });
        if (unsound.length > 0 && input.stop === "first") return { ...total, unsound };
      }
    }
    return { ...total, unsound };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function signature({ rows, names, columns }: QueryFingerprint): string {
  return JSON.stringify([rows, names.map((name) => [name, columns[name]])]);
}

/** Queries whose text changes and whose meaning does not. */
const WRAPPED: readonly (readonly [string, (sql: string) => string])[] = [
  ["a CTE around it", (sql) => `with whole as (${sql}) select * from whole`],
  ["a subquery around it", (sql) => `select * from (${sql}) whole`],
  ["a materialised CTE around it", (sql) => `with whole as materialized (select * from (${sql})) from whole`],
  ["one of its copies", (sql) => `with whole as (${sql}) select a.* from whole a, (select count(*) as n from whole) b where b.n >= 0`],
];

async function mutants(
  connection: DuckDBConnection,
  sql: string,
  {
    tables,
    random,
    perQuery,
  }: { readonly tables: ReadonlyMap<string, readonly string[]>; readonly random: () => number; readonly perQuery: number },
): Promise<readonly { readonly what: string; readonly sql: string }[]> {
  const wrapped = WRAPPED.map(([what, wrap]) => ({ what, sql: wrap(sql) }));
  const [json] = (await (await prepared(connection, "select json_serialize_sql($1::varchar)::varchar", sql)).runAndReadAll()).getRows()[0]!;
  const tree = JSON.parse(String(json).replace(/"query_location":18446744073709551615/g, '"query_location":0')) as TreeNode;
  if (tree["error"] === true) return wrapped;
  const used = [...tables].filter(([table]) => sql.includes(table));
  const names = { columns: [...new Set(used.flatMap(([, columns]) => columns))], tables: used.map(([table]) => table) };
  const all = mutationsOf(tree, names);
  const chosen = shuffled(all, random).slice(0, perQuery);
  // Some are changed twice: what one change hides another may show.
  const twice = chosen.slice(0, Math.floor(perQuery / 4)).flatMap((one) => {
    const more = mutationsOf(one.tree, names);
    const next = more[Math.floor(random() * more.length)];
    return next === undefined ? [] : [{ what: `${one.what}, ${next.what}`, tree: next.tree }];
  });
  const texts: { what: string; sql: string }[] = [];
  for (const { what, tree: changed } of [...chosen, ...twice]) {
    try {
      const back = await prepared(connection, "select json_deserialize_sql($1::json)", JSON.stringify(changed));
      texts.push({ what, sql: String((await back.runAndReadAll()).getRows()[0]![0]) });
    } catch {
      texts.push({ what, sql: "" }); // no query: it counts as invalid
    }
  }
  return [...wrapped, ...texts];
}

async function candidate(connection: DuckDBConnection, input: JudgeInput, what: string, sql: string): Promise<Candidate | null> {
  if (sql === "") return null;
  const answer = await input.planOf(connection, sql);
  const results = new Map<string, Result | null>();
  const result = await run(connection, sql, "main");
  if (result === null) return null;
  results.set("main", result);
  const isNamedTwice = new Set(result.columns.map(({ name }) => name.toLowerCase())).size < result.columns.length;
  const fingerprint = "plan" in answer && !isNamedTwice ? input.fingerprints(answer.plan, result.columns) : null;
  return { what, sql, fingerprint, results };
}

/** Everything, or only what the fingerprints claim to be equal. Where one fails on a data set, that set says nothing. */
async function isSame(connection: DuckDBConnection, a: Candidate, b: Candidate, which: "everything" | "claims"): Promise<boolean> {
  for (const set of SETS) {
    const [left, right] = [await resultOf(connection, a, set), await resultOf(connection, b, set)];
    if (left === null || right === null) continue;
    const pairs = which === "claims" ? claimed(a, b) : everything(left, right);
    if (pairs === "nothing") return true;
    if (pairs === null) return false;
    if (pairs.length === 0 && which === "claims" && left.rows.length !== right.rows.length) return false;
    const [x, y] = [0, 1].map((side) =>
      projected(
        side === 0 ? left : right,
        pairs.map((pair) => pair[side]!),
      ),
    );
    if (x !== y) return false;
  }
  return true;
}

/** Does it give the same when it is run again? DuckDB itself is not always sure (a frame whose bound is NULL). */
async function isSteady(connection: DuckDBConnection, one: Candidate): Promise<boolean> {
  for (const [set, result] of one.results) {
    if (result === null) continue;
    const again = await run(connection, one.sql, set);
    const all = result.columns.map((_, index) => index);
    if (again === null || projected(again, all) !== projected(result, all)) return false;
  }
  return true;
}

/** Pairs of columns that are claimed to be equal. Where the queries are not the same as a whole, nothing is claimed of what an unsettled order decides. */
function claimed({ fingerprint: a }: Candidate, { fingerprint: b }: Candidate): readonly (readonly [number, number])[] | "nothing" {
  if (a === null || b === null) return "nothing";
  const isWhole = signature(a) === signature(b);
  if (!isWhole && (a.delicate.rows || b.delicate.rows)) return "nothing";
  const may = (one: QueryFingerprint, name: string): boolean => isWhole || !one.delicate.columns.includes(name);
  return a.names.flatMap((name, index) =>
    b.names.flatMap((other, place) =>
      a.columns[name] === b.columns[other] && may(a, name) && may(b, other) ? [[index, place] as const] : [],
    ),
  );
}

function everything(a: Result, b: Result): readonly (readonly [number, number])[] | null {
  const text = (result: Result): string => JSON.stringify(result.columns);
  return text(a) === text(b) ? a.columns.map((_, index) => [index, index] as const) : null;
}

function projected({ rows }: Result, columns: readonly number[]): string {
  return rows
    .map((row) => columns.map((index) => row[index]).join("\u0001"))
    .toSorted()
    .join("\u0002");
}

async function resultOf(connection: DuckDBConnection, one: Candidate, set: string): Promise<Result | null> {
  let result = one.results.get(set);
  if (result === undefined) one.results.set(set, (result = await run(connection, one.sql, set)));
  return result;
}

/** Null where it fails, takes too long or gives too much. */
async function run(connection: DuckDBConnection, sql: string, set: string): Promise<Result | null> {
  await connection.run(`use ${set}`);
  const patience = setTimeout(() => connection.interrupt(), PATIENCE_MS);
  try {
    const reader = await connection.runAndReadUntil(sql, ROWS_MAX);
    if (reader.currentRowCount >= ROWS_MAX) return null;
    const columns = reader.columnNames().map((name, index) => ({ name, type: reader.columnType(index).toString() }));
    return { columns, rows: reader.getRows().map((row) => row.map(textOf)) };
  } catch {
    return null;
  } finally {
    clearTimeout(patience);
    await connection.run("use main");
  }
}

/** Sums of doubles differ in their last digits by the order of their rows. */
function textOf(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : value.toPrecision(9);
  return value === null ? "\u0000" : String(value);
}

/** Copies of all tables in schemas of their own, every cell drawn from its column or NULL. Answers the tables and their columns. */
async function drawSets(connection: DuckDBConnection): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = await connection.runAndReadAll(
    "select table_name, column_name from duckdb_columns() where schema_name = 'main' and not internal order by table_oid, column_index",
  );
  const tables = new Map<string, string[]>();
  for (const [table, column] of found.getRows()) tables.set(String(table), [...(tables.get(String(table)) ?? []), String(column)]);
  for (const [number, set] of SETS.slice(1).entries()) {
    await connection.run(`create schema ${set}`);
    for (const [table, columns] of tables) {
      const cell = (column: string, at: number): string =>
        `case when hash(i * 31 + ${at} + ${number * 7}) % 9 = 0 then null else l."${column}"[1 + (hash(i * 17 + ${at * 5} + ${number}) % len(l."${column}"))::bigint] end as "${column}"`;
      await connection.run(
        `create table ${set}."${table}" as with l as (select ${columns.map((column) => `list("${column}") as "${column}"`).join(", ")} from main."${table}")
         select ${columns.map(cell).join(", ")} from l, range((select count(*) from main."${table}")::bigint) t(i)`,
      );
    }
  }
  return tables;
}

async function prepared(connection: DuckDBConnection, sql: string, text: string) {
  const statement = await connection.prepare(sql);
  statement.bindVarchar(1, text);
  return statement;
}

function shuffled<Item>(items: readonly Item[], random: () => number): readonly Item[] {
  return items
    .map((item) => [random(), item] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, item]) => item);
}

/** Mulberry32: the same sequence for the same seed. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
