// `query`: rows of the warehouse, streamed. It runs in a read-only transaction, so nothing in the warehouse can change; statements that write
// elsewhere (COPY, ATTACH, SET) are refused before.
import { StatementType } from "@duckdb/node-api";
import type { JsonValue } from "../../model/answers.ts";
import { MillraceError } from "../../model/errors.ts";
import { readLive } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";
import { failureText, placeIn } from "../../sql/query-failure.ts";
import { literal } from "../../sql/text.ts";
import { readRowChunks } from "../../sql/values.ts";
import type { Warehouse } from "../../sql/warehouse.ts";

export type QueryPart =
  | { readonly columns: readonly { readonly name: string; readonly type: string }[] }
  | { readonly rows: readonly (readonly JsonValue[])[] };

const READING: ReadonlySet<StatementType> = new Set([StatementType.SELECT, StatementType.EXPLAIN, StatementType.CALL]);

/** Hands over the columns first, then chunks of rows. @throws MR8001 when the query fails, MR8002 when it would write. */
export async function runQuery(warehouse: Pick<Warehouse, "session">, sql: string, take: (part: QueryPart) => void): Promise<void> {
  await warehouse.session(async (session) => {
    await refuseWriting(session, sql);
    try {
      await session.run("begin transaction read only");
      const result = await session.connection.stream(sql);
      const types = result.columnTypes();
      take({ columns: result.columnNames().map((name, index) => ({ name, type: String(types[index]) })) });
      for await (const rows of readRowChunks(result)) take({ rows });
    } catch (error) {
      throw await queryOrServerFailure(session, error, sql);
    } finally {
      await session.run("rollback").catch(() => undefined); // a failed transaction may be gone already
    }
  });
}

/** Writes the rows of a query to a file as Parquet. */
export async function queryToParquet(warehouse: Warehouse, sql: string, path: string): Promise<void> {
  await warehouse.session(async (session) => {
    await refuseWriting(session, sql);
    try {
      await session.run("begin transaction read only");
      await session.run(`copy (${sql.replace(/[\s;]+$/, "")}\n) to ${literal(path)} (format parquet)`);
    } catch (error) {
      throw await queryOrServerFailure(session, error, sql);
    } finally {
      await session.run("rollback").catch(() => undefined); // as above
    }
  });
}

/** What is not here may stand on a server: then that is what helps. */
export async function queryOrServerFailure(session: Session, error: unknown, sql: string): Promise<unknown> {
  const failure = queryFailure(error, sql);
  if (!/Table with name/.test(failureText(error))) return failure;
  await session.run("rollback").catch(() => undefined); // the ledger is asked outside of what failed
  const text = sql.toLowerCase();
  const there = [...(await readLive(session))].find(([asset, { kind }]) => kind === "remote" && text.includes(asset.toLowerCase()));
  if (there === undefined) return failure;
  return new MillraceError({
    code: "MR4668",
    message: `the rows of ${there[0]} stand on the server of its engine; the warehouse has no copy of them`,
    hint: `ask the server, where it has the same name; or write a model in the warehouse that reads ${there[0]}, for which it is copied`,
    ...(failure instanceof MillraceError && failure.location !== undefined ? { location: failure.location } : {}),
    cause: error,
  });
}

export async function refuseWriting(session: Session, sql: string): Promise<void> {
  let types: StatementType[];
  if (/^(?:\s|;|--[^\n]*(?:\n|$))*$/.test(sql)) throw new MillraceError({ code: "MR8001", message: "there is no query" });
  try {
    const statements = await session.connection.extractStatements(sql);
    types = [];
    for (let index = 0; index < statements.count; index++) types.push((await statements.prepare(index)).statementType);
  } catch (error) {
    throw await queryOrServerFailure(session, error, sql);
  }
  // PIVOT without an IN list makes a temporary type first; the read-only transaction keeps it from doing more.
  const reading = /\bpivot\b/i.test(sql) ? types.slice(1) : types;
  const writing = reading.find((type) => !READING.has(type));
  if (writing === undefined) return;
  throw new MillraceError({
    code: "MR8002",
    message: `a query reads; this one has a statement that does not (${StatementType[writing]})`,
    hint: "what is to be kept belongs into a model or an export",
  });
}

function queryFailure(thrown: unknown, sql: string): MillraceError {
  if (thrown instanceof MillraceError) return thrown;
  const [first = "", ...rest] = failureText(thrown).split("\n");
  const candidates = rest.find((line) => line.startsWith("Candidate") || line.startsWith("Did you mean"));
  const place = placeIn(failureText(thrown), sql, 0);
  const before = sql.slice(0, place ?? 0).split("\n");
  return new MillraceError({
    code: "MR8001",
    message: first,
    ...(candidates === undefined ? {} : { hint: candidates }),
    ...(place === null ? {} : { location: { file: "query", line: before.length, column: before.at(-1)!.length + 1, text: sql } }),
    cause: thrown,
  });
}
