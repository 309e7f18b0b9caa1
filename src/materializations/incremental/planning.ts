// Plans of a model's query over empty tables (catalogue.ts).
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { messageOf } from "../../model/errors.ts";
import { scanSql } from "../../sql/syntax/scan.ts";
import { literal } from "../../sql/text.ts";
import { macrosIn, makeCatalogue, type Question } from "./catalogue.ts";
import type { PlanNode } from "./plan-nodes.ts";
import { type QueryPlan, readPlan } from "./plan-tree.ts";

let opening: Promise<DuckDBConnection> | undefined;
let last: Promise<unknown> = Promise.resolve();
let catalogues = 0;

/** Plans that were made, by what they depend on: what a plan shows, its build need not ask again. */
const known = new Map<string, Promise<QueryPlan | string>>();
const KNOWN_MAX = 2_000;

/** A text: why there is no plan. */
export function planOf(
  question: Question,
  bounds: Readonly<Record<string, unknown>>,
  condition: string | null,
): Promise<QueryPlan | string> {
  const key = keyOf(question, bounds, condition);
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= KNOWN_MAX) known.clear();
  const plan = planNext(question, bounds, condition);
  known.set(key, plan);
  return plan;
}

function keyOf(question: Question, bounds: Readonly<Record<string, unknown>>, condition: string | null): string {
  const { unit, parameters, live, inputs } = question;
  const read = new Map<string, unknown>();
  const add = (asset: string): void => {
    const version = live.get(asset);
    if (version === undefined || read.has(asset)) return;
    read.set(asset, version.kind === "view" ? version.viewSql : version.columns);
    if (version.kind === "view") for (const input of Object.keys(version.inputs)) add(input);
  };
  for (const asset of inputs) add(asset);
  const used = unit.sql.includes("$") ? { ...parameters, now: unit.sql.includes("$now") ? parameters["now"] : null } : {};
  const macros = macrosIn(question).map(({ hash }) => hash);
  return JSON.stringify([unit.sql, used, bounds, condition, [...read], macros], (_, value: unknown) =>
    typeof value === "bigint" ? String(value) : value,
  );
}

/** One at a time: the catalogue in use belongs to the connection. */
function planNext(question: Question, bounds: Readonly<Record<string, unknown>>, condition: string | null): Promise<QueryPlan | string> {
  const mine = last.then(() => planned(question, bounds, condition));
  last = mine.catch(() => undefined);
  return mine;
}

async function open(): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1", autoinstall_known_extensions: "false" });
  const connection = await instance.connect();
  // What is known of empty tables would fold filters away; a plan whose joins had their sides turned is not always written.
  await connection.run("set disabled_optimizers = 'statistics_propagation,build_side_probe_side'");
  return connection;
}

async function planned(
  question: Question,
  bounds: Readonly<Record<string, unknown>>,
  condition: string | null,
): Promise<QueryPlan | string> {
  const { unit, parameters } = question;
  const connection = await (opening ??= open());
  const catalogue = `_millrace_plan${++catalogues}`;
  await connection.run(`attach ':memory:' as ${catalogue}; use ${catalogue}`);
  try {
    await makeCatalogue(connection, question);
    const filter = condition === null ? "" : ` where ${condition}`;
    const text = `select * from (\n${withValues(unit.sql, { ...parameters, ...bounds })}\n) as model${filter}`;
    const answer = await connection.run(
      `select json_serialize_plan(${literal(text)}, optimize := true, skip_null := true, skip_empty := true)`,
    );
    const plan = JSON.parse(String((await answer.getRows())[0]?.[0])) as { error?: boolean; error_message?: string; plans?: PlanNode[] };
    const [root] = plan.plans ?? [];
    return root === undefined ? `DuckDB does not tell how it reads (${firstLine(plan.error_message ?? "")})` : readPlan(root);
  } catch (error) {
    return `DuckDB cannot plan it over empty tables (${firstLine(messageOf(error))})`;
  } finally {
    await connection.run(`use memory; detach ${catalogue}`).catch(() => undefined); // a catalogue that stays is empty
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]!;
}

/** A copy to be planned, never run: values in place of parameters. */
function withValues(sql: string, parameters: Readonly<Record<string, unknown>>): string {
  let text = "";
  let from = 0;
  const tokens = scanSql(sql);
  for (const { kind, text: name, start, end } of tokens) {
    if (kind === "parameter") text += sql.slice(from, start) + `(${valueText(name.slice(1), parameters)})`;
    else if (name === ";" && end === tokens.at(-1)?.end) text += sql.slice(from, start);
    else continue;
    from = end;
  }
  return text + sql.slice(from);
}

function valueText(name: string, parameters: Readonly<Record<string, unknown>>): string {
  const given = parameters[name];
  if (name === "param") {
    const fields = Object.entries((given ?? {}) as Record<string, unknown>).map(
      ([field, value]) => `${literal(field)}: ${scalarText(value)}`,
    );
    return fields.length === 0 ? "NULL" : `{${fields.join(", ")}}`;
  }
  return given instanceof Date ? `TIMESTAMP ${literal(given.toISOString().replace("T", " ").replace("Z", ""))}` : scalarText(given);
}

function scalarText(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return String(value);
  return literal(
    typeof value === "object"
      ? Object.prototype.toString.call(value) === "[object Date]"
        ? (value as Date).toISOString()
        : (value as { toString: () => string }).toString()
      : (value as string),
  );
}
