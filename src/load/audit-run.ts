// Runs the SQL of an audit, and says which check it was when DuckDB complains.
import type { DuckDBPreparedStatement, DuckDBResult } from "@duckdb/node-api";
import { StatementType } from "@duckdb/node-api";
import type { JsonValue } from "../model/answers.ts";
import { messageOf, MillraceError } from "../model/errors.ts";
import type { Session } from "../sql/session.ts";
import { jsonReader, readRowObjects } from "../sql/values.ts";
import { ident } from "../sql/text.ts";
import { SAMPLE_ROWS_MAX, type AuditedRelation, type AuditSql, type NumberedCheck } from "./check-sql.ts";
import type { CheckTest, CompiledCheck } from "./check.ts";

export type AuditRow = Readonly<Record<string, JsonValue>>;

/** Characters of a text in a sample; longer ones are cut. Samples go into events, which must stay small. */
const TEXT_CHARACTERS_MAX = 500;

/** The one row that an audit's query answers. @throws MR4505 naming the check. */
export async function carryOut(session: Session, asset: string, sql: AuditSql, checks: readonly NumberedCheck[]): Promise<AuditRow> {
  try {
    const [row] = await readRowObjects(await (await session.connection.prepare(sql.text)).run());
    return shorten(row ?? {}) as AuditRow;
  } catch (error) {
    throw failureOf(error, asset, blame(error, sql, checks));
  }
}

/** Runs a statement that answers nothing. @throws MR4505 naming the check. */
export async function carryOutStatement(session: Session, asset: string, sql: AuditSql, checks: readonly NumberedCheck[]): Promise<void> {
  try {
    await (await session.connection.prepare(sql.text)).run();
  } catch (error) {
    throw failureOf(error, asset, blame(error, sql, checks));
  }
}

/** A check that is a query of the user's: run once, rows counted as they stream by, the first few kept. @throws MR4505 */
export async function runQuery(
  session: Session,
  asset: string,
  source: AuditedRelation,
  check: CompiledCheck,
): Promise<{ readonly failing: number; readonly looked: number; readonly sample: readonly Readonly<Record<string, JsonValue>>[] }> {
  if (check.test.kind !== "query") throw new Error("not a query");
  const text = queryText(check, check.test, source);
  try {
    const statement = await session.connection.prepare(text);
    assertReadOnly(statement, asset, check);
    const { rows, sample } = await countRows(await statement.stream());
    return { failing: rows, looked: rows, sample };
  } catch (error) {
    throw failureOf(error, asset, [check]);
  }
}

/** The user's text as it stands, unless it is to be filtered or reads the audited table under a name of its own. */
function queryText(check: CompiledCheck, test: CheckTest & { readonly kind: "query" }, { relation, columns }: AuditedRelation): string {
  if (check.where === null && test.alias === undefined) return test.sql;
  const named = test.alias === undefined ? "" : `with ${ident(test.alias)} as (select ${columns.map(ident).join(", ")} from ${relation})\n`;
  const filter = check.where === null ? "" : ` where (\n${check.where}\n)`;
  return `${named}select * from (\n${test.sql.replace(/[\s;]+$/, "")}\n) as t${filter}`;
}

async function countRows(result: DuckDBResult): Promise<{ rows: number; sample: Readonly<Record<string, JsonValue>>[] }> {
  const names = result.deduplicatedColumnNames();
  const readers = result.columnTypes().map(jsonReader);
  const sample: Record<string, JsonValue>[] = [];
  let rows = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return { rows, sample };
    for (let index = 0; index < chunk.rowCount && sample.length < SAMPLE_ROWS_MAX; index++) {
      const entries = names.map((name, column) => {
        const value = chunk.getColumnVector(column).getItem(index);
        const read = readers[column] ?? null;
        return [name, value === null ? null : read === null ? (value as JsonValue) : read(value)] as const;
      });
      sample.push(shorten(Object.fromEntries(entries)) as Record<string, JsonValue>);
    }
    rows += chunk.rowCount;
  }
}

function assertReadOnly(statement: DuckDBPreparedStatement, asset: string, check: CompiledCheck): void {
  if (statement.statementType === StatementType.SELECT) return;
  const what = StatementType[statement.statementType] ?? "statement";
  throw new MillraceError({
    code: "MR4505",
    message: `${asset}: the check ${check.name} is a ${what}, not a SELECT`,
    ...(check.location === null ? {} : { location: check.location }),
  });
}

/** The checks that an error may come from: the one on the line that DuckDB names, else all. */
function blame(error: unknown, sql: AuditSql, checks: readonly NumberedCheck[]): readonly CompiledCheck[] {
  const line = /^LINE (\d+):/m.exec(messageOf(error))?.[1];
  const found = line === undefined ? undefined : sql.checkAt(Number(line));
  return found === undefined ? checks.map(({ check }) => check) : [found];
}

/** Errors of the SQL become ours; a full disk, a conflict or an interrupt stays what it is. */
function failureOf(error: unknown, asset: string, checks: readonly CompiledCheck[]): unknown {
  const text = messageOf(error);
  if (
    error instanceof MillraceError ||
    !/^(Conversion|Binder|Parser|Catalog|Invalid Input|Out of Range|Not implemented|Mismatch Type)/.test(text)
  )
    return error;
  const [first, ...rest] = checks;
  const names = checks.map((check) => check.name).join(", ");
  const said = text
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^(LINE \d+:|\s*\^)/.test(line))
    .slice(0, 2)
    .join(" ");
  return new MillraceError({
    code: "MR4505",
    message: `${asset}: ${rest.length === 0 ? `the check ${names}` : `one of the checks ${names}`} could not be carried out: ${said}`,
    ...(text.startsWith("Conversion")
      ? { hint: "try_cast gives NULL for a value that does not convert; `where:` keeps such rows out" }
      : {}),
    ...(first?.location === null || first === undefined || rest.length > 0 ? {} : { location: first.location }),
    cause: error,
  });
}

/** A value with its long texts cut. */
export function shorten(value: JsonValue): JsonValue {
  if (typeof value === "string") return value.length > TEXT_CHARACTERS_MAX ? `${value.slice(0, TEXT_CHARACTERS_MAX)}…` : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map(shorten);
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, shorten(entry)]));
}
