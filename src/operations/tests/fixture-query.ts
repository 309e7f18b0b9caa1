// Rows of a test that a query or a Parquet file gives, as a table of the types that the project knows.
//   Q1. A value is never changed to fit: what its column does not hold as it is, is told with its column.
import { StatementType } from "@duckdb/node-api";
import { combineErrors, MillraceError, messageOf } from "../../model/errors.ts";
import { didYouMean } from "../../model/suggest.ts";
import type { CompiledColumn } from "../../sql/compile/types.ts";
import type { Session } from "../../sql/session.ts";
import { ident } from "../../sql/text.ts";
import type { FixtureRequest, TablePlan } from "./fixture-request.ts";
import type { RowSet } from "./rows.ts";

const CANDIDATES_MAX = 30;

export function unknownColumn(asset: string, name: string, known: readonly string[], location: MillraceError["location"]): MillraceError {
  const list = `its columns are ${known.slice(0, CANDIDATES_MAX).join(", ")}`;
  return new MillraceError({
    code: "MR8903",
    message: `${asset} has no column ${JSON.stringify(name)}`,
    hint: didYouMean(name, known) ?? list,
    ...(location === undefined ? {} : { location }),
  });
}

export async function planQuery(
  session: Session,
  { asset, table, columns }: FixtureRequest,
  rows: Extract<RowSet, { kind: "query" }>,
): Promise<TablePlan> {
  let found: readonly CompiledColumn[];
  try {
    const statement = await session.connection.prepare(rows.sql);
    found = Array.from({ length: statement.columnCount }, (_, index) => ({
      name: statement.columnName(index),
      type: String(statement.columnType(index)),
    }));
    const isQuery = statement.statementType === StatementType.SELECT;
    statement.destroySync();
    if (!isQuery) throw new Error("this is no query");
  } catch (error) {
    throw new MillraceError({
      code: "MR8907",
      message: `${asset}: ${messageOf(error).split("\n")[0]}`,
      location: rows.place(),
      cause: error,
    });
  }
  const said = new Map(Object.entries(rows.types).map(([name, type]) => [name.toLowerCase(), type]));
  const wanted = (columns ?? found).map(({ name, type }) => ({ name, type: said.get(name.toLowerCase()) ?? type }));
  const known = new Set(wanted.map(({ name }) => name.toLowerCase()));
  const names = wanted.map(({ name }) => name);
  const unknown = found
    .filter(({ name }) => !known.has(name.toLowerCase()))
    .map(({ name }) => unknownColumn(asset, name, names, rows.place()));
  if (unknown.length > 0) throw combineErrors("MR1001", unknown);
  const changed = await changedValues(session, { asset, rows, found, wanted });
  if (changed.length > 0) throw combineErrors("MR1001", changed);
  const statements = `create table ${table} (${wanted.map(({ name, type }) => `${ident(name)} ${type}`).join(", ")});
    insert into ${table} by name ${rows.sql}`;
  return {
    statements,
    explain: async (again) => {
      const error = await again.run(`explain analyze ${rows.sql}`).then(
        () => "a value does not fit its column",
        (thrown: unknown) => messageOf(thrown).split("\n")[0]!,
      );
      return new MillraceError({ code: "MR8904", message: `${asset}: ${error}`, location: rows.place() });
    },
  };
}

interface QueryColumns {
  readonly asset: string;
  readonly rows: Extract<RowSet, { kind: "query" }>;
  readonly found: readonly CompiledColumn[];
  readonly wanted: readonly CompiledColumn[];
}

/** A query's values that their column does not hold as they are. Where DuckDB knows no such cast, it tells so itself. */
async function changedValues(session: Session, { asset, rows, found, wanted }: QueryColumns): Promise<readonly MillraceError[]> {
  const types = new Map(wanted.map(({ name, type }) => [name.toLowerCase(), type]));
  const errors: MillraceError[] = [];
  for (const { name, type } of found) {
    const to = types.get(name.toLowerCase())!;
    if (to === type) continue;
    const cell = ident(name);
    const cast = `try_cast(${cell} as ${to})`;
    // Digits of a text are not those of the number: only whether it is one can be said.
    const isOther = type === "VARCHAR" ? `${cast} is null` : `try_cast(${cast} as ${type}) is distinct from ${cell}`;
    const row = await session
      .row<{ value: string }>(`select ${cell}::varchar as value from (${rows.sql}\n) where ${cell} is not null and ${isOther} limit 1`)
      .catch(() => undefined);
    if (row !== undefined)
      errors.push(
        new MillraceError({
          code: "MR8904",
          message: `${asset}.${name}: ${JSON.stringify(row.value)} is no ${to}`,
          location: rows.place(),
        }),
      );
  }
  return errors;
}
