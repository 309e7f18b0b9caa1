// The user's query as a prepared statement: one SELECT, distinct column names, its parameters bound. The text itself is never changed.
import {
  DuckDBDateValue,
  DuckDBTimestampValue,
  StatementType,
  structValue,
  type DuckDBPreparedStatement,
  type DuckDBValue,
} from "@duckdb/node-api";
import { MillraceError } from "../model/errors.ts";
import { firstWord, locate, type SqlUnit } from "../sql/compile/errors.ts";
import { type Bindings, structType, typeOf } from "../sql/parameters.ts";
import type { Session } from "../sql/session.ts";
import { parametersOf } from "../sql/syntax/copy.ts";
import { modelFailure } from "./failure.ts";

const MICROSECONDS_PER_MILLISECOND = 1_000n;
const FIELD = "param.";

/** Refuses what is not one SELECT with distinct column names. @throws MR2005, MR2006, MR2013, MR4604 */
export async function assertQuery(session: Session, unit: SqlUnit): Promise<void> {
  const statements = await session.connection.extractStatements(unit.sql).catch((error: unknown) => {
    throw modelFailure(error, unit, 0);
  });
  const start = locate(unit, firstWord(unit.sql));
  if (statements.count !== 1) {
    throw new MillraceError({
      code: "MR2006",
      message: `${unit.id}: the file has ${statements.count} statements, a model is one query`,
      location: start,
    });
  }
  const statement = await prepare(session, unit.sql, unit, 0);
  if (statement.statementType !== StatementType.SELECT) {
    const verb = StatementType[statement.statementType] ?? "this";
    throw new MillraceError({ code: "MR2005", message: `${unit.id}: ${verb} is not a query`, location: start });
  }
  const names = Array.from({ length: statement.columnCount }, (_, index) => statement.columnName(index).toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new MillraceError({
      code: "MR2013",
      message: `${unit.id}: two columns are called "${twice}"`,
      hint: `rename one with \`as\`, or leave it out: * exclude (${twice})`,
      location: start,
    });
  }
}

/** What stands around the user's text; nothing of one line before it. */
export interface Around {
  readonly before: string;
  /** The text where a query must be without the semicolon that ends it. */
  readonly sql?: string;
  readonly after: string;
}

const PLAIN: Around = { before: "", after: "" };

/** Runs `create table … as` in front of the user's text, with its parameters, and says how many rows there are. @throws MR4604, MR4607 */
export async function createTableAs(
  session: Session,
  table: string,
  unit: SqlUnit,
  parameters: Readonly<Record<string, unknown>>,
  around: Around = PLAIN,
): Promise<number> {
  const { values, types } = bindings(unit, parameters);
  const text = `create ${isTemporary(table) ? "or replace temp " : ""}table ${table} as${around.before}\n${around.sql ?? unit.sql}${around.after}`;
  const statement = await prepare(session, text, unit, 1);
  try {
    if (statement.parameterCount > 0) statement.bind(values, types);
    const [first] = await (await statement.run()).getRows();
    return Number(first?.[0] ?? 0);
  } catch (error) {
    throw modelFailure(error, unit, 1);
  }
}

/** A table of the session alone: `temp.main."name"`. */
export function isTemporary(table: string): boolean {
  return table.startsWith("temp.");
}

/** Parameters that the SQL uses, with their values, as text that is the same whenever they are: part of what makes a version. */
export function parametersKey(unit: SqlUnit, parameters: Readonly<Record<string, unknown>>): string | null {
  const used = parametersOf(unit.sql);
  if (used.length === 0) return null;
  return JSON.stringify(used.map((name) => [name, keyText(parameterValue(name, parameters))]));
}

/** Values and types of the parameters that the SQL uses. @throws MR4607 */
export function bindings(unit: SqlUnit, parameters: Readonly<Record<string, unknown>>): Bindings {
  const bound: Record<string, DuckDBValue> = {};
  const fields: Record<string, DuckDBValue> = {};
  for (const name of parametersOf(unit.sql)) {
    const value = parameterValue(name, parameters);
    if (value === undefined) throw withoutValue(unit, name);
    if (name.startsWith(FIELD)) fields[name.slice(FIELD.length)] = isTyped(value) ? value : text(value);
    else bound[name] = name === "partition" ? text(value) : moment(value);
  }
  if (Object.keys(fields).length > 0) bound["param"] = structValue(fields);
  const types = Object.fromEntries(
    Object.entries(bound).map(([name, value]) => [name, name === "param" ? structType(fields) : typeOf(value)]),
  );
  return { values: bound, types };
}

/** Is it of a type that a job declares? */
function isTyped(value: unknown): value is DuckDBValue {
  return (
    value === null ||
    ["bigint", "number", "boolean"].includes(typeof value) ||
    value instanceof DuckDBDateValue ||
    value instanceof DuckDBTimestampValue
  );
}

function parameterValue(name: string, parameters: Readonly<Record<string, unknown>>): unknown {
  if (!name.startsWith(FIELD)) return parameters[name];
  const fields = parameters["param"];
  const inside = typeof fields === "object" && fields !== null ? (fields as Record<string, unknown>)[name.slice(FIELD.length)] : undefined;
  return inside ?? parameters[name];
}

/** A typed value is another than the text that looks like it. */
function keyText(value: unknown): unknown {
  return isTyped(value) && value !== null ? [String(typeOf(value)), String(value)] : text(value);
}

function text(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** Moments are timestamps without zone, in UTC, as the compiler takes them. */
function moment(value: unknown): DuckDBValue {
  if (!(value instanceof Date) && typeof value !== "string" && typeof value !== "number") return value as DuckDBValue;
  const milliseconds = value instanceof Date ? value.getTime() : new Date(value).getTime();
  return new DuckDBTimestampValue(BigInt(milliseconds) * MICROSECONDS_PER_MILLISECOND);
}

async function prepare(session: Session, sql: string, unit: SqlUnit, linesBefore: number): Promise<DuckDBPreparedStatement> {
  try {
    return await session.connection.prepare(sql);
  } catch (error) {
    throw modelFailure(error, unit, linesBefore);
  }
}

function withoutValue(unit: SqlUnit, name: string): MillraceError {
  const offset = Math.max(0, unit.sql.indexOf(`$${name}`));
  return new MillraceError({
    code: "MR4607",
    message: `${unit.id}: $${name} has no value in this run`,
    ...(name.startsWith(FIELD) ? { hint: `millrace run --param ${name.slice(FIELD.length)}=…` } : {}),
    location: locate(unit, offset, name.length + 1),
  });
}
